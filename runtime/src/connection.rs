//! What a request does to the connection it runs on, and puts back.

use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::error::Failure;
use crate::{Event, Options};

/// Runs `attempt` again while others hold the database, until the lock timeout is over.
pub(crate) fn wait<T>(
    options: &Options<'_>,
    mut attempt: impl FnMut() -> rusqlite::Result<T>,
) -> Result<T, Failure> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    let mut announced = false;
    loop {
        match attempt() {
            Err(error) if is_busy(&error) => {
                let waited = start.elapsed();
                if waited >= options.lock_timeout {
                    return Err(Failure::Locked { waited });
                }
                if !announced {
                    announced = true;
                    options.emit(&Event::Waiting { timeout: options.lock_timeout });
                }
                thread::sleep(pause.min(options.lock_timeout - waited));
                pause = (pause * 2).min(Duration::from_millis(50));
            }
            result => return result.map_err(Failure::Sqlite),
        }
    }
}

pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Runs `query` in a read transaction, so that it sees one state of the database; in the caller's, if there is one.
pub(crate) fn read<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    if !connection.is_autocommit() {
        return query(connection);
    }
    let transaction = connection.unchecked_transaction()?;
    let result = query(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

/// Holds back the connection's settings that a migration cannot have, and puts them back when it is dropped,
/// also on an error and in a panic.
pub(crate) struct Settings<'c> {
    connection: &'c Connection,
    foreign_keys: bool,
    busy_timeout: u64,
}

impl<'c> Settings<'c> {
    /// Turns off foreign keys, which only works outside a transaction, and the connection's own busy timeout,
    /// which would add to the lock timeout. A busy *handler* of the caller's is left alone: it could not be put
    /// back.
    pub(crate) fn hold(connection: &'c Connection) -> rusqlite::Result<Self> {
        let foreign_keys = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
        let busy_timeout: i64 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
        let settings = Self { connection, foreign_keys, busy_timeout: busy_timeout.try_into().unwrap_or(0) };
        if settings.busy_timeout > 0 {
            connection.busy_timeout(Duration::ZERO)?;
        }
        if settings.foreign_keys {
            connection.execute_batch("PRAGMA foreign_keys = OFF")?;
        }
        Ok(settings)
    }
}

impl Drop for Settings<'_> {
    fn drop(&mut self) {
        // Neither can fail on an open connection, and there would be nobody to tell.
        if self.foreign_keys {
            let _ = self.connection.execute_batch("PRAGMA foreign_keys = ON");
        }
        if self.busy_timeout > 0 {
            let _ = self.connection.busy_timeout(Duration::from_millis(self.busy_timeout));
        }
    }
}
