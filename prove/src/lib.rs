//! The build-time half of [revchain](https://docs.rs/revchain): the proof of a chain, and the
//! snapshot that a program embeds.
//!
//! [`prove`] runs a chain in an in-memory database, with the engine for production.
//! Each revision is upgraded, downgraded and upgraded again.
//! A revision that rebuilds or extends tables also runs with sample rows.
//! [`build_snapshot`] makes the snapshot. The program copies the snapshot to create a database.
//!
//! The macro, the commands and other tools use this crate.
//! Applications do not depend on this crate.

mod budget;
mod code;
mod declared;
mod destruction;
mod diagnostics;
mod directory;
mod faulty_statements;
pub mod generate;
mod local_functions;
mod loosened;
mod needless_stand_ins;
mod nondeterminism;
mod prover;
mod query;
mod replicated;
mod rusqlite_range;
mod sample_rows;
mod schema_at;
mod script_run;
#[cfg(feature = "bundled")]
mod snapshot;
mod tables;
pub mod testing;
mod trial;
mod unowned_drops;
mod unreadable;
mod upgrade;

pub use directory::{migrations_from_directory, migrations_from_directory_unproven};
pub use prover::{Scope, prove};
pub use query::{
    QUERIES_VARIABLE, QueryCheck, QueryRequest, QueryUsage, check_query, migration_files,
};
pub use replicated::prove_replicated;
pub use schema_at::schema_at;
#[cfg(feature = "bundled")]
pub use snapshot::build_snapshot;
