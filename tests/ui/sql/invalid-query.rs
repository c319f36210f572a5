use revchain::sql;

fn main() {
    sql!(in "chains/sql", "SELECT emial FROM users WHERE id = ?1");
}
