//! Reading the rows of the table of jobs.

use std::time::{Duration, UNIX_EPOCH};

use revchain_core::FinishedJob;
use rusqlite::{Connection, Row};

use super::history_rows::{MAX_UNKNOWN_ROWS, read_text};
use super::job_entry::{JobEntry, JobState};
use super::jobs_table::JobsTable;
use crate::migrations::Migrations;

/// Reads the jobs of all stamped revisions, in the order of the chain.
///
/// If the chain has no jobs, reads nothing. The jobs of unknown revisions come last.
pub(crate) fn job_entries(
    migrations: &Migrations,
    connection: &Connection,
) -> rusqlite::Result<Vec<JobEntry>> {
    let chain = migrations.chain();
    let table = JobsTable::of(migrations.name());
    if !chain.has_jobs() || !table.exists(connection)? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT revision, job, state, attempts, last_error, rows_done, rows_total, updated_at
         FROM main.{} ORDER BY rowid LIMIT {}",
        table.name(),
        max_rows(migrations)
    );
    let mut statement = connection.prepare(&sql)?;
    let entries = statement.query_map([], read_entry)?;
    let mut entries: Vec<JobEntry> = entries.collect::<rusqlite::Result<_>>()?;
    entries.sort_by_key(|entry| {
        let index = chain.index_of(&entry.revision);
        let position = index.and_then(|index| {
            let mut jobs = chain[index].jobs().iter();
            jobs.position(|job| job.name() == entry.job)
        });
        (index.is_none(), index, position)
    });
    Ok(entries)
}

/// Reads the jobs that are finished.
pub(super) fn finished_jobs(
    migrations: &Migrations,
    connection: &Connection,
) -> rusqlite::Result<Vec<FinishedJob>> {
    let table = JobsTable::of(migrations.name());
    if !table.exists(connection)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(&format!(
        "SELECT revision, job FROM main.{} WHERE state = ?1 ORDER BY rowid LIMIT {}",
        table.name(),
        max_rows(migrations)
    ))?;
    let mut rows = statement.query([JobState::Done.name()])?;
    let mut finished = Vec::new();
    while let Some(row) = rows.next()? {
        finished.push(FinishedJob {
            revision: read_text(row, 0)?,
            job: read_text(row, 1)?,
        });
    }
    Ok(finished)
}

/// Returns the largest number of rows that is read.
fn max_rows(migrations: &Migrations) -> usize {
    let revisions = migrations.chain().revisions().iter();
    let jobs: usize = revisions.map(|revision| revision.jobs().len()).sum();
    jobs + MAX_UNKNOWN_ROWS
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<JobEntry> {
    let count = |column| {
        let count: Option<i64> = row.get(column).unwrap_or(None);
        count.and_then(|count| u64::try_from(count).ok())
    };
    let updated_at: Option<i64> = row.get(7).unwrap_or(None);
    Ok(JobEntry {
        revision: read_text(row, 0)?,
        job: read_text(row, 1)?,
        state: row.get(2)?,
        attempts: row.get(3).unwrap_or(0),
        last_error: read_text(row, 4).ok(),
        rows_done: count(5),
        rows_total: count(6),
        updated_at: updated_at.and_then(|milliseconds| {
            let since_epoch = Duration::from_millis(u64::try_from(milliseconds).ok()?);
            UNIX_EPOCH.checked_add(since_epoch)
        }),
    })
}
