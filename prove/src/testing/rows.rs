//! Databases with sample rows.

use revchain_core::schema::{Schema, SchemaFilter};
use revchain_core::{Assumes, AssumesKind};
use revchain_runtime::internal::{quote, read_schema_sql};
use revchain_runtime::{Error, Migrator};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

use crate::sample_rows::hints::Hints;
use crate::sample_rows::table::TableCache;
use crate::sample_rows::{self, Mode, Request};

/// Returns an in-memory database at a revision, with sample rows that satisfy the assumptions.
pub(super) fn filled(
    migrator: &Migrator<'_>,
    revision: &str,
    (mode, assumes): (Mode, &[&Assumes]),
) -> std::result::Result<Connection, Error> {
    let opened = Connection::open_in_memory();
    let mut connection = opened.map_err(Error::inserting_sample_rows)?;
    migrator.set_up(&connection)?;
    migrator.upgrade_to(&mut connection, revision)?;
    insert(&connection, mode, assumes).map_err(Error::inserting_sample_rows)?;
    Ok(connection)
}

/// Inserts sample rows into each table of the chain.
///
/// SQLite checks foreign keys at COMMIT, because rows may reference each other in a cycle.
pub(crate) fn insert(connection: &Connection, mode: Mode, assumes: &[&Assumes]) -> Result<()> {
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
        mode,
        tables: &tables,
        tables_info: &cache,
        hints: &hints,
        statements: &[],
        assumes,
        kept_rows: &[],
    };
    sample_rows::insert(connection, &request)?;
    for table in without_rows(schema, assumes) {
        connection.execute(&format!("DELETE FROM main.{}", quote(&table)), [])?;
    }
    connection.execute_batch("COMMIT")?;
    connection.set_db_config(foreign_keys, was_on)?;
    Ok(())
}

/// Returns the tables whose rows must have values that no sample row has, children first.
fn without_rows(schema: &Schema, assumes: &[&Assumes]) -> Vec<String> {
    let is_by_value = |kind| matches!(kind, AssumesKind::Check | AssumesKind::Values);
    let assumes = assumes.iter().filter(|assumes| is_by_value(assumes.kind));
    let mut tables: Vec<String> = assumes
        .filter_map(|assumes| schema.table_name(&assumes.table))
        .map(str::to_owned)
        .collect();
    let mut position = 0;
    while let Some(table) = tables.get(position) {
        let children = schema.children(table).into_iter().map(str::to_owned);
        let new: Vec<String> = children.filter(|child| !tables.contains(child)).collect();
        tables.extend(new);
        position += 1;
    }
    tables.reverse();
    tables
}
