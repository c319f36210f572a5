//! The state before a script, and the tables to read during a script and after it.

use std::collections::HashSet;

use revchain_core::Assumes;
use revchain_core::schema::Schema;
use rusqlite::{Connection, Result};

use super::expected::{Expected, Tables, read_tables};
use super::scope::names;
use crate::sample_rows::table::{TableCache, sql_of};
use crate::script_run::ScriptRun;

/// The state before a script.
pub(super) struct Start<'s> {
    pub(super) cache: &'s TableCache,
    pub(super) schema: &'s Schema,
    /// The full-text tables that agree with the rows that they index.
    pub(super) indexes: &'s [String],
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
/// These are the same tables, the new tables, and the tables that the script names.
pub(super) fn tables_after(
    connection: &Connection,
    run: ScriptRun<'_>,
    schema: &Schema,
    before: &Tables,
) -> Result<Tables> {
    let mut statement = connection.prepare(
        "SELECT name FROM main.sqlite_master WHERE type = 'table'
         AND name NOT GLOB 'sqlite_*'",
    )?;
    let all: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let words: HashSet<String> = names(run.script().sql()).collect();
    let is_relevant = |name: &&String| {
        let is_old = before.iter().any(|(old, _)| old.eq_ignore_ascii_case(name));
        is_old || words.contains(&name.to_ascii_lowercase()) || schema.table_name(name).is_none()
    };
    let relevant = all.iter().filter(is_relevant).map(String::as_str);
    read_tables(connection, relevant)
}

pub(super) fn columns_in(tables: &Tables, name: &str) -> Option<Vec<String>> {
    let mut tables = tables.iter();
    let (_, contents) = tables.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    Some(contents.columns.clone())
}

/// Reads the schema of some tables.
pub(super) fn schema_of<'n>(
    connection: &Connection,
    tables: impl IntoIterator<Item = &'n str>,
) -> Result<Schema> {
    let mut sql = Vec::new();
    for table in tables {
        sql.extend(sql_of(connection, table)?);
    }
    Ok(Schema::read(sql.iter().map(String::as_str)))
}
