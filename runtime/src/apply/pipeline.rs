//! The stages of a request: lock, read state, plan, preflight, run steps, verify, commit.

use revchain_core::plan::planner::plan;
use revchain_core::{
    Conflict, DatabaseState, Plan, Request, Revision, RevisionSet, SchemaMatch, Split, Step,
    Target, Tool,
};
use rusqlite::{Connection, ErrorCode, MAIN_DB};

use super::column_order::check_column_order;
use super::locked_plan::{LockedPlan, LockedState};
use super::marker_renewal::renew_marker;
use super::part::{Finished, Part, request_for_rest};
use super::preflight::{check_functions, preflight};
use super::steps::run_steps;
use super::verify::verify_schema;
#[cfg(feature = "backup")]
use crate::backup::make::prune_backups;
use crate::jobs::sequence::run_required;
use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::report::event::Event;
use crate::report::outcome::{Outcome, Report};
use crate::session::database::Database;
use crate::session::guard::Guard;
use crate::session::locked::LockedSession;
use crate::session::sql::read;
use crate::session::unlocked::Session;
use crate::state::histories::Histories;
use crate::state::marker::{self, ForeignVersion};
use crate::state::schema_diff::explain;

/// Fulfills a request in one transaction, or leaves the database unchanged.
///
/// If `approved` is a plan, fails if the request needs other steps.
/// A stored downgrade runs only under the rules of a guard.
pub(crate) fn run(
    session: &Session<'_, &mut Connection>,
    request: &Request,
    approved: Option<&Plan>,
    guard: Option<&Guard>,
) -> Result<Report, Error> {
    let database = session.database();
    let has_approved_steps = approved.is_some_and(|approved| !approved.is_empty());
    let marked = if wants_head(database, request) && !has_approved_steps {
        // `marker_index` fails only inside a transaction of the caller, and there is no such
        // transaction.
        marker::marker_index(database.connection, database.migrations).unwrap_or(None)
    } else {
        None
    };
    let is_at_head = marked.is_some() && marked == database.migrations.head_index();
    if is_at_head && !marker::lacks_history(database) {
        return Ok(Report::up_to_date(database.migrations.head_id()));
    }
    database.migrations.decode()?;
    // A marker below the head means that revisions are pending. Then only `run_part` is needed.
    if marked.is_none() {
        if let Some(report) = find_up_to_date(database, request)? {
            if has_approved_steps {
                return Err(Error::from_conflict(Conflict::Changed));
            }
            return Ok(report);
        }
    }
    match session.lock() {
        Ok(locked) => {
            let part = Part {
                request,
                approved,
                is_continued: false,
            };
            let first = run_part(locked, part, guard)?;
            run_rest(session, part, first, guard)
        }
        Err(error) => report_failed_lock(session, request, error),
    }
}

/// Returns the report of an upgrade to the head, if the marker identifies the head.
pub(crate) fn report_at_head(database: Database<'_>, request: &Request) -> Option<Report> {
    let is_at_head = wants_head(database, request)
        && marker::is_at_head(database.connection, database.migrations)
        && !marker::lacks_history(database);
    is_at_head.then(|| Report::up_to_date(database.migrations.head_id()))
}

/// Runs the jobs after the first part of a request, and the other parts.
///
/// # Errors
///
/// An error has the revision up to which the parts before are committed.
fn run_rest(
    session: &Session<'_, &mut Connection>,
    first: Part<'_>,
    mut finished: Finished,
    guard: Option<&Guard>,
) -> Result<Report, Error> {
    let mut committed = finished.committed.take();
    while let Some(rest) = finished.rest.take() {
        let mut run_next = || {
            let ran = run_required(session, guard, &rest.jobs)
                .map_err(|error| as_read_only(error, session.database(), Some(&rest.rest)))?;
            finished.report.jobs.extend(ran);
            let part = Part {
                request: &request_for_rest(first.request, &rest.rest),
                approved: first.approved.map(|_| &rest.rest),
                is_continued: committed.is_some(),
            };
            run_part(session.lock()?, part, guard)
        };
        let next = run_next()
            .and_then(|next| check_progress(&rest, next))
            .map_err(|error| error.after_commit_of(committed.as_deref()))?;
        finished.report.append(next.report);
        finished.rest = next.rest;
        committed = next.committed.or(committed);
    }
    Ok(finished.report)
}

/// Fails if a part has run no step, and needs a job that has just run.
///
/// Otherwise, the request would never end.
fn check_progress(before: &Split, next: Finished) -> Result<Finished, Error> {
    let is_repeated = |rest: &Split| rest.jobs.iter().any(|job| before.jobs.contains(job));
    if next.committed.is_none() && next.rest.as_ref().is_some_and(is_repeated) {
        return Err(Error::from_conflict(Conflict::Changed));
    }
    Ok(next)
}

