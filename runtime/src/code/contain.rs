//! Running code of the program so that it cannot leave its limits unnoticed.

use std::fmt;
use std::panic::{UnwindSafe, catch_unwind};
use std::thread;

use rusqlite::Connection;

use crate::report::box_error::BoxError;
use crate::session::connection_settings::Configs;
use crate::session::guard::{Guard, Rules};

/// The error of a function that has left its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// The function has replaced the authorizer, so it could run any statement.
    Authorizer,
    /// The function has changed settings by `sqlite3_db_config`, such as foreign keys.
    Settings,
}

impl fmt::Display for Escape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authorizer => "the function replaced the authorizer",
            Self::Settings => "the function changed the settings of the connection",
        })
    }
}

impl std::error::Error for Escape {}

/// Runs code under rules, and fails if the code has got around them.
///
/// The outer result is that of [`catch_unwind`].
pub(crate) fn contain<T>(
    guard: &Guard,
    connection: &Connection,
    rules: impl Rules + 'static,
    run: impl FnOnce() -> Result<T, BoxError> + UnwindSafe,
) -> thread::Result<Result<T, BoxError>> {
    let configs = match Configs::read(connection) {
        Ok(configs) => configs,
        Err(error) => return Ok(Err(error.into())),
    };
    let outcome = guard.run(rules, || catch_unwind(run));
    let are_same = configs.restore(connection);
    let is_asked = guard.is_asked(connection);
    // An error of the function says more, unless the function could have done anything.
    match (outcome, is_asked, are_same) {
        (_, Ok(false), _) => Ok(Err(Escape::Authorizer.into())),
        (Ok(Ok(_)), Err(error), _) | (Ok(Ok(_)), _, Err(error)) => Ok(Err(error.into())),
        (Ok(Ok(_)), _, Ok(false)) => Ok(Err(Escape::Settings.into())),
        (outcome, ..) => outcome,
    }
}
