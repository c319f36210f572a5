//! The jobs of a database, as several commands show them.

use std::path::Path;

use anstyle::Style;
use revchain_core::diagnostics::escape::escape;
use revchain_runtime::rusqlite::Connection;
use revchain_runtime::{JobEntry, JobState, Migrator};
use serde_json::{Value, json};

use crate::support::{Result, in_database, rfc3339};

/// Returns the jobs of the database at `path`. Reads nothing if no revision of the chain has jobs.
pub(crate) fn jobs(
    migrator: &Migrator<'_>,
    path: &Path,
    connection: &Connection,
) -> Result<Vec<JobEntry>> {
    let mut revisions = migrator.migrations().revisions().iter();
    if revisions.all(|revision| revision.jobs().is_empty()) {
        return Ok(Vec::new());
    }
    in_database(path, migrator.job_states(connection))
}

/// Returns a line for each unfinished job. A line begins with a line break.
pub(crate) fn list_unfinished(jobs: &[JobEntry], style: Style) -> String {
    let unfinished = jobs.iter().filter(|job| job.state != JobState::Done);
    let line = |job: &JobEntry| {
        let (name, revision) = (escape(&job.job), escape(&job.revision));
        let mut line = format!(
            "\n  {style}job {name}{style:#} of {revision}: {}",
            state(job)
        );
        if let Some(error) = &job.last_error {
            line += &format!(": {}", escape(error));
        }
        line
    };
    unfinished.map(line).collect()
}

/// Returns the state of a job, such as `pending, 100 of 2000 rows, failed 3 times`.
pub(crate) fn state(job: &JobEntry) -> String {
    let mut state = job.state.to_string();
    if let (Some(done), Some(total), false) =
        (job.rows_done, job.rows_total, job.state == JobState::Done)
    {
        state += &format!(", {done} of {total} rows");
    }
    match job.attempts {
        0 => {}
        1 => state += ", failed once",
        attempts => state += &format!(", failed {attempts} times"),
    }
    state
}

pub(crate) fn json(job: &JobEntry) -> Value {
    json!({
        "revision": job.revision,
        "job": job.job,
        "state": job.state.name(),
        "rows_done": job.rows_done,
        "rows_total": job.rows_total,
        "attempts": job.attempts,
        "last_error": job.last_error,
        "updated_at": job.updated_at.map(rfc3339),
    })
}