/// Runs a part of a request under the write lock.
fn run_part(
    locked: LockedSession<'_>,
    part: Part<'_>,
    guard: Option<&Guard>,
) -> Result<Finished, Error> {
    let database = locked.database();
    let mut plan = LockedState::read(&locked)?.plan(&locked, part)?;
    let report = new_report(database, plan.state(), &plan, part.request);
    check_functions(database.migrations, &plan)?;
    let mut finished = Finished {
        report,
        rest: plan.split_off(),
        committed: None,
    };
    if plan.is_empty() {
        return Ok(finished);
    }
    let report = &mut finished.report;
    warn_of_drift(database, &plan);
    check_column_order(database, &plan)?;
    let preflight = preflight(&locked, &plan)?;
    report.backup = preflight.backup;
    run_steps(&locked, &plan, guard, report)
        .map_err(|error| as_read_only(error, database, Some(&plan)))?;
    report.recorded_by.clone_from(&plan.recorded_by);
    report.replaced_user_version = verify_and_mark(database, &plan)?;
    let kept_user_version = kept_user_version(database).context(Operation::WriteHistory)?;
    if let Some(check) = preflight.key_check {
        check.run(&locked, report)?;
    }
    locked.commit().map_err(|error| {
        let before = report.from.as_deref().unwrap_or("base");
        error.with_rolled_back_to(before)
    })?;
    if let Some(version) = report.replaced_user_version {
        let event = Event::UserVersionReplaced { version };
        database.settings.emit(&event);
    }
    if let Some(version) = kept_user_version {
        database.settings.emit(&Event::UserVersionKept { version });
    }
    #[cfg(feature = "backup")]
    if report.backup.is_some() {
        prune_backups(database);
    }
    let at = database.revision_at(plan.to());
    database.settings.emit(&Event::Committed { at });
    finished.committed = Some(at.map_or("base", Revision::id).to_owned());
    Ok(finished)
}

/// Returns `true` if the request is an upgrade to the head.
fn wants_head(database: Database<'_>, request: &Request) -> bool {
    match request {
        Request::Upgrade(Target::Head) => true,
        Request::Upgrade(Target::Revision(id)) => database.migrations.head_id() == Some(id),
        _ => false,
    }
}

/// Returns the report if the request has nothing to do. Does not take the write lock.
///
/// Returns `None` if steps are pending, or if the read fails. Then `run` reads under the write
/// lock.
///
/// # Errors
///
/// Fails if the policy rejects the drift of the schema, or if the read fails with
/// `SQLITE_READONLY`.
fn find_up_to_date(database: Database<'_>, request: &Request) -> Result<Option<Report>, Error> {
    // Read history and schema in one transaction, so that both belong to the same state.
    let state = read(database.connection, |_| {
        state_without_pending(database, request)
    });
    let state = match state {
        Ok(Some(state)) => state,
        // If even the read needs write permission, the write lock would fail as well.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            return Err(error).context(Operation::ReadHistory);
        }
        Ok(None) | Err(_) => return Ok(None),
    };
    match plan(database.chain(), &state, &database.settings.policy, request) {
        Ok(plan) if plan.is_empty() => {
            warn_of_drift(database, &plan);
            let is_unchanged = !plan.is_drifted && plan.unknown.is_empty();
            if is_unchanged && wants_head(database, request) {
                renew_marker(database);
            }
            Ok(Some(new_report(database, &state, &plan, request)))
        }
        Err(conflict @ Conflict::Drifted { .. }) => Err(explain(conflict, database, &state)),
        _ => Ok(None),
    }
}

/// Reads the state if the plan for the history alone is empty. Otherwise returns `None`.
///
/// If revisions are pending, this function does not read the schema, which is slower.
fn state_without_pending(
    database: Database<'_>,
    request: &Request,
) -> rusqlite::Result<Option<DatabaseState>> {
    let histories = Histories::read(database)?;
    let Some(history) = histories.managed_state()? else {
        return Ok(None);
    };
    match plan(
        database.chain(),
        &history,
        &database.settings.policy,
        request,
    ) {
        Ok(plan) if plan.is_empty() => histories.state().map(Some),
        _ => Ok(None),
    }
}

/// Returns a report if the request has nothing to do, and otherwise the error of the write lock.
///
/// With `PRAGMA query_only`, SQLite begins no write transaction but can read the state.
fn report_failed_lock(
    session: &Session<'_, &mut Connection>,
    request: &Request,
    error: Error,
) -> Result<Report, Error> {
    let database = session.database();
    let state = session.read(|database| Histories::read(database)?.state());
    let Ok(state) = state else {
        return Err(as_read_only(error, database, None));
    };
    match plan(database.chain(), &state, &database.settings.policy, request) {
        Ok(plan) if plan.is_empty() => Ok(new_report(database, &state, &plan, request)),
        plan => Err(as_read_only(error, database, plan.as_ref().ok())),
    }
}

