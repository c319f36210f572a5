//! What the measurements share: the chain that they are made on, in the form that each library wants, and medians.

mod chain;
mod formats;

use std::time::Duration;

pub use chain::{Revision, chain, write_chain};
pub use formats::{FORMATS, write_format};

/// The least, the middle and the greatest of some durations.
pub fn spread(mut durations: Vec<Duration>) -> (Duration, Duration, Duration) {
    durations.sort();
    (durations[0], durations[durations.len() / 2], durations[durations.len() - 1])
}
