//! The revisions of a database that has no history.
//!
//! If another tool has recorded its migrations there, and the chain names them by `@was`, the
//! record decides, and the fingerprint confirms it. Otherwise the fingerprint alone decides.

#[cfg(feature = "normal-form")]
use super::recorded::{Recorded, recorded};
use super::target::revisions_at;
#[cfg(feature = "normal-form")]
use super::target::unknown_target;
use crate::history::state::UnmanagedState;
#[cfg(feature = "normal-form")]
use crate::history::tool_record::ToolRecord;
use crate::schema::{Diff, SchemaSql};
use crate::{Adopt, Chain, Conflict, RevisionIndex, RevisionSet, SchemaMatch, Step, Target, Tool};

/// The revisions at which an upgrade adopts a database.
#[derive(Debug)]
pub struct Adoption {
    /// The revisions.
    pub revisions: RevisionSet,
    /// The tools whose records have decided the revisions; empty if none has.
    pub recorded_by: Vec<Tool>,
    /// `true` if the schema differs from that of the revisions.
    pub is_drifted: bool,
    /// `true` if the user has named the revision.
    is_declared: bool,
}

impl Adoption {
    /// Iterates over the steps that stamp the revisions.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        let step: fn(RevisionIndex) -> Step = if self.is_declared {
            Step::Stamp
        } else {
            Step::Adopt
        };
        self.revisions.iter().map(step)
    }
}

/// Decides the revisions at which an upgrade adopts a database.
///
/// # Errors
///
/// Fails in these cases:
/// - the record of another tool does not describe a set of revisions,
/// - the record and the schema disagree,
/// - without a record, no revision or more than one has the schema, and `adopt` prefers none,
/// - the chain lacks a revision that `adopt` names, or that revision has another schema,
/// - the database is at a revision that is not among those that `adopt` names.
pub fn adoption(
    chain: &Chain,
    state: &UnmanagedState,
    adopt: &Adopt,
) -> Result<Adoption, Conflict> {
    let preferred: &[String] = match adopt {
        Adopt::At(baseline) => {
            let adoption = declared(chain, &state.schema, baseline)?;
            if adoption.is_drifted {
                let (revision, diff) = (id_of(chain, &adoption.revisions), Diff::default());
                return Err(Conflict::BaselineDiffers { revision, diff });
            }
            return Ok(adoption);
        }
        Adopt::AtUnchecked(baseline) => return declared(chain, &state.schema, baseline),
        Adopt::DetectPreferring(preferred) => preferred,
        Adopt::DetectAmong(named) => return detect_among(chain, state, named),
        Adopt::Detect => &[],
    };
    detect(chain, state, preferred)
}

#[cfg(feature = "normal-form")]
fn detect(
    chain: &Chain,
    state: &UnmanagedState,
    preferred: &[String],
) -> Result<Adoption, Conflict> {
    if let Some(unknown) = preferred.iter().find(|id| chain.index_of(id).is_none()) {
        return Err(unknown_target(chain, unknown));
    }
    match recorded(chain, &state.records)? {
        Some(recorded) => confirmed(chain, &state.schema, recorded),
        None => detected(chain, state, preferred),
    }
}

/// Fails, because only the normal form recognizes a revision by its schema.
#[cfg(not(feature = "normal-form"))]
fn detect(_: &Chain, state: &UnmanagedState, _: &[String]) -> Result<Adoption, Conflict> {
    Err(unmanaged(&state.schema, None))
}

/// Detects the revisions, and fails if the newest is not one that the user has named.
fn detect_among(
    chain: &Chain,
    state: &UnmanagedState,
    named: &[String],
) -> Result<Adoption, Conflict> {
    let possible = match detect(chain, state, named) {
        Ok(adoption) => {
            let id = id_of(chain, &adoption.revisions);
            if named.contains(&id) {
                return Ok(adoption);
            }
            vec![id]
        }
        Err(Conflict::Ambiguous { revisions, .. }) => revisions,
        Err(conflict) => return Err(conflict),
    };
    Err(Conflict::NotAmong {
        named: named.to_vec(),
        possible,
    })
}

