//! Tests of the program `revchain`, as a user of a shell sees it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backup;
mod check;
mod completions;
mod current;
mod downgrade;
mod explain;
mod graph;
mod habits;
mod history;
mod import;
mod jobs;
mod json;
mod location;
mod lock;
mod merge;
mod mishaps;
mod new;
mod output;
mod pending;
#[cfg(target_os = "linux")]
mod permissions;
mod progress;
mod queries;
mod rebase;
mod redo;
mod restore;
mod schema;
mod schema_command;
mod script;
mod stamp;
mod status;
mod support;
mod targets;
mod upgrade;
mod wait;
