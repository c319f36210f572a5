//! The events of a request.

use std::mem;
use std::sync::Mutex;

use revchain::Event;

/// The texts of the events that a callback received.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds the text of an event, without the durations in parentheses.
    pub(crate) fn record(&self, event: &Event<'_>) {
        let text = event.to_string();
        let text = text.split(" (").next().unwrap();
        self.0.lock().unwrap().push(text.to_owned());
    }

    /// Returns the texts since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        mem::take(&mut *self.0.lock().unwrap())
    }
}
