//! Recognizing a database that has no history.

#[cfg(feature = "normal-form")]
use super::target::unknown_target;
#[cfg(feature = "normal-form")]
use crate::RevisionIndex;
#[cfg(feature = "normal-form")]
use crate::schema::Diff;
use crate::schema::SchemaSql;
use crate::{Adopt, Chain, Conflict, RevisionSet};

/// Returns the revisions of a database without a history, determined by comparing schemas.
///
/// The newest is the only revision with the schema, or else the newest preferred revision with it.
///
/// # Errors
///
/// Fails in these cases:
/// - no revision has the schema,
/// - several revisions have the schema, and `adopt` prefers none of these,
/// - the chain lacks a preferred revision.
#[cfg(feature = "normal-form")]
pub fn detect_all(
    chain: &Chain,
    schema: &SchemaSql,
    adopt: &Adopt,
) -> Result<RevisionSet, Conflict> {
    let preferred: &[String] = match adopt {
        Adopt::DetectPreferring(preferred) => preferred,
        _ => &[],
    };
    if let Some(unknown) = preferred.iter().find(|id| chain.index_of(id).is_none()) {
        return Err(unknown_target(chain, unknown));
    }
    let matching = chain.with_schema(schema);
    let newest = match matching[..] {
        [] if !chain.is_proven() => return Err(unmanaged(schema, None)),
        [] => {
            return Err(Conflict::Unrecognized {
                tables: schema.names(),
                nearest: None,
                diff: Diff::default(),
            });
        }
        [index] => Some(index),
        ref several => {
            let is_preferred = |index: &RevisionIndex| {
                let id = chain[*index].id();
                preferred.iter().any(|preferred| preferred == id)
            };
            several.iter().copied().rev().find(is_preferred)
        }
    };
    let Some(newest) = newest else {
        let ids = matching.iter().map(|&index| chain[index].id().to_owned());
        let revisions = ids.collect();
        return Err(Conflict::Ambiguous { revisions });
    };
    Ok(RevisionSet::up_to(newest, chain.len()))
}

/// Fails, because only the normal form recognizes a revision by its schema.
#[cfg(not(feature = "normal-form"))]
pub fn detect_all(_: &Chain, schema: &SchemaSql, _: &Adopt) -> Result<RevisionSet, Conflict> {
    Err(unmanaged(schema, None))
}

/// Returns the conflict of a database that has tables but no history.
pub(crate) fn unmanaged(schema: &SchemaSql, adoptable: Option<String>) -> Conflict {
    let tables = schema.names();
    Conflict::Unmanaged { tables, adoptable }
}