/// Returns the adoption at the revision that the user has named.
fn declared(chain: &Chain, schema: &SchemaSql, baseline: &Target) -> Result<Adoption, Conflict> {
    let revisions = revisions_at(chain, baseline)?;
    let is_drifted = chain.schema_match(&revisions, schema) == SchemaMatch::Different;
    Ok(Adoption {
        revisions,
        recorded_by: Vec::new(),
        is_drifted,
        is_declared: true,
    })
}

/// Returns the adoption at the recorded revisions, if the schema does not contradict.
#[cfg(feature = "normal-form")]
fn confirmed(chain: &Chain, schema: &SchemaSql, recorded: Recorded) -> Result<Adoption, Conflict> {
    let Recorded {
        mut revisions,
        unrecordable,
        tools,
    } = recorded;
    // An empty record says nothing about the revisions before the first that the tool can record.
    if revisions.is_empty() && chain.schema_match(&unrecordable, schema) == SchemaMatch::Same {
        revisions = unrecordable;
    }
    // At base, a chain without a proof has no tables either.
    let is_contradicted = if revisions.is_empty() {
        !schema.is_empty()
    } else {
        chain.schema_match(&revisions, schema) == SchemaMatch::Different
    };
    if is_contradicted {
        let same = chain.with_schema(schema).into_iter();
        return Err(Conflict::RecordDiffers {
            tools,
            revisions: revisions
                .iter()
                .map(|index| chain[index].id().to_owned())
                .collect(),
            is_of: same.map(|index| chain[index].id().to_owned()).collect(),
            diff: Diff::default(),
        });
    }
    Ok(Adoption {
        revisions,
        recorded_by: tools,
        is_drifted: false,
        is_declared: false,
    })
}

/// Returns the adoption at the revision that has the schema.
///
/// That is the only revision with the schema, or else the newest preferred revision with it.
#[cfg(feature = "normal-form")]
fn detected(
    chain: &Chain,
    state: &UnmanagedState,
    preferred: &[String],
) -> Result<Adoption, Conflict> {
    let schema = &state.schema;
    let matching = chain.with_schema(schema);
    let newest = match matching[..] {
        [] if !chain.is_proven() => return Err(unmanaged(schema, None)),
        [] => {
            let mut unknown = chain.revisions().iter();
            let unknown = unknown.find(|revision| revision.fingerprint().is_none());
            return Err(Conflict::Unrecognized {
                tables: schema.names(),
                nearest: None,
                unknown_from: unknown.map(|revision| revision.id().to_owned()),
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
        let same = || matching.iter().map(|&index| &chain[index]);
        return Err(Conflict::Ambiguous {
            revisions: same().map(|revision| revision.id().to_owned()).collect(),
            summaries: same()
                .map(|revision| revision.summary().to_owned())
                .collect(),
            recorded: last_versions(&state.records),
        });
    };
    Ok(Adoption {
        revisions: RevisionSet::up_to(newest, chain.len()),
        recorded_by: Vec::new(),
        is_drifted: false,
        is_declared: false,
    })
}

/// Returns the conflict of a database that has tables but no history.
pub(super) fn unmanaged(schema: &SchemaSql, adoptable: Option<String>) -> Conflict {
    let tables = schema.names();
    Conflict::Unmanaged { tables, adoptable }
}

/// Returns the last version of each record, as in `@was`: `sqlx:4`.
#[cfg(feature = "normal-form")]
fn last_versions(records: &[ToolRecord]) -> Vec<String> {
    let last = records.iter();
    let last = last.filter_map(|record| Some(format!("{}:{}", record.tool, record.last()?)));
    last.collect()
}

/// Returns the id of the newest of the revisions, or `base`.
pub(super) fn id_of(chain: &Chain, revisions: &RevisionSet) -> String {
    let newest = revisions.newest().map(|index| chain[index].id());
    newest.unwrap_or("base").to_owned()
}
