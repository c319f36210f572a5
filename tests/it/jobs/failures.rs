//! Failures of jobs: errors, panics, interruptions, and programs without the functions.

use std::error::Error as _;
use std::time::Duration;

use revchain::error::Operation;
use revchain::rusqlite::{Connection, InterruptHandle};
use revchain::{Error, ErrorKind, JobEntry, Jobs, Migrations};

use super::{ITEMS, OTHER, add_items, chain, done, only, states, with_hook, without_functions};
use crate::support::{Fixture, Recorder, count};

const IDLE: (&str, &str) = ("-- @job idle", "");
const FILL: (&str, &str) = ("-- @job fill", "");

fn open_with_items(fixture: &Fixture, migrations: &Migrations) -> Connection {
    let db = migrations.open(fixture.db()).unwrap();
    add_items(&db, 5);
    db
}

fn run(migrations: &Migrations, db: &mut Connection) -> Result<(), Error> {
    migrations.run_jobs(db, Duration::MAX).map(drop)
}

fn rows_done(db: &Connection) -> i64 {
    count(db, "SELECT count(*) FROM items WHERE done = 1")
}

#[test]
fn failed_batch_is_rolled_back_and_the_next_run_goes_on() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = open_with_items(&fixture, &migrations);
    let fail = |_: &Connection, before: i64| match before {
        2 => Err("the key is wrong".into()),
        _ => Ok(()),
    };
    for attempt in 1..=2 {
        let error = with_hook(fail, || run(&migrations, &mut db)).unwrap_err();
        assert_eq!(error.code(), "job");
        let ErrorKind::Job(job) = error.kind() else {
            panic!("{error:#}");
        };
        assert_eq!((&*job.revision, &*job.job, job.line), ("001", "raise", 3));
        assert!(!job.is_panic && job.path.ends_with("001_step.sql"));
        assert_eq!(error.source().unwrap().to_string(), "the key is wrong");
        let text = format!("{error:#}");
        let fact = "the job `raise` of 001 failed; its last changes were rolled back: the key is \
                    wrong";
        assert!(
            text.contains(fact) && text.contains("001_step.sql:3"),
            "{text}"
        );
        assert_eq!(rows_done(&db), 2);
        let JobEntry {
            attempts,
            last_error,
            ..
        } = only(&migrations, &db);
        assert_eq!(
            (attempts, last_error.as_deref()),
            (attempt, Some("the key is wrong"))
        );
    }
    assert!(only(&migrations, &db).is_failing());
    let shown = "001 raise: pending, 2 of 5 rows, failed 2 times: the key is wrong";
    assert_eq!(only(&migrations, &db).to_string(), shown);
    run(&migrations, &mut db).unwrap();
    assert_eq!(done(&db), [1]);
    let job = only(&migrations, &db);
    assert_eq!((job.attempts, job.last_error), (0, None));
}

#[test]
fn panic_is_rolled_back_and_counted() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = open_with_items(&fixture, &migrations);
    let hook = |_: &Connection, before| {
        assert!(before < 4, "row {before} is odd");
        Ok(())
    };
    let error = with_hook(hook, || run(&migrations, &mut db)).unwrap_err();
    let ErrorKind::Job(job) = error.kind() else {
        panic!("{error:#}");
    };
    assert!(job.is_panic);
    assert!(
        error
            .to_string()
            .contains("the job `raise` of 001 panicked"),
        "{error}"
    );
    assert_eq!(error.source().unwrap().to_string(), "row 4 is odd");
    assert_eq!(rows_done(&db), 4);
    assert_eq!(
        only(&migrations, &db).last_error.as_deref(),
        Some("row 4 is odd")
    );
    run(&migrations, &mut db).unwrap();
    assert_eq!(done(&db), [1]);
}

#[test]
fn other_jobs_run_after_a_failed_one() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, FILL]);
    let mut db = open_with_items(&fixture, &migrations);
    let recorder = Recorder::new();
    let migrator = migrations
        .migrator()
        .on_event(|event| recorder.record(event));
    let fail = |_: &Connection, _| Err("no".into());
    let error = with_hook(fail, || migrator.run_jobs(&mut db, Duration::MAX)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Job(job) if job.job == "raise"));
    assert_eq!(
        states(&migrations, &db),
        ["001 raise pending", "002 fill done"]
    );
    let events = recorder.take();
    let failed = "the job `raise` of 001 failed; its last changes were rolled back";
    assert!(events[1].starts_with(failed), "{events:?}");
    assert_eq!(events[2], "running the job fill of 002");
}

#[test]
fn interruption_is_rolled_back_and_not_counted() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = open_with_items(&fixture, &migrations);
    let handle = db.get_interrupt_handle();
    let interrupt = move |db: &Connection, before: i64| {
        if before == 2 {
            interrupt_in_query(db, &handle)?;
        }
        Ok(())
    };
    let error = with_hook(interrupt, || run(&migrations, &mut db)).unwrap_err();
    let is_interrupt = matches!(
        error.kind(),
        ErrorKind::Sqlite {
            operation: Operation::RunJob,
            ..
        }
    );
    assert!(is_interrupt, "{error:#}");
    assert!(
        format!("{error:#}").contains("run the job again"),
        "{error:#}"
    );
    assert!(db.is_autocommit());
    assert_eq!(rows_done(&db), 2);
    let job = only(&migrations, &db);
    assert_eq!(
        (job.attempts, job.last_error, job.rows_done),
        (0, None, Some(2))
    );
    run(&migrations, &mut db).unwrap();
    assert_eq!(done(&db), [1]);
}

