//! revchain: `MIGRATIONS.open`, and `open_in_memory`.
//!
//! At the head, revchain verifies that the database was stamped with this head, and that no DDL ran
//! since. If the marker does not match, revchain verifies:
//! - the history is that of the chain;
//! - no applied revision was edited;
//! - the schema is the one that the proof found.

#[path = "../chain.rs"]
mod chain;

use std::path::Path;

use bench_harness::Peer;
use chain::MIGRATIONS;
use rusqlite::Connection;

struct Revchain;

impl Peer for Revchain {
    type Connection = Connection;

    fn open(path: &Path) -> Connection {
        MIGRATIONS.open(path).unwrap()
    }

    fn open_in_memory() -> Connection {
        MIGRATIONS.open_in_memory().unwrap()
    }

    fn create_behind(path: &Path) {
        let [.., last, _] = MIGRATIONS.revisions() else {
            panic!("the chain needs two revisions")
        };
        let mut connection = Connection::open(path).unwrap();
        MIGRATIONS
            .migrator()
            .upgrade_to(&mut connection, last.id())
            .unwrap();
    }

    fn query_text(connection: &mut Connection, sql: &'static str) -> String {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    bench_harness::trace_statements!(rusqlite::ffi);
}

fn main() {
    bench_harness::main::<Revchain>();
}
