//! A temporary line on a terminal, with the elapsed time of a step that takes long.

use std::convert::Infallible;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The duration after which the line appears. A fast step shows no line.
const DELAY: Duration = Duration::from_secs(2);

/// The time between two updates of the line.
const TICK: Duration = Duration::from_millis(500);

/// A line on a terminal that appears after [`DELAY`], and disappears when the value is dropped.
///
/// A thread updates the line, because SQLite keeps the thread of the command busy.
pub(crate) struct ProgressLine {
    /// Ends the thread when it is dropped. `None` only while the value is dropped.
    end: Option<Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressLine {
    /// Returns `None` if the system has no thread left.
    pub(crate) fn begin(text: String) -> Option<Self> {
        let (end, ended) = mpsc::channel();
        let thread = thread::Builder::new().spawn(move || show(text, &ended));
        Some(Self {
            end: Some(end),
            thread: Some(thread.ok()?),
        })
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // Wait until the line is erased: the caller may print the next line at once.
            let _ = thread.join();
        }
    }
}

/// Shows the line from [`DELAY`] on, until the other end of the channel is dropped.
fn show(text: String, ended: &Receiver<Infallible>) {
    if ended.recv_timeout(DELAY) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::new_spinner()
        .with_elapsed(DELAY)
        .with_message(text);
    // The template is valid. If it were not, the default style would also show the time.
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise}{wide_msg}") {
        bar.set_style(style);
    }
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        bar.tick();
    }
    bar.finish_and_clear();
}
