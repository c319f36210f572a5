//! Why a command did not do what it was asked to.

use std::path::Path;

use revchain_core::Defects;
use revchain_runtime::{Conflict, Error};
use serde_json::{Value, json};

/// What is said, and with which exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    /// A short name for scripts.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// What else scripts are told.
    pub(crate) json: Option<Value>,
    /// 1: a failure. 2: a usage error.
    pub(crate) exit: u8,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: "usage", message: message.into(), json: None, exit: 2 }
    }

    /// Somebody was asked, and said no.
    pub(crate) fn declined() -> Self {
        Self { code: "declined", message: "nothing was changed".to_owned(), json: None, exit: 1 }
    }

    pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), json: None, exit: 1 }
    }

    /// The same, with more for scripts.
    pub(crate) fn with(mut self, json: Value) -> Self {
        self.json = Some(json);
        self
    }
}

/// What went wrong in the database at `path`, which is named as the user named it.
pub(crate) fn in_database(path: &Path) -> impl Fn(Error) -> Failure + '_ {
    |error| {
        let failure = Failure::failed(error.code(), format!("{}: {}", path.display(), error.kind()));
        match error.conflict() {
            Some(Conflict::Ahead { unknown, .. }) => failure.with(json!({
                "unknown": unknown.iter().map(|newer| json!({
                    "revision": newer.revision,
                    "summary": newer.summary,
                    "applied_at": newer.applied_at.map(|date| format!("{date:#}")),
                    "program": newer.program,
                })).collect::<Vec<_>>(),
            })),
            _ => failure,
        }
    }
}

impl From<Defects> for Failure {
    fn from(defects: Defects) -> Self {
        let told: Vec<String> = defects.iter().map(ToString::to_string).collect();
        let list = defects.iter().map(|defect| {
            json!({
                "code": defect.code().name(),
                "title": defect.title(),
                "path": defect.path(),
                "line": defect.line_column().map(|(line, _)| line),
                "column": defect.line_column().map(|(_, column)| column),
                "details": defect.detail_lines().collect::<Vec<_>>(),
                "help": defect.help_text(),
            })
        });
        let list = json!({ "defects": list.collect::<Vec<_>>() });
        Self::failed("defects", told.join("\n\nerror: ")).with(list)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed("io", error.to_string())
    }
}
