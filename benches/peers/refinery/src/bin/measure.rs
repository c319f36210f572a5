//! refinery: `runner().run`, with its defaults. Each revision is a transaction of its own.
//!
//! At the head, refinery verifies the checksum of each applied revision, and that none is missing.
//! It does not verify the schema.

#[path = "../chain.rs"]
mod chain;

use std::path::Path;

use bench_harness::Peer;
use chain::migrations::runner;
use refinery::Target;
use rusqlite::Connection;

struct Refinery;

impl Refinery {
    fn run(mut connection: Connection, target: Target) -> Connection {
        runner().set_target(target).run(&mut connection).unwrap();
        connection
    }
}

impl Peer for Refinery {
    type Connection = Connection;

    fn open(path: &Path) -> Connection {
        Self::run(Connection::open(path).unwrap(), Target::Latest)
    }

    fn open_in_memory() -> Connection {
        Self::run(Connection::open_in_memory().unwrap(), Target::Latest)
    }

    fn create_behind(path: &Path) {
        let last = runner()
            .get_migrations()
            .iter()
            .map(refinery::Migration::version)
            .max()
            .unwrap();
        Self::run(Connection::open(path).unwrap(), Target::Version(last - 1));
    }

    fn query_text(connection: &mut Connection, sql: &'static str) -> String {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    bench_harness::trace_statements!(rusqlite::ffi);
}

fn main() {
    bench_harness::main::<Refinery>();
}
