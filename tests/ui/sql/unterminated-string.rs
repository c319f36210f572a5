use revchain::sql;

fn main() {
    sql!(in "chains/sql", "SELECT id FROM users WHERE name = 'Ann");
}
