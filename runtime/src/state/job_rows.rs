//! Reading the rows of the table of jobs.

use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

use revchain_core::{FinishedJob, Job, Revision};
use rusqlite::{Connection, Row};

use super::history_rows::{MAX_UNKNOWN_ROWS, read_text};
use super::history_table::HistoryTable;
use super::job_entry::{JobEntry, JobState, STAMPED};
use super::jobs_table::JobsTable;
use super::own_tables::table_exists;
use crate::migrations::Migrations;

/// Reads the jobs of all stamped revisions, in the order of the chain.
///
/// If the chain has no jobs, reads nothing. The jobs of unknown revisions come last.
/// A job whose row something has removed has the state of [`state_without_row`].
pub(crate) fn job_entries(
    migrations: &Migrations,
    connection: &Connection,
) -> rusqlite::Result<Vec<JobEntry>> {
    let chain = migrations.chain();
    let table = JobsTable::of(migrations.name());
    if !chain.has_jobs() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    if table.exists(connection)? {
        let sql = format!(
            "SELECT revision, job, state, attempts, last_error, rows_done, rows_total, updated_at
             FROM main.{} ORDER BY rowid LIMIT {}",
            table.name(),
            max_rows(migrations)
        );
        let mut statement = connection.prepare(&sql)?;
        for entry in statement.query_map([], read_entry)? {
            entries.push(entry?);
        }
    }
    add_missing(
        migrations,
        &stamped_ids(migrations, connection)?,
        &mut entries,
    );
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

/// Adds the jobs of stamped revisions that have no row.
fn add_missing(migrations: &Migrations, stamped: &HashSet<String>, entries: &mut Vec<JobEntry>) {
    for revision in migrations.revisions() {
        for job in revision.jobs() {
            let is_job =
                |entry: &JobEntry| entry.revision == revision.id() && entry.job == job.name();
            if entries.iter().any(is_job) {
                continue;
            }
            if let Some(state) = state_of(migrations, stamped, revision, job) {
                entries.push(JobEntry {
                    revision: revision.id().to_owned(),
                    job: job.name().to_owned(),
                    state,
                    attempts: 0,
                    last_error: None,
                    rows_done: None,
                    rows_total: None,
                    updated_at: None,
                });
            }
        }
    }
}

/// Returns the state of a job whose row something other than revchain has removed.
///
/// Returns `None` if the revision of the job is not stamped.
pub(crate) fn state_without_row(
    migrations: &Migrations,
    connection: &Connection,
    revision: &Revision,
    job: &Job,
) -> rusqlite::Result<Option<JobState>> {
    let stamped = stamped_ids(migrations, connection)?;
    Ok(state_of(migrations, &stamped, revision, job))
}

/// Without its row, a job is pending, unless a stamped revision requires that it is finished.
fn state_of(
    migrations: &Migrations,
    stamped: &HashSet<String>,
    revision: &Revision,
    job: &Job,
) -> Option<JobState> {
    if !stamped.contains(revision.id()) {
        return None;
    }
    Some(if is_required(migrations, stamped, job.name()) {
        JobState::Done
    } else {
        JobState::Pending
    })
}

/// Returns the jobs that `revision` requires, and that no stamped revision requires.
pub(crate) fn required_only_by<'r>(
    migrations: &Migrations,
    connection: &Connection,
    revision: &'r Revision,
) -> rusqlite::Result<Vec<&'r str>> {
    let stamped = stamped_ids(migrations, connection)?;
    let mut jobs: Vec<&str> = revision.requires().collect();
    jobs.retain(|job| !is_required(migrations, &stamped, job));
    Ok(jobs)
}

/// Returns `true` if a stamped revision requires the job.
fn is_required(migrations: &Migrations, stamped: &HashSet<String>, job: &str) -> bool {
    let requires = |other: &Revision| other.requires().any(|name| name == job);
    let mut revisions = migrations.revisions().iter();
    revisions.any(|other| stamped.contains(other.id()) && requires(other))
}

/// Reads the ids of the stamped revisions.
fn stamped_ids(
    migrations: &Migrations,
    connection: &Connection,
) -> rusqlite::Result<HashSet<String>> {
    let history = HistoryTable::of(migrations);
    if !table_exists(connection, history.name())? {
        return Ok(HashSet::new());
    }
    let stamps = history.stamps(connection)?;
    Ok(stamps.into_iter().map(|row| row.revision).collect())
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
        "SELECT revision, job FROM main.{} WHERE state IN (?1, ?2) ORDER BY rowid LIMIT {}",
        table.name(),
        max_rows(migrations)
    ))?;
    let mut rows = statement.query([JobState::Done.name(), STAMPED])?;
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
