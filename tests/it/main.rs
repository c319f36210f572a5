//! The public API on real databases, one module a topic.

#![allow(clippy::unwrap_used)]

mod adoption;
mod adoption_advice;
mod atomicity;
mod backup;
mod catalogue;
mod code;
mod concurrency;
mod connection;
mod connections;
mod drift;
mod dry_run;
mod errors;
mod events;
mod foreign_keys;
mod fuzz;
mod inspection;
mod jobs;
mod newer_database;
mod open;
mod reach;
#[cfg(feature = "stored-downgrades")]
mod redo;
mod requested_backup;
#[cfg(feature = "testing")]
mod sample_rows;
mod shared_database;
mod snapshot;
mod stand_ins;
#[cfg(feature = "stored-downgrades")]
mod stored_downgrades;
mod support;
mod tool_records;
mod untrusted_files;
mod upgrade;
mod waiting;
