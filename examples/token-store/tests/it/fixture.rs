//! Databases for the tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use revchain::rusqlite::Connection;
use tempfile::TempDir;
use token_store::{AppPassword, Key, RefreshToken, TokenStore};

/// A key in the format of the original application.
pub(crate) const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

/// The start time of the clocks in the tests, in seconds since 1970.
pub(crate) const START: i64 = 1_785_000_000;

/// A new store in a temporary directory, with a clock that only `wait` advances.
pub(crate) struct Fixture {
    pub(crate) store: TokenStore,
    folder: TempDir,
    clock: Arc<AtomicU64>,
}

impl Fixture {
    pub(crate) fn with_key() -> Self {
        Self::open(Some(key()))
    }

    pub(crate) fn without_key() -> Self {
        Self::open(None)
    }

    fn open(key: Option<Key>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicU64::new(START as u64 * 1000));
        let store = open_on(&folder.path().join("tokens.db"), key, &clock);
        Self {
            store,
            folder,
            clock,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("tokens.db")
    }

    /// Opens the same database again, with the same clock.
    pub(crate) fn again(&self, key: Option<Key>) -> TokenStore {
        open_on(&self.path(), key, &self.clock)
    }

    /// Opens the database without the store.
    pub(crate) fn sql(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub(crate) fn wait(&self, milliseconds: u64) {
        self.clock.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

fn open_on(path: &Path, key: Option<Key>, clock: &Arc<AtomicU64>) -> TokenStore {
    let clock = Arc::clone(clock);
    TokenStore::open(path, key)
        .unwrap()
        .with_clock(move || UNIX_EPOCH + Duration::from_millis(clock.load(Ordering::Relaxed)))
}

pub(crate) fn key() -> Key {
    KEY.parse().unwrap()
}

pub(crate) fn token(text: &str, expires_at: Option<i64>) -> RefreshToken {
    RefreshToken {
        token: text.into(),
        expires_at,
    }
}

pub(crate) fn password(text: &str) -> AppPassword {
    AppPassword {
        password: text.into(),
        username: None,
        scopes: None,
    }
}

/// Creates a database from before the migrations, with a row in each table that the store reads.
pub(crate) fn database_from_before_migrations(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(include_str!("before_migrations.sql"))
        .unwrap();
}
