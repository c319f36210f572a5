//! Databases with sample rows, for the tests of a program.

mod proof;

use revchain_core::schema::SchemaFilter;
use revchain_runtime::internal::read_schema_sql;
use revchain_runtime::{Error, Migrations};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

use crate::sample_rows::hints::Hints;
use crate::sample_rows::table::TableCache;
use crate::sample_rows::{self, Mode, Request};

pub use proof::{Unproven, prove, prove_with};

/// Returns an in-memory database at a revision, with sample rows in its tables.
///
/// The sample rows are those that the proof inserts, and satisfy the constraints of the schema.
/// A row that references another row finds its parent.
/// If a trigger rejects each row, the rows are inserted without triggers.
/// The same chain and revision always give the same rows.
///
/// A test inserts its own rows, upgrades, and looks at the result.
/// The module has an example.
/// `revision` is a revision of the chain, `"head"`, or `"+n"` for the `n`th revision.
///
/// # Errors
///
/// - [`ErrorKind::Conflict`](revchain_runtime::ErrorKind::Conflict) if the chain has no such
///   revision.
/// - [`ErrorKind::Statement`](revchain_runtime::ErrorKind::Statement) if SQLite rejects a
///   statement, for example because the chain needs a function of the program.
/// - [`ErrorKind::Sqlite`](revchain_runtime::ErrorKind::Sqlite) if SQLite fails otherwise, or if
///   the sample rows violate a foreign key.
pub fn at(migrations: &Migrations, revision: &str) -> std::result::Result<Connection, Error> {
    let opened = Connection::open_in_memory();
    let mut connection = opened.map_err(Error::inserting_sample_rows)?;
    migrations
        .migrator()
        .upgrade_to(&mut connection, revision)?;
    insert_sample_rows(&connection).map_err(Error::inserting_sample_rows)?;
    Ok(connection)
}

/// Inserts sample rows into each table of the chain.
///
/// SQLite checks foreign keys at COMMIT, because rows may reference each other in a cycle.
fn insert_sample_rows(connection: &Connection) -> Result<()> {
    let foreign_keys = DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY;
    let was_on = connection.db_config(foreign_keys)?;
    connection.set_db_config(foreign_keys, true)?;
    connection.execute_batch("BEGIN; PRAGMA defer_foreign_keys = ON")?;
    let sql = read_schema_sql(connection, &SchemaFilter::default())?;
    let schema = sql.schema();
    let tables: Vec<String> = schema.tables().map(str::to_owned).collect();
    let hints = Hints::default();
    let cache = TableCache::default();
    let request = Request {
        mode: Mode::Provenance,
        tables: &tables,
        tables_info: &cache,
        hints: &hints,
        statements: &[],
        assumes: &[],
        kept_rows: &[],
    };
    sample_rows::insert(connection, &request)?;
    connection.execute_batch("COMMIT")?;
    connection.set_db_config(foreign_keys, was_on)?;
    Ok(())
}
