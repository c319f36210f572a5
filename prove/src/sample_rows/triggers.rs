//! Turning triggers off.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

/// Calls `change` while no trigger runs.
pub(super) fn without_triggers<T>(
    connection: &Connection,
    change: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let triggers = DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
    let were_on = connection.db_config(triggers)?;
    connection.set_db_config(triggers, false)?;
    let result = change();
    connection.set_db_config(triggers, were_on)?;
    result
}
