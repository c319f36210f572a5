//! Tests of the runtime against SQLite, and of stored downgrades from an untrusted database.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod foreign_keys;
mod marker;
mod schema;
mod statements;
#[cfg(feature = "stored-downgrades")]
mod stored_downgrades;
