//! The changes to sample rows after all tables are filled.

use std::collections::HashSet;

use revchain_runtime::internal::quote;
use rusqlite::{Connection, Result, params_from_iter};

use super::contents::Contents;
use super::request::SAMPLE_ROWS;
use super::table::TableInfo;
use super::triggers::without_triggers;

/// The amount by which an AUTOINCREMENT counter is above the largest rowid.
const COUNTER_GAP: i64 = 1_000;

/// Deletes the rows whose parents could not be filled.
pub(super) fn delete_violations(connection: &Connection, tables: &[String]) -> Result<()> {
    // Each round can make further rows violate a key, because rows of a tree reference each other.
    for _ in 0..2 * SAMPLE_ROWS {
        let mut has_violations = false;
        for table in tables {
            let sql = format!("PRAGMA main.foreign_key_check({})", quote(table));
            let Ok(mut statement) = connection.prepare(&sql) else {
                continue;
            };
            let rowids = statement.query_map([], |row| row.get::<_, Option<i64>>(1));
            let rowids: Option<HashSet<Option<i64>>> = rowids?.collect::<Result<_>>().ok();
            for rowid in rowids.into_iter().flatten() {
                has_violations = true;
                let condition = if rowid.is_some() {
                    "rowid = ?1"
                } else {
                    "?1 IS NULL"
                };
                let sql = format!("DELETE FROM main.{} WHERE {condition}", quote(table));
                connection.execute(&sql, [rowid])?;
            }
        }
        if !has_violations {
            break;
        }
    }
    Ok(())
}

/// Deletes the rows of a table except those with these numbers.
pub(super) fn keep_rows(connection: &Connection, table: &str, kept: &[usize]) -> Result<()> {
    let Some(contents) = Contents::read(connection, table)? else {
        return Ok(());
    };
    let condition = contents.row_condition(1);
    let sql = format!("DELETE FROM main.{} WHERE {condition}", quote(table));
    let Ok(mut statement) = connection.prepare(&sql) else {
        return Ok(());
    };
    let rows = contents.rows.iter().enumerate();
    for (_, row) in rows.filter(|(index, _)| !kept.contains(index)) {
        statement.execute(params_from_iter(&row.values))?;
    }
    Ok(())
}

/// Raises the AUTOINCREMENT counter above the largest rowid, as if later rows were deleted.
pub(super) fn raise_counter(connection: &Connection, table: &str) -> Result<()> {
    let sql = "UPDATE main.sqlite_sequence SET seq = seq + ?1 WHERE name = ?2 COLLATE NOCASE";
    connection.execute(sql, (COUNTER_GAP, table))?;
    Ok(())
}

/// Moves the rowids of a table without an INTEGER PRIMARY KEY, as if rows had been deleted.
pub(super) fn leave_gaps(connection: &Connection, table: &str, info: &TableInfo) -> Result<()> {
    if info.has_rowid_column() || info.is_virtual() || info.columns.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE OR ABORT main.{} SET rowid = rowid * 3 + 100",
        quote(table)
    );
    // A table without rowids has no rowids to move.
    let _ = without_triggers(connection, || connection.execute(&sql, []));
    Ok(())
}

/// Fills a full-text table that indexes the rows of another table.
pub(super) fn rebuild_index(connection: &Connection, table: &str) {
    let name = quote(table);
    let sql = format!("INSERT INTO main.{name} ({name}) VALUES ('rebuild')");
    // A contentless table has no rebuild, and a rebuild fails if a column is missing.
    let _ = connection.execute(&sql, []);
}
