use revchain::sql;

fn main() {
    sql!(in "chains/sql", "INSERT INTO users VALUES (?1, ?2, ?3, ?4)");
}
