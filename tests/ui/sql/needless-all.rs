use revchain::sql;

fn main() {
    sql!(in "chains/sql", all "DELETE FROM posts WHERE id = ?1");
}
