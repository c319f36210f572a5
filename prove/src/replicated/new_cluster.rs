//! The start of a new cluster: the revisions that have run on a single machine only run there, too,
//! on tables that have no rows but those that earlier revisions insert.

use revchain_core::{Chain, LoadedMigrations, RevisionIndex, RevisionSet};
use revchain_runtime::internal::{ProofSettings, stand_ins};
use rusqlite::{Connection, Result};

use super::rows::{Failure, upgrade};
use super::{Subject, fix};
use crate::budget::StepBudget;
use crate::local_functions::LocalCalls;
use crate::script_run::{ScriptRun, Stage};
use crate::trial::{Cause, Effect, Finding, Tables, configure, contents, effects};

/// A revision that has run on an empty database.
struct End {
    revision: RevisionIndex,
    failures: Vec<Failure>,
    /// A function whose result differs between machines, and that a statement has called.
    call: Option<&'static str>,
    tables: Tables,
}

/// Returns the reason why a new cluster cannot run the revisions that are not in `revisions`.
///
/// Returns `None` if a new cluster has the same database as a single machine.
pub(super) fn obstacle(
    loaded: &LoadedMigrations,
    chain: &Chain,
    revisions: &RevisionSet,
) -> Result<Option<String>> {
    if revisions.missing().next().is_none() {
        return Ok(None);
    }
    let run = |has_foreign_keys, is_reversed| {
        run(loaded, chain, revisions, [has_foreign_keys, is_reversed])
    };
    let (single, cluster) = (run(false, false)?, run(true, false)?);
    let reversed = run(true, true)?;
    let ends = single.iter().zip(&cluster).zip(&reversed);
    let mut titles = ends.filter_map(|((single, cluster), reversed)| {
        let finding = difference(Cause::ForeignKeys, single, cluster)
            .or_else(|| difference(Cause::Order, cluster, reversed))?;
        let run = ScriptRun::upgrade(&chain[single.revision]);
        Some(fix::title(run, &finding))
    });
    Ok(titles.next())
}

/// Runs the chain on an empty database. Returns the ends of the revisions not in `revisions`.
fn run(
    loaded: &LoadedMigrations,
    chain: &Chain,
    revisions: &RevisionSet,
    [has_foreign_keys, is_reversed]: [bool; 2],
) -> Result<Vec<End>> {
    let mut connection = Connection::open_in_memory()?;
    let budget = StepBudget::install(&mut connection);
    let _settings = ProofSettings::new(&connection)?;
    let calls = LocalCalls::install(&connection)?;
    configure(&connection, has_foreign_keys, is_reversed)?;
    let mut ends = Vec::new();
    for index in chain.indices() {
        let subject = Subject::new(loaded, chain, index);
        stand_ins::register(&connection, &subject.source.stand_ins);
        calls.take();
        let failures = upgrade(&connection, &budget, &subject)?;
        if !revisions.contains(index) {
            ends.push(End {
                revision: index,
                failures,
                call: calls.take(),
                tables: contents(&connection)?,
            });
        }
    }
    Ok(ends)
}

fn difference(cause: Cause, one: &End, other: &End) -> Option<Finding> {
    let finding = |cause, start, effects| Finding {
        cause,
        stage: Stage::Upgrade,
        start,
        is_at_commit: start.is_none(),
        effects,
    };
    if let Some(name) = other.call {
        return Some(finding(Cause::Function(name), None, Vec::new()));
    }
    let mut failures = other.failures.iter();
    if let Some(failure) = failures.find(|failure| !one.failures.contains(failure)) {
        let effect = Effect::Fails(failure.message.clone());
        return Some(finding(cause, failure.start, vec![effect]));
    }
    let effects = effects(&one.tables, &other.tables);
    Some(finding(cause, None, effects)).filter(|finding| !finding.effects.is_empty())
}
