use revchain::sql;

fn main() {
    sql!(in "chains/sql", "UPDATE users SET name = ? RETURNING age = NULL, id = :id");
}
