//! The state of the jobs of a database, as `Migrator::job_states` returns it.

use std::fmt;
use std::time::SystemTime;

use revchain_core::diagnostics::escape::escape;
use rusqlite::types::{FromSql, FromSqlResult, ValueRef};

/// A job of a revision that the database has.
///
/// [`Migrator::job_states`](crate::Migrator::job_states) returns the jobs.
/// `{}` writes a line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobEntry {
    /// The id of the job's revision.
    pub revision: String,
    /// The name of the job.
    pub job: String,
    /// The state of the job.
    pub state: JobState,
    /// The number of failed attempts since the last commit of the job.
    pub attempts: u32,
    /// The error of the last failed attempt; `None` if the last attempt did not fail.
    pub last_error: Option<String>,
    /// The number of rows that the job has done; `None` if the job reports none.
    pub rows_done: Option<u64>,
    /// The number of rows that the job has to do in total; `None` if the job reports none.
    pub rows_total: Option<u64>,
    /// The time of the last commit or failure; `None` if the job has not begun.
    pub updated_at: Option<SystemTime>,
}

/// The stored state of a job that did not run, because a stamp says that it is finished.
pub(super) const STAMPED: &str = "stamped";

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobState {
    /// The job has not begun, or has more to do.
    Pending,
    /// The job is finished.
    Done,
}

impl JobState {
    /// Returns the name of the state, `pending` or `done`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromSql for JobState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value.as_str()? {
            "done" | STAMPED => Self::Done,
            _ => Self::Pending,
        })
    }
}

impl JobEntry {
    /// Returns `true` if the last attempt of the job failed.
    pub fn is_failing(&self) -> bool {
        self.attempts > 0
    }
}

impl fmt::Display for JobEntry {
    /// Writes `009 encrypt_tokens: pending, 500 of 2000 rows`, and the last error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (revision, job) = (escape(&self.revision), escape(&self.job));
        write!(f, "{revision} {job}: {}", self.state)?;
        if let (Some(done), Some(total)) = (self.rows_done, self.rows_total) {
            write!(f, ", {done} of {total} rows")?;
        }
        match self.attempts {
            0 => {}
            1 => f.write_str(", failed")?,
            attempts => write!(f, ", failed {attempts} times")?,
        }
        match &self.last_error {
            Some(error) => write!(f, ": {}", escape(error)),
            None => Ok(()),
        }
    }
}
