//! A request that does not hold the write lock yet.

use std::ops::Deref;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::connection_settings::{ProofSettings, RUSQLITE_BUSY_TIMEOUT, busy_timeout};
use super::database::Database;
use super::lock_wait::LockWait;
use super::locked::LockedSession;
use super::sql::read;
use crate::migrations::Migrations;
use crate::report::error::{Context, Error, Operation};
use crate::settings::Settings;

/// A request on a database, with access of type `C` to the connection.
///
/// `C` is `&Connection` for a request that only reads.
/// A request that writes needs `&mut Connection`, so that no other statement runs between its own.
///
/// While the session exists, the busy timeout of the connection is zero.
/// Otherwise SQLite's own waits would add to the waits of [`LockWait`].
/// A busy *handler* of the caller stays, because SQLite has no function to restore a handler.
pub(crate) struct Session<'s, C: Deref<Target = Connection>> {
    connection: C,
    migrations: &'s Migrations,
    settings: &'s Settings<'s>,
    wait: LockWait<'s>,
    /// The busy timeout of the connection, which the drop restores.
    busy_timeout: Duration,
}

impl<'s, C: Deref<Target = Connection>> Session<'s, C> {
    pub(crate) fn new(
        connection: C,
        migrations: &'s Migrations,
        settings: &'s Settings<'s>,
    ) -> Result<Self, Error> {
        Self::after_wait(connection, migrations, settings, Duration::ZERO)
    }

    /// Makes a session for a request that has already waited. `waited` counts toward the busy
    /// timeout.
    pub(crate) fn after_wait(
        connection: C,
        migrations: &'s Migrations,
        settings: &'s Settings<'s>,
        waited: Duration,
    ) -> Result<Self, Error> {
        let wait = LockWait::new(&connection, settings, waited);
        // With a shared cache, even this pragma can fail with a busy error.
        let timeout = wait.retry(Operation::Configure, || busy_timeout(&connection))?;
        let session = Self {
            connection,
            migrations,
            settings,
            wait,
            busy_timeout: timeout,
        };
        session.disable_busy_timeout()?;
        Ok(session)
    }

    /// Makes a session for a connection that rusqlite has just opened.
    ///
    /// The busy timeout is still rusqlite's default, so no PRAGMA has to read it.
    pub(crate) fn for_new_connection(
        connection: C,
        migrations: &'s Migrations,
        settings: &'s Settings<'s>,
    ) -> Result<Self, Error> {
        let wait = LockWait::new(&connection, settings, Duration::ZERO);
        let session = Self {
            connection,
            migrations,
            settings,
            wait,
            busy_timeout: RUSQLITE_BUSY_TIMEOUT,
        };
        session.disable_busy_timeout()?;
        Ok(session)
    }

    fn disable_busy_timeout(&self) -> Result<(), Error> {
        // Zero can mean that the caller has a busy handler. Setting the timeout would remove the
        // handler.
        if self.busy_timeout.is_zero() {
            return Ok(());
        }
        let set = self.connection.busy_timeout(Duration::ZERO);
        set.context(Operation::Configure)
    }

    pub(crate) fn database(&self) -> Database<'_> {
        Database {
            connection: &self.connection,
            migrations: self.migrations,
            settings: self.settings,
        }
    }

    /// Calls `attempt` until it returns no busy error, or until the busy timeout has passed.
    pub(crate) fn retry<T>(
        &self,
        operation: Operation,
        attempt: impl FnMut() -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.wait.retry(operation, attempt)
    }

    /// Returns the retry loop of the request.
    pub(crate) fn wait(&self) -> &LockWait<'s> {
        &self.wait
    }

    /// Calls `query` in a read transaction, and waits while the database is busy.
    pub(crate) fn read<T>(
        &self,
        query: impl Fn(Database<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.retry(Operation::ReadHistory, || {
            read(&self.connection, |_| query(self.database()))
        })
    }
}

impl Session<'_, &mut Connection> {
    /// Does the same as [`retry`](Self::retry), but gives `attempt` mutable access to the
    /// connection.
    #[cfg(feature = "backup")]
    pub(crate) fn retry_mut<T>(
        &mut self,
        operation: Operation,
        mut attempt: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let Self {
            connection, wait, ..
        } = self;
        wait.retry(operation, || attempt(connection))
    }

    /// Sets the connection up as for the proof, and takes the write lock.
    ///
    /// # Errors
    ///
    /// Fails if the database stays busy beyond the busy timeout, or if SQLite fails.
    pub(crate) fn lock(&self) -> Result<LockedSession<'_>, Error> {
        // Turn foreign keys off before BEGIN, so that SQLite does not enforce them in the
        // transaction.
        let mut settings =
            ProofSettings::without_pragmas(self.connection).context(Operation::Configure)?;
        let transaction = self.retry(Operation::Lock, || {
            Transaction::new_unchecked(self.connection, TransactionBehavior::Immediate)
        })?;
        settings.set_pragmas().context(Operation::Configure)?;
        Ok(LockedSession::new(
            self.database(),
            transaction,
            settings,
            &self.wait,
        ))
    }
}

impl<C: Deref<Target = Connection>> Drop for Session<'_, C> {
    fn drop(&mut self) {
        if !self.busy_timeout.is_zero() {
            // `sqlite3_busy_timeout` cannot fail on an open connection.
            let _ = self.connection.busy_timeout(self.busy_timeout);
        }
    }
}
