//! Allocations that fail once, without the lookaside buffer of SQLite.
//!
//! SQLite then allocates each small object separately, as with many prepared statements.
//! There are three times as many allocations, at other places.
//!
//! Permanent failures are not tested here, because SQLite needs memory to parse ROLLBACK.
//! Without any memory, a connection of the caller stays in its transaction until it is closed.
//! The lookaside buffer otherwise provides this memory.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod allocator;
mod exhaustion;
#[macro_use]
mod scenario;

fn try_scenario(name: &str) {
    allocator::install(allocator::Lookaside::None);
    // The journal mode only changes large allocations, so one mode is enough.
    exhaustion::try_scenario(name, 1, &[false]);
}

each_scenario!(try_scenario);
