//! The plan as a value.

use std::mem;

use crate::{Chain, HistoryRow, Revision, RevisionIndex, RevisionSet, Tool};

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Create the history table.
    CreateHistory,
    /// Run the upgrade and stamp the revision.
    Upgrade(RevisionIndex),
    /// Run the downgrade and remove the stamp.
    Downgrade(RevisionIndex),
    /// Run the downgrade that the database stores for this revision, and remove the stamp.
    DowngradeStored(Box<Revision>),
    /// Stamp a revision of an adopted database, as detected by records and schema.
    Adopt(RevisionIndex),
    /// Stamp the revision. Replaces an older stamp of the same revision.
    Stamp(RevisionIndex),
    /// Remove the stamp.
    Unstamp(RevisionIndex),
    /// Commit, and run a job to its end. A later upgrade requires the job.
    RunJob(RequiredJob),
}

/// A job that an upgrade requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredJob {
    /// The revision of the job.
    pub revision: RevisionIndex,
    /// The name of the job.
    pub name: String,
    /// The revision whose upgrade requires the job.
    pub required_by: RevisionIndex,
}

impl Step {
    /// Returns the index of the step's revision; `None` if the step has no revision of the chain.
    pub fn index(&self) -> Option<RevisionIndex> {
        match *self {
            Self::CreateHistory | Self::DowngradeStored(_) => None,
            Self::Upgrade(index)
            | Self::Downgrade(index)
            | Self::Adopt(index)
            | Self::Stamp(index)
            | Self::Unstamp(index) => Some(index),
            Self::RunJob(ref job) => Some(job.revision),
        }
    }

    /// Returns the revision of the step; `None` for [`Step::CreateHistory`].
    pub fn revision<'p>(&'p self, chain: &'p Chain) -> Option<&'p Revision> {
        match self {
            Self::DowngradeStored(revision) => Some(revision),
            _ => self.index().map(|index| &chain[index]),
        }
    }

    /// Returns the job that the step runs.
    pub fn job(&self) -> Option<&RequiredJob> {
        match self {
            Self::RunJob(job) => Some(job),
            _ => None,
        }
    }

    /// Returns `true` if the step runs a script.
    pub fn runs_sql(&self) -> bool {
        matches!(
            self,
            Self::Upgrade(_) | Self::Downgrade(_) | Self::DowngradeStored(_)
        )
    }
}

/// The steps of a request, in order, with the revisions before and after the steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The newest revision of the chain that is stamped before the steps; `None` for base.
    pub from: Option<RevisionIndex>,
    /// The steps.
    pub steps: Vec<Step>,
    /// The revisions of the chain that are stamped after the steps.
    pub stamped: RevisionSet,
    /// The tools whose records have decided the revisions of an adopted database.
    pub recorded_by: Vec<Tool>,
    /// `true` if the schema of the database differs from the proven schema of its revision.
    pub is_drifted: bool,
    /// The stamped revisions that the chain lacks, in the order of their stamps.
    pub unknown: Vec<HistoryRow>,
    /// The number of revisions at the start of `unknown` that the plan does not revert.
    pub kept_unknown: usize,
}

impl Plan {
    /// Returns `true` if the plan does nothing.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns `true` if any step runs a script.
    pub fn runs_sql(&self) -> bool {
        self.steps.iter().any(Step::runs_sql)
    }

    /// Returns the newest revision of the chain that is stamped after the steps; `None` for base.
    pub fn to(&self) -> Option<RevisionIndex> {
        self.stamped.newest()
    }

    /// Returns the revisions that the chain lacks and that the plan does not revert.
    pub fn kept(&self) -> &[HistoryRow] {
        &self.unknown[..self.kept_unknown]
    }

    /// Returns the id of the newest revision before the steps; `None` for base.
    ///
    /// The chain can lack this revision.
    pub fn id_before<'p>(&'p self, chain: &'p Chain) -> Option<&'p str> {
        newest_id(chain, self.from, &self.unknown)
    }

    /// Returns the id of the newest revision after the steps; `None` for base.
    ///
    /// The chain can lack this revision.
    pub fn id_after<'p>(&'p self, chain: &'p Chain) -> Option<&'p str> {
        newest_id(chain, self.to(), self.kept())
    }

    /// Iterates over the jobs that run between the upgrades, in order.
    pub fn jobs(&self) -> impl Iterator<Item = &RequiredJob> {
        self.steps.iter().filter_map(Step::job)
    }

    /// Iterates over the revisions whose upgrade runs, in order.
    pub fn upgrades(&self) -> impl Iterator<Item = RevisionIndex> + '_ {
        self.steps.iter().filter_map(|step| match step {
            Step::Upgrade(index) => Some(*index),
            _ => None,
        })
    }
}

/// The jobs at which a plan is split, and the plan after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The jobs, in order.
    pub jobs: Vec<RequiredJob>,
    /// The plan after the jobs. It can contain further jobs.
    pub rest: Plan,
}

// Neither method clones a plan: then a program that applies no plan of its own does not contain
// the code that clones revisions.
impl Plan {
    /// Removes the first job of the plan and all that follows it. The rest can have no steps.
    ///
    /// Returns `None` if the plan runs no job.
    pub fn split_off(&mut self) -> Option<Split> {
        let start = self.steps.iter().position(|step| step.job().is_some())?;
        let mut after = self.steps.split_off(start);
        let count = after.iter().take_while(|step| step.job().is_some());
        let steps = after.split_off(count.count());
        let jobs = after.into_iter().filter_map(|step| match step {
            Step::RunJob(job) => Some(job),
            _ => None,
        });
        let stamped = stamped_before(&steps, &self.stamped);
        let stamped = mem::replace(&mut self.stamped, stamped);
        Some(Split {
            jobs: jobs.collect(),
            rest: Self {
                from: self.to(),
                steps,
                stamped,
                recorded_by: Vec::new(),
                is_drifted: self.is_drifted,
                unknown: self.kept().to_vec(),
                kept_unknown: self.kept_unknown,
            },
        })
    }

    /// Returns `true` if the plans are equal, apart from the drift of the schema before.
    pub fn is_equal_but_for_drift(&self, other: &Self) -> bool {
        let Self {
            from,
            steps,
            stamped,
            recorded_by,
            is_drifted: _,
            unknown,
            kept_unknown,
        } = self;
        *from == other.from
            && *steps == other.steps
            && *stamped == other.stamped
            && *recorded_by == other.recorded_by
            && *unknown == other.unknown
            && *kept_unknown == other.kept_unknown
    }
}

/// Returns the revisions of the chain that are stamped before these steps.
///
/// `after` is the set after the steps. No step runs a stored downgrade.
pub fn stamped_before(steps: &[Step], after: &RevisionSet) -> RevisionSet {
    let mut stamped = after.clone();
    for step in steps.iter().rev() {
        match step {
            Step::Upgrade(index) => stamped.remove(*index),
            Step::Downgrade(index) => stamped.insert(*index),
            _ => {}
        }
    }
    stamped
}

/// Returns the id of the last unknown revision; without unknown revisions, the id of `known`.
pub(crate) fn newest_id<'c>(
    chain: &'c Chain,
    known: Option<RevisionIndex>,
    unknown: &'c [HistoryRow],
) -> Option<&'c str> {
    match unknown.last() {
        Some(newest) => Some(&newest.revision),
        None => known.map(|index| chain[index].id()),
    }
}
