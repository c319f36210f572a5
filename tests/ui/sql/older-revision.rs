use revchain::sql;

fn main() {
    sql!(in "chains/sql", at "001", "SELECT id FROM posts WHERE status = ?1");
}
