use revchain::sql;

fn main() {
    sql!(in "chains/sql", "SELECT id FROM users WHERE age > '18'");
}
