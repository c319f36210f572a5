//! The error of a function of the program that a migration runs.

use std::error::Error as StdError;
use std::fmt;

use revchain_core::diagnostics::Snippet;
use revchain_core::diagnostics::escape::escape;
use revchain_core::diagnostics::text::Text;
use rusqlite::ErrorCode;

use super::direction::Direction;
use super::environment::Environment;
use crate::report::box_error::BoxError;

/// A function of the program that failed or panicked in a migration.
#[derive(Debug)]
#[non_exhaustive]
pub struct CodeError {
    /// The id of the revision.
    pub revision: String,
    /// The direction of the script that names the function.
    pub direction: Direction,
    /// The name of the function.
    pub function: String,
    /// The path of the file: the directory as passed to the macro, then the file name.
    pub path: String,
    /// The line of `@code` in the file, from 1.
    pub line: u32,
    /// The column of `@code`, from 1, in characters.
    pub column: u32,
    /// The error of the function, or the message of its panic.
    pub source: BoxError,
    /// `true` if the function panicked.
    pub is_panic: bool,
    pub(crate) snippet: Snippet,
    /// The last action that SQLite rejected because a function must not do it.
    pub(crate) denied: Option<Denied>,
    /// How the transaction ended inside the function, if that can have committed changes.
    pub(crate) end: Option<End>,
    /// The id of the newest revision after the rollback; `None` at base.
    pub(crate) current: Option<String>,
    /// `true` if the request has adopted the database, and the rollback has undone that.
    pub(crate) is_adoption: bool,
}

/// An end of the transaction inside of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The function has ignored the error with which SQLite rolled back.
    Ignored,
    /// The function has failed, but its changes can be from before or after the rollback.
    Unknown,
    /// The function was free to end the transaction.
    Escape,
}

/// An action that a function of the program must not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denied {
    /// A read or a change of a table that is not the chain's.
    Table(String),
    /// A change of the schema.
    SchemaChange,
    /// Another statement, such as `PRAGMA foreign_keys`.
    Statement(String),
}

impl CodeError {
    /// Returns the error of SQLite that the function returned, or that caused its error.
    ///
    /// Returns `None` if the file is no database: then the function has opened another file.
    pub(super) fn sqlite_error(&self) -> Option<&rusqlite::Error> {
        let mut error: Option<&(dyn StdError + 'static)> = Some(&*self.source);
        while let Some(cause) = error {
            if let Some(found) = cause.downcast_ref::<rusqlite::Error>() {
                let is_other = found.sqlite_error_code() == Some(ErrorCode::NotADatabase);
                return Some(found).filter(|_| !is_other);
            }
            error = cause.source();
        }
        None
    }

    /// Returns the message and the advice. `rolled_back` is the last line of the message.
    pub(super) fn text(&self, rolled_back: &str) -> Text {
        let (function, path) = (escape(&self.function), escape(&self.path));
        let fails = if self.is_panic { "panicked" } else { "failed" };
        let place = format!("{path}:{}:{}", self.line, self.column);
        let mut message = format!(
            "the function `{function}` {fails} in the {} of {}\n  {place}\n{}\n",
            self.direction, self.revision, self.snippet
        );
        message += match self.end {
            Some(end) => end.fact(),
            None => rolled_back,
        };
        let text = self.add_help(Text::new(message));
        match self.end {
            Some(end) => end.add_help(text),
            None => text,
        }
    }

    /// Returns `true` if the transaction ended inside the function, maybe with a commit.
    #[doc(hidden)]
    pub fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    fn add_help(&self, text: Text) -> Text {
        let error = self.sqlite_error();
        if let Some(environment) = error.and_then(Environment::of) {
            return environment.add_help(text);
        }
        let code = error.and_then(rusqlite::Error::sqlite_error_code);
        let is_denied = code == Some(ErrorCode::AuthorizationForStatementDenied);
        match &self.denied {
            Some(denied) if is_denied => text.help(denied.help()),
            _ => text,
        }
    }
}

impl End {
    /// Returns the last line of the message.
    pub(super) fn fact(self) -> &'static str {
        match self {
            Self::Ignored => {
                "SQLite rolled back inside the function; what it did afterwards is committed"
            }
            Self::Unknown => {
                "SQLite rolled back inside the function; if it went on, that is committed"
            }
            Self::Escape => "the transaction ended inside the function",
        }
    }

    pub(super) fn add_help(self, text: Text) -> Text {
        match self {
            Self::Unknown => text
                .help("if the function goes on after an error of SQLite, return the first one")
                .help("and compare the database with a backup"),
            Self::Ignored => text
                .help("return the first error of SQLite from the function")
                .help("compare the database with a backup"),
            Self::Escape => text.help("compare the database with a backup"),
        }
    }
}

impl Denied {
    pub(super) fn help(&self) -> String {
        let allowed = "a function may only read and change rows of the chain's tables";
        match self {
            Self::Table(table) => {
                format!("leave the table `{}` alone: {allowed}", escape(table))
            }
            Self::SchemaChange => {
                format!("write the change of the schema as SQL into the script: {allowed}")
            }
            Self::Statement(statement) => {
                format!(
                    "remove `{}` from the function: {allowed}",
                    escape(statement)
                )
            }
        }
    }
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text("rolled back").message)
    }
}
