//! Printing the result of a command.

use std::io::{self, IsTerminal, Stderr, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use revchain_core::diagnostics::escape::{escape, is_unseen};
use serde_json::{Value, json};

use crate::args::OutputArgs;
use crate::support::{Exit, Failure, FailureKind, Result, command_line};

pub(crate) const CURRENT: Style = AnsiColor::Green.on_default().bold();
pub(crate) const PENDING: Style = AnsiColor::Yellow.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const PLAIN: Style = Style::new();
/// The version of the form of the JSON. A new field keeps the version.
const JSON_VERSION: u32 = 1;

const ERROR: Style = AnsiColor::Red.on_default().bold();

/// The result of a command, for people and for scripts.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: Value,
    pub(crate) exit: Exit,
    /// `true` for a text that a program reads, such as SQL. It is printed byte for byte.
    is_document: bool,
}

impl Answer {
    /// Creates the result of a command that succeeded.
    pub(crate) fn new(text: String, json: Value) -> Self {
        Self {
            text,
            json,
            exit: Exit::Success,
            is_document: false,
        }
    }

    /// Creates the result of a command that prints a document, such as SQL.
    ///
    /// The text need not be escaped: on a terminal, its control characters are.
    pub(crate) fn document(text: String, json: Value) -> Self {
        Self {
            is_document: true,
            ..Self::new(text, json)
        }
    }
}

/// Prints the result in the form that the arguments choose, and returns the exit code.
pub(crate) fn finish(result: Result, output: &OutputArgs) -> ExitCode {
    match result {
        Ok(answer) => match print_answer(&answer, output) {
            Ok(()) => answer.exit.into(),
            // A reader such as `head` closes the pipe early. This is not a failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => answer.exit.into(),
            Err(error) => {
                let message = format!("cannot write to standard output: {error}");
                let _ = print_error(&Failure::failed("output", message), output.color);
                Exit::Failure.into()
            }
        },
        Err(failure) => {
            // Ignore a printing error: the exit code still reports the failure.
            let _ = print_failure(&failure, output);
            match failure.kind {
                FailureKind::Usage => Exit::Usage.into(),
                FailureKind::Declined | FailureKind::Failed(_) => Exit::Failure.into(),
            }
        }
    }
}

fn print_answer(answer: &Answer, output: &OutputArgs) -> io::Result<()> {
    if output.json {
        return print_json(&answer.json);
    }
    if output.quiet {
        return Ok(());
    }
    if answer.is_document {
        return print_document(&answer.text);
    }
    let mut stdout = AutoStream::new(io::stdout(), stream_choice(output.color));
    writeln!(stdout, "{}", answer.text)
}

/// Prints a document. Escapes control characters on a terminal, and changes nothing elsewhere.
fn print_document(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    if !stdout.is_terminal() {
        return stdout.write_all(text.as_bytes());
    }
    for line in text.lines() {
        writeln!(stdout, "{}", escape(line))?;
    }
    Ok(())
}

fn print_failure(failure: &Failure, output: &OutputArgs) -> io::Result<()> {
    if output.json {
        return print_json(&failure.to_json());
    }
    print_error(failure, output.color)
}

/// Prints a failure on standard error, for people.
fn print_error(failure: &Failure, color: ColorChoice) -> io::Result<()> {
    let mut stderr = stderr(color);
    if failure.kind == FailureKind::Declined {
        // The user declined the command, so do not print `error:`.
        return writeln!(stderr, "{}", failure.message);
    }
    // Escape control characters: paths and names in the message may come from untrusted input.
    let message: Vec<String> = failure.message.lines().map(escape).collect();
    writeln!(stderr, "{ERROR}error{ERROR:#}: {}", message.join("\n"))?;
    for line in &failure.help {
        writeln!(stderr, "help: {}", escape(line))?;
    }
    if let FailureKind::Failed(name) = failure.kind {
        // Each defect in the message already ends with its own name.
        if name != "defects" {
            writeln!(
                stderr,
                "more: run `{}`",
                command_line(&format!("explain {name}"))
            )?;
        }
    }
    Ok(())
}

/// Returns standard error as a stream that removes colors where the user wants none.
pub(crate) fn stderr(color: ColorChoice) -> AutoStream<Stderr> {
    AutoStream::new(io::stderr(), stream_choice(color))
}

fn stream_choice(color: ColorChoice) -> anstream::ColorChoice {
    match color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
}

/// Prints a JSON object with its version, as `docs/output.schema.json` describes it.
///
/// Escapes every character that could control a terminal.
fn print_json(json: &Value) -> io::Result<()> {
    let mut versioned = json!({ "revchain": JSON_VERSION });
    if let (Value::Object(object), Value::Object(fields)) = (&mut versioned, json) {
        object.extend(fields.clone());
    }
    let mut text = String::new();
    for c in versioned.to_string().chars() {
        if is_unseen(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text += &format!("\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    writeln!(io::stdout(), "{text}")
}

/// Returns the number of revisions in words, such as `2 revisions`.
pub(crate) fn count_revisions(count: usize) -> String {
    format!("{count} revision{}", if count == 1 { "" } else { "s" })
}

/// Returns a duration in whole microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

/// Returns a time in the format of RFC 3339, in UTC, without fractions of a second.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    match jiff::Timestamp::try_from(time) {
        Ok(time) => format!("{time:.0}"),
        Err(_) => "unknown time".to_owned(),
    }
}

/// Returns a size in a unit in which it has at most four digits.
pub(crate) fn size(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes;
    let mut unit = 0;
    while size >= 10_000 && unit + 1 < units.len() {
        size /= 1024;
        unit += 1;
    }
    format!("{size} {}", units[unit])
}
