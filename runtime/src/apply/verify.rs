//! Comparing the schema after a migration with the proven schema.

use revchain_core::{RevisionIndex, RevisionSet, SchemaMatch};

use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::session::database::Database;
use crate::state::histories::Histories;
use crate::state::schema_diff::difference;

/// Compares the schema of the database with the proven schema of the stamped revisions.
///
/// # Errors
///
/// Fails with [`ErrorKind::WrongSchema`] if the schemas differ and `expected` is a revision.
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
            Err(Error::new(ErrorKind::WrongSchema {
                revision: chain[index].id().to_owned(),
                diff: difference(chain, stamped, &sql).unwrap_or_default(),
            }))
        }
        _ => Ok(verdict),
    }
}
