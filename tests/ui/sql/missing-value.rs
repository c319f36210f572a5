use revchain::sql;

fn main() {
    sql!(in "chains/sql", "INSERT INTO posts (user_id, status) VALUES (?1, ?2)");
}
