//! Comparing the schema of a database with that of its revision.

use std::fmt;

use revchain_core::diagnostics::escape::escape;
use revchain_core::history::state::UnmanagedState;
use revchain_core::plan::adoption::adoption;
use revchain_core::plan::stamped::stamped;
use revchain_core::schema::{Diff, SchemaSql};
use revchain_core::{DatabaseState, RevisionSet, SchemaMatch};

use super::histories::Histories;
use super::schema_diff::{difference, explain, ignored_own};
use crate::report::error::Error;
use crate::session::database::Database;

/// The result of comparing the schema of a database with that of its revision.
///
/// [`Migrator::check`](crate::Migrator::check) returns it.
/// `{}` writes a sentence, then a line for each difference.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaCheck {
    /// The schema of the database is that of the revision.
    #[non_exhaustive]
    Same {
        /// The id of the revision; `None` at base.
        revision: Option<String>,
    },
    /// The schema of the database differs from that of the revision.
    #[non_exhaustive]
    Drifted {
        /// The id of the revision; `None` at base.
        revision: Option<String>,
        /// The differences, from the schema of the revision to that of the database.
        diff: Diff,
    },
    /// The schema of the revision is unknown, so nothing was compared.
    ///
    /// Possible reasons: the build ran no proof, the proof could not check a revision, or the
    /// database has revisions that the chain lacks.
    #[non_exhaustive]
    Unknown {
        /// The id of the revision; `None` at base.
        revision: Option<String>,
        /// The reason why the schema of the revision is unknown.
        reason: String,
    },
}

impl SchemaCheck {
    /// Returns the id of the revision; `None` at base.
    pub fn revision(&self) -> Option<&str> {
        match self {
            Self::Same { revision }
            | Self::Drifted { revision, .. }
            | Self::Unknown { revision, .. } => revision.as_deref(),
        }
    }

    /// Returns the differences if the schema has drifted.
    pub fn diff(&self) -> Option<&Diff> {
        match self {
            Self::Drifted { diff, .. } => Some(diff),
            Self::Same { .. } | Self::Unknown { .. } => None,
        }
    }

    /// Returns `true` if the schema was compared and is that of the revision.
    pub fn is_same(&self) -> bool {
        matches!(self, Self::Same { .. })
    }
}

impl fmt::Display for SchemaCheck {
    /// Writes a sentence, then a line for each difference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revision = escape(self.revision().unwrap_or("base"));
        match self {
            Self::Same { .. } => write!(f, "the schema is that of {revision}"),
            Self::Drifted { diff, .. } => {
                write!(
                    f,
                    "the schema differs from that of {revision}{}",
                    diff.indented()
                )
            }
            Self::Unknown { reason, .. } => {
                write!(f, "the schema of {revision} is not known: {reason}")
            }
        }
    }
}

/// The state and the schema of a database, read in one transaction.
pub(crate) struct Observed {
    state: DatabaseState,
    schema: SchemaSql,
}

/// Reads the state, and also the schema if the state does not include the schema.
pub(crate) fn observe(database: Database<'_>) -> rusqlite::Result<Observed> {
    let histories = Histories::read(database)?;
    let state = histories.state()?;
    let schema = match &state {
        DatabaseState::Managed {
            schema: Some(schema),
            ..
        }
        | DatabaseState::Unmanaged(UnmanagedState { schema, .. }) => schema.clone(),
        _ => histories.schema_sql()?,
    };
    Ok(Observed { state, schema })
}

/// Compares the schema of a database with the schema of its revision.
pub(crate) fn check(database: Database<'_>, observed: &Observed) -> Result<SchemaCheck, Error> {
    let Observed { state, schema } = observed;
    let (chain, policy) = (database.chain(), &database.settings.policy);
    let revisions = match state {
        DatabaseState::Unmanaged(unmanaged) => {
            adoption(chain, unmanaged, &policy.adopt).map(|adoption| adoption.revisions)
        }
        _ => stamped(chain, state, policy),
    };
    let revisions = revisions.map_err(|conflict| explain(conflict, database, state))?;
    if let Some(unknown) = newest_unknown(database, state) {
        return Ok(SchemaCheck::Unknown {
            revision: Some(unknown),
            reason: "a newer program has added the revision".to_owned(),
        });
    }
    let revision = database.revision_at(revisions.newest());
    let revision = revision.map(|revision| revision.id().to_owned());
    let check = compare(database, &revisions, schema, revision);
    if let SchemaCheck::Drifted { revision, diff } = &check {
        let revision = revision.as_deref().unwrap_or("base");
        if let Some(ignored) = ignored_own(database, diff, revision) {
            return Err(Error::from_conflict(ignored));
        }
    }
    Ok(check)
}

/// Compares the schema of a database with the schema of `revisions`.
#[cfg(feature = "adopt")]
pub(crate) fn check_after(
    database: Database<'_>,
    observed: &Observed,
    revisions: &RevisionSet,
) -> SchemaCheck {
    let revision = database.revision_at(revisions.newest());
    let revision = revision.map(|revision| revision.id().to_owned());
    compare(database, revisions, &observed.schema, revision)
}

fn compare(
    database: Database<'_>,
    revisions: &RevisionSet,
    schema: &SchemaSql,
    revision: Option<String>,
) -> SchemaCheck {
    let chain = database.chain();
    let schema_match = chain.schema_match(revisions, schema);
    if schema_match == SchemaMatch::Same {
        return SchemaCheck::Same { revision };
    }
    match difference(chain, revisions, schema) {
        Some(diff) if diff.is_empty() => SchemaCheck::Same { revision },
        Some(diff) => SchemaCheck::Drifted { revision, diff },
        // The fingerprint shows that the schema differs, even if an upgrade fails in memory.
        None if schema_match == SchemaMatch::Different => SchemaCheck::Drifted {
            revision,
            diff: Diff::default(),
        },
        None => SchemaCheck::Unknown {
            revision,
            reason: "not all of the chain could be proven".to_owned(),
        },
    }
}

/// Returns the id of the newest stamped revision that the chain lacks.
fn newest_unknown(database: Database<'_>, state: &DatabaseState) -> Option<String> {
    let DatabaseState::Managed { rows, .. } = state else {
        return None;
    };
    let is_unknown = |id: &str| database.chain().index_of(id).is_none();
    let newest = rows.iter().rev().find(|row| is_unknown(&row.revision));
    newest.map(|row| row.revision.clone())
}
