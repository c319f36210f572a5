//! A minimal program with rusqlite: it opens its database, reads `user_version`, and runs a query.
//!
//! The sizes, builds and processes of the other programs are compared with this one.

mod chain;

use rusqlite::Connection;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("the argument must be a database")?;
    let mut connection = Connection::open(path)?;
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let pending = &chain::CHAIN[version as usize..];
    if !pending.is_empty() {
        let transaction = connection.transaction()?;
        for sql in pending {
            transaction.execute_batch(sql)?;
        }
        transaction.pragma_update(None, "user_version", chain::CHAIN.len() as u32)?;
        transaction.commit()?;
    }
    let count: i64 =
        connection.query_row("SELECT count(*) FROM t1 WHERE a = 1", [], |row| row.get(0))?;
    println!("{count}");
    Ok(())
}
