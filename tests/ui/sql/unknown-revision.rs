use revchain::sql;

fn main() {
    sql!(in "chains/sql", at "003", "SELECT id FROM posts");
}
