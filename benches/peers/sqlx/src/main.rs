//! A minimal program with sqlx: it opens its database, runs the migrations, and runs one query.

mod chain;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Error};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("the argument must be a database")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let count = runtime.block_on(async {
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .connect()
            .await?;
        chain::MIGRATOR.run(&mut connection).await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM t1 WHERE a = 1")
            .fetch_one(&mut connection)
            .await?;
        Ok::<_, Error>(count)
    })?;
    println!("{count}");
    Ok(())
}
