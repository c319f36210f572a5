//! Connection settings that a request changes and restores.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Result};

/// A guard that sets a connection up as for the proof, and restores the settings on drop.
///
/// The settings are those that change which rows and which schema a script produces.
/// The guard holds foreign keys back as well: with foreign keys on, a rebuild of a table would
/// delete the rows that refer to the table.
///
/// The guard leaves these settings alone:
///
/// - Settings that can only make a statement fail, such as limits, `query_only`, `trusted_schema`
///   and `defensive`. The last two also protect a program against malicious files.
/// - `PRAGMA defer_foreign_keys`, because SQLite resets it at the end of each transaction.
/// - `PRAGMA full_column_names` and `count_changes`, which affect only the results of a query.
pub struct ProofSettings<'c> {
    connection: &'c Connection,
    /// The settings whose value the guard has changed, in order.
    changed: Vec<Setting>,
}

/// A setting with two values, one of which is that of the proof.
#[derive(Clone, Copy)]
enum Setting {
    /// A setting of `sqlite3_db_config`, which also works if no statement can run.
    Config(DbConfig, bool),
    /// A PRAGMA whose value in the proof is OFF. A PRAGMA is a statement, and a statement can fail.
    PragmaOff(&'static str),
    /// `PRAGMA case_sensitive_like`, whose value in the proof is OFF.
    CaseSensitiveLike,
}

/// The settings that work inside and outside a transaction, and cannot fail.
const CONFIGS: &[Setting] = &[
    Setting::Config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false),
    Setting::Config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true),
    // Without `bundled`, SQLite or rusqlite may lack these settings.
    // With DQS or views off, a statement of the proof fails, so no data is at risk.
    #[cfg(feature = "bundled")]
    Setting::Config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, true),
    #[cfg(feature = "bundled")]
    Setting::Config(DbConfig::SQLITE_DBCONFIG_DQS_DML, true),
    #[cfg(feature = "bundled")]
    Setting::Config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, true),
    #[cfg(feature = "bundled")]
    Setting::Config(DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, false),
    #[cfg(feature = "bundled")]
    Setting::Config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
    #[cfg(feature = "bundled")]
    Setting::Config(DbConfig::SQLITE_DBCONFIG_REVERSE_SCANORDER, false),
];

/// The settings that need a statement.
const PRAGMAS: &[Setting] = &[
    Setting::PragmaOff("ignore_check_constraints"),
    Setting::PragmaOff("recursive_triggers"),
    #[cfg(not(feature = "bundled"))]
    Setting::PragmaOff("legacy_alter_table"),
    #[cfg(not(feature = "bundled"))]
    Setting::PragmaOff("writable_schema"),
    #[cfg(not(feature = "bundled"))]
    Setting::PragmaOff("reverse_unordered_selects"),
    Setting::CaseSensitiveLike,
];

impl<'c> ProofSettings<'c> {
    /// Sets everything up as for the proof.
    ///
    /// # Errors
    ///
    /// Fails if SQLite rejects a setting. The settings are then restored.
    pub fn new(connection: &'c Connection) -> Result<Self> {
        let mut guard = Self::without_pragmas(connection)?;
        guard.set_pragmas()?;
        Ok(guard)
    }

    /// Sets up everything that needs no statement.
    ///
    /// Foreign keys are off before BEGIN, because `PRAGMA foreign_keys` has no effect inside a
    /// transaction.
    pub(super) fn without_pragmas(connection: &'c Connection) -> Result<Self> {
        let mut guard = Self {
            connection,
            changed: Vec::new(),
        };
        guard.change(CONFIGS)?;
        Ok(guard)
    }

    /// Sets up the rest.
    ///
    /// A request calls this function under the write lock: before, another connection that shares
    /// the cache can keep every statement from running, also those that restore a setting.
    pub(super) fn set_pragmas(&mut self) -> Result<()> {
        self.change(PRAGMAS)
    }

    fn change(&mut self, settings: &[Setting]) -> Result<()> {
        for setting in settings {
            if !setting.is_as_in_proof(self.connection)? {
                self.changed.push(*setting);
                setting.set_as_in_proof(self.connection)?;
            }
        }
        Ok(())
    }
}

impl Drop for ProofSettings<'_> {
    fn drop(&mut self) {
        for setting in self.changed.iter().rev() {
            // `sqlite3_db_config` cannot fail on an open connection. If a PRAGMA fails, a drop
            // cannot report the error.
            let _ = setting.restore(self.connection);
        }
    }
}

