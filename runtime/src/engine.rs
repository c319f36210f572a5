//! Carrying out a request: the one way in which a database is changed.

use std::time::{Duration, Instant};

use revchain_core::{Conflict, Downgrade, Found, Plan, Request, Revision, Step, Target};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, ffi};

use crate::connection::{self, ForeignKeysOff, Patience};
use crate::distrust::Distrust;
use crate::error::{self, ErrorKind, Failure};
use crate::foreign_keys::Known;
use crate::history::Histories;
use crate::{
    Applied, Direction, Error, Event, Options, Origin, Outcome, Report, Statement, StatementError, Violation,
    explain, foreign_keys, history, marker,
};

/// Brings the database to where `request` wants it, or leaves it as it is: also where that is no longer what was
/// `expected`.
pub(crate) fn run(
    connection: &mut Connection,
    options: &Options<'_>,
    request: &Request,
    expected: Option<&Plan>,
) -> Result<Report, Error> {
    let run = |connection: &mut Connection| {
        if !connection.is_autocommit() {
            return Err(Error::new(ErrorKind::InTransaction));
        }
        let start = Instant::now();
        if let (Some(distrust), true) = (options.distrust, runs_what_is_kept(connection, options, request)?) {
            let connection = distrust(connection)
                .map_err(|error| Failure::Sqlite(error).while_doing("setting the authorizer"))?;
            // Whoever was waited for until now is part of the wait.
            let options = options.clone().lock_timeout(options.lock_timeout.saturating_sub(start.elapsed()));
            let (patience, distrust) = (Patience::new(&connection, &options)?, connection.distrust());
            return try_run(&connection, &options, &patience, request, expected, Some(distrust));
        }
        try_run(connection, options, &Patience::new(connection, options)?, request, expected, None)
    };
    run(connection).map_err(|error| error.in_database_of(connection))
}

/// Whether SQL that the database keeps is to be run; what that is, is decided under the lock.
fn runs_what_is_kept(
    connection: &Connection,
    options: &Options<'_>,
    request: &Request,
) -> Result<bool, Error> {
    if options.distrust.is_none() || !matches!(request, Request::Downgrade(_)) {
        return Ok(false);
    }
    Ok(!options.plan(connection, request)?.reverted.is_empty())
}

/// Brings a database that was just opened to the head.
pub(crate) fn open(connection: &Connection, options: &Options<'_>) -> Result<Report, Error> {
    let patience = Patience::of_opened(connection, options)?;
    try_run(connection, options, &patience, &Request::Upgrade(Target::Head), None, None)
}

fn try_run(
    connection: &Connection,
    options: &Options<'_>,
    patience: &Patience<'_, '_>,
    request: &Request,
    expected: Option<&Plan>,
    distrust: Option<&Distrust>,
) -> Result<Report, Error> {
    let place = match wants_head(options, request, expected) {
        // Not yet in a transaction, it has no error.
        true => marker::place(connection, options.migrations).unwrap_or(None),
        false => None,
    };
    if place.is_some_and(|place| place + 1 == options.migrations.revisions().len()) {
        return Ok(Report::at_head(options.migrations.head()));
    }
    // Where the marker says that something is pending, what that is is decided under the lock.
    if place.is_none() {
        if let Some(report) = up_to_date(connection, options, request)? {
            if expected.is_some_and(|expected| !expected.steps.is_empty()) {
                return Err(Error::from_conflict(Conflict::Changed));
            }
            return Ok(report);
        }
    }
    under_lock(connection, options, patience, request, expected, distrust)
}

/// Whether all that is asked for is the head.
fn wants_head(options: &Options<'_>, request: &Request, expected: Option<&Plan>) -> bool {
    let is_head = match request {
        Request::Upgrade(Target::Head) => true,
        Request::Upgrade(Target::Revision(id)) => {
            options.migrations.head().is_some_and(|head| head.id() == id.as_str())
        }
        _ => false,
    };
    is_head && expected.is_none_or(|expected| expected.steps.is_empty())
}

