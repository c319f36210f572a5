//! The functions of a program in the proof, which a test of the program runs.

use std::fmt;

use revchain_core::{CodeLine, Revision};
use rusqlite::Connection;

use super::Migrator;
use crate::code::runner::CodeRunner;
use crate::report::direction::Direction;
use crate::report::error::Error;
use crate::session::guard::Guard;

/// The functions of a program, for a connection of the proof.
pub struct ProofCode<'m> {
    migrator: &'m Migrator<'m>,
    guard: Guard,
}

impl<'m> ProofCode<'m> {
    /// Prepares a connection as a request prepares it, and installs the guard.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::OnConnect`](crate::ErrorKind::OnConnect) if a function that sets up
    /// connections fails.
    pub fn install(migrator: &'m Migrator<'m>, connection: &mut Connection) -> Result<Self, Error> {
        migrator.set_up(connection)?;
        let guard = Guard::install(connection);
        Ok(Self { migrator, guard })
    }

    /// Runs the function of a `@code` line.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::MissingCode`](crate::ErrorKind::MissingCode) if the program lacks the
    ///   function.
    /// - [`ErrorKind::Code`](crate::ErrorKind::Code) if the function fails.
    pub fn run(
        &self,
        connection: &Connection,
        revision: &Revision,
        direction: Direction,
        line: &CodeLine<'_>,
    ) -> Result<(), Error> {
        let migrations = self.migrator.migrations();
        let runner = CodeRunner {
            table: migrations.code(),
            chain: migrations.chain(),
            guard: Some(&self.guard),
            context: self.migrator.settings.context.as_deref(),
            emit: &|_| {},
        };
        runner.run(connection, revision, direction, line)
    }
}

impl fmt::Debug for ProofCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofCode").finish_non_exhaustive()
    }
}
