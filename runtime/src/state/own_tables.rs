//! The checks of the tables of revchain, and the time that their rows have.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, ffi};

/// Returns the current time in milliseconds since the Unix epoch.
pub fn current_time() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// Returns `true` if the database has a table of revchain.
///
/// # Errors
///
/// Fails if a view or an index has the name of the table. A view could run untrusted SQL.
pub(super) fn table_exists(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT type FROM main.sqlite_master WHERE name = ?1 COLLATE NOCASE";
    let mut statement = connection.prepare(sql)?;
    let object_type: Option<String> = statement.query_row([name], |row| row.get(0)).optional()?;
    match object_type {
        Some(object_type) => check_is_table(name, &object_type).map(|()| true),
        None => Ok(false),
    }
}

/// Fails if a view or an index has the name of a table of revchain.
///
/// A read from a view would run the SQL of the view, which is untrusted input.
pub(super) fn check_is_table(name: &str, object_type: &str) -> rusqlite::Result<()> {
    if object_type == "table" {
        return Ok(());
    }
    let message = format!("{name} is not the table that revchain makes, but a {object_type}");
    let code = ffi::Error::new(ffi::SQLITE_ERROR);
    Err(rusqlite::Error::SqliteFailure(code, Some(message)))
}

/// Fails if the statement did not change exactly one row, for example because of a trigger.
pub(super) fn check_one_row(changed: u64) -> rusqlite::Result<()> {
    if changed == 1 {
        return Ok(());
    }
    let changed = usize::try_from(changed).unwrap_or(usize::MAX);
    Err(rusqlite::Error::StatementChangedRows(changed))
}
