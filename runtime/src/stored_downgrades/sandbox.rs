//! The sandbox: an authorizer that lets stored SQL change only the tables of its database.
//!
//! When SQLite prepares a statement, it calls the authorizer for each action, also those of
//! triggers: <https://www.sqlite.org/c3ref/set_authorizer.html>.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use revchain_core::Revision;
use rusqlite::hooks::{AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode, ffi};

use super::allow_list::AllowList;
use super::untrusted_schema::UntrustedSchema;
use crate::apply::script::run_script;
use crate::apply::steps::RunStored;
use crate::report::error::{Context, Direction, Error, Operation};
use crate::session::unlocked::Exclusive;

/// A connection with the authorizer of the sandbox. The drop removes the authorizer.
///
/// An authorizer that the program has set is lost, because SQLite cannot return it.
pub(crate) struct SandboxedConnection<'c> {
    connection: &'c mut Connection,
    sandbox: Sandbox,
}

/// The switch of the sandbox. If the value is `None`, the authorizer allows every action.
#[derive(Clone, Default)]
pub(crate) struct Sandbox(Arc<Mutex<Option<AllowList>>>);

impl<'c> SandboxedConnection<'c> {
    /// Installs the authorizer. It allows every action until [`Sandbox::run`].
    ///
    /// This happens before the transaction, because newer versions of rusqlite need a mutable
    /// connection.
    pub(crate) fn new(connection: &'c mut Connection) -> Result<Self, Error> {
        Self::install(connection).context(Operation::Configure)
    }

    fn install(connection: &'c mut Connection) -> rusqlite::Result<Self> {
        let sandbox = Sandbox::default();
        let switch = sandbox.clone();
        let authorize = move |context: AuthContext<'_>| switch.authorize(&context);
        // Older versions of rusqlite return `()`, so the trial below checks that the authorizer
        // works.
        let _ = connection.authorizer(Some(authorize));
        let this = Self {
            connection,
            sandbox,
        };
        let trial = this
            .sandbox
            .run(&this, || this.prepare("PRAGMA main.user_version").map(drop));
        match trial? {
            Err(error) if is_denied(&error) => Ok(this),
            Err(error) => Err(error),
            Ok(()) => {
                let message = "SQLite does not call the authorizer".to_owned();
                let code = ffi::Error::new(ffi::SQLITE_AUTH);
                Err(rusqlite::Error::SqliteFailure(code, Some(message)))
            }
        }
    }

    pub(crate) fn sandbox(&self) -> Sandbox {
        self.sandbox.clone()
    }
}

fn is_denied(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied)
}

impl Exclusive for SandboxedConnection<'_> {}

impl Deref for SandboxedConnection<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl DerefMut for SandboxedConnection<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection
    }
}

impl Drop for SandboxedConnection<'_> {
    fn drop(&mut self) {
        let _ = self
            .connection
            .authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    }
}

impl RunStored for Sandbox {
    fn run(&self, connection: &Connection, revision: &Revision) -> Result<Duration, Error> {
        let script = || run_script(connection, revision, Direction::Downgrade);
        Sandbox::run(self, connection, script).context(Operation::Configure)?
    }
}

impl Sandbox {
    fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        match &*self.lock() {
            Some(allow_list) if !allow_list.allows(context) => Authorization::Deny,
            _ => Authorization::Allow,
        }
    }

    /// Switches the sandbox on while `run` executes untrusted SQL.
    fn run<T>(&self, connection: &Connection, run: impl FnOnce() -> T) -> rusqlite::Result<T> {
        let allow_list = AllowList::read(connection)?;
        let _schema = UntrustedSchema::new(connection)?;
        *self.lock() = Some(allow_list);
        let _off = SwitchOff(self);
        Ok(run())
    }

    fn lock(&self) -> MutexGuard<'_, Option<AllowList>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guard that switches the sandbox off on drop, also during a panic.
struct SwitchOff<'s>(&'s Sandbox);

impl Drop for SwitchOff<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}
