//! Printing the result of a command.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anstyle::{AnsiColor, Style};
use revchain_core::diagnostics::escape::{escape, is_unseen};
use revchain_runtime::Event;
use serde_json::Value;

use crate::support::{Failure, FailureKind, Result};

pub(crate) const CURRENT: Style = AnsiColor::Green.on_default().bold();
pub(crate) const PENDING: Style = AnsiColor::Yellow.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const PLAIN: Style = Style::new();
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// The result of a command, for people and for scripts.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: Value,
}

/// Prints the result, and returns the exit code.
pub(crate) fn finish(result: Result, as_json: bool) -> ExitCode {
    match result {
        Ok(answer) => match print_answer(&answer, as_json) {
            Ok(()) => ExitCode::SUCCESS,
            // A reader such as `head` closes the pipe early. This is not a failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(failure) => {
            // Ignore a printing error: the exit code still reports the failure.
            let _ = print_failure(&failure, as_json);
            let is_usage = failure.kind == FailureKind::Usage;
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}

fn print_answer(answer: &Answer, as_json: bool) -> io::Result<()> {
    if as_json {
        return print_json(&answer.json);
    }
    writeln!(anstream::stdout(), "{}", answer.text)
}

fn print_failure(failure: &Failure, as_json: bool) -> io::Result<()> {
    if as_json {
        return print_json(&failure.to_json());
    }
    let mut stderr = anstream::stderr();
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
    Ok(())
}

/// Prints JSON in which every character that could control a terminal is escaped.
fn print_json(json: &Value) -> io::Result<()> {
    let mut text = String::new();
    for c in json.to_string().chars() {
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

/// Prints the progress of a migration on standard error.
pub(crate) fn show_progress(event: &Event<'_>) {
    let mut stderr = anstream::stderr();
    // Ignore the error: a migration must not fail because the progress cannot be printed.
    let _ = match event {
        Event::Waiting { .. }
        | Event::Drifted { .. }
        | Event::BackedUp { .. }
        | Event::UserVersionKept { .. } => {
            writeln!(stderr, "{event}")
        }
        Event::Upgraded {
            revision, duration, ..
        }
        | Event::Downgraded {
            revision, duration, ..
        } => {
            let (id, summary) = (revision.id(), escape(revision.summary()));
            writeln!(stderr, "  {id}  {summary}  {FAINT}{duration:.1?}{FAINT:#}")
        }
        _ => Ok(()),
    };
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