/// Interrupts the connection while a query of it runs, and returns the error of the query.
fn interrupt_in_query(db: &Connection, handle: &InterruptHandle) -> revchain::rusqlite::Result<()> {
    let mut statement = db.prepare("SELECT id FROM items")?;
    let mut rows = statement.query([])?;
    rows.next()?;
    handle.interrupt();
    while rows.next()?.is_some() {}
    Ok(())
}

#[test]
fn job_that_changes_nothing_and_never_ends_is_an_error() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, IDLE]);
    let mut db = open_with_items(&fixture, &migrations);
    let error = run(&migrations, &mut db).unwrap_err();
    let source = error.source().unwrap().to_string();
    assert!(
        source.contains("`Done::NotYet`, but changed no row and no watermark"),
        "{source}"
    );
    assert_eq!(
        states(&migrations, &db),
        ["001 raise done", "002 idle pending"]
    );
}

#[test]
fn program_without_the_function_leaves_the_job_pending() {
    let fixture = Fixture::new();
    let migrations = without_functions(&fixture, &[ITEMS, OTHER]);
    let mut db = open_with_items(&fixture, &migrations);
    let error = run(&migrations, &mut db).unwrap_err();
    assert_eq!(error.code(), "missing-code");
    let is_raise = matches!(
        error.kind(),
        ErrorKind::MissingCode { function, line: 3, .. } if function == "raise"
    );
    assert!(is_raise, "{error:#}");
    assert_eq!(states(&migrations, &db), ["001 raise pending"]);
    assert_eq!(done(&db), [0]);
}

#[test]
fn open_fails_with_the_error_of_a_job() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    open_with_items(&fixture, &migrations);
    let migrator = migrations.migrator().jobs(Jobs::BeforeOpenReturns);
    let fail = |_: &Connection, _| Err("no".into());
    let error = with_hook(fail, || migrator.open(fixture.db())).unwrap_err();
    assert_eq!(error.code(), "job");
    assert!(
        error
            .to_string()
            .starts_with(&*fixture.db().to_string_lossy()),
        "{error}"
    );
    let db = migrator.open(fixture.db()).unwrap();
    assert_eq!(done(&db), [1]);
}

#[test]
fn transaction_of_the_caller_is_an_error() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = open_with_items(&fixture, &migrations);
    db.execute_batch("BEGIN").unwrap();
    let error = run(&migrations, &mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InTransaction));
}

#[test]
fn connection_without_a_journal_is_an_error() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = open_with_items(&fixture, &migrations);
    db.pragma_update(None, "journal_mode", "off").unwrap();
    let error = run(&migrations, &mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoJournal));
    assert_eq!(done(&db), [0]);
}

#[test]
fn job_may_only_change_rows_of_the_chain() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, OTHER]);
    let mut db = open_with_items(&fixture, &migrations);
    for (sql, help) in [
        (
            "CREATE TABLE x (a)",
            "write the change of the schema as SQL",
        ),
        ("PRAGMA synchronous = OFF", "remove `PRAGMA synchronous`"),
        (
            "UPDATE revchain_jobs SET state = 'done'",
            "leave the table `revchain_jobs` alone",
        ),
        (
            "DELETE FROM revchain_history",
            "leave the table `revchain_history` alone",
        ),
        ("COMMIT", "remove `COMMIT`"),
        ("SAVEPOINT x", "remove `SAVEPOINT`"),
        ("ATTACH ':memory:' AS x", "remove `ATTACH`"),
    ] {
        let hook = move |db: &Connection, _| Ok(db.execute_batch(sql)?);
        let error = with_hook(hook, || run(&migrations, &mut db)).unwrap_err();
        let text = format!("{error:#}");
        assert!(error.code() == "job" && text.contains(help), "{text}");
    }
    assert_eq!(done(&db), [0]);
    let insert = |db: &Connection, _| Ok(db.execute_batch("INSERT INTO other VALUES (1)")?);
    with_hook(insert, || run(&migrations, &mut db)).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM other"), 3);
    // After the jobs, the connection has no rules.
    db.execute_batch("CREATE TABLE x (a)").unwrap();
}

#[test]
fn required_job_may_only_change_rows_of_the_chain() {
    let fixture = Fixture::new();
    let waiting = ("-- @requires raise\nCREATE TABLE x (a);", "DROP TABLE x;");
    let migrations = chain(&fixture, &[ITEMS, waiting]);
    let mut db = Connection::open(fixture.db()).unwrap();
    let drop = |db: &Connection, _| Ok(db.execute_batch("DROP TABLE items")?);
    let error = with_hook(drop, || migrations.upgrade(&mut db)).unwrap_err();
    assert_eq!((error.code(), error.committed()), ("job", Some("001")));
    let error = with_hook(drop, || migrations.open(fixture.db())).unwrap_err();
    assert_eq!((error.code(), error.committed()), ("job", None));
    migrations.open(fixture.db()).unwrap();
}
