use revchain::sql;

fn main() {
    sql!(in "chains/sql", "UPDATE users SET age = 'unknown' WHERE id = id");
}
