//! The tables of a schema, as the checks of a query need them.

use revchain_core::sql::cursor;
use revchain_runtime::internal::quote;
use rusqlite::{Connection, OptionalExtension, Result};

/// A table or a view.
#[derive(Debug)]
pub(super) struct Table {
    /// `true` for an ordinary table: no view and no virtual table.
    pub(super) is_ordinary: bool,
    pub(super) is_strict: bool,
    /// `true` if a trigger runs before an INSERT, and can insert the row itself.
    pub(super) has_trigger_before: bool,
    pub(super) columns: Vec<Column>,
}

/// A column of a table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// The declared type in uppercase.
    pub(super) declared_type: String,
    /// `true` if an INSERT must give the column a value.
    pub(super) needs_value: bool,
}

impl Table {
    /// Reads a table of the schema `main`; `None` if there is none.
    pub(super) fn read(connection: &Connection, name: &str) -> Result<Option<Self>> {
        let object = "SELECT type, sql FROM main.sqlite_master
                      WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')";
        let found: Option<(String, Option<String>)> = connection
            .query_row(object, [name], |row| row.try_into())
            .optional()?;
        let Some((kind, sql)) = found else {
            return Ok(None);
        };
        let sql = sql.unwrap_or_default();
        let tokens = cursor::tokens(&sql);
        let is_virtual = tokens
            .get(1)
            .is_some_and(|token| token.is_word(&sql, "VIRTUAL"));
        // A row that breaks such a constraint is skipped.
        let skips_rows = tokens.windows(4).any(|tokens| {
            let words = ["NULL", "ON", "CONFLICT", "IGNORE"].iter();
            words
                .zip(tokens)
                .all(|(word, token)| token.is_word(&sql, word))
        });
        let (is_without_rowid, is_strict) = options(connection, name);
        let columns = columns(connection, name, !is_without_rowid, skips_rows)?;
        Ok(Some(Self {
            is_ordinary: kind == "table" && !is_virtual,
            is_strict,
            has_trigger_before: has_trigger_before(connection, name)?,
            columns,
        }))
    }

    /// Returns the column with this name.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        let mut columns = self.columns.iter();
        columns.find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// Returns whether a table has no rowids, and whether it is STRICT.
///
/// SQLite before 3.37 does not tell, and has no STRICT tables.
fn options(connection: &Connection, name: &str) -> (bool, bool) {
    let pragma = format!("PRAGMA main.table_list({})", quote(name));
    let options = connection.query_row(&pragma, [], |row| Ok((row.get(4)?, row.get(5)?)));
    options.unwrap_or_default()
}

fn columns(
    connection: &Connection,
    table: &str,
    has_rowid: bool,
    skips_rows: bool,
) -> Result<Vec<Column>> {
    let pragma = format!("PRAGMA main.table_xinfo({})", quote(table));
    let mut statement = connection.prepare(&pragma)?;
    let mut rows = statement.query([])?;
    let mut columns = Vec::new();
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, declared_type): (String, String) = (row.get(1)?, row.get(2)?);
        let (is_not_null, default): (bool, Option<String>) = (row.get(3)?, row.get(4)?);
        let (key_position, hidden): (i64, i64) = (row.get(5)?, row.get(6)?);
        let declared_type = declared_type.to_ascii_uppercase();
        if key_position > 0 {
            keys.push(columns.len());
        }
        columns.push(Column {
            needs_value: is_not_null && default.is_none() && hidden == 0 && !skips_rows,
            declared_type,
            name,
        });
    }
    // SQLite numbers the rows of an INTEGER PRIMARY KEY itself.
    if let ([key], true) = (&keys[..], has_rowid) {
        let key = &mut columns[*key];
        key.needs_value &= key.declared_type != "INTEGER";
    }
    Ok(columns)
}

fn has_trigger_before(connection: &Connection, table: &str) -> Result<bool> {
    let triggers = "SELECT sql FROM main.sqlite_master
                    WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE";
    let mut statement = connection.prepare(triggers)?;
    let mut rows = statement.query([table])?;
    while let Some(row) = rows.next()? {
        let sql: String = row.get(0)?;
        let tokens = cursor::tokens(&sql);
        let begin = tokens.iter().position(|token| token.is_word(&sql, "BEGIN"));
        let head = &tokens[..begin.unwrap_or(tokens.len())];
        // BEFORE is the default.
        if !head.iter().any(|token| token.is_word(&sql, "AFTER")) {
            return Ok(true);
        }
    }
    Ok(false)
}
