//! The jobs of a database without rows, for the snapshot: they have nothing to do.

use rusqlite::Connection;

use super::batch::JobCall;
use super::runner::Deadline;
use crate::report::error::{Context, Error, Operation};
use crate::report::jobs_report::JobRun;
use crate::session::sql::quote;

/// Marks a job as finished, if no table has a row on which the job could work.
///
/// # Errors
///
/// Fails with [`MissingCode`](crate::ErrorKind::MissingCode) if a table has a row.
pub(super) fn finish_without_rows(call: &JobCall<'_>, _: &Deadline) -> Result<JobRun, Error> {
    if has_rows(call.connection).context(Operation::RunJob)? {
        let (job, line) = (call.job.name(), call.job.line());
        return Err(Error::missing_code(call.revision, job, line));
    }
    let marked = call.table.mark_finished(call.connection, call.id());
    marked.context(Operation::WriteJobs)?;
    let mut run = JobRun::new(call.revision.id(), call.job.name());
    run.is_done = true;
    Ok(run)
}

/// Returns `true` if any table has rows. Ignores the tables of revchain and of SQLite.
///
/// # Errors
///
/// Fails if SQLite fails.
pub fn has_rows(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(
        "SELECT name FROM main.sqlite_master
         WHERE type = 'table' AND rootpage > 0
         AND name NOT GLOB 'revchain_*' AND name NOT GLOB 'sqlite_*'",
    )?;
    let tables = statement.query_map([], |row| row.get::<_, String>(0))?;
    for table in tables {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{})", quote(&table?));
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}
