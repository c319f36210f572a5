//! Diesel: `run_pending_migrations`.
//!
//! At the head, Diesel verifies that each revision of the program is recorded, by its version.
//! It verifies neither the content of the revisions nor the schema.

#[path = "../chain.rs"]
mod chain;

use std::path::Path;

use bench_harness::Peer;
use chain::MIGRATIONS;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;

struct Diesel;

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

fn connect(path: &str) -> SqliteConnection {
    SqliteConnection::establish(path).unwrap()
}

fn run(mut connection: SqliteConnection) -> SqliteConnection {
    connection.run_pending_migrations(MIGRATIONS).unwrap();
    connection
}

impl Peer for Diesel {
    type Connection = SqliteConnection;

    fn open(path: &Path) -> SqliteConnection {
        run(connect(path.to_str().unwrap()))
    }

    fn open_in_memory() -> SqliteConnection {
        run(connect(":memory:"))
    }

    fn create_behind(path: &Path) {
        let mut connection = connect(path.to_str().unwrap());
        let all = connection.pending_migrations(MIGRATIONS).unwrap();
        connection.run_migrations(&all[..all.len() - 1]).unwrap();
    }

    fn query_text(connection: &mut SqliteConnection, sql: &'static str) -> String {
        diesel::sql_query(sql)
            .get_result::<Value>(connection)
            .unwrap()
            .value
    }

    bench_harness::trace_statements!(libsqlite3_sys);
}

fn main() {
    bench_harness::main::<Diesel>();
}
