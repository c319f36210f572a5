//! The script of a plan: SQL statements with guards, for a shell or for an engine that replicates.
//!
//! A script does what the runtime does for the same plan, without the runtime.
//! Whoever executes the statements in one transaction gets all of them or none:
//!
//! 1. [`groups`] turns a plan into a [`Group`] for each revision.
//!    The statements in [`Group::start`] fail unless the history is as [`Found`] says.
//!    The statements in [`Group::statements`] change the database, and stamp the revision.
//! 2. [`key_guards`] fail if rows violate a foreign key.
//!    [`schema_guard`] fails if the schema is not as expected.
//! 3. [`text`](mod@text) writes all statements as a text for a shell.
//!
//! An engine executes `start` of the first group, `statements` of each group, and the guards of 2.
//! If this is too much for one transaction, the engine splits between two groups.
//! Then the second transaction begins with `start` of its first group.
//!
//! A guard is a SELECT without rows, or an error whose text begins with [`MESSAGE_PREFIX`].
//! A guard reads only what an engine replicates: no marker, no schema version, and no order of
//! `sqlite_schema`.
//! A script does not write the marker. The next open by a program does so.

mod build;
mod guards;
mod lines;
mod plan;
mod statement;
pub mod text;

pub use build::groups;
pub use guards::{MESSAGE_PREFIX, SCHEMA_TEXT, key_guards, schema_guard};
pub use plan::{AppliedAt, Found, Group, NoScript, ScriptContext};
pub use statement::{Guard, Origin, Statement};
