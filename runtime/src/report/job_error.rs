//! The error of a job.

use std::error::Error as StdError;
use std::fmt;

use revchain_core::diagnostics::escape::escape;
use revchain_core::diagnostics::text::{Text, with_causes};
use rusqlite::{ErrorCode, ffi};

use super::code_error::{Denied, End};
use super::environment::Environment;

/// A job whose function failed.
///
/// The changes of the failed call were rolled back. The changes of earlier calls are committed, and
/// the next run of the job goes on after them.
/// If SQLite itself rolls back inside the function, and the function goes on, its later changes are
/// committed. The message says so.
#[derive(Debug)]
#[non_exhaustive]
pub struct JobError {
    /// The id of the job's revision.
    pub revision: String,
    /// The name of the job.
    pub job: String,
    /// The path of the file: the directory as passed to the macro, then the file name.
    pub path: String,
    /// The line of the file that declares the job, from 1.
    pub line: u32,
    /// The error that the function returned, or the text of its panic.
    pub source: Box<dyn StdError + Send + Sync>,
    /// `true` if the function panicked.
    pub is_panic: bool,
    /// The last action that SQLite rejected because a function must not do it.
    pub(crate) denied: Option<Denied>,
    /// How the transaction ended inside the function, if that can have committed changes.
    pub(crate) end: Option<End>,
}

impl JobError {
    /// Returns the error of the function with its causes, as the database stores it.
    pub(crate) fn cause(&self) -> String {
        with_causes(&*self.source)
    }

    /// Returns the message and the advice.
    pub(super) fn text(&self) -> Text {
        let [revision, job, path] =
            [&self.revision, &self.job, &self.path].map(|text| escape(text));
        let error = sqlite_error(&*self.source);
        let verb = if self.is_panic { "panicked" } else { "failed" };
        if let Some(end) = self.end {
            let (line, fact) = (self.line, end.fact());
            let message = format!("the job `{job}` of {revision} {verb}\n  {path}:{line}\n{fact}");
            return end.add_help(Text::new(message));
        }
        let text = Text::new(format!(
            "the job `{job}` of {revision} {verb}; its last changes were rolled back\n  {path}:{}",
            self.line
        ));
        if let Some(environment) = error.and_then(Environment::of) {
            return environment.add_help(text);
        }
        let code = error.and_then(rusqlite::Error::sqlite_error_code);
        let is_denied = code == Some(ErrorCode::AuthorizationForStatementDenied);
        match &self.denied {
            Some(denied) if is_denied => text.help(denied.help()),
            _ => {
                text.help("fix the cause, and run the job again: it goes on after its last commit")
            }
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().message)
    }
}

/// Returns the error of SQLite that is the error of a function, or has caused it.
pub(crate) fn sqlite_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e rusqlite::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// Returns the error of an interruption, if it has caused the error of a function.
pub(crate) fn as_interrupt(error: &(dyn StdError + 'static)) -> Option<rusqlite::Error> {
    let code = sqlite_error(error).and_then(rusqlite::Error::sqlite_error_code);
    if code != Some(ErrorCode::OperationInterrupted) {
        return None;
    }
    let code = ffi::Error::new(ffi::SQLITE_INTERRUPT);
    Some(rusqlite::Error::SqliteFailure(code, None))
}
