//! Errors of SQLite and wrong values of a function, and what the database counts as a failure.

use std::error::Error as _;
use std::time::Duration;

use revchain::rusqlite::{Connection, OpenFlags};
use revchain::{Done, ErrorKind};

use super::{ITEMS, OTHER, PROBE, Probe, WAITING, add_items, chain, done, only, states, with_hook};
use crate::support::{Fixture, Recorder, count};

const FILL: (&str, &str) = ("-- @job fill", "");

fn read_only(fixture: &Fixture) -> Connection {
    Connection::open_with_flags(fixture.db(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

#[test]
fn commit_that_breaks_a_deferred_key_is_a_failure_of_the_job() {
    let fixture = Fixture::new();
    let child = (
        "CREATE TABLE child (a INTEGER REFERENCES items (id) DEFERRABLE INITIALLY DEFERRED);",
        "DROP TABLE child;",
    );
    let migrations = chain(&fixture, &[ITEMS, child, FILL]);
    let mut db = migrations.open(fixture.db()).unwrap();
    add_items(&db, 3);
    db.pragma_update(None, "foreign_keys", true).unwrap();
    let recorder = Recorder::new();
    let migrator = migrations
        .migrator()
        .on_event(|event| recorder.record(event));
    let hook = |db: &Connection, _| Ok(db.execute_batch("INSERT INTO child VALUES (9)")?);
    let error = with_hook(hook, || migrator.run_jobs(&mut db, Duration::MAX)).unwrap_err();
    let is_of_raise = matches!(error.kind(), ErrorKind::Job(job) if job.job == "raise");
    assert!(is_of_raise, "{error:#}");
    assert_eq!(
        states(&migrations, &db),
        ["001 raise pending", "003 fill done"]
    );
    let jobs = migrations.migrator().job_states(&db).unwrap();
    assert_eq!(jobs[0].attempts, 1);
    let last = jobs[0].last_error.as_deref().unwrap();
    assert!(last.starts_with("FOREIGN KEY constraint failed"), "{last}");
    assert_eq!(count(&db, "SELECT count(*) FROM child"), 0);
    assert_eq!(done(&db), [0]);
    assert!(recorder.take()[1].starts_with("the job `raise` of 001 failed"));
}

#[test]
fn changes_after_a_rollback_of_sqlite_are_reported_as_committed() {
    for fails in [false, true] {
        let hook = move |db: &Connection, _| {
            let _ = db.execute_batch("INSERT INTO other VALUES (1)");
            db.execute_batch("UPDATE items SET note = 'late'")?;
            if fails { Err("no".into()) } else { Ok(()) }
        };
        let fixture = Fixture::new();
        let migrations = chain(&fixture, &[ITEMS, OTHER]);
        let mut db = migrations.open(fixture.db()).unwrap();
        add_items(&db, 1);
        db.execute_batch(
            "CREATE TEMP TRIGGER stop BEFORE INSERT ON main.other
             BEGIN SELECT RAISE(ROLLBACK, 'stop'); END",
        )
        .unwrap();
        let error = with_hook(hook, || migrations.run_jobs(&mut db, Duration::MAX)).unwrap_err();
        assert_eq!(error.code(), "job");
        let text = format!("{error:#}");
        assert!(
            !text.contains("its last changes were rolled back"),
            "{text}"
        );
        let went_on = if fails {
            "if it went on, that is committed"
        } else {
            "what it did afterwards is committed"
        };
        let fact = format!("SQLite rolled back inside the function; {went_on}");
        assert!(text.contains(&fact), "{text}");
        assert!(
            text.contains("compare the database with a backup"),
            "{text}"
        );
        assert_eq!(
            count(&db, "SELECT count(*) FROM items WHERE note = 'late'"),
            1
        );
        assert_eq!(only(&migrations, &db).attempts, 1);
    }
}

#[test]
fn read_only_database_is_not_a_failure_of_the_job() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, OTHER, WAITING]);
    let mut db = Connection::open(fixture.db()).unwrap();
    migrations.migrator().upgrade_to(&mut db, "002").unwrap();
    add_items(&db, 3);
    let recorder = Recorder::new();
    let migrator = migrations
        .migrator()
        .on_event(|event| recorder.record(event));
    let error = migrator
        .run_jobs(&mut read_only(&fixture), Duration::MAX)
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::ReadOnly { .. }),
        "{error:#}"
    );
    assert_eq!(recorder.take(), ["running the job raise of 001"]);
    db.pragma_update(None, "query_only", true).unwrap();
    let error = migrations.run_jobs(&mut db, Duration::MAX).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::ReadOnly { .. }),
        "{error:#}"
    );
    db.pragma_update(None, "query_only", false).unwrap();
    let error = migrations.upgrade(&mut read_only(&fixture)).unwrap_err();
    let is_pending =
        matches!(error.kind(), ErrorKind::ReadOnly { pending, .. } if pending == &["003"]);
    assert!(is_pending, "{error:#}");
    let job = only(&migrations, &db);
    assert_eq!((job.attempts, job.last_error), (0, None));
    // The function opens another database that is read-only: that is a failure of the function.
    let path = fixture.path("other.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE x (a)")
        .unwrap();
    let hook = move |_: &Connection, _| {
        let other = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(other.execute_batch("INSERT INTO x VALUES (1)")?)
    };
    let error = with_hook(hook, || migrations.run_jobs(&mut db, Duration::MAX)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Job(_)), "{error:#}");
    assert_eq!(only(&migrations, &db).attempts, 1);
}

/// Runs the job `probe`, which does not succeed, and returns the text of its error.
fn error_of(probe: Probe) -> String {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, ("-- @job probe", "")]);
    let mut db = migrations.open(fixture.db()).unwrap();
    PROBE.set(probe);
    let error = migrations.run_jobs(&mut db, Duration::MAX).unwrap_err();
    error.source().unwrap().to_string()
}

#[test]
fn watermark_that_is_not_a_number_is_an_error() {
    let error = error_of(|progress| {
        progress.set_watermark(f64::NAN)?;
        Ok(Done::NotYet)
    });
    assert_eq!(error, "a watermark cannot be NaN");
    // A function that ignores the error keeps the watermark, and so does not run forever.
    let error = error_of(|progress| {
        let _ = progress.set_watermark(f64::NAN);
        Ok(Done::NotYet)
    });
    assert!(error.contains("no row and no watermark"), "{error}");
}

#[test]
fn watermark_of_another_type_is_named_in_the_error() {
    let error = error_of(|progress| {
        progress.set_watermark(7)?;
        progress.watermark::<String>()?;
        Ok(Done::Yes)
    });
    assert_eq!(
        error,
        "the watermark is an Integer, not a `alloc::string::String`"
    );
    let error = error_of(|progress| {
        progress.set_watermark("a")?;
        progress.watermark::<i64>()?;
        Ok(Done::Yes)
    });
    assert_eq!(error, "the watermark is a Text, not a `i64`");
    let error = error_of(|progress| {
        progress.set_watermark(300)?;
        progress.watermark::<u8>()?;
        Ok(Done::Yes)
    });
    assert_eq!(
        error,
        "the watermark is 300, which is outside of the range of `u8`"
    );
}
