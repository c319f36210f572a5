use revchain::sql;

const QUERY: &str = "SELECT 1";

fn main() {
    sql!(in "chains/sql", QUERY);
}
