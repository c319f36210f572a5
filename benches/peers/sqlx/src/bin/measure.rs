//! sqlx: `MIGRATOR.run` on one connection, which is less than a pool. Its worker thread is made by each open and is part of
//! it; the runtime is not. At the head it verifies the checksum of every applied revision against the program's, that none is
//! missing and none is half done; not the schema.

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
    SqliteConnectOptions::new().filename(path).create_if_missing(true)
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

    fn memory() -> SqliteConnection {
        wait(run(SqliteConnectOptions::new().in_memory(true)))
    }

    fn behind(path: &Path) {
        wait(async {
            let mut connection = file(path).connect().await.unwrap();
            let last = MIGRATOR.iter().map(|migration| migration.version).max().unwrap();
            MIGRATOR.run_to(last - 1, &mut connection).await.unwrap();
        });
    }

    fn text(connection: &mut SqliteConnection, sql: &'static str) -> String {
        wait(sqlx::query_scalar(sql).fetch_one(connection)).unwrap()
    }

    bench_harness::watch!(libsqlite3_sys);
}

fn main() {
    bench_harness::main::<Sqlx>();
}
