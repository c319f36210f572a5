//! Every allocation that SQLite makes for a database fails once, where it allocates each small thing by itself: as it does for a
//! connection that has many statements prepared. There are three times as many, at other places.
//!
//! Not from then on for good: to roll back, SQLite must read the word, and without any memory at all it cannot. A connection of the
//! caller's then stays in its transaction, which ends when it is closed. Else, there is some memory for it that nobody can take away.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod allocator;
mod exhaustion;
#[macro_use]
mod scenario;

fn try_scenario(name: &str) {
    allocator::install(allocator::Lookaside::None);
    // The journal's own are large, and no others here.
    exhaustion::try_scenario(name, 1, &[false]);
}

each_scenario!(try_scenario);
