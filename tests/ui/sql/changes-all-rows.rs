use revchain::sql;

fn main() {
    sql!(in "chains/sql", "DELETE FROM posts");
}
