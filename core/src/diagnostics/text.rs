//! The text of an error: a message with help lines.

use std::error::Error;

/// The text of an error: one fact, and help lines in the imperative.
#[derive(Debug)]
pub struct Text {
    /// The message.
    pub message: String,
    help: Vec<String>,
}

impl Text {
    /// Makes a text without help lines.
    pub fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        let help = Vec::new();
        Self { message, help }
    }

    /// Adds a help line. Callers add the line for the likeliest cause first.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// Joins the help lines with `\n`. Returns `None` if there is no help line.
    pub fn into_help(self) -> Option<String> {
        (!self.help.is_empty()).then(|| self.help.join("\n"))
    }
}

/// Returns the last line of a message: the command that prints the page of the name.
pub fn more(name: &str) -> String {
    format!("more: run `revchain explain {name}`")
}

/// Returns the message of an error, followed by the messages of its causes.
pub fn with_causes(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message += &format!(": {error}");
        cause = error.source();
    }
    message
}
