//! A minimal program with refinery: it opens its database, runs the migrations, and runs one query.

mod chain;

use rusqlite::Connection;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("the argument must be a database")?;
    let mut connection = Connection::open(path)?;
    chain::migrations::runner().run(&mut connection)?;
    let count: i64 =
        connection.query_row("SELECT count(*) FROM t1 WHERE a = 1", [], |row| row.get(0))?;
    println!("{count}");
    Ok(())
}
