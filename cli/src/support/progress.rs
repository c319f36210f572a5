//! The progress of a command on standard error.

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::ColorChoice;
use revchain_core::diagnostics::escape::escape;
use revchain_runtime::{Event, Revision};

use crate::args::OutputArgs;
use crate::support::FAINT;
use crate::support::output::stderr;
use crate::support::progress_line::ProgressLine;

/// The progress of a command.
///
/// A log has a line for the start and a line for the end of each step.
/// A terminal has a line for the end, and a temporary line for a step that takes long.
/// The temporary line disappears when the value is dropped.
pub(crate) struct Progress {
    color: ColorChoice,
    is_terminal: bool,
    /// The line of the current step, on a terminal.
    line: Mutex<Option<ProgressLine>>,
}

impl Progress {
    /// Returns `None` if the arguments ask for errors only.
    pub(crate) fn new(output: &OutputArgs) -> Option<Self> {
        if output.quiet {
            return None;
        }
        // A dumb terminal cannot erase a line.
        let is_dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Some(Self {
            color: output.color,
            is_terminal: io::stderr().is_terminal() && !is_dumb,
            line: Mutex::new(None),
        })
    }

    pub(crate) fn show(&self, event: &Event<'_>) {
        match event {
            Event::Upgrading { revision, .. } | Event::Downgrading { revision, .. } => {
                self.begin(event, || name(revision));
            }
            Event::Upgraded {
                revision, duration, ..
            }
            | Event::Downgraded {
                revision, duration, ..
            } => self.end(event, &name(revision), *duration),
            Event::JobStarted { revision, job, .. } => {
                self.begin(event, || job_name(revision, job));
            }
            Event::JobDone {
                revision,
                job,
                duration,
                ..
            } => self.end(event, &job_name(revision, job), *duration),
            Event::Progress { done, total, .. } | Event::JobProgress { done, total, .. } => {
                self.set_rows(*done, *total);
            }
            Event::Waiting { .. } | Event::WaitingForHead { .. } => {
                self.begin(event, || format!("  {event}"))
            }
            Event::Drifted { .. } | Event::BackedUp { .. } | Event::UserVersionKept { .. } => {
                self.print(event)
            }
            Event::Started { .. } | Event::Committed { .. } | Event::JobFailed { .. } => {
                self.remove_line();
            }
            _ => (),
        }
    }

    /// Shows a step that begins. A terminal shows `line` while the step runs.
    fn begin(&self, event: &Event<'_>, line: impl FnOnce() -> String) {
        if !self.is_terminal {
            return self.print(event);
        }
        self.remove_line();
        let line = ProgressLine::begin(line());
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = line;
    }

    /// Shows the rows of a function on the line of its step. A log has no line for rows.
    fn set_rows(&self, done: u64, total: u64) {
        if let Some(line) = &*self.line.lock().unwrap_or_else(PoisonError::into_inner) {
            line.set_rows(done, total);
        }
    }

    fn end(&self, event: &Event<'_>, name: &str, duration: Duration) {
        if !self.is_terminal {
            return self.print(event);
        }
        self.print(format_args!("{name}  {FAINT}{duration:.1?}{FAINT:#}"));
    }

    pub(crate) fn print(&self, text: impl Display) {
        self.remove_line();
        // Ignore the error: a migration must not fail because the progress cannot be printed.
        let _ = writeln!(stderr(self.color), "{text}");
    }

    fn remove_line(&self) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn job_name(revision: &Revision, job: &str) -> String {
    format!("  {}  job {}", revision.id(), escape(job))
}

fn name(revision: &Revision) -> String {
    format!("  {}  {}", revision.id(), escape(revision.summary()))
}
