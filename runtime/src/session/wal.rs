//! WAL mode.

use std::ops::Deref;

use rusqlite::{Connection, MAIN_DB};

use super::unlocked::Session;
use crate::report::error::{Error, ErrorKind, Operation};

/// Puts the database into WAL mode, and waits for other connections that do the same.
///
/// A read-only database and a database in memory keep their journal mode.
pub(crate) fn enter_wal<C: Deref<Target = Connection>>(
    session: &Session<'_, C>,
) -> Result<(), Error> {
    let connection = session.database().connection;
    if connection.is_readonly(MAIN_DB).unwrap_or(false) {
        return Ok(());
    }
    // On a new file, SQLite does not call its busy handler for this PRAGMA.
    let sql = "PRAGMA main.journal_mode = WAL";
    let journal_mode: String = session.retry(Operation::Configure, || {
        connection.query_row(sql, [], |row| row.get(0))
    })?;
    match &*journal_mode {
        // SQLite answers `memory` for a database in memory.
        "wal" | "memory" => Ok(()),
        _ => Err(Error::new(ErrorKind::NoWal { journal_mode })),
    }
}
