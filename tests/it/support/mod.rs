//! Helpers that several modules use.

mod authorizer;
mod cases;
mod chains;
mod database;
mod fixture;
mod notes;
mod recorder;
mod tools;

pub(crate) use authorizer::{authorize, clear_authorizer, read_by};
pub(crate) use cases::deterministic_runner;
pub(crate) use chains::{
    BEFORE_MIGRATIONS, BILLING, TOKENS, all_sql, chain_with_unproven_revision, merged_chain,
    unmanaged,
};
pub(crate) use database::{count, dump, ids, is_sound, rows, schema};
pub(crate) use fixture::Fixture;
pub(crate) use notes::{NOTES, TAGS, newer_database, program};
#[cfg(feature = "stored-downgrades")]
pub(crate) use notes::{Step, TITLES};
pub(crate) use recorder::Recorder;
pub(crate) use tools::{locked, six_migrations, tool_database, tool_file};
