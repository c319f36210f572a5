//! The jobs that a plan runs before the upgrades that require them.

use std::collections::HashMap;

use super::steps::RequiredJob;
use crate::{Chain, DatabaseState, RevisionIndex, RevisionSet, Step};

/// Returns the upgrades of the pending revisions, each after the jobs that it requires.
///
/// A job that is finished in the database is left out, unless its revision is not in `kept`.
pub(super) fn upgrade_steps(
    chain: &Chain,
    pending: impl Iterator<Item = RevisionIndex>,
    state: &DatabaseState,
    kept: &RevisionSet,
) -> Vec<Step> {
    let mut unfinished = unfinished(chain, state, kept);
    let mut steps = Vec::new();
    for index in pending {
        for name in chain[index].requires() {
            if let Some(revision) = unfinished.remove(name) {
                steps.push(Step::RunJob(RequiredJob {
                    revision,
                    name: name.to_owned(),
                    required_by: index,
                }));
            }
        }
        steps.push(Step::Upgrade(index));
    }
    steps
}

/// Returns the revision of each job that is not finished. The names of jobs are unique in a chain.
fn unfinished<'c>(
    chain: &'c Chain,
    state: &DatabaseState,
    kept: &RevisionSet,
) -> HashMap<&'c str, RevisionIndex> {
    let mut unfinished = HashMap::new();
    for index in chain.indices() {
        let jobs = chain[index].jobs().iter();
        unfinished.extend(jobs.map(|job| (job.name(), index)));
    }
    if let DatabaseState::Managed { finished_jobs, .. } = state {
        for finished in finished_jobs {
            let owner = unfinished.get(finished.job.as_str()).copied();
            let is_of_owner = |owner: RevisionIndex| {
                chain[owner].id() == finished.revision && kept.contains(owner)
            };
            if owner.is_some_and(is_of_owner) {
                unfinished.remove(finished.job.as_str());
            }
        }
    }
    unfinished
}
