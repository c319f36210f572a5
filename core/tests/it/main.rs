//! Tests of the pure half of revchain: directories, chains, plans, lock files and schemas.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adoption;
mod chain;
mod changes;
mod code;
mod declarations;
mod diagnostics;
mod file_name;
mod forbidden;
mod jobs;
mod limits;
mod lock_conflict;
mod lock_file;
mod marker;
mod normal_form;
mod plan;
mod properties;
mod rebase;
#[cfg(feature = "stored-downgrades")]
mod redo;
mod schema;
mod schema_sql;
mod script;
#[cfg(feature = "stored-downgrades")]
mod stored_downgrades;
mod support;
mod tokenizer;
mod tool_tables;
mod was;
