//! Notes in SQLite: revchain migrates the database, and r2d2 pools its connections.

#[cfg(test)]
mod tests;

use std::env;
use std::path::Path;

use r2d2::Pool;
use r2d2_sqlite::SqliteConnectionManager;
use revchain::rusqlite;
use revchain::{Migrations, Migrator, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("../migrations");

/// An error that a thread can return.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Brings a database to the head, and opens a pool.
///
/// The order matters: r2d2 reports a file that it cannot open after 30 seconds.
fn open(path: &Path, migrator: &Migrator<'_>) -> Result<Pool<SqliteConnectionManager>, Error> {
    drop(migrator.open(path)?);
    Ok(Pool::new(SqliteConnectionManager::file(path))?)
}

/// Adds a note.
fn add(pool: &Pool<SqliteConnectionManager>, text: &str) -> Result<(), Error> {
    let insert = "INSERT INTO notes (text) VALUES (?1)";
    pool.get()?.execute(insert, [text])?;
    Ok(())
}

/// Returns the notes that are not done.
fn notes(pool: &Pool<SqliteConnectionManager>) -> Result<Vec<String>, Error> {
    let connection = pool.get()?;
    let select = "SELECT text FROM notes WHERE done = 0 ORDER BY id";
    let mut statement = connection.prepare(select)?;
    let notes = statement.query_map([], |row| row.get(0))?;
    Ok(notes.collect::<rusqlite::Result<_>>()?)
}

fn main() -> Result<(), Error> {
    let text = env::args().nth(1).ok_or("the argument must be a note")?;
    let pool = open(Path::new("notes.db"), &MIGRATIONS.migrator())?;
    add(&pool, &text)?;
    for note in notes(&pool)? {
        println!("{note}");
    }
    Ok(())
}
