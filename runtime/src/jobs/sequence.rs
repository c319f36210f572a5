//! Running the unfinished jobs of a database, in the order of the chain.

use std::ops::DerefMut;

use revchain_core::plan::stamped::stamped;
use revchain_core::{Job, Plan, RequiredJob, Revision};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::batch::{JobCall, as_read_only};
use super::runner::Deadline;
use crate::migrations::Migrations;
use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::report::event::Event;
use crate::report::jobs_report::{JobRun, JobsReport};
use crate::session::connection_settings::has_journal;
use crate::session::database::Database;
use crate::session::guard::Guard;
use crate::session::unlocked::Session;
use crate::state::histories::Histories;
use crate::state::job_entry::JobState;
use crate::state::job_rows::{job_entries, state_without_row};
use crate::state::jobs_table::{JobId, JobsTable};
use crate::state::schema_diff::explain;

/// Runs the unfinished jobs until all are finished or the deadline has passed.
///
/// If a job fails, the other jobs run nevertheless.
///
/// # Errors
///
/// Fails with the first error of a job, after the other jobs.
pub(crate) fn run_jobs<C: DerefMut<Target = Connection>>(
    session: &Session<'_, C>,
    guard: Option<&Guard>,
    deadline: &Deadline,
) -> Result<JobsReport, Error> {
    let mut report = JobsReport::default();
    let mut first_error = None;
    let jobs = unfinished(session)?;
    report.unfinished = jobs.len();
    for (position, (revision, job)) in jobs.into_iter().enumerate() {
        if position > 0 && deadline.has_passed() {
            break;
        }
        match run_one(session, guard, (revision, job), deadline) {
            Ok(run) => {
                report.unfinished -= usize::from(run.is_done);
                report.jobs.push(run);
            }
            Err(error) if error.is_of_one_job() => {
                first_error.get_or_insert(error);
            }
            // Busy, interrupted, or a full disk: another job would fail as well.
            Err(error) => return Err(error),
        }
    }
    match first_error {
        Some(error) => Err(error),
        None => Ok(report),
    }
}

/// Runs a job until it is finished or the deadline has passed.
///
/// # Errors
///
/// - [`ErrorKind::MissingCode`] if the program lacks the function of the job.
/// - The errors of [`run_job`](super::runner::run_job).
pub(crate) fn run_one<C: DerefMut<Target = Connection>>(
    session: &Session<'_, C>,
    guard: Option<&Guard>,
    (revision, job): (&Revision, &Job),
    deadline: &Deadline,
) -> Result<JobRun, Error> {
    let database = session.database();
    let table = database.migrations.job_table();
    let function = table.and_then(|table| table.function(job.name()));
    let (Some(table), Some(function)) = (table, function) else {
        return Err(Error::missing_code(revision, job.name(), job.line()));
    };
    if !has_journal(database.connection).context(Operation::Configure)? {
        return Err(Error::new(ErrorKind::NoJournal));
    }
    restore_row(session, (revision, job))
        .map_err(|error| as_read_only(error, database.connection))?;
    let emit = |event: &Event<'_>| database.settings.emit(event);
    let call = JobCall {
        connection: database.connection,
        table: JobsTable::of(database.migrations.name()),
        emit: &emit,
        wait: session.wait(),
        guard,
        own: database.chain().own_objects(&[]),
        context: database.settings.context.as_deref(),
        revision,
        job,
        function,
    };
    table.run(&call, deadline)
}

/// Adds the row of a job again, if something other than revchain has removed it.
fn restore_row<C: DerefMut<Target = Connection>>(
    session: &Session<'_, C>,
    (revision, job): (&Revision, &Job),
) -> Result<(), Error> {
    let Database {
        connection,
        migrations,
        ..
    } = session.database();
    let table = JobsTable::of(migrations.name());
    let id = JobId {
        revision: revision.id(),
        name: job.name(),
    };
    if session.read(|_| table.has_row(connection, id))? {
        return Ok(());
    }
    session.wait().restart();
    let transaction = session.wait().retry(Operation::Lock, || {
        Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
    })?;
    // Another connection can have removed the stamp.
    let state = state_without_row(migrations, connection, revision, job);
    if let Some(state) = state.context(Operation::ReadJobs)? {
        let restored = table.restore(connection, id, state);
        restored.context(Operation::WriteJobs)?;
        let commit = || transaction.execute_batch("COMMIT");
        session.wait().retry(Operation::Commit, commit)?;
    }
    Ok(())
}

/// Runs the jobs that an upgrade requires, each to its end.
///
/// # Errors
///
/// Fails with the first error of a job.
pub(crate) fn run_required<C: DerefMut<Target = Connection>>(
    session: &Session<'_, C>,
    guard: Option<&Guard>,
    jobs: &[RequiredJob],
) -> Result<Vec<JobRun>, Error> {
    let database = session.database();
    let mut runs = Vec::new();
    for required in jobs {
        let revision = database.revision(required.revision);
        let Some(job) = find(revision, &required.name) else {
            continue;
        };
        runs.push(run_one(session, guard, (revision, job), &Deadline::NEVER)?);
    }
    Ok(runs)
}

/// Fails with [`ErrorKind::MissingCode`] if the program lacks the function of a job of the plan.
pub(crate) fn check_jobs(migrations: &Migrations, plan: &Plan) -> Result<(), Error> {
    let table = migrations.job_table();
    for required in plan.jobs() {
        let revision = &migrations.chain()[required.revision];
        let has_function = table.is_some_and(|table| table.function(&required.name).is_some());
        match find(revision, &required.name) {
            Some(job) if !has_function => {
                return Err(Error::missing_code(revision, job.name(), job.line()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn find<'r>(revision: &'r Revision, name: &str) -> Option<&'r Job> {
    revision.jobs().iter().find(|job| job.name() == name)
}

/// Returns `true` if the database has a job that is not finished.
pub(crate) fn has_unfinished(database: Database<'_>) -> rusqlite::Result<bool> {
    let entries = job_entries(database.migrations, database.connection)?;
    Ok(entries.iter().any(|job| job.state == JobState::Pending))
}

/// Returns the unfinished jobs of the chain, in order.
///
/// # Errors
///
/// Fails if history and chain disagree. Then the jobs can be those of other revisions.
fn unfinished<'s, C: DerefMut<Target = Connection>>(
    session: &'s Session<'_, C>,
) -> Result<Vec<(&'s Revision, &'s Job)>, Error> {
    let (state, entries) = session.read(|database| {
        let histories = Histories::read(database)?;
        let entries = job_entries(database.migrations, database.connection)?;
        Ok((histories.managed_state()?, entries))
    })?;
    let database = session.database();
    let Some(state) = state else {
        return Ok(Vec::new());
    };
    let stamped = stamped(database.chain(), &state, &database.settings.policy)
        .map_err(|conflict| explain(conflict, database, &state))?;
    let chain = database.chain();
    let mut unfinished = Vec::new();
    for entry in entries.iter().filter(|job| job.state == JobState::Pending) {
        let index = chain.index_of(&entry.revision);
        let Some(index) = index.filter(|index| stamped.contains(*index)) else {
            continue;
        };
        let revision = &chain[index];
        unfinished.extend(find(revision, &entry.job).map(|job| (revision, job)));
    }
    Ok(unfinished)
}
