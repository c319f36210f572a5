//! The functions that a program passes to `embed_migrations!`.

use std::fmt;

use rusqlite::Connection;

use super::call::{Call, run_function};
use super::function::CodeFunction;
use crate::report::error::Error;
use crate::session::guard::GuardedConnection;
use crate::session::lock_wait::LockWait;

/// The functions of a program, and the code that runs functions.
///
/// Only [`new`](Self::new) refers to the code that runs functions.
/// A program without functions calls `new` nowhere, so the linker leaves that code out.
pub struct CodeTable {
    functions: &'static [CodeFunction],
    guard: MakeGuard,
    run: for<'c> fn(&CodeFunction, &Call<'c>) -> Result<(), Error>,
}

type MakeGuard =
    for<'c> fn(&'c mut Connection, &LockWait<'_>) -> Result<GuardedConnection<'c>, Error>;

fn make_guard<'c>(
    connection: &'c mut Connection,
    wait: &LockWait<'_>,
) -> Result<GuardedConnection<'c>, Error> {
    GuardedConnection::new(connection, wait)
}

impl CodeTable {
    /// Makes the table for a `static`.
    pub const fn new(functions: &'static [CodeFunction]) -> Self {
        Self {
            functions,
            guard: make_guard,
            run: run_function,
        }
    }

    /// Returns the function with this name; `None` if the program passes no such function.
    pub(crate) fn function(&self, name: &str) -> Option<&'static CodeFunction> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// Installs the guard under which functions run.
    ///
    /// # Errors
    ///
    /// Fails as [`GuardedConnection::new`] does.
    pub(crate) fn guard<'c>(
        &self,
        connection: &'c mut Connection,
        wait: &LockWait<'_>,
    ) -> Result<GuardedConnection<'c>, Error> {
        (self.guard)(connection, wait)
    }

    /// Runs a function.
    pub(super) fn run(&self, function: &CodeFunction, call: &Call<'_>) -> Result<(), Error> {
        (self.run)(function, call)
    }
}

impl fmt::Debug for CodeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.functions.iter().map(|function| function.name);
        f.debug_list().entries(names).finish()
    }
}
