//! The report of a run of jobs.

use std::fmt;
use std::time::Duration;

/// The jobs that a call of [`Migrator::run_jobs`](crate::Migrator::run_jobs) has run.
///
/// `{}` writes a line, for example for a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct JobsReport {
    /// The jobs that ran, in order.
    pub jobs: Vec<JobRun>,
    /// The number of jobs that are still unfinished.
    pub unfinished: usize,
}

/// A job that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobRun {
    /// The id of the job's revision.
    pub revision: String,
    /// The name of the job.
    pub job: String,
    /// The number of calls of the function. Each was committed in a transaction of its own.
    pub batches: u64,
    /// The duration of all calls, with the waits for other connections.
    pub duration: Duration,
    /// `true` if the job is finished.
    pub is_done: bool,
}

impl JobsReport {
    /// Returns `true` if no job of the database is unfinished.
    pub fn is_done(&self) -> bool {
        self.unfinished == 0
    }
}

impl JobRun {
    pub(crate) fn new(revision: &str, job: &str) -> Self {
        Self {
            revision: revision.to_owned(),
            job: job.to_owned(),
            batches: 0,
            duration: Duration::ZERO,
            is_done: false,
        }
    }
}

impl fmt::Display for JobsReport {
    /// Writes `2 jobs ran: 1 finished, 1 unfinished`, for example.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs = |count: usize| format!("{count} job{}", if count == 1 { "" } else { "s" });
        let finished = self.jobs.iter().filter(|job| job.is_done).count();
        match (self.jobs.len(), self.unfinished) {
            (0, 0) => f.write_str("no unfinished jobs"),
            (ran, 0) => write!(f, "{} ran: all finished", jobs(ran)),
            (ran, unfinished) => write!(
                f,
                "{} ran: {finished} finished, {unfinished} unfinished",
                jobs(ran)
            ),
        }
    }
}
