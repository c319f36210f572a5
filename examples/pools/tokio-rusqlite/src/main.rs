//! Notes in SQLite: revchain migrates the database, and tokio-rusqlite runs the queries.

#[cfg(test)]
mod tests;

use std::env;
use std::path::Path;

use revchain::{Migrations, Migrator, embed_migrations};
use tokio_rusqlite::{Connection, rusqlite};

static MIGRATIONS: Migrations = embed_migrations!("../migrations");

/// An error that a task can return.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Opens a connection to a database, and brings the database to the head.
async fn open(path: &Path, migrator: Migrator<'static>) -> Result<Connection, Error> {
    let connection = Connection::open(path).await?;
    // `call` runs the closure in the thread of the connection.
    let report = connection.call(move |db| migrator.upgrade(db)).await?;
    println!("{report}");
    Ok(connection)
}

/// Adds a note.
async fn add(connection: &Connection, text: String) -> Result<(), Error> {
    let insert =
        |db: &mut rusqlite::Connection| db.execute("INSERT INTO notes (text) VALUES (?1)", [text]);
    connection.call(insert).await?;
    Ok(())
}

/// Returns the notes that are not done.
async fn notes(connection: &Connection) -> Result<Vec<String>, Error> {
    let select = |db: &mut rusqlite::Connection| {
        let mut statement = db.prepare("SELECT text FROM notes WHERE done = 0 ORDER BY id")?;
        let notes = statement.query_map([], |row| row.get(0))?;
        notes.collect::<rusqlite::Result<_>>()
    };
    Ok(connection.call(select).await?)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let text = env::args().nth(1).ok_or("the argument must be a note")?;
    let connection = open(Path::new("notes.db"), MIGRATIONS.migrator()).await?;
    add(&connection, text).await?;
    for note in notes(&connection).await? {
        println!("{note}");
    }
    Ok(())
}
