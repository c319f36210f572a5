//! What every request needs of a connection: patience, statements, and settings that are put back.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, Params, Transaction, TransactionBehavior};

use crate::error::Failure;
use crate::{Error, Event, Options};

/// Waits for others who hold the database, together for no longer than the lock timeout. While it lives, the
/// connection's own busy timeout, which would come on top, is zero. A busy *handler* of the caller's is left alone: it
/// could not be put back.
pub(crate) struct Patience<'c, 'o> {
    connection: &'c Connection,
    options: &'c Options<'o>,
    busy_timeout: Duration,
    waited: Cell<Duration>,
}

impl<'c, 'o> Patience<'c, 'o> {
    pub(crate) fn new(connection: &'c Connection, options: &'c Options<'o>) -> Result<Self, Error> {
        let patience = Self { connection, options, busy_timeout: Duration::ZERO, waited: Cell::default() };
        // With a shared cache, even this can be locked.
        let timeout: i64 = patience
            .retry(|| connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0)))
            .map_err(|failure| failure.while_doing("reading the busy timeout"))?;
        match u64::try_from(timeout) {
            Ok(timeout) if timeout > 0 => Self::without(connection, options, Duration::from_millis(timeout)),
            _ => Ok(patience),
        }
    }

    /// The same for a connection that was just opened, whose busy timeout is the one that rusqlite gives it.
    pub(crate) fn of_opened(connection: &'c Connection, options: &'c Options<'o>) -> Result<Self, Error> {
        Self::without(connection, options, RUSQLITE_BUSY_TIMEOUT)
    }

    fn without(
        connection: &'c Connection,
        options: &'c Options<'o>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        connection
            .busy_timeout(Duration::ZERO)
            .map_err(|error| Failure::Sqlite(error).while_doing("setting the busy timeout"))?;
        Ok(Self { connection, options, busy_timeout: timeout, waited: Cell::default() })
    }

    /// Runs `attempt` again while others hold the database, until the lock timeout is over.
    pub(crate) fn retry<T>(&self, mut attempt: impl FnMut() -> rusqlite::Result<T>) -> Result<T, Failure> {
        let timeout = self.options.lock_timeout;
        let mut pause = Duration::from_millis(1);
        loop {
            let start = Instant::now();
            match attempt() {
                Err(error) if is_busy(&error) => {
                    // A busy handler of the caller's has waited, too.
                    let so_far = self.waited.get();
                    let waited = so_far + start.elapsed();
                    if waited >= timeout {
                        return Err(Failure::locked(self.connection, waited));
                    }
                    if so_far.is_zero() {
                        self.options.emit(&Event::Waiting { timeout });
                    }
                    thread::sleep(pause.min(timeout - waited));
                    self.waited.set(so_far + start.elapsed());
                    pause = (pause * 2).min(Duration::from_millis(50));
                }
                result => return result.map_err(Failure::Sqlite),
            }
        }
    }
}

impl Drop for Patience<'_, '_> {
    fn drop(&mut self) {
        if !self.busy_timeout.is_zero() {
            // It cannot fail on an open connection, and there would be nobody to tell.
            let _ = self.connection.busy_timeout(self.busy_timeout);
        }
    }
}

/// What rusqlite sets on each connection that it opens.
const RUSQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

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
    // The connection's own kind of transaction may be one that locks.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let result = query(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

/// Runs a statement to its end, and gives the number of rows that it changed. Rows that it returns are of no use: a
/// migration has nobody to give them to, and with `PRAGMA count_changes` every statement has some.
pub(crate) fn execute(connection: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(values)?;
    while rows.next()?.is_some() {}
    drop(rows);
    Ok(connection.changes())
}

/// A name in quotes, whatever it is.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Keeps foreign keys from being enforced, and puts the connection's setting back when it is dropped, also on an
/// error and in a panic. Not by `PRAGMA foreign_keys`, which is a statement: those can fail, and do nothing in a
/// transaction.
pub(crate) struct ForeignKeysOff<'c> {
    connection: &'c Connection,
    were_on: bool,
}

impl<'c> ForeignKeysOff<'c> {
    pub(crate) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let were_on = connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        Ok(Self { connection, were_on })
    }
}

impl Drop for ForeignKeysOff<'_> {
    fn drop(&mut self) {
        // It cannot fail on an open connection, and there would be nobody to tell.
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, self.were_on);
    }
}
