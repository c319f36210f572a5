//! A temporary line on a terminal, with the elapsed time of a step that takes long.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    rows: Arc<Rows>,
}

/// The rows that a function of the program has finished, and all of its rows.
///
/// A function may report each row, so the values are atomic, and only the thread makes a text.
#[derive(Default)]
struct Rows {
    done: AtomicU64,
    /// Zero until the function reports rows.
    total: AtomicU64,
}

impl Rows {
    /// Returns the text of a line, with the rows if there are any.
    fn in_line(&self, text: &str) -> String {
        let load = |rows: &AtomicU64| rows.load(Ordering::Relaxed);
        match (load(&self.done), load(&self.total)) {
            (_, 0) => text.to_owned(),
            (done, total) => format!("{text}: {done} of {total} rows"),
        }
    }
}

impl ProgressLine {
    /// Returns `None` if the system has no thread left.
    pub(crate) fn begin(text: String) -> Option<Self> {
        let (end, ended) = mpsc::channel();
        let rows = Arc::<Rows>::default();
        let shown = Arc::clone(&rows);
        let thread = thread::Builder::new().spawn(move || show(&text, &shown, &ended));
        Some(Self {
            end: Some(end),
            thread: Some(thread.ok()?),
            rows,
        })
    }

    /// Sets the rows that the line shows.
    pub(crate) fn set_rows(&self, done: u64, total: u64) {
        self.rows.done.store(done, Ordering::Relaxed);
        self.rows.total.store(total, Ordering::Relaxed);
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
fn show(text: &str, rows: &Rows, ended: &Receiver<Infallible>) {
    if ended.recv_timeout(DELAY) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::new_spinner()
        .with_elapsed(DELAY)
        .with_message(rows.in_line(text));
    // The template is valid. If it were not, the default style would also show the time.
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise}{wide_msg}") {
        bar.set_style(style);
    }
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        bar.set_message(rows.in_line(text));
        bar.tick();
    }
    bar.finish_and_clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_shows_rows_after_the_first_report() {
        let line = ProgressLine::begin("  002".to_owned()).expect("a thread starts");
        assert_eq!(line.rows.in_line("  002"), "  002");
        line.set_rows(7, 90);
        assert_eq!(line.rows.in_line("  002"), "  002: 7 of 90 rows");
    }
}
