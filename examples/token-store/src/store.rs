use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use revchain::rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{Error, Key, make_private, migrator};

/// The time that [`TokenStore::open`] spends on jobs.
///
/// Converts the secrets of some hundred users, and no user notices the delay of a start.
const JOBS_AT_OPEN: Duration = Duration::from_millis(100);

/// An open database of tokens, at the head of [`MIGRATIONS`](crate::MIGRATIONS).
pub struct TokenStore {
    pub(crate) connection: Connection,
    key: Option<Key>,
    clock: Box<dyn Fn() -> SystemTime + Send>,
}

impl TokenStore {
    /// Opens the database at `path`, and upgrades the database to the head of the migrations.
    ///
    /// If there is no file, this function creates the file and its directory.
    /// On Unix, only the owner can read and write the file (mode 0600).
    ///
    /// Without a key the store cannot store or read secrets. Everything else works.
    ///
    /// With a key, the function also begins the pending jobs of the migrations.
    /// [`run_jobs`](Self::run_jobs) goes on with them.
    ///
    /// # Errors
    ///
    /// - [`Error::File`] if the file cannot be made private.
    /// - [`Error::Migration`] if the database cannot be opened or upgraded.
    pub fn open(path: impl AsRef<Path>, key: Option<Key>) -> Result<Self, Error> {
        let path = path.as_ref();
        make_private(path)?;
        let mut store = Self {
            connection: migrator(key.clone()).open(path)?,
            key,
            clock: Box::new(SystemTime::now),
        };
        if store.key.is_some() {
            // The store reads secrets of each form, so it works even if a job fails.
            // The database keeps the error, and `token-store db check` reports it.
            let _ = store.run_jobs(JOBS_AT_OPEN);
        }
        Ok(store)
    }

    /// Runs the pending jobs of the migrations for this time. Returns `true` if none is left.
    ///
    /// A server calls this function from the task that deletes expired tokens now and then.
    /// The store has no thread for its jobs: a thread would need a second connection and a way to
    /// stop it, and the jobs are not urgent.
    ///
    /// Several processes can call the function at the same time, and no job runs twice.
    ///
    /// # Errors
    ///
    /// - [`Error::NoKey`] if the store has no key. The jobs stay pending.
    /// - [`Error::Migration`] if a job fails. The store works nevertheless.
    ///   If the key of a secret is lost, delete the secret: then the job goes on.
    pub fn run_jobs(&mut self, time: Duration) -> Result<bool, Error> {
        let key = self.key()?.clone();
        let report = migrator(Some(key)).run_jobs(&mut self.connection, time)?;
        Ok(report.is_done())
    }

    /// Replaces the system clock with `clock`, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    pub(crate) fn key(&self) -> Result<&Key, Error> {
        self.key.as_ref().ok_or(Error::NoKey)
    }

    /// Returns the time since 1970.
    pub(crate) fn now(&self) -> Duration {
        // If the clock is wrong and before 1970, use 0: no token counts as expired at that time.
        (self.clock)()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    pub(crate) fn now_in_seconds(&self) -> i64 {
        self.now().as_secs().try_into().unwrap_or(i64::MAX)
    }

    /// Begins a transaction that takes the write lock at once.
    ///
    /// A later statement of the transaction need not wait for the write lock.
    pub(crate) fn write(&mut self) -> Result<Transaction<'_>, Error> {
        Ok(self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

impl fmt::Debug for TokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenStore")
            .field("path", &self.connection.path())
            .finish_non_exhaustive()
    }
}
