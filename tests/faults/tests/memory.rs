//! Every allocation that SQLite makes for a database fails, once, or from then on for good.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod allocator;
mod exhaustion;
#[macro_use]
mod scenario;

fn try_scenario(name: &str) {
    allocator::install(allocator::Lookaside::AsItIs);
    exhaustion::try_scenario(name, usize::MAX, &[false, true]);
}

each_scenario!(try_scenario);
