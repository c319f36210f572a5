//! The runner for the `@code` lines of scripts.

use revchain_core::{Chain, CodeLine, Revision};
use rusqlite::Connection;

use super::call::Call;
use super::table::CodeTable;
use crate::report::direction::Direction;
use crate::report::error::Error;
use crate::report::event::Event;
use crate::session::guard::Guard;
use crate::settings::ContextValue;

/// A runner for the functions that scripts name.
#[derive(Clone, Copy)]
pub(crate) struct CodeRunner<'r> {
    /// The functions of the program; `None` if the program has none.
    pub(crate) table: Option<&'static CodeTable>,
    /// The chain, whose tables the functions may use.
    pub(crate) chain: &'r Chain,
    /// `None` if no function can run on this connection.
    pub(crate) guard: Option<&'r Guard>,
    /// The value that the program passes to its functions.
    pub(crate) context: Option<&'r ContextValue>,
    /// Receives the progress.
    pub(crate) emit: &'r dyn Fn(&Event<'_>),
}

impl CodeRunner<'_> {
    /// Runs the function of a `@code` line.
    ///
    /// # Errors
    ///
    /// - [`MissingCode`](crate::ErrorKind::MissingCode) if the program lacks the function.
    /// - [`Code`](crate::ErrorKind::Code) if the function fails.
    pub(crate) fn run(
        &self,
        connection: &Connection,
        revision: &Revision,
        direction: Direction,
        line: &CodeLine<'_>,
    ) -> Result<(), Error> {
        let table = self.table;
        let function = table.and_then(|table| table.function(line.name()));
        let (Some(table), Some(function)) = (table, function) else {
            return Err(Error::missing_code(revision, line.name(), line.line()));
        };
        let Some(guard) = self.guard else {
            // Before the write lock, no function was to run, so the database has changed.
            return Err(Error::from_conflict(revchain_core::Conflict::Changed));
        };
        let call = Call {
            connection,
            revision,
            direction,
            line,
            guard,
            own: self.chain.own_objects(&[]),
            context: self.context,
            emit: self.emit,
        };
        table.run(function, &call)
    }
}

/// Fails if the program lacks a function that these lines name.
///
/// # Errors
///
/// Fails with [`MissingCode`](crate::ErrorKind::MissingCode).
pub(crate) fn check_code<'s>(
    table: Option<&CodeTable>,
    revision: &Revision,
    lines: impl Iterator<Item = CodeLine<'s>>,
) -> Result<(), Error> {
    for line in lines {
        if table
            .and_then(|table| table.function(line.name()))
            .is_none()
        {
            return Err(Error::missing_code(revision, line.name(), line.line()));
        }
    }
    Ok(())
}
