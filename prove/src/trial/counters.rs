//! AUTOINCREMENT counters, rowids, and the indexes of full-text search that depend on rowids.

use revchain_runtime::internal::quote;
use rusqlite::{Connection, Result};

use super::expected::Expected;
use super::scope::names;
use crate::sample_rows::contents::Contents;
use crate::sample_rows::table::indexed_table;

/// Returns the AUTOINCREMENT counter of a table.
pub(super) fn counter(connection: &Connection, table: &str) -> Result<i64> {
    let sql = "SELECT max(seq) FROM main.sqlite_sequence WHERE name = ?1 COLLATE NOCASE";
    let seq: Option<i64> = connection.query_row(sql, [table], |row| row.get(0))?;
    Ok(seq.unwrap_or(0))
}

/// Returns `true` if a full-text table agrees with the rows that it indexes, or is gone.
pub(super) fn is_intact(connection: &Connection, table: &str) -> bool {
    let name = quote(table);
    let fts5 = format!("INSERT INTO main.{name} ({name}, rank) VALUES ('integrity-check', 1)");
    let fts4 = format!("INSERT INTO main.{name} ({name}) VALUES ('integrity-check')");
    match connection.prepare(&fts5) {
        Ok(mut check) => check.execute([]).is_ok(),
        Err(_) => match connection.prepare(&fts4) {
            Ok(mut check) => check.execute([]).is_ok(),
            Err(_) => true,
        },
    }
}

/// Returns the view or trigger that names the rowid of a table.
pub(super) fn rowid_user(connection: &Connection, table: &str) -> Result<Option<String>> {
    let mut statement = connection
        .prepare("SELECT name, sql FROM main.sqlite_master WHERE type IN ('view', 'trigger')")?;
    let objects: Vec<(String, String)> = statement
        .query_map([], |row| row.try_into())?
        .collect::<Result<_>>()?;
    let indexes = indexes_of(connection, table)?;
    let is_user = |sql: &str| {
        let words: Vec<String> = names(sql).collect();
        let has = |name: &str| words.iter().any(|word| word.eq_ignore_ascii_case(name));
        // The check of the full-text index covers the triggers that update it.
        let is_for_index = indexes.iter().any(|index| has(index));
        !is_for_index && has(table) && (has("rowid") || has("_rowid_") || has("oid"))
    };
    let user = objects.into_iter().find(|(_, sql)| is_user(sql));
    Ok(user.map(|(name, _)| name))
}

/// Returns `true` if a view, a trigger or a full-text table uses the rowids of a table.
pub(crate) fn uses_rowids(connection: &Connection, table: &str) -> Result<bool> {
    let user = rowid_user(connection, table)?;
    Ok(user.is_some() || !indexes_of(connection, table)?.is_empty())
}

/// Returns the full-text tables that index the rows of a table.
fn indexes_of(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND rootpage = 0",
    )?;
    let tables = statement.query_map([], |row| row.try_into())?;
    let tables: Vec<(String, String)> = tables.collect::<Result<_>>()?;
    let indexes = tables.into_iter().filter(|(_, sql)| {
        indexed_table(sql).is_some_and(|indexed| indexed.eq_ignore_ascii_case(table))
    });
    Ok(indexes.map(|(name, _)| name).collect())
}

/// Returns `true` if the rows of a table have other rowids than before.
///
/// `pairs` has the position of each old row and of its new row.
pub(super) fn has_moved(expected: &Expected, new: &Contents, pairs: &[(usize, usize)]) -> bool {
    pairs.iter().any(|&(old, other)| {
        let (old, new) = (&expected.contents.rows[old], &new.rows[other]);
        old.rowid.is_some() && new.rowid.is_some() && old.rowid != new.rowid
    })
}
