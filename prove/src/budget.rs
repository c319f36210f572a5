//! A limit on the work of one statement, so that an endless recursion ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use crate::rusqlite_range::drop_result;

/// The number of steps of SQLite's virtual machine that one statement may take.
///
/// A statement with 20 million steps takes some seconds, and has only a few rows to read here.
pub(crate) const MAX_STEPS: u64 = 20_000_000;

/// The number of steps between two calls of the progress handler.
const STEPS_PER_CALL: u16 = 10_000;

/// A count of the steps that the current statement has taken.
#[derive(Clone)]
pub(crate) struct StepBudget {
    used: Arc<AtomicU64>,
    max_steps: u64,
}

impl StepBudget {
    /// Limits each statement of a connection to [`MAX_STEPS`].
    pub(crate) fn install(connection: &mut Connection) -> Self {
        Self::install_with(connection, MAX_STEPS)
    }

    /// Limits each statement of a connection to `max_steps`. Replaces another limit.
    pub(crate) fn install_with(connection: &mut Connection, max_steps: u64) -> Self {
        let used = Arc::new(AtomicU64::new(0));
        let budget = Self {
            used: Arc::clone(&used),
            max_steps,
        };
        let handler = move || {
            let before = used.fetch_add(STEPS_PER_CALL.into(), Ordering::Relaxed);
            before >= max_steps
        };
        drop_result(connection.progress_handler(i32::from(STEPS_PER_CALL), Some(handler)));
        budget
    }

    /// Begins to count for the next statement.
    pub(crate) fn restart(&self) {
        self.used.store(0, Ordering::Relaxed);
    }

    /// Returns `true` if the last statement has used up its steps.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.max_steps
    }
}