/// Without a lock and without a write: the history says that nothing is to be done, or that something
/// is wrong which no lock would change. Whatever else it says, or fails to, is decided under the lock.
fn up_to_date(
    connection: &Connection,
    options: &Options<'_>,
    request: &Request,
) -> Result<Option<Report>, Error> {
    // One transaction: history and schema must be those of one moment.
    let read = connection::read(connection, |connection| {
        let histories = Histories::read(connection, options.migrations)?;
        let Some((rows, newer)) = histories.rows(connection, options.migrations)? else { return Ok(None) };
        // Where something is pending, the schema is read under the lock.
        let bare = Found::Managed { rows, newer, schema: None };
        match options.plan_from(&bare, request) {
            Ok(plan) if plan.steps.is_empty() => histories.found(connection, options).map(Some),
            _ => Ok(None),
        }
    });
    let found = match read {
        Ok(Some(found)) => found,
        // No lock would make it readable.
        Err(source) if source.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            return Err(Failure::Sqlite(source).while_doing("reading the history"));
        }
        Ok(None) | Err(_) => return Ok(None),
    };
    match options.plan_from(&found, request) {
        Ok(plan) if plan.steps.is_empty() => {
            warn_of_drift(options, &plan);
            if wants_head(options, request, None) && !plan.is_drifted && plan.newer.is_empty() {
                marker::renew(connection, options);
            }
            Ok(Some(report(options, &found, &plan, request)))
        }
        Err(conflict @ Conflict::Drifted { .. }) => Err(explain::conflict(conflict, options, &found)),
        _ => Ok(None),
    }
}

fn warn_of_drift(options: &Options<'_>, plan: &Plan) {
    // One that has no history yet is where the baseline says.
    let recorded = plan.steps.iter().rev().find_map(|step| match *step {
        Step::Stamp(place) => Some(place),
        _ => None,
    });
    if let (true, Some(place)) = (plan.is_drifted, plan.from.or(recorded)) {
        options.emit(&Event::Drifted { revision: options.revision(place) });
    }
}

