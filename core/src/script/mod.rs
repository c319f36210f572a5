//! The script of a plan: SQL statements with guards, for a shell or for an engine that replicates.
//!
//! A script does what the runtime does for the same plan, without the runtime.
//! If a runner executes the statements in one transaction, it changes everything or nothing:
//!
//! 1. [`groups`] turns a plan into a [`Group`] for each revision.
//!    The statements in [`Group::start`] fail unless the history is as [`Found`] says.
//!    The statements in [`Group::statements`] change the database, and stamp the revision.
//! 2. [`key_guards`] fail if rows violate a foreign key.
//!    [`schema_guard`] fails if the schema is not as expected.
//! 3. A [`Transaction`] has the statements in order, and writes them as text.
//!
//! If this is too much for one transaction, an engine splits between two groups.
//! Then the second [`Transaction`] begins with the `start` of its first group.
//!
//! A guard is a SELECT without rows, or an error whose text begins with [`MESSAGE_PREFIX`].
//! A guard reads only what an engine replicates: no marker, no schema version, and no order of
//! `sqlite_schema`.
//! A script writes no marker, and makes an older marker invalid. The next open by a program writes
//! the marker.

mod build;
pub mod copy;
mod guards;
mod lines;
mod plan;
mod statement;
mod text;

pub use build::groups;
pub use guards::{MESSAGE_PREFIX, SCHEMA_TEXT, failed_guard, key_guards, schema_guard, stop_guard};
pub use plan::{AppliedAt, Found, Group, NoScript, ScriptContext};
pub use statement::{Guard, Origin, Statement};
pub use text::{DEFER_KEYS, Form, Transaction};
