//! rusqlite_migration: `to_latest` of a constant slice.
//!
//! At the head, rusqlite_migration verifies that `user_version` is the number of revisions.
//! It verifies neither the content of the revisions nor the schema.

#[path = "../chain.rs"]
mod chain;

use std::path::Path;

use bench_harness::Peer;
use chain::MIGRATIONS;
use rusqlite::Connection;

struct RusqliteMigration;

impl RusqliteMigration {
    fn run(mut connection: Connection) -> Connection {
        MIGRATIONS.to_latest(&mut connection).unwrap();
        connection
    }
}

impl Peer for RusqliteMigration {
    type Connection = Connection;

    fn open(path: &Path) -> Connection {
        Self::run(Connection::open(path).unwrap())
    }

    fn open_in_memory() -> Connection {
        Self::run(Connection::open_in_memory().unwrap())
    }

    fn create_behind(path: &Path) {
        let mut connection = Connection::open(path).unwrap();
        let all = MIGRATIONS.pending_migrations(&connection).unwrap();
        MIGRATIONS
            .to_version(&mut connection, usize::try_from(all).unwrap() - 1)
            .unwrap();
    }

    fn query_text(connection: &mut Connection, sql: &'static str) -> String {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    bench_harness::trace_statements!(rusqlite::ffi);
}

fn main() {
    bench_harness::main::<RusqliteMigration>();
}
