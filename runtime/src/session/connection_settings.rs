//! Connection settings that a request changes and restores.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

/// A guard that turns the enforcement of foreign keys off, and restores the setting on drop.
///
/// The guard calls `sqlite3_db_config`, because `PRAGMA foreign_keys` has no effect inside a
/// transaction.
/// A PRAGMA is also a statement, and a statement can fail.
pub struct ForeignKeysOff<'c> {
    connection: &'c Connection,
    was_on: bool,
}

impl<'c> ForeignKeysOff<'c> {
    /// Turns the enforcement of foreign keys off.
    ///
    /// # Errors
    ///
    /// Fails if SQLite rejects the setting.
    pub fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let was_on = connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        Ok(Self { connection, was_on })
    }
}

impl Drop for ForeignKeysOff<'_> {
    fn drop(&mut self) {
        // `sqlite3_db_config` cannot fail on an open connection.
        let setting = DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY;
        let _ = self.connection.set_db_config(setting, self.was_on);
    }
}

/// The busy timeout that rusqlite sets on each connection that it opens.
pub(crate) const RUSQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns the busy timeout of a connection; zero if the caller has set a busy handler.
pub(crate) fn busy_timeout(connection: &Connection) -> rusqlite::Result<Duration> {
    let timeout: i64 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    Ok(Duration::from_millis(timeout.try_into().unwrap_or(0)))
}
