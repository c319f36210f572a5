//! The plan as a value.

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

/// The parts of a plan with jobs: the steps before the first job, jobs, and the steps after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The part before the jobs. It can have no steps.
    pub first: Plan,
    /// The jobs, in order.
    pub jobs: Vec<RequiredJob>,
    /// The plan after the jobs. It can contain further jobs.
    pub rest: Plan,
}

impl Plan {
    /// Splits the plan at its first job. Returns `None` if the plan runs no job.
    pub fn split(&self) -> Option<Split> {
        let is_job = |step: &Step| matches!(step, Step::RunJob(_));
        let start = self.steps.iter().position(is_job)?;
        let (before, after) = self.steps.split_at(start);
        let jobs: Vec<RequiredJob> = after.iter().map_while(Step::job).cloned().collect();
        let steps = after[jobs.len()..].to_vec();
        let first = Self {
            steps: before.to_vec(),
            stamped: stamped_before(&steps, &self.stamped),
            ..self.clone()
        };
        let rest = Self {
            from: first.to(),
            steps,
            recorded_by: Vec::new(),
            unknown: self.kept().to_vec(),
            ..self.clone()
        };
        Some(Split { first, jobs, rest })
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
