//! Columns that only the module of a virtual table knows.

use revchain_core::sql::inspect::offset_of_name;
use revchain_core::sql::sqlite_messages::{MissingColumn, missing_column};
use rusqlite::{Connection, Result};

use super::tables::{self, UNKNOWN_COLUMN, quote_always};
use crate::report::sqlite::sqlite_message;

/// The maximum number of columns that one statement adds.
const MAX_COLUMNS: usize = 100;

/// Adds the columns that a statement needs to the stand-ins of virtual tables, and repeats it.
///
/// `sql` is the text that can name the tables, and `message` is SQLite's message.
/// Returns `false` if the statement still fails.
pub fn add_missing_columns(
    connection: &Connection,
    sql: &str,
    message: &str,
    repeat: impl Fn(&Connection) -> Result<()>,
) -> bool {
    let mut message = message.to_owned();
    for _ in 0..MAX_COLUMNS {
        let Some((table, column)) = column_to_add(connection, sql, &message) else {
            return false;
        };
        let [table, column] = [table, column].map(|name| quote_always(&name));
        let add = format!("ALTER TABLE main.{table} ADD COLUMN {column}");
        if connection.execute_batch(&add).is_err() {
            return false;
        }
        match repeat(connection) {
            Ok(()) => return true,
            Err(error) => message = sqlite_message(&error),
        }
    }
    false
}

/// Returns the table and the name of the column that would make a statement succeed.
fn column_to_add(connection: &Connection, sql: &str, message: &str) -> Option<(String, String)> {
    let tables = tables::names(connection);
    let is_stand_in = |name: &str| tables.contains(&name.to_ascii_lowercase());
    let (table, column) = match missing_column(message)? {
        MissingColumn::Given { table, column } => (Some(table), column.to_owned()),
        MissingColumn::Read { table, column } => {
            // The name before the dot can be an alias of a stand-in.
            let table = table.filter(|name| is_stand_in(name) || is_table(connection, name));
            (table, column.to_owned())
        }
        MissingColumn::Count {
            table,
            columns,
            values,
        } => {
            let is_target = is_stand_in(table);
            // The rows go to the stand-in, or come from a stand-in. This one has too few columns.
            if is_target == (values < columns) {
                return None;
            }
            let column = format!("value_{}", columns.min(values) + 1);
            (Some(table).filter(|_| is_target), column)
        }
    };
    match table {
        Some(table) if is_stand_in(table) => Some((table.to_owned(), column)),
        Some(_) => None,
        None => Some((first_named(&tables, sql)?.to_owned(), column)),
    }
}

/// Returns `true` if an INSERT has too few values for a stand-in, and no argument of the module
/// names a column.
pub(super) fn has_unknown_columns(connection: &Connection, message: &str) -> bool {
    let Some(MissingColumn::Count {
        table,
        columns,
        values,
    }) = missing_column(message)
    else {
        return false;
    };
    let is_stand_in = tables::names(connection).contains(&table.to_ascii_lowercase());
    let sql = "SELECT name = ?2 FROM pragma_table_info(?1, 'main') WHERE cid = 0";
    let first = connection.query_row(sql, [table, UNKNOWN_COLUMN], |row| row.get(0));
    is_stand_in && values < columns && first.unwrap_or(false)
}

/// Returns the table that `sql` names first.
fn first_named<'t>(tables: &'t [String], sql: &str) -> Option<&'t str> {
    let named = tables
        .iter()
        .filter_map(|name| Some((offset_of_name(name, sql)?, name)));
    named.min().map(|(_, name)| name.as_str())
}

fn is_table(connection: &Connection, name: &str) -> bool {
    let sql = "SELECT 1 FROM main.sqlite_master WHERE lower(name) = lower(?1)";
    let row = connection.query_row(sql, [name], |row| row.get::<_, i64>(0));
    row.is_ok()
}
