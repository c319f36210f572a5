//! Copying a database through two connections.

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};

/// Replaces the content of `to` with the content of `from`, in one transaction.
pub(crate) fn copy_database(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(from, to)?;
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        // The other results mean that a database is busy.
        _ => Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_BUSY),
            None,
        )),
    }
}
