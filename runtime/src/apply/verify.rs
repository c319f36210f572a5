//! Comparing the schema after a migration with the proven schema.

use revchain_core::{RevisionIndex, RevisionSet, SchemaMatch};

use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::session::database::Database;
use crate::state::histories::Histories;
use crate::state::schema_diff::{difference, ignored_own};

/// Compares the schema of the database with the proven schema of the stamped revisions.
///
/// # Errors
///
/// Fails with [`ErrorKind::WrongSchema`] if the schemas differ and `expected` is a revision, or
/// with `Conflict::IgnoredOwn` if the settings exclude a table of this revision.
/// The caller passes `None` if a difference is allowed.
/// At base, for example, the remaining tables do not belong to the chain.
pub(super) fn verify_schema(
    database: Database<'_>,
    histories: &Histories<'_>,
    stamped: &RevisionSet,
    expected: Option<RevisionIndex>,
) -> Result<SchemaMatch, Error> {
    let chain = database.chain();
    if !chain.is_proven() {
        return Ok(SchemaMatch::Unknown);
    }
    let sql = histories.schema_sql().context(Operation::ReadSchema)?;
    let verdict = chain.schema_match(stamped, &sql);
    match expected {
        Some(index) if verdict == SchemaMatch::Different => {
            let revision = chain[index].id().to_owned();
            let diff = difference(chain, stamped, &sql).unwrap_or_default();
            if let Some(ignored) = ignored_own(database, &diff, &revision) {
                return Err(Error::from_conflict(ignored));
            }
            Err(Error::new(ErrorKind::WrongSchema { revision, diff }))
        }
        _ => Ok(verdict),
    }
}
