//! revchain: `MIGRATIONS.open`, and `open_in_memory`. At the head it verifies that this very head was stamped and
//! that no DDL has run since; where that is not known, that the history is that of this chain, with no revision edited, and that
//! the schema is the one that the proof has found.

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

    fn memory() -> Connection {
        MIGRATIONS.open_in_memory().unwrap()
    }

    fn behind(path: &Path) {
        let [.., last, _] = MIGRATIONS.revisions() else { panic!("a chain of two at least") };
        MIGRATIONS.upgrade_to(&mut Connection::open(path).unwrap(), last.id()).unwrap();
    }

    fn text(connection: &mut Connection, sql: &'static str) -> String {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    bench_harness::watch!(rusqlite::ffi);
}

fn main() {
    bench_harness::main::<Revchain>();
}
