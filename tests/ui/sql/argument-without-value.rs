use revchain::sql;

fn main() {
    sql!(in "SELECT 1");
}
