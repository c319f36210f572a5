//! The guard: an authorizer that limits what a part of a request may do.
//!
//! When SQLite prepares a statement, it calls the authorizer for each action, also those of
//! triggers: <https://www.sqlite.org/c3ref/set_authorizer.html>.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::hooks::{AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode, ffi};

use super::lock_wait::LockWait;
use crate::report::error::{Error, Operation};

/// The actions that a guarded part of a request may do.
pub(crate) trait Rules: Send {
    /// Returns `true` if a statement may do the action.
    fn allows(&self, context: &AuthContext<'_>) -> bool;
}

/// The switch of an authorizer. While no rules are set, the authorizer allows every action.
///
/// A clone is the same switch.
#[derive(Clone, Default)]
pub(crate) struct Guard(Arc<Mutex<Option<Box<dyn Rules>>>>);

impl Guard {
    /// Calls `run` while SQLite allows only what `rules` allow.
    ///
    /// The rules end with the call, also if `run` panics.
    pub(crate) fn run<T>(&self, rules: impl Rules + 'static, run: impl FnOnce() -> T) -> T {
        *self.lock() = Some(Box::new(rules));
        let _off = SwitchOff(self);
        run()
    }

    /// Installs an authorizer, and returns its switch.
    ///
    /// Older versions of rusqlite report no error if SQLite rejects the authorizer.
    pub(crate) fn install(connection: &mut Connection) -> Self {
        let guard = Self::default();
        let switch = guard.clone();
        let authorize = move |context: AuthContext<'_>| switch.authorize(&context);
        let _ = connection.authorizer(Some(authorize));
        guard
    }

    /// Returns `true` if SQLite still calls this authorizer.
    ///
    /// With some versions of rusqlite, all code with the connection can replace the authorizer.
    ///
    /// # Errors
    ///
    /// Fails if SQLite does not call the authorizer for another reason, such as an interrupt.
    pub(crate) fn is_asked(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let rules = Nothing::default();
        let is_asked = Arc::clone(&rules.is_asked);
        let prepare = || connection.prepare("PRAGMA main.user_version").map(drop);
        let prepared = self.run(rules, prepare);
        match prepared {
            _ if is_asked.load(Ordering::Relaxed) => Ok(true),
            Ok(()) => Ok(false),
            // Another authorizer has answered.
            Err(error) if is_denied(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        match &*self.lock() {
            Some(rules) if !rules.allows(context) => Authorization::Deny,
            _ => Authorization::Allow,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<dyn Rules>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guard that removes the rules on drop, also during a panic.
struct SwitchOff<'g>(&'g Guard);

impl Drop for SwitchOff<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

/// A connection on which a [`Guard`] may be installed. The drop removes the authorizer.
///
/// An authorizer that the program has set is lost, because SQLite cannot return it.
pub(crate) struct GuardedConnection<'c> {
    connection: &'c mut Connection,
    guard: Option<Guard>,
}

impl<'c> GuardedConnection<'c> {
    /// Installs an authorizer. It allows every action until [`Guard::run`].
    ///
    /// This happens before the transaction, because newer versions of rusqlite need a mutable
    /// connection.
    ///
    /// # Errors
    ///
    /// Fails if SQLite does not call the authorizer, or if the database stays busy beyond the busy
    /// timeout.
    pub(crate) fn new(connection: &'c mut Connection, wait: &LockWait<'_>) -> Result<Self, Error> {
        let guard = Guard::install(connection);
        let this = Self {
            connection,
            guard: Some(guard.clone()),
        };
        // With a shared cache, even the trial can fail with a busy error.
        wait.retry(Operation::Configure, || try_out(&guard, &this))?;
        Ok(this)
    }

    /// Leaves the connection and its authorizer alone.
    pub(crate) fn without_guard(connection: &'c mut Connection) -> Self {
        Self {
            connection,
            guard: None,
        }
    }

    /// Returns the switch of the authorizer; `None` after [`without_guard`](Self::without_guard).
    pub(crate) fn guard(&self) -> Option<Guard> {
        self.guard.clone()
    }
}

/// The rules of the trial: they allow nothing.
#[derive(Default)]
struct Nothing {
    is_asked: Arc<AtomicBool>,
}

impl Rules for Nothing {
    fn allows(&self, _: &AuthContext<'_>) -> bool {
        self.is_asked.store(true, Ordering::Relaxed);
        false
    }
}

/// Fails unless SQLite calls the authorizer.
fn try_out(guard: &Guard, connection: &Connection) -> rusqlite::Result<()> {
    if guard.is_asked(connection)? {
        return Ok(());
    }
    let message = "SQLite does not call the authorizer".to_owned();
    let code = ffi::Error::new(ffi::SQLITE_AUTH);
    Err(rusqlite::Error::SqliteFailure(code, Some(message)))
}

fn is_denied(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied)
}

impl Deref for GuardedConnection<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl DerefMut for GuardedConnection<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection
    }
}

impl Drop for GuardedConnection<'_> {
    fn drop(&mut self) {
        if self.guard.is_some() {
            let _ = self
                .connection
                .authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
            // The authorizer of a function may have denied the rollback of the request, which
            // began its own transaction.
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use rusqlite::Connection;

    use super::*;
    use crate::settings::Settings;

    /// Returns the switch of the authorizer on a connection, which is gone without an authorizer.
    fn switch(guarded: &GuardedConnection<'_>) -> Weak<Mutex<Option<Box<dyn Rules>>>> {
        let guard = guarded.guard().expect("a guard");
        Arc::downgrade(&guard.0)
    }

    #[test]
    fn drop_removes_the_authorizer() {
        let settings = Settings::default();
        let mut connection = Connection::open_in_memory().expect("a connection");
        let wait = LockWait::new(&connection, &settings, Default::default());
        let guarded = GuardedConnection::new(&mut connection, &wait).expect("a guard");
        let switch = switch(&guarded);
        assert!(switch.upgrade().is_some());
        drop(guarded);
        assert!(switch.upgrade().is_none());
    }

    #[test]
    fn guard_that_sqlite_does_not_call_is_an_error() {
        let mut connection = Connection::open_in_memory().expect("a connection");
        let error = try_out(&Guard::default(), &connection).expect_err("no authorizer");
        assert!(error.to_string().contains("does not call the authorizer"));
        let guard = Guard::install(&mut connection);
        try_out(&guard, &connection).expect("an authorizer");
    }

    #[test]
    fn interrupt_is_no_replaced_authorizer() {
        let mut connection = Connection::open_in_memory().expect("a connection");
        let guard = Guard::install(&mut connection);
        // SQLite ignores an interrupt while no statement runs.
        let mut statement = connection.prepare("VALUES (1), (2)").expect("a statement");
        let mut rows = statement.query([]).expect("rows");
        rows.next().expect("a row");
        connection.get_interrupt_handle().interrupt();
        let error = guard.is_asked(&connection).expect_err("an interrupt");
        let code = error.sqlite_error_code();
        assert_eq!(code, Some(ErrorCode::OperationInterrupted));
    }
}
