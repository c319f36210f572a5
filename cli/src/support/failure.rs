//! Failures of commands, as text and as JSON.

use std::io;
use std::path::Path;

use revchain_core::{Defect, Defects, HistoryRow};
use revchain_runtime::{Conflict, Error};
use serde_json::{Value, json};

use crate::args::DatabaseArgs;
use crate::support::Invocation;

/// The reason for which a command has no answer, for people and for scripts.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    /// Advice for the user, one imperative sentence per line.
    pub(crate) help: Vec<String>,
    /// Fields of the JSON object `error` besides `code`, `message`, and `help`.
    details: Vec<(String, Value)>,
}

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The arguments are wrong.
    Usage,
    /// The user answered no to the request for confirmation.
    Declined,
    /// The command failed. The code is a short name for scripts.
    Failed(&'static str),
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message.into())
    }

    pub(crate) fn declined() -> Self {
        Self::new(FailureKind::Declined, "nothing was changed".to_owned())
    }

    pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Failed(code), message.into())
    }

    fn new(kind: FailureKind, message: String) -> Self {
        Self {
            kind,
            message,
            help: Vec::new(),
            details: Vec::new(),
        }
    }

    /// Creates the failure of an operation on the database at `path`.
    ///
    /// The message starts with `path`.
    pub(crate) fn in_database(path: &Path, error: &Error) -> Self {
        let message = format!("{}: {}", path.display(), error.message_with_cause());
        let mut failure = Self::failed(error.code(), message);
        if let Some(help) = error.help() {
            failure = failure.help(&help);
        }
        failure = failure.details(json!({ "database": path.display().to_string() }));
        match error.conflict() {
            Some(Conflict::Newer { unknown, .. }) => {
                let unknown: Vec<Value> = unknown.iter().map(unknown_revision).collect();
                failure.details(json!({ "unknown": unknown }))
            }
            Some(Conflict::Drifted { revision, diff, .. }) => {
                let drift: Vec<&str> = diff.lines().collect();
                failure.details(json!({ "current": revision, "drift": drift }))
            }
            _ => failure,
        }
    }

    /// Returns `true` if the command may have named another database than the user meant.
    pub(crate) fn may_be_of_another_database(&self) -> bool {
        match self.kind {
            FailureKind::Usage => true,
            FailureKind::Declined => false,
            // The target or the migrations are wrong, whatever the database.
            FailureKind::Failed(code) => ![
                "defects",
                "unknown-target",
                "out-of-reach",
                "irreversible",
                "statement",
            ]
            .contains(&code),
        }
    }

    /// Adds advice for the user, one imperative sentence per line.
    pub(crate) fn help(mut self, help: &str) -> Self {
        self.help.extend(help.lines().map(str::to_owned));
        self
    }

    /// Completes the commands in the advice, so that the user can run them as they are.
    pub(crate) fn with_whole_commands(mut self, args: Option<&DatabaseArgs>) -> Self {
        let invocation = Invocation::new(args);
        for line in &mut self.help {
            *line = invocation.complete(line);
        }
        self
    }

    /// Adds the fields of the object `details` to the JSON object `error`.
    pub(crate) fn details(mut self, details: Value) -> Self {
        if let Value::Object(details) = details {
            self.details.extend(details);
        }
        self
    }

    /// Returns the object that `--json` prints: `error` with `code`, `message`, `help`, and the
    /// details.
    pub(crate) fn to_json(&self) -> Value {
        let code = match self.kind {
            FailureKind::Usage => "usage",
            FailureKind::Declined => "declined",
            FailureKind::Failed(code) => code,
        };
        let mut error = json!({ "code": code, "message": self.message, "help": self.help });
        for (name, value) in &self.details {
            error[name] = value.clone();
        }
        json!({ "error": error })
    }
}

/// Converts the error of an operation on the database at `path` into a failure.
pub(crate) fn in_database<T>(path: &Path, result: Result<T, Error>) -> Result<T, Failure> {
    result.map_err(|error| Failure::in_database(path, &error))
}

fn unknown_revision(row: &HistoryRow) -> Value {
    json!({
        "revision": row.revision,
        "summary": row.stored.summary,
        "applied_at": row.stored.applied_at.map(|date| format!("{date:#}")),
        "program": row.stored.program,
    })
}

impl From<Defects> for Failure {
    fn from(defects: Defects) -> Self {
        // `print_failure` prints `error: ` before the whole message, so add it before each later
        // defect.
        let messages: Vec<String> = defects.iter().map(ToString::to_string).collect();
        let list: Vec<Value> = defects.iter().map(defect).collect();
        Self::failed("defects", messages.join("\n\nerror: ")).details(json!({ "defects": list }))
    }
}

fn defect(defect: &Defect) -> Value {
    let (line, column) = defect.line_column().unzip();
    json!({
        "code": defect.kind().name(),
        "title": defect.title(),
        "path": defect.path(),
        "line": line,
        "column": column,
        "details": defect.detail_lines().collect::<Vec<_>>(),
        "help": defect.help_text(),
    })
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::failed("io", error.to_string())
    }
}
