//! The connection settings for untrusted SQL.

use rusqlite::Connection;
#[cfg(feature = "bundled")]
use rusqlite::config::DbConfig;

/// A guard that turns `trusted_schema` and `writable_schema` off, and restores both on drop.
///
/// - With `trusted_schema` off, constraints, defaults, indexes, and generated columns can call only
///   innocuous functions. A function of the program is not innocuous by default.
/// - With `writable_schema` off, a statement cannot write to `sqlite_schema`.
pub(super) struct UntrustedSchema<'c> {
    connection: &'c Connection,
    was_trusted: bool,
    was_writable: bool,
}

impl<'c> UntrustedSchema<'c> {
    pub(super) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let is_on = |pragma: &str| connection.query_row(pragma, [], |row| row.get(0));
        // SQLite before 3.31 lacks `trusted_schema`. The query then returns no row, which is an
        // error.
        let untrusted = Self {
            connection,
            was_trusted: is_on("PRAGMA trusted_schema")?,
            was_writable: is_on("PRAGMA writable_schema")?,
        };
        // When SQLite parses the schema, it marks the calls of the program's functions.
        // `trusted_schema` rejects only marked calls. The program may have registered functions
        // after the parse, so parse the schema again.
        connection
            .execute_batch("PRAGMA writable_schema = RESET; SELECT 1 FROM main.sqlite_master")?;
        set(connection, Setting::Trusted, false)?;
        Ok(untrusted)
    }
}

impl Drop for UntrustedSchema<'_> {
    fn drop(&mut self) {
        // `sqlite3_db_config` cannot fail on an open connection. If a PRAGMA fails, a drop cannot
        // report the error.
        let _ = set(self.connection, Setting::Trusted, self.was_trusted);
        let _ = set(self.connection, Setting::Writable, self.was_writable);
    }
}

#[derive(Clone, Copy)]
enum Setting {
    Trusted,
    Writable,
}

/// Changes a setting by `sqlite3_db_config`, because a PRAGMA is a statement, which can fail.
#[cfg(feature = "bundled")]
fn set(connection: &Connection, setting: Setting, is_on: bool) -> rusqlite::Result<()> {
    let setting = match setting {
        Setting::Trusted => DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
        Setting::Writable => DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA,
    };
    connection.set_db_config(setting, is_on).map(drop)
}

/// Changes a setting by a PRAGMA, because an old SQLite may lack the setting in
/// `sqlite3_db_config`.
#[cfg(not(feature = "bundled"))]
fn set(connection: &Connection, setting: Setting, is_on: bool) -> rusqlite::Result<()> {
    let name = match setting {
        Setting::Trusted => "trusted_schema",
        Setting::Writable => "writable_schema",
    };
    let value = if is_on { "ON" } else { "OFF" };
    connection.execute_batch(&format!("PRAGMA {name} = {value}"))
}