fn warn_of_drift(database: Database<'_>, plan: &Plan) {
    // Without a history, `from` is `None`. Then report the revision that the adoption stamps.
    let adopted_at = plan.steps.iter().rev().find_map(|step| match step {
        Step::Stamp(index) => Some(*index),
        _ => None,
    });
    let revision = database.revision_at(plan.from.or(adopted_at));
    if let (true, Some(revision)) = (plan.is_drifted, revision) {
        database.settings.emit(&Event::Drifted { revision });
    }
}

fn new_report(
    database: Database<'_>,
    state: &DatabaseState,
    plan: &Plan,
    request: &Request,
) -> Report {
    let chain = database.chain();
    let is_adoption = plan.steps.iter().any(|step| matches!(step, Step::Adopt(_)));
    let has_no_stamp = !plan.steps.iter().any(|step| matches!(step, Step::Stamp(_)));
    let outcome = match (request, state) {
        _ if plan.is_empty() => Outcome::UpToDate,
        _ if is_adoption => Outcome::Adopted,
        // The record of another tool says that it has applied nothing.
        (Request::Upgrade(_), DatabaseState::Unmanaged(_)) if has_no_stamp => Outcome::New,
        (Request::Stamp(_), _) | (_, DatabaseState::Unmanaged(_)) => Outcome::Stamped,
        (Request::Downgrade(_), _) => Outcome::Downgraded,
        #[cfg(feature = "stored-downgrades")]
        (Request::Redo, _) => Outcome::Redone,
        (_, DatabaseState::Empty | DatabaseState::OtherChain { .. }) => Outcome::New,
        (_, DatabaseState::Managed { .. }) => Outcome::Upgraded,
    };
    Report::new(outcome, plan.id_before(chain), plan.id_after(chain))
}

/// Compares the schema with the proven schema, and writes the marker.
///
/// Returns the `user_version` of another tool that the marker has replaced.
fn verify_and_mark(database: Database<'_>, plan: &LockedPlan<'_>) -> Result<Option<i32>, Error> {
    let (stamped, verdict) = if let Some(schema) = plan.unchanged_schema() {
        let verdict = database.chain().schema_match(&plan.stamped, schema);
        (plan.stamped.clone(), verdict)
    } else if plan.kept().is_empty() {
        let expected = plan.to().filter(|_| plan.runs_sql() && !plan.is_drifted);
        let verdict = verify_schema(database, plan.histories(), &plan.stamped, expected)?;
        (plan.stamped.clone(), verdict)
    } else {
        // For an unknown revision, the chain has neither a schema nor a marker.
        (RevisionSet::default(), SchemaMatch::Unknown)
    };
    let is_record = plan.recorded_by.contains(&Tool::UserVersion);
    let foreign = if is_record && !database.settings.keeps_user_version {
        ForeignVersion::TakeOver
    } else {
        ForeignVersion::Keep
    };
    let replaced = marker::write(database, &stamped, verdict, foreign);
    replaced.context(Operation::WriteHistory)
}

/// Returns the `user_version` of another program that prevents a marker.
fn kept_user_version(database: Database<'_>) -> rusqlite::Result<Option<i32>> {
    if database.migrations.name().is_some() {
        return Ok(None);
    }
    marker::foreign_user_version(database.connection)
}

/// Converts an error with the code `SQLITE_READONLY` to an error that lists the pending revisions.
///
/// SQLite begins a write transaction even on a read-only database, and fails at the first write.
fn as_read_only(error: Error, database: Database<'_>, plan: Option<&Plan>) -> Error {
    let code = error
        .sqlite_error()
        .and_then(rusqlite::Error::sqlite_error_code);
    let is_of_job = matches!(error.kind(), ErrorKind::ReadOnly { .. });
    if code != Some(ErrorCode::ReadOnly) && !is_of_job {
        return error;
    }
    // A function of the program can also fail to write to another database.
    let is_readonly = || database.connection.is_readonly(MAIN_DB).unwrap_or(true);
    if matches!(error.kind(), ErrorKind::Code(_) | ErrorKind::Job(_)) && !is_readonly() {
        return error;
    }
    let pending = plan.into_iter().flat_map(Plan::upgrades);
    Error::new(ErrorKind::ReadOnly {
        pending: pending
            .map(|index| database.revision(index).id().to_owned())
            .collect(),
        reason: None,
    })
}
