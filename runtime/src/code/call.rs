//! Running a function of the program.

use std::panic::AssertUnwindSafe;

use revchain_core::schema::SchemaFilter;
use revchain_core::sql::inspect::created_name;
use revchain_core::{CodeLine, Downgrade, Revision};
use rusqlite::Connection;

use super::contain::{Escape, contain};
use super::function::CodeFunction;
use super::rules::{CodeRules, LastDenied};
use super::step::Step;
use crate::report::box_error::BoxError;
use crate::report::code_error::{CodeError, End};
use crate::report::direction::Direction;
use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::report::event::Event;
use crate::report::panic::Panic;
use crate::session::guard::Guard;
use crate::settings::ContextValue;

/// A call of a function: the `@code` line, and all that the function may use.
pub(super) struct Call<'c> {
    pub(super) connection: &'c Connection,
    pub(super) revision: &'c Revision,
    pub(super) direction: Direction,
    pub(super) line: &'c CodeLine<'c>,
    pub(super) guard: &'c Guard,
    /// Includes the objects that the chain makes.
    pub(super) own: SchemaFilter,
    pub(super) context: Option<&'c ContextValue>,
    pub(super) emit: &'c dyn Fn(&Event<'_>),
}

/// Runs a function under the rules for code.
///
/// # Errors
///
/// Fails with [`ErrorKind::Code`] if the function fails, panics, ends the transaction, or leaves
/// its limits.
pub(super) fn run_function(function: &CodeFunction, call: &Call<'_>) -> Result<(), Error> {
    let denied = LastDenied::default();
    let rules = CodeRules::read(call.connection, own_objects(call), denied.clone());
    let rules = rules.context(Operation::ReadSchema)?;
    let mut step = Step {
        connection: call.connection,
        revision: call.revision,
        function: function.name,
        context: call.context,
        emit: call.emit,
    };
    let before = total_changes(call.connection);
    // After a panic, the request rolls back and drops the step, so nobody sees a broken state.
    let run = AssertUnwindSafe(|| (function.run)(&mut step));
    let outcome = match contain(call.guard, call.connection, rules, run) {
        Ok(result) => result.map_err(|source| (source, false)),
        Err(payload) => Err((BoxError::from(Panic::new(&*payload)), true)),
    };
    let is_ended = call.connection.is_autocommit();
    let is_ignored = outcome.is_ok();
    let (source, is_panic) = match outcome {
        Ok(()) if !is_ended => return Ok(()),
        Ok(()) => (BoxError::from("the function ignores the error"), false),
        Err(failure) => failure,
    };
    // SQLite does not count the statement that it rolled back. So without a change the function has
    // committed nothing afterwards, and SQLite has rolled back the rest of the transaction.
    let is_unchanged = before.is_some() && before == total_changes(call.connection);
    let end = if !is_ended {
        None
    } else if source.is::<Escape>() {
        Some(End::Escape)
    } else if is_ignored {
        Some(End::Ignored)
    } else if is_unchanged {
        None
    } else {
        Some(End::Unknown)
    };
    let snippet = call.line.snippet();
    Err(Error::new(ErrorKind::Code(CodeError {
        revision: call.revision.id().to_owned(),
        direction: call.direction,
        function: function.name.to_owned(),
        path: call.revision.path().to_owned(),
        line: snippet.line(),
        column: snippet.column(),
        source,
        is_panic,
        snippet,
        denied: denied.take(),
        end,
        current: None,
        is_adoption: false,
    })))
}

/// Returns the number of rows that the connection has changed since it was opened.
///
/// A rollback does not lower the number. Returns `None` if SQLite does not tell it.
fn total_changes(connection: &Connection) -> Option<i64> {
    let row = connection.query_row("SELECT total_changes()", [], |row| row.get(0));
    row.ok()
}

/// Returns a filter for the objects that the chain or the downgrade of the revision makes.
fn own_objects(call: &Call<'_>) -> SchemaFilter {
    let mut own = call.own.clone();
    // A downgrade can rebuild a table under a name that no upgrade has.
    if let Downgrade::Sql(script) = call.revision.downgrade() {
        let made = script.statements();
        let made = made.filter_map(|statement| created_name(statement.sql()));
        own.own.get_or_insert_default().extend(made);
    }
    own
}
