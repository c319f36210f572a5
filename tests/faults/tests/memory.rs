//! Allocations that fail: each allocation of SQLite in a scenario fails once or permanently.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod allocator;
mod exhaustion;
#[macro_use]
mod scenario;

fn try_scenario(name: &str) {
    allocator::install(allocator::Lookaside::Default);
    exhaustion::try_scenario(name, usize::MAX, &[false, true]);
}

each_scenario!(try_scenario);
