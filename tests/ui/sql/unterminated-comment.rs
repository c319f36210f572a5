use revchain::sql;

fn main() {
    sql!(in "chains/sql", "SELECT id FROM users /* all of them");
}
