use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use revchain::rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{Error, Key, MIGRATIONS, make_private};

/// A database of tokens, at the head of [`MIGRATIONS`](crate::MIGRATIONS).
pub struct TokenStore {
    pub(crate) connection: Connection,
    key: Option<Key>,
    clock: Box<dyn Fn() -> SystemTime + Send>,
}

impl TokenStore {
    /// Opens the database at `path`. If it is not there, it is made, with its folder. Others than its owner cannot
    /// read it (mode 0600), and it is brought to the head of the migrations: also one from before them.
    ///
    /// Without a key, secrets cannot be stored or read; everything else works.
    ///
    /// # Errors
    ///
    /// [`Error::File`] and [`Error::Migration`].
    pub fn open(path: impl AsRef<Path>, key: Option<Key>) -> Result<Self, Error> {
        let path = path.as_ref();
        make_private(path)?;
        let connection = MIGRATIONS.open(path)?;
        Ok(Self { connection, key, clock: Box::new(SystemTime::now) })
    }

    /// Takes the time from `clock` and not from the system: for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    pub(crate) fn key(&self) -> Result<&Key, Error> {
        self.key.as_ref().ok_or(Error::NoKey)
    }

    /// The time since 1970.
    pub(crate) fn now(&self) -> Duration {
        // A clock from before is wrong; by this one nothing has expired yet.
        (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    pub(crate) fn now_in_seconds(&self) -> i64 {
        self.now().as_secs().try_into().unwrap_or(i64::MAX)
    }

    /// A transaction that has the write lock from the start, so that it does not fail half-way for want of it.
    pub(crate) fn write(&mut self) -> Result<Transaction<'_>, Error> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

impl fmt::Debug for TokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenStore").field("path", &self.connection.path()).finish_non_exhaustive()
    }
}
