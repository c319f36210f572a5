//! Carrying out a request: the one way in which a database is changed.

use std::time::{Duration, Instant};

use revchain_core::{Downgrade, Found, Plan, Request, Revision, Step, plan};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::connection::{Settings, wait};
use crate::error::{self, ErrorKind, Failure};
use crate::{
    Applied, Direction, Error, Event, Options, Origin, Outcome, Report, StatementError, foreign_keys, history,
};

/// Brings the database to where `request` wants it, or leaves it as it is.
pub(crate) fn run(
    connection: &mut Connection,
    options: &Options<'_>,
    request: &Request,
) -> Result<Report, Error> {
    let result = if !connection.is_autocommit() {
        Err(Error::new(ErrorKind::InTransaction))
    } else if let Some(report) = up_to_date(connection, options, request) {
        Ok(report)
    } else {
        under_lock(connection, options, request)
    };
    result.map_err(|error| error.in_database_of(connection))
}

/// The usual case, without a lock and without a write: the history says that nothing is to be done. Whatever
/// else it says, or fails to, is decided under the lock.
fn up_to_date(connection: &Connection, options: &Options<'_>, request: &Request) -> Option<Report> {
    let found = history::found(connection).ok()?;
    // Without a history, two statements have seen two states, perhaps of two moments.
    let Found::Managed(_) = found else { return None };
    let plan = plan::plan(options.migrations.chain(), &found, None, request).ok()?;
    plan.steps.is_empty().then(|| report(options, &found, &plan, request))
}

fn under_lock(connection: &Connection, options: &Options<'_>, request: &Request) -> Result<Report, Error> {
    // Declared before the transaction, so dropped after it: foreign keys cannot be turned on inside one.
    let _settings =
        Settings::hold(connection).map_err(|e| Failure::Sqlite(e).while_doing("reading the settings"))?;
    let begin = || Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    let transaction = wait(options, begin).map_err(|failure| failure.while_doing("taking the write lock"))?;
    let found =
        wait(options, || history::found(&transaction)).map_err(|f| f.while_doing("reading the history"))?;
    let plan = plan::plan(options.migrations.chain(), &found, options.baseline.as_ref(), request)
        .map_err(Error::from_conflict)?;
    let mut report = report(options, &found, &plan, request);
    if plan.steps.is_empty() {
        return Ok(report);
    }
    let result = carry_out(&transaction, options, &plan, &mut report);
    result.map_err(|error| as_read_only(error, options, &plan))?;
    commit(&transaction, options, &plan)?;
    options.emit(&Event::Committed { at: plan.to.map(|place| options.revision(place)) });
    Ok(report)
}

fn report(options: &Options<'_>, found: &Found, plan: &Plan, request: &Request) -> Report {
    let id = |place: Option<usize>| place.map(|place| options.revision(place).id().to_owned());
    let outcome = match (request, found) {
        _ if plan.steps.is_empty() => Outcome::UpToDate,
        (Request::Stamp(_), _) | (_, Found::Unmanaged(_)) => Outcome::Stamped,
        (Request::Downgrade(_), _) => Outcome::Downgraded,
        (Request::Upgrade(_), Found::Nothing) => Outcome::New,
        (Request::Upgrade(_), Found::Managed(_)) => Outcome::Upgraded,
    };
    Report {
        outcome,
        from: id(plan.from),
        to: id(plan.to),
        applied: Vec::new(),
        reverted: Vec::new(),
        stamped: Vec::new(),
        unstamped: Vec::new(),
    }
}

