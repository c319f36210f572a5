//! The state before a script, and the tables to read during a script and after it.

use revchain_core::Assumes;
use revchain_core::schema::Schema;
use revchain_core::sql::change::{Change, Effect, effect};
use rusqlite::{Connection, Result};

use super::expected::{Expected, Tables, read_tables};
use super::scope::names;
use crate::sample_rows::table::TableCache;
use crate::script_run::ScriptRun;

/// The state before a script.
pub(super) struct Start<'s> {
    pub(super) cache: &'s TableCache,
    pub(super) schema: &'s Schema,
    /// The full-text tables that agree with the rows that they index, and the indexed tables.
    pub(super) indexes: &'s [(String, String)],
    /// The conditions that the rows satisfy.
    pub(super) assumes: &'s [&'s Assumes],
}

/// Reads the table that a statement changes, and the tables that a trigger may change with it.
pub(super) fn read_changed(
    connection: &Connection,
    table: &str,
    (expected, start): (&[Expected], &Start<'_>),
) -> Result<Tables> {
    let is_known = expected
        .iter()
        .any(|expected| expected.table.eq_ignore_ascii_case(table));
    let has_triggers = is_known && start.cache.get(connection, table)?.has_triggers();
    let others = expected.iter().map(|expected| expected.table.as_str());
    let others = others.filter(|other| has_triggers && !other.eq_ignore_ascii_case(table));
    read_tables(connection, others.chain([table]))
}

/// Reads the tables that may have the rows of `before` after a script.
///
/// These are the same tables, the tables that the script names, and the tables that it creates.
/// A search through `sqlite_master` would take longer, if the schema is large.
pub(super) fn tables_after(
    connection: &Connection,
    run: ScriptRun<'_>,
    schema: &Schema,
    before: &Tables,
) -> Result<Tables> {
    let mut relevant: Vec<String> = before.iter().map(|(name, _)| name.clone()).collect();
    for statement in run.script().statements() {
        let sql = statement.sql();
        match effect(sql) {
            Effect::Change(name, Change::CreateTable) => relevant.push(name.name),
            Effect::Change(_, Change::Rename(to)) => relevant.push(to),
            _ => {}
        }
        relevant.extend(names(sql).filter_map(|name| schema.table_name(&name).map(str::to_owned)));
    }
    relevant.sort_by_key(|name| name.to_ascii_lowercase());
    relevant.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    read_tables(connection, relevant.iter().map(String::as_str))
}

/// Returns the schema of some tables.
pub(super) fn schema_of<'n>(
    connection: &Connection,
    tables: impl IntoIterator<Item = &'n str>,
    cache: &TableCache,
) -> Result<Schema> {
    let mut infos = Vec::new();
    for table in tables {
        infos.push(cache.get(connection, table)?);
    }
    let sql = infos.iter().flat_map(|info| &info.sql);
    Ok(Schema::read(sql.map(String::as_str)))
}
