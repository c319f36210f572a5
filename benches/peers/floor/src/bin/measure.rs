//! The floor: opens a database with rusqlite, and reads `user_version`.
//!
//! Pending SQL runs in one transaction. The floor verifies nothing.

#[path = "../chain.rs"]
mod chain;

use std::path::Path;

use bench_harness::Peer;
use chain::CHAIN;
use rusqlite::Connection;

struct Floor;

impl Floor {
    fn run(mut connection: Connection, chain: &[&str]) -> Connection {
        let version: u32 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        let pending = &chain[version as usize..];
        if !pending.is_empty() {
            let transaction = connection.transaction().unwrap();
            for sql in pending {
                transaction.execute_batch(sql).unwrap();
            }
            transaction
                .pragma_update(None, "user_version", chain.len() as u32)
                .unwrap();
            transaction.commit().unwrap();
        }
        connection
    }
}

impl Peer for Floor {
    type Connection = Connection;

    fn open(path: &Path) -> Connection {
        Self::run(Connection::open(path).unwrap(), CHAIN)
    }

    fn open_in_memory() -> Connection {
        Self::run(Connection::open_in_memory().unwrap(), CHAIN)
    }

    fn create_behind(path: &Path) {
        Self::run(Connection::open(path).unwrap(), &CHAIN[..CHAIN.len() - 1]);
    }

    fn query_text(connection: &mut Connection, sql: &'static str) -> String {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    bench_harness::trace_statements!(rusqlite::ffi);
}

fn main() {
    bench_harness::main::<Floor>();
}