fn under_lock(
    connection: &Connection,
    options: &Options<'_>,
    patience: &Patience<'_, '_>,
    request: &Request,
    expected: Option<&Plan>,
    distrust: Option<&Distrust>,
) -> Result<Report, Error> {
    // Declared before the transaction, so dropped after it: while it lives, no key is enforced.
    let _foreign_keys = ForeignKeysOff::new(connection)
        .map_err(|error| Failure::Sqlite(error).while_doing("turning foreign keys off"))?;
    let begin = || Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    let transaction = match patience.retry(begin) {
        Ok(transaction) => transaction,
        Err(failure) => {
            let error = failure.while_doing("taking the write lock");
            // `PRAGMA query_only` lets no transaction for writing begin; what it is for can still be read.
            let read = || connection::read(connection, |connection| history::found(connection, options));
            let found = patience.retry(read).ok();
            let plan = found.as_ref().and_then(|found| options.plan_from(found, request).ok());
            return match (found, plan) {
                // Only while another one wrote could that not be seen.
                (Some(found), Some(plan)) if plan.steps.is_empty() => {
                    Ok(report(options, &found, &plan, request))
                }
                (_, plan) => Err(as_read_only(error, options, plan.as_ref())),
            };
        }
    };
    let read = || {
        let histories = Histories::read(&transaction, options.migrations)?;
        Ok((histories.found(&transaction, options)?, histories))
    };
    let (found, histories) =
        patience.retry(read).map_err(|failure| failure.while_doing("reading the history"))?;
    let plan = options
        .plan_from(&found, request)
        .map_err(|conflict| explain::conflict(conflict, options, &found))?;
    if expected.is_some_and(|expected| *expected != plan) {
        return Err(Error::from_conflict(Conflict::Changed));
    }
    let mut report = report(options, &found, &plan, request);
    if plan.steps.is_empty() {
        return Ok(report);
    }
    warn_of_drift(options, &plan);
    if plan.runs_sql() {
        refuse_temporary_tables(connection, None)?;
    }
    // Of a new database, there is nothing to keep.
    let backups = options.backups.as_ref().filter(|_| plan.runs_sql() && found != Found::Nothing);
    if let Some(backups) = backups {
        let revision = plan.id_before(options.migrations.chain()).unwrap_or("base");
        report.backup = (backups.make)(backups, connection, options.migrations, revision)?;
        if let Some(path) = &report.backup {
            options.emit(&Event::BackedUp { path });
        }
    }
    let known = match options.allows_violations && plan.runs_sql() {
        true => histories
            .own_tables(connection, options.migrations)
            .and_then(|tables| foreign_keys::known(connection, tables.as_deref()))
            .map_err(|error| Failure::Sqlite(error).while_doing("checking foreign keys"))?,
        false => Known::new(),
    };
    if !known.is_empty() {
        options.emit(&Event::StillViolated { count: known.values().sum() });
    }
    let result = carry_out(&transaction, options, &histories, &plan, distrust, &mut report);
    result.map_err(|error| as_read_only(error, options, Some(&plan)))?;
    // Of what the chain does not have, the schema is not known.
    let stamped = if plan.kept().is_empty() { &plan.stamped[..] } else { &[] };
    let to = plan.to.filter(|_| plan.runs_sql() && !plan.is_drifted);
    let has_schema = match stamped {
        [] => None,
        _ => verify(&transaction, options, &histories, stamped, to)?,
    };
    marker::write(&transaction, options, stamped, has_schema)
        .map_err(|error| Failure::Sqlite(error).while_doing("writing the marker"))?;
    let violations = |known| {
        let tables = histories.own_tables(connection, options.migrations)?;
        foreign_keys::new_violations(connection, tables.as_deref(), known)
    };
    commit(&transaction, patience, &plan, violations, known)?;
    if let Some(backups) = backups {
        (backups.prune)(backups, connection);
    }
    options.emit(&Event::Committed { at: plan.to.map(|place| options.revision(place)) });
    Ok(report)
}

/// A temporary table stands before one of the database wherever a migration names it.
pub(crate) fn refuse_temporary_tables(
    connection: &Connection,
    revision: Option<&Revision>,
) -> Result<(), Error> {
    let tables = history::temporary_tables(connection)
        .map_err(|error| Failure::Sqlite(error).while_doing("looking for temporary tables"))?;
    if tables.is_empty() {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::TemporaryTables {
            tables,
            revision: revision.map(|revision| revision.id().to_owned()),
        }))
    }
}

fn report(options: &Options<'_>, found: &Found, plan: &Plan, request: &Request) -> Report {
    let chain = options.migrations.chain();
    let outcome = match (request, found) {
        _ if plan.steps.is_empty() => Outcome::UpToDate,
        _ if plan.steps.iter().any(|step| matches!(step, Step::Adopt(_))) => Outcome::Adopted,
        (Request::Stamp(_), _) | (_, Found::Unmanaged(_)) => Outcome::Stamped,
        (Request::Downgrade(_), _) => Outcome::Downgraded,
        (Request::Upgrade(_), Found::Nothing | Found::Elsewhere { .. }) => Outcome::New,
        (Request::Upgrade(_), Found::Managed { .. }) => Outcome::Upgraded,
    };
    let id = |id: Option<&str>| id.map(str::to_owned);
    Report::of(outcome, id(plan.id_before(chain)), id(plan.id_after(chain)))
}

