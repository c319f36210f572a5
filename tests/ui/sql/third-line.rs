use revchain::sql;

fn main() {
    sql!(
        in "chains/sql",
        "SELECT u.name, p.title
         FROM users u
         JOIN posts p ON p.author_id = u.id"
    );
}
