use revchain::sql;

fn main() {
    sql!(in "chains/sql", "SELECT id FROM users WHERE id = 5a");
}
