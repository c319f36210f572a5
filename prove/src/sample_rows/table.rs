//! The columns and the rows of a table.

use std::collections::BTreeMap;

use revchain_runtime::internal::quote;
use rusqlite::Connection;
use rusqlite::types::Value;

/// A column that an `INSERT` can give a value.
pub(super) struct Column {
    /// The name in lowercase.
    pub(super) name: String,
    pub(super) affinity: Affinity,
    /// `true` if the column is `NOT NULL` or part of the primary key.
    pub(super) is_required: bool,
    /// `true` if the column is the whole primary key.
    pub(super) is_only_key: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Affinity {
    Integer,
    Real,
    Text,
    Blob,
    Numeric,
}

/// Returns the columns of a table that an `INSERT` can give a value.
///
/// Returns no columns for a view, and for a virtual table, whose module controls the rows.
pub(super) fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    // A virtual table has no root page.
    let mut statement = connection.prepare(
        "SELECT name, type, \"notnull\" OR pk > 0,
           pk = 1 AND 1 = (SELECT count(*) FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0)
         FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0 AND EXISTS (
           SELECT 1 FROM main.sqlite_master
           WHERE type = 'table' AND name = ?1 COLLATE NOCASE AND rootpage > 0)",
    )?;
    let columns = statement.query_map([table], |row| {
        let (name, declared_type): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(Column {
            name: name.to_ascii_lowercase(),
            affinity: affinity(&declared_type),
            is_required: row.get(2)?,
            is_only_key: row.get(3)?,
        })
    })?;
    columns.collect()
}

/// Returns the affinity of a declared type.
///
/// The rules are in SQLite's documentation, under "Determination Of Column Affinity".
fn affinity(declared_type: &str) -> Affinity {
    let declared_type = declared_type.to_ascii_uppercase();
    let has_any = |words: &[&str]| words.iter().any(|word| declared_type.contains(word));
    if has_any(&["INT"]) {
        Affinity::Integer
    } else if has_any(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if declared_type.is_empty() || has_any(&["BLOB"]) {
        Affinity::Blob
    } else if has_any(&["REAL", "FLOA", "DOUB"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// The values of a table: a list for each lowercase column name, with a value for each row.
pub(crate) type Contents = BTreeMap<String, Vec<Value>>;

/// Returns the number of rows.
pub(crate) fn count(contents: &Contents) -> usize {
    contents.values().next().map_or(0, Vec::len)
}

/// Reads all rows of a table. Returns `None` if the table does not exist or is virtual.
pub(crate) fn contents(connection: &Connection, table: &str) -> rusqlite::Result<Option<Contents>> {
    let columns = columns(connection, table)?;
    if columns.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let sql = format!("SELECT {} FROM main.{}", names.join(", "), quote(table));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut values: Vec<Vec<Value>> = vec![Vec::new(); columns.len()];
    while let Some(row) = rows.next()? {
        for (index, column) in values.iter_mut().enumerate() {
            column.push(row.get(index)?);
        }
    }
    let names = columns.into_iter().map(|column| column.name);
    Ok(Some(names.zip(values).collect()))
}
