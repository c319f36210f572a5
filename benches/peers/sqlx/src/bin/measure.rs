//! sqlx: `MIGRATOR.run` on one connection, which costs less than a pool.
//!
//! Each open starts a worker thread, which is measured. The start of the runtime is not.
//! At the head, sqlx verifies the checksum of each applied revision, that none is missing, and that
//! none is partially applied. It does not verify the schema.

#[path = "../chain.rs"]
mod chain;

use std::path::Path;

use bench_harness::Peer;
use chain::MIGRATOR;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::runtime::{Builder, Runtime};

struct Sqlx;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().build().unwrap();
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

fn file(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
}

async fn run(options: SqliteConnectOptions) -> SqliteConnection {
    let mut connection = options.connect().await.unwrap();
    MIGRATOR.run(&mut connection).await.unwrap();
    connection
}

impl Peer for Sqlx {
    type Connection = SqliteConnection;

    fn open(path: &Path) -> SqliteConnection {
        wait(run(file(path)))
    }

    fn open_in_memory() -> SqliteConnection {
        wait(run(SqliteConnectOptions::new().in_memory(true)))
    }

    fn create_behind(path: &Path) {
        wait(async {
            let mut connection = file(path).connect().await.unwrap();
            let last = MIGRATOR
                .iter()
                .map(|migration| migration.version)
                .max()
                .unwrap();
            MIGRATOR.run_to(last - 1, &mut connection).await.unwrap();
        });
    }

    fn query_text(connection: &mut SqliteConnection, sql: &'static str) -> String {
        wait(sqlx::query_scalar(sql).fetch_one(connection)).unwrap()
    }

    bench_harness::trace_statements!(libsqlite3_sys);
}

fn main() {
    bench_harness::main::<Sqlx>();
}
