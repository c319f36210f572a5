//! Notes in SQLite: revchain migrates the database, and deadpool-sqlite pools its connections.

#[cfg(test)]
mod tests;

use std::env;
use std::path::Path;

use deadpool_sqlite::{Config, InteractError, Pool, Runtime};
use revchain::rusqlite;
use revchain::{Migrations, Migrator, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("../migrations");

/// An error that a task can return.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Opens a pool, and brings the database to the head before anything else uses the pool.
async fn open(path: &Path, migrator: Migrator<'static>) -> Result<Pool, Error> {
    let pool = Config::new(path).create_pool(Runtime::Tokio1)?;
    let connection = pool.get().await?;
    // `interact` runs the closure in a thread for blocking work.
    let report = connection.interact(move |db| migrator.upgrade(db)).await;
    println!("{}", report.map_err(failed)??);
    Ok(pool)
}

/// Adds a note.
async fn add(pool: &Pool, text: String) -> Result<(), Error> {
    let insert =
        |db: &mut rusqlite::Connection| db.execute("INSERT INTO notes (text) VALUES (?1)", [text]);
    pool.get().await?.interact(insert).await.map_err(failed)??;
    Ok(())
}

/// Returns the notes that are not done.
async fn notes(pool: &Pool) -> Result<Vec<String>, Error> {
    let select = |db: &mut rusqlite::Connection| {
        let mut statement = db.prepare("SELECT text FROM notes WHERE done = 0 ORDER BY id")?;
        let notes = statement.query_map([], |row| row.get(0))?;
        notes.collect::<rusqlite::Result<_>>()
    };
    Ok(pool.get().await?.interact(select).await.map_err(failed)??)
}

/// Converts the error of a closure that panicked, which is not `Sync`.
fn failed(error: InteractError) -> Error {
    error.to_string().into()
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let text = env::args().nth(1).ok_or("the argument must be a note")?;
    let pool = open(Path::new("notes.db"), MIGRATIONS.migrator()).await?;
    add(&pool, text).await?;
    for note in notes(&pool).await? {
        println!("{note}");
    }
    Ok(())
}
