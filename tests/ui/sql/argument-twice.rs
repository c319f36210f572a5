use revchain::sql;

fn main() {
    sql!(in "chains/sql", at "001", at "002", "SELECT 1");
}
