use revchain::sql;

fn main() {
    sql!(in "chains/sql", r#"SELECT id FROM users WHERE name = "Ann""#);
}
