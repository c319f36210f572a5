//! The functions of `schema_diff.rs` without the feature `adopt`: no difference is known.

use revchain_core::schema::{Diff, SchemaSql};
use revchain_core::{Chain, Conflict, DatabaseState, RevisionSet};

use crate::report::error::Error;
use crate::session::database::Database;

/// Makes the error of a conflict.
pub(crate) fn explain(conflict: Conflict, _: Database<'_>, _: &DatabaseState) -> Error {
    Error::from_conflict(conflict)
}

/// Returns `None`, because only the normal form shows differences.
pub(crate) fn difference(_: &Chain, _: &RevisionSet, _: &SchemaSql) -> Option<Diff> {
    None
}

/// Returns `None`, because no difference names a table.
pub(crate) fn ignored_own(_: Database<'_>, _: &Diff, _: &str) -> Option<Conflict> {
    None
}
