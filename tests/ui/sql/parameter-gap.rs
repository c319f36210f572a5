use revchain::sql;

fn main() {
    sql!(in "chains/sql", "SELECT name FROM users WHERE id = ?1 AND email = ?3");
}