/// Runs the steps, and adds each to the report.
fn carry_out(
    transaction: &Connection,
    options: &Options<'_>,
    plan: &Plan,
    report: &mut Report,
) -> Result<(), Error> {
    let at = |place: Option<usize>| place.map(|place| options.revision(place));
    let steps = plan.steps.iter().filter(|step| step.place().is_some()).count();
    options.emit(&Event::Started { from: at(plan.from), to: at(plan.to), steps });
    let recorded = |result: rusqlite::Result<()>| {
        result.map_err(|source| Failure::Sqlite(source).while_doing("writing revchain_history"))
    };
    for &step in &plan.steps {
        match step {
            Step::CreateHistory => recorded(history::create(transaction))?,
            Step::Upgrade(place) => {
                let revision = options.revision(place);
                options.emit(&Event::Upgrading { revision });
                let duration = run_half(transaction, revision, Direction::Upgrade, &report.from)?;
                recorded(history::insert(transaction, revision, Origin::Upgrade, duration))?;
                report.applied.push(Applied { revision: revision.id().to_owned(), duration });
                options.emit(&Event::Upgraded { revision, duration });
            }
            Step::Downgrade(place) => {
                let revision = options.revision(place);
                options.emit(&Event::Downgrading { revision });
                let duration = run_half(transaction, revision, Direction::Downgrade, &report.from)?;
                recorded(history::remove(transaction, revision))?;
                report.reverted.push(Applied { revision: revision.id().to_owned(), duration });
                options.emit(&Event::Downgraded { revision, duration });
            }
            Step::Stamp(place) => {
                let revision = options.revision(place);
                recorded(history::insert(transaction, revision, Origin::Stamp, Duration::ZERO))?;
                report.stamped.push(revision.id().to_owned());
                options.emit(&Event::Stamped { revision });
            }
            Step::Unstamp(place) => {
                let revision = options.revision(place);
                recorded(history::remove(transaction, revision))?;
                report.unstamped.push(revision.id().to_owned());
                options.emit(&Event::Unstamped { revision });
            }
        }
    }
    Ok(())
}

/// Runs the SQL of one direction. `at` is where the database stays if that fails.
fn run_half(
    transaction: &Connection,
    revision: &Revision,
    direction: Direction,
    at: &Option<String>,
) -> Result<Duration, Error> {
    let half = match (direction, revision.downgrade()) {
        (Direction::Upgrade, _) => revision.upgrade(),
        (Direction::Downgrade, Downgrade::Sql(half)) => half,
        // A plan does not lead past such a revision.
        (Direction::Downgrade, Downgrade::Irreversible(_)) => return Ok(Duration::ZERO),
    };
    let start = Instant::now();
    for statement in half.statements() {
        execute(transaction, statement.sql()).map_err(|source| {
            let snippet = statement.snippet(error::offset(&source));
            Error::new(ErrorKind::Statement(StatementError {
                revision: revision.id().to_owned(),
                direction,
                path: revision.path().to_owned(),
                line: snippet.line,
                column: snippet.column,
                message: error::message(&source),
                source,
                snippet,
                at: at.clone(),
            }))
        })?;
    }
    Ok(start.elapsed())
}

/// Runs a statement to its end; rows that it returns are of no use to anyone.
fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

/// SQLite lets a transaction for writing begin on a read-only database, and fails at the first write.
fn as_read_only(error: Error, options: &Options<'_>, plan: &Plan) -> Error {
    let source = match error.kind() {
        ErrorKind::Sqlite { source, .. } => source,
        ErrorKind::Statement(error) => &error.source,
        _ => return error,
    };
    if source.sqlite_error_code() != Some(ErrorCode::ReadOnly) {
        return error;
    }
    let upgrades = plan.steps.iter().filter_map(|step| match *step {
        Step::Upgrade(place) => Some(options.revision(place).id().to_owned()),
        _ => None,
    });
    Error::new(ErrorKind::ReadOnly { pending: upgrades.collect() })
}

/// Commits, unless SQL was run and a foreign key points at nothing.
fn commit(transaction: &Connection, options: &Options<'_>, plan: &Plan) -> Result<(), Error> {
    let violations = || {
        foreign_keys::violations(transaction)
            .map_err(|e| Failure::Sqlite(e).while_doing("checking foreign keys"))
    };
    if plan.steps.iter().any(|step| matches!(step, Step::Upgrade(_) | Step::Downgrade(_))) {
        let (first, count) = violations()?;
        if count > 0 {
            // Whether they were there before is only seen once all is undone.
            transaction
                .execute_batch("ROLLBACK")
                .map_err(|e| Failure::Sqlite(e).while_doing("rolling back"))?;
            let (_, before) = violations()?;
            return Err(Error::new(ErrorKind::ForeignKeys { violations: first, count, before }));
        }
    }
    // Readers may have to finish first. A COMMIT that was busy leaves the transaction as it was.
    wait(options, || transaction.execute_batch("COMMIT")).map_err(|failure| failure.while_doing("committing"))
}