/// Runs the steps, and adds each to the report.
fn carry_out(
    transaction: &Connection,
    options: &Options<'_>,
    histories: &Histories,
    plan: &Plan,
    distrust: Option<&Distrust>,
    report: &mut Report,
) -> Result<(), Error> {
    let at = |place: Option<usize>| place.map(|place| options.revision(place));
    let steps = plan.steps.iter().filter(|step| **step != Step::CreateHistory).count();
    let from = plan.reverted.first().or(at(plan.from));
    // What was read before may have failed without being told, and SQLite may roll back over it, as it does where memory is out.
    // Without the transaction, each step would be kept at once.
    if transaction.is_autocommit() {
        let error = ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK);
        let message = "SQLite has rolled back what had been begun".to_owned();
        let failure = Failure::Sqlite(rusqlite::Error::SqliteFailure(error, Some(message)));
        return Err(failure.while_doing("beginning"));
    }
    options.emit(&Event::Started { from, to: at(plan.to), steps });
    let recorded = |result: rusqlite::Result<()>| {
        let table = options.migrations.history_table();
        result.map_err(|source| Failure::Sqlite(source).while_doing(format!("writing {table}")))
    };
    let migrations = options.migrations;
    for (index, &step) in plan.steps.iter().enumerate() {
        // What a program's own downgrade runs on is the schema that was proven, whatever the database keeps has left.
        if let (Step::Downgrade(place), Some(Step::DowngradeNewer(_))) =
            (step, index.checked_sub(1).map(|before| plan.steps[before]))
        {
            let mut stamped = plan.stamped.clone();
            plan.steps.iter().filter_map(|step| step.place()).for_each(|place| stamped[place] = true);
            verify(transaction, options, histories, &stamped, Some(place))?;
        }
        match step {
            Step::CreateHistory => recorded(history::create(transaction, migrations))?,
            Step::Upgrade(place) => {
                let revision = options.revision(place);
                options.emit(&Event::Upgrading { revision });
                let duration = run_half(transaction, revision, Direction::Upgrade, &report.from)?;
                let (origin, now) = (Origin::Upgrade, history::now());
                recorded(history::insert(transaction, migrations, revision, origin, now, duration))?;
                report.applied.push(Applied { revision: revision.id().to_owned(), duration });
                options.emit(&Event::Upgraded { revision, duration });
            }
            Step::Downgrade(_) | Step::DowngradeNewer(_) => {
                let Some(revision) = plan.revision(step, migrations.chain()) else { continue };
                options.emit(&Event::Downgrading { revision });
                let run = || run_half(transaction, revision, Direction::Downgrade, &report.from);
                let duration = match (step, distrust) {
                    (Step::Downgrade(_), _) => run()?,
                    (_, Some(distrust)) => distrust
                        .during(transaction, run)
                        .map_err(|error| Failure::Sqlite(error).while_doing("setting the authorizer"))??,
                    // It was not so before the lock.
                    (_, None) => return Err(Error::from_conflict(Conflict::Changed)),
                };
                recorded(history::remove(transaction, migrations, revision))?;
                report.reverted.push(Applied { revision: revision.id().to_owned(), duration });
                options.emit(&Event::Downgraded { revision, duration });
            }
            Step::Stamp(place) | Step::Adopt(place) => {
                let revision = options.revision(place);
                let origin = if step == Step::Stamp(place) { Origin::Stamp } else { Origin::Adopt };
                let now = history::now();
                recorded(history::insert(transaction, migrations, revision, origin, now, Duration::ZERO))?;
                report.stamped.push(revision.id().to_owned());
                options.emit(&match origin {
                    Origin::Adopt => Event::Adopted { revision },
                    _ => Event::Stamped { revision },
                });
            }
            Step::Unstamp(place) => {
                let revision = options.revision(place);
                recorded(history::remove(transaction, migrations, revision))?;
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
        run_statement(transaction, revision, direction, &statement, at)?;
    }
    // One that the migration leaves would stand before a table of the next. Without the word, it makes none.
    if half.sql().as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"temp")) {
        refuse_temporary_tables(transaction, Some(revision))?;
    }
    Ok(start.elapsed())
}

