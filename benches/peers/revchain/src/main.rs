//! A minimal program with revchain: it opens its database, and runs one query.

mod chain;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("the argument must be a database")?;
    let connection = chain::MIGRATIONS.open(path)?;
    let count: i64 =
        connection.query_row("SELECT count(*) FROM t1 WHERE a = 1", [], |row| row.get(0))?;
    println!("{count}");
    Ok(())
}
