//! A request that holds the write lock.

use rusqlite::{Connection, Transaction};

use super::connection_settings::ProofSettings;
use super::database::Database;
use super::lock_wait::LockWait;
use crate::report::error::{Context, Error, Operation};
use crate::report::event::Event;

/// A request inside its transaction, with the write lock held and the settings of the proof.
///
/// If the session is dropped without [`commit`](Self::commit), the transaction is rolled back.
pub(crate) struct LockedSession<'s> {
    // Rust drops the fields in this order, so the settings stay until the transaction has ended.
    transaction: Transaction<'s>,
    _settings: ProofSettings<'s>,
    database: Database<'s>,
    wait: &'s LockWait<'s>,
}

impl<'s> LockedSession<'s> {
    pub(super) fn new(
        database: Database<'s>,
        transaction: Transaction<'s>,
        settings: ProofSettings<'s>,
        wait: &'s LockWait<'s>,
    ) -> Self {
        Self {
            transaction,
            _settings: settings,
            database,
            wait,
        }
    }

    pub(crate) fn database(&self) -> Database<'s> {
        self.database
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.transaction
    }

    pub(crate) fn emit(&self, event: &Event<'_>) {
        self.database.settings.emit(event);
    }

    /// Calls `attempt` until it returns no busy error, or until the busy timeout has passed.
    pub(crate) fn retry<T>(
        &self,
        operation: Operation,
        attempt: impl FnMut() -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.wait.retry(operation, attempt)
    }

    /// Rolls the transaction back, so that the caller can read the state from before the request.
    pub(crate) fn roll_back(&self) -> Result<(), Error> {
        self.transaction
            .execute_batch("ROLLBACK")
            .context(Operation::RollBack)
    }

    /// Ends the transaction, calls `f`, and begins the transaction again.
    ///
    /// The caller has changed nothing in the transaction.
    /// The locking mode is EXCLUSIVE, so the connection keeps its lock, and nobody else can change
    /// the database in the meantime.
    #[cfg(feature = "backup")]
    pub(crate) fn between_transactions<T>(
        &self,
        f: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.transaction.execute_batch("ROLLBACK")?;
        let result = f(&self.transaction);
        self.transaction.execute_batch("BEGIN IMMEDIATE")?;
        result
    }

    /// Commits, and waits for readers that block the COMMIT.
    ///
    /// A busy COMMIT keeps the transaction open, so this method can repeat the COMMIT.
    pub(crate) fn commit(self) -> Result<(), Error> {
        self.retry(Operation::Commit, || {
            self.transaction.execute_batch("COMMIT")
        })
    }
}
