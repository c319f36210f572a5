//! Notes in SQLite: revchain migrates the database, and sqlx queries it through its pool.

#[cfg(test)]
mod tests;

use std::env;
use std::path::Path;

use revchain::{Migrations, Migrator, embed_migrations};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::task;

static MIGRATIONS: Migrations = embed_migrations!("../migrations");

/// An error that a task can return.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Brings a database to the head, and opens a pool.
async fn open(path: &Path, migrator: Migrator<'static>) -> Result<SqlitePool, Error> {
    let options = SqliteConnectOptions::new().filename(path);
    let path = path.to_owned();
    // revchain has a connection of its own, which ends here.
    task::spawn_blocking(move || migrator.open(path).map(drop)).await??;
    Ok(SqlitePool::connect_with(options).await?)
}

/// Adds a note.
async fn add(pool: &SqlitePool, text: &str) -> Result<(), Error> {
    let insert = sqlx::query("INSERT INTO notes (text) VALUES (?1)");
    insert.bind(text).execute(pool).await?;
    Ok(())
}

/// Returns the notes that are not done.
async fn notes(pool: &SqlitePool) -> Result<Vec<String>, Error> {
    let select = sqlx::query_scalar("SELECT text FROM notes WHERE done = 0 ORDER BY id");
    Ok(select.fetch_all(pool).await?)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let text = env::args().nth(1).ok_or("the argument must be a note")?;
    let pool = open(Path::new("notes.db"), MIGRATIONS.migrator()).await?;
    add(&pool, &text).await?;
    for note in notes(&pool).await? {
        println!("{note}");
    }
    pool.close().await;
    Ok(())
}