/// The values of the settings of `sqlite3_db_config` before a function of the program runs.
///
/// No authorizer limits these settings.
pub(crate) struct Configs(Vec<(DbConfig, bool)>);

impl Configs {
    pub(crate) fn read(connection: &Connection) -> Result<Self> {
        let mut values = Vec::new();
        for setting in CONFIGS {
            if let Setting::Config(config, _) = *setting {
                values.push((config, connection.db_config(config)?));
            }
        }
        Ok(Self(values))
    }

    /// Restores the values that have changed. Returns `true` if none has changed.
    pub(crate) fn restore(&self, connection: &Connection) -> Result<bool> {
        let mut are_same = true;
        for (config, value) in &self.0 {
            if connection.db_config(*config)? != *value {
                connection.set_db_config(*config, *value)?;
                are_same = false;
            }
        }
        Ok(are_same)
    }
}

impl Setting {
    fn is_as_in_proof(self, connection: &Connection) -> Result<bool> {
        match self {
            Self::Config(config, value) => Ok(connection.db_config(config)? == value),
            Self::PragmaOff(name) => {
                let value = connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0));
                // An old SQLite returns no row for a PRAGMA that it lacks.
                let is_on = value.optional()?.unwrap_or(false);
                Ok(!is_on)
            }
            Self::CaseSensitiveLike => Ok(!is_like_case_sensitive(connection)?),
        }
    }

    fn set_as_in_proof(self, connection: &Connection) -> Result<()> {
        match self {
            Self::Config(config, value) => connection.set_db_config(config, value).map(drop),
            Self::PragmaOff(name) => set_pragma(connection, name, "OFF"),
            Self::CaseSensitiveLike => set_pragma(connection, "case_sensitive_like", "OFF"),
        }
    }

    /// Sets the other value.
    fn restore(self, connection: &Connection) -> Result<()> {
        match self {
            Self::Config(config, value) => connection.set_db_config(config, !value).map(drop),
            Self::PragmaOff(name) => set_pragma(connection, name, "ON"),
            Self::CaseSensitiveLike => set_pragma(connection, "case_sensitive_like", "ON"),
        }
    }
}

fn set_pragma(connection: &Connection, name: &str, value: &str) -> Result<()> {
    connection.execute_batch(&format!("PRAGMA {name} = {value}"))
}

/// Returns `true` after `PRAGMA case_sensitive_like = ON`.
///
/// SQLite cannot return the value of this PRAGMA, which replaces the function `like`.
/// A program can replace the function as well. SQLite's own replacement is marked as innocuous but
/// not as deterministic, and exists for two and for three arguments.
fn is_like_case_sensitive(connection: &Connection) -> Result<bool> {
    const INNOCUOUS: i64 = 0x20_0000;
    if connection.query_row("SELECT 'a' LIKE 'A'", [], |row| row.get(0))? {
        return Ok(false);
    }
    let mut statement = connection.prepare("PRAGMA function_list")?;
    let mut rows = statement.query([])?;
    let mut replaced = 0;
    while let Some(row) = rows.next()? {
        let (name, is_builtin, flags): (String, bool, i64) =
            (row.get("name")?, row.get("builtin")?, row.get("flags")?);
        if name == "like" && !is_builtin && flags == INNOCUOUS {
            replaced += 1;
        }
    }
    Ok(replaced == 2)
}

/// The busy timeout that rusqlite sets on each connection that it opens.
pub(crate) const RUSQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns the busy timeout of a connection; zero if the caller has set a busy handler.
pub(crate) fn busy_timeout(connection: &Connection) -> Result<Duration> {
    let timeout: i64 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    Ok(Duration::from_millis(timeout.try_into().unwrap_or(0)))
}

/// Returns `false` if the journal mode is OFF. Then SQLite can neither roll back nor recover from a
/// crash.
///
/// `journal_mode = MEMORY` counts as a journal: a rollback works, and the program has accepted that
/// a crash damages the file.
pub(crate) fn has_journal(connection: &Connection) -> Result<bool> {
    let sql = "PRAGMA main.journal_mode";
    let mode: String = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(!mode.eq_ignore_ascii_case("off"))
}

/// Returns `true` if the locking mode is EXCLUSIVE. Then the connection keeps each lock that it
/// takes until it closes, and no other connection can read the database.
#[cfg(feature = "backup")]
pub(crate) fn is_exclusive(connection: &Connection) -> Result<bool> {
    let sql = "PRAGMA main.locking_mode";
    let mode: String = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(mode.eq_ignore_ascii_case("exclusive"))
}
