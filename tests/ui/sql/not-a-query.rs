use revchain::sql;

fn main() {
    sql!(in "chains/sql", "CREATE INDEX posts_by_user ON posts (user_id)");
}
