//! The jobs that a plan runs before the upgrades that require them.

use super::steps::RequiredJob;
use crate::{Chain, DatabaseState, FinishedJob, RevisionIndex, RevisionSet, Step};

/// Returns the upgrades of the pending revisions, each after the jobs that it requires.
///
/// A job that is finished in the database is left out, unless its revision is not in `kept`.
pub(super) fn upgrade_steps(
    chain: &Chain,
    pending: impl Iterator<Item = RevisionIndex>,
    state: &DatabaseState,
    kept: &RevisionSet,
) -> Vec<Step> {
    let finished: &[FinishedJob] = match state {
        DatabaseState::Managed { finished_jobs, .. } => finished_jobs,
        _ => &[],
    };
    let mut steps = Vec::new();
    for index in pending {
        for name in chain[index].requires() {
            let Some(revision) = owner(chain, name) else {
                continue;
            };
            let is_finished = kept.contains(revision)
                && finished
                    .iter()
                    .any(|done| done.job == name && done.revision == chain[revision].id());
            let is_planned = |step: &Step| step.job().is_some_and(|job| job.name == name);
            if !is_finished && !steps.iter().any(is_planned) {
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

/// Returns the revision of a job. The names of jobs are unique in a chain.
fn owner(chain: &Chain, name: &str) -> Option<RevisionIndex> {
    let has_job = |index: &RevisionIndex| chain[*index].jobs().iter().any(|job| job.name() == name);
    chain.indices().find(has_job)
}
