//! The error of a generator.

use revchain_runtime::internal::sqlite_message;

/// The reason for which no statements can be written.
#[derive(Debug)]
pub struct GenerateError {
    code: &'static str,
    message: String,
    help: Option<String>,
}

impl GenerateError {
    pub(crate) fn new(code: &'static str, message: String) -> Self {
        Self {
            code,
            message,
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: String) -> Self {
        self.help = Some(help);
        self
    }

    /// Returns the short name of the error for scripts.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Returns the message, without the advice.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the advice for the user.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl From<rusqlite::Error> for GenerateError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new("sqlite", sqlite_message(&error))
    }
}
