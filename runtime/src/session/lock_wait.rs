//! Waiting for other connections, up to the busy timeout of the settings.

use std::cell::Cell;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::lock_holders::lock_holders;
use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::report::event::Event;
use crate::settings::Settings;

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A retry loop for busy databases. The busy timeout limits the sum of all waits of a request.
///
/// A busy handler of revchain would replace the caller's handler.
/// SQLite has no function that returns the caller's handler, so nothing could restore it.
pub(crate) struct LockWait<'s> {
    settings: &'s Settings<'s>,
    /// The path of the database; empty for a database in memory.
    path: PathBuf,
    waited: Cell<Duration>,
    /// `true` after [`Event::Waiting`].
    has_emitted: Cell<bool>,
}

impl<'s> LockWait<'s> {
    pub(crate) fn new(
        connection: &Connection,
        settings: &'s Settings<'s>,
        already_waited: Duration,
    ) -> Self {
        Self {
            settings,
            path: connection.path().unwrap_or_default().into(),
            waited: Cell::new(already_waited),
            has_emitted: Cell::new(!already_waited.is_zero()),
        }
    }

    /// Returns the sum of the waits so far.
    pub(crate) fn waited(&self) -> Duration {
        self.waited.get()
    }

    /// Lets the next waits take the whole busy timeout again.
    pub(crate) fn restart(&self) {
        self.waited.set(Duration::ZERO);
    }

    /// Calls `attempt` until it returns no busy error, or until the busy timeout has passed.
    pub(crate) fn retry<T>(
        &self,
        operation: Operation,
        mut attempt: impl FnMut() -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let timeout = self.settings.busy_timeout;
        let mut pause = FIRST_PAUSE;
        loop {
            let start = Instant::now();
            match attempt() {
                Err(error) if is_busy(&error) => {}
                result => return result.context(operation),
            }
            // Include the time inside `attempt`: the caller's busy handler may have waited there.
            let before = self.waited.get();
            let waited = before + start.elapsed();
            if waited >= timeout {
                let holders = lock_holders(&self.path);
                return Err(Error::new(ErrorKind::Busy {
                    waited,
                    holders,
                    rolled_back_to: None,
                }));
            }
            if !self.has_emitted.replace(true) {
                self.settings.emit(&Event::Waiting { timeout });
            }
            thread::sleep(pause.min(timeout - waited));
            self.waited.set(before + start.elapsed());
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Returns `true` if another connection prevents an operation.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn restart_allows_the_whole_timeout_again() {
        let connection = Connection::open_in_memory().expect("a connection");
        let settings = Settings {
            busy_timeout: Duration::from_millis(100),
            ..Settings::default()
        };
        let wait = LockWait::new(&connection, &settings, Duration::ZERO);
        let mut attempts = 0;
        let result = wait.retry(Operation::Lock, || {
            attempts += 1;
            let code = ffi::Error::new(ffi::SQLITE_BUSY);
            Err::<(), _>(rusqlite::Error::SqliteFailure(code, None))
        });
        result.expect_err("a busy error");
        // The pauses grow: 1, 2, 4, 8, 16, 32, and 37 ms.
        assert!(attempts <= 8, "{attempts}");
        assert!(!wait.waited().is_zero());
        wait.restart();
        assert!(wait.waited().is_zero());
    }
}