/// Runs one statement. `at` is where the database stays if that fails.
pub(crate) fn run_statement(
    transaction: &Connection,
    revision: &Revision,
    direction: Direction,
    statement: &Statement<'_>,
    at: &Option<String>,
) -> Result<(), Error> {
    connection::execute(transaction, statement.sql(), []).map_err(|source| {
        let snippet = statement.snippet(error::offset(&source));
        Error::new(ErrorKind::Statement(StatementError {
            revision: revision.id().to_owned(),
            direction,
            path: revision.path().to_owned(),
            line: snippet.line(),
            column: snippet.column(),
            message: error::message(&source),
            source,
            snippet,
            at: at.clone(),
        }))
    })?;
    // No statement that the rules let through can do this. If one does, nobody may believe that it did not.
    if transaction.is_autocommit() {
        return Err(Error::new(ErrorKind::TransactionEnded {
            revision: revision.id().to_owned(),
            path: revision.path().to_owned(),
        }));
    }
    Ok(())
}

/// SQLite lets a transaction for writing begin on a read-only database, and fails at the first write.
fn as_read_only(error: Error, options: &Options<'_>, plan: Option<&Plan>) -> Error {
    let source = match error.kind() {
        ErrorKind::Sqlite { source, .. } => source,
        ErrorKind::Statement(error) => &error.source,
        _ => return error,
    };
    if source.sqlite_error_code() != Some(ErrorCode::ReadOnly) {
        return error;
    }
    let pending =
        plan.into_iter().flat_map(Plan::upgrades).map(|place| options.revision(place).id().to_owned());
    Error::new(ErrorKind::ReadOnly { pending: pending.collect() })
}

/// Checks that what was run has made the schema that it made in the proof: that of the revision at `to`, of those that are
/// stamped then. Whether the database now has the schema that it should; `None` where that is not known.
fn verify(
    transaction: &Connection,
    options: &Options<'_>,
    histories: &Histories,
    stamped: &[bool],
    to: Option<usize>,
) -> Result<Option<bool>, Error> {
    let chain = options.migrations.chain();
    if !chain.is_proven() {
        return Ok(None);
    }
    let texts = histories
        .texts(transaction, options)
        .map_err(|error| Failure::Sqlite(error).while_doing("reading the schema"))?;
    let has_schema = chain.has_schema(stamped, &texts);
    match to {
        // At base, whatever is there is not the chain's.
        Some(place) if has_schema == Some(false) => {
            let revision = options.revision(place).id().to_owned();
            let diff = explain::difference(options, stamped, texts.schema()).unwrap_or_default();
            Err(Error::new(ErrorKind::WrongSchema { revision, diff }))
        }
        _ => Ok(has_schema),
    }
}

/// Commits, unless SQL was run and a foreign key points at nothing.
fn commit(
    transaction: &Connection,
    patience: &Patience<'_, '_>,
    plan: &Plan,
    violations: impl Fn(Known) -> rusqlite::Result<(Vec<Violation>, usize)>,
    known: Known,
) -> Result<(), Error> {
    let violations =
        |known| violations(known).map_err(|e| Failure::Sqlite(e).while_doing("checking foreign keys"));
    if plan.runs_sql() {
        let (first, count) = violations(known)?;
        if count > 0 {
            // Whether they were there before is only seen once all is undone.
            transaction
                .execute_batch("ROLLBACK")
                .map_err(|e| Failure::Sqlite(e).while_doing("rolling back"))?;
            // Not known where that cannot be checked, as with a key that did not fit its parent.
            let before = violations(Known::new()).ok().map(|(_, before)| before);
            return Err(Error::new(ErrorKind::ForeignKeys { violations: first, count, before }));
        }
    }
    // Readers may have to finish first. A COMMIT that was busy leaves the transaction as it was.
    patience
        .retry(|| transaction.execute_batch("COMMIT"))
        .map_err(|failure| failure.while_doing(error::COMMITTING))
}
