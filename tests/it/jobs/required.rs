//! `@requires`: an upgrade in parts, between which a job runs to its end.

use revchain::rusqlite::Connection;
use revchain::{Conflict, ErrorKind, Migrations, Outcome, Plan, Request, Target};

use super::{ITEMS, OTHER, WAITING, add_items, chain, done, states, with_hook, without_functions};
use crate::support::{Fixture, Recorder, count, ids, rows, schema};

const LAST: (&str, &str) = ("CREATE TABLE last (a);", "DROP TABLE last;");
const HEAD: Request = Request::Upgrade(Target::Head);

/// Returns a database at 001 with items, and the chain that continues there.
fn at_items(fixture: &Fixture, count: i64) -> (Migrations, Connection) {
    let migrations = chain(fixture, &[ITEMS, OTHER, WAITING, LAST]);
    let mut db = Connection::open(fixture.db()).unwrap();
    migrations.migrator().upgrade_to(&mut db, "001").unwrap();
    add_items(&db, count);
    (migrations, db)
}

#[test]
fn upgrade_commits_runs_the_job_and_goes_on() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 5);
    let path = fixture.db();
    let look = move |_: &Connection, before| {
        // Another connection sees the commit of the first part, and each commit of the job.
        let other = Connection::open(&path).unwrap();
        assert_eq!(ids(&other), ["001", "002"]);
        assert_eq!(count(&other, "SELECT sum(done) FROM items"), before);
        Ok(())
    };
    let recorder = Recorder::new();
    let migrator = migrations
        .migrator()
        .on_event(|event| recorder.record(event));
    let report = with_hook(look, || migrator.upgrade(&mut db)).unwrap();
    assert_eq!(done(&db), [1]);
    assert_eq!(ids(&db), ["001", "002", "003", "004"]);
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    assert_eq!(report.outcome, Outcome::Upgraded);
    assert_eq!(
        (report.from.as_deref(), report.to.as_deref()),
        (Some("001"), Some("004"))
    );
    let applied: Vec<&str> = report.applied.iter().map(|one| &*one.revision).collect();
    assert_eq!(applied, ["002", "003", "004"]);
    assert_eq!((&*report.jobs[0].job, report.jobs[0].batches), ("raise", 3));
    let text = report.to_string();
    assert!(text.ends_with("; the job raise ran in between"), "{text}");
    let expected = [
        "001 → 002, 1 to do",
        "upgrading to 002: Step 2.",
        "upgraded to 002",
        "committed at 002",
        "running the job raise of 001",
        "the job raise: 2 of 5 rows",
        "the job raise: 4 of 5 rows",
        "the job raise: 5 of 5 rows",
        "finished the job raise of 001",
        "002 → 004, 2 to do",
        "upgrading to 003: Step 3.",
        "upgraded to 003",
        "upgrading to 004: Step 4.",
        "upgraded to 004",
        "committed at 004",
    ];
    assert_eq!(recorder.take(), expected);
}

#[test]
fn finished_job_does_not_split_the_upgrade() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 5);
    migrations
        .run_jobs(&mut db, std::time::Duration::MAX)
        .unwrap();
    let report = migrations.upgrade(&mut db).unwrap();
    assert!(report.jobs.is_empty());
    assert_eq!(done(&db), [1]);
}

#[test]
fn failing_job_leaves_the_part_before_committed_and_says_so() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 5);
    let fail = |_: &Connection, before| match before {
        2 => Err("the key is wrong".into()),
        _ => Ok(()),
    };
    let error = with_hook(fail, || migrations.upgrade(&mut db)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Job(_)));
    assert_eq!(error.committed(), Some("002"));
    let text = error.to_string();
    let line = "\nthe upgrade to 002 is committed, and the next one goes on from there";
    assert!(text.ends_with(line), "{text}");
    assert_eq!(ids(&db), ["001", "002"]);
    assert_eq!(count(&db, "SELECT sum(done) FROM items"), 2);
    assert!(migrations.check(&db).unwrap().is_same());
    // The job comes first now, so no part of the next upgrade is committed before it.
    let error = with_hook(fail, || migrations.upgrade(&mut db)).unwrap_err();
    assert_eq!(error.committed(), None);
    migrations.upgrade(&mut db).unwrap();
    assert_eq!(done(&db), [1]);
    assert_eq!(ids(&db).len(), 4);
}

#[test]
fn failing_upgrade_after_the_job_names_the_committed_revision() {
    let fixture = Fixture::new();
    let broken = (
        "-- @requires raise\nINSERT INTO other SELECT id FROM items WHERE done = 1;
                   CREATE UNIQUE INDEX one ON other (a % 2);",
        "DROP INDEX one;",
    );
    let migrations = {
        let steps = super::steps(&[ITEMS, OTHER, broken]);
        let steps: Vec<_> = steps
            .iter()
            .map(|(up, down)| (up.as_str(), *down))
            .collect();
        fixture.chain(&steps).with_jobs(&super::FUNCTIONS)
    };
    let mut db = Connection::open(fixture.db()).unwrap();
    migrations.migrator().upgrade_to(&mut db, "001").unwrap();
    add_items(&db, 5);
    let error = migrations.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "statement");
    assert_eq!(error.committed(), Some("002"));
    let text = error.to_string();
    assert!(
        text.contains("rolled back: the database is still at 002"),
        "{text}"
    );
    assert_eq!(ids(&db), ["001", "002"]);
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    assert_eq!(done(&db), [1]);
}

#[test]
fn program_without_the_function_changes_nothing() {
    let fixture = Fixture::new();
    let (_, mut db) = at_items(&fixture, 5);
    let migrations = without_functions(&fixture, &[ITEMS, OTHER, WAITING, LAST]);
    let before = (schema(&db), rows(&db), ids(&db));
    let error = migrations.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "missing-code");
    assert_eq!((schema(&db), rows(&db), ids(&db)), before);
    // Up to the revision before, the program needs no function.
    let report = migrations.migrator().upgrade_to(&mut db, "002").unwrap();
    assert_eq!(report.applied.len(), 1);
}

#[test]
fn new_database_without_a_snapshot_is_split_as_well() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, OTHER, WAITING]);
    let db = migrations.open(fixture.db()).unwrap();
    assert_eq!(ids(&db).len(), 3);
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    let mut db = Connection::open_in_memory().unwrap();
    let report = migrations.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::New);
    assert_eq!(
        (report.from.as_deref(), report.to.as_deref()),
        (None, Some("003"))
    );
    assert_eq!(report.jobs.len(), 1);
}

#[test]
fn number_of_steps_counts_over_the_parts() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 1);
    let report = migrations.migrator().upgrade_to(&mut db, "+2").unwrap();
    assert_eq!(report.to.as_deref(), Some("003"));
    assert_eq!(ids(&db), ["001", "002", "003"]);
}

#[test]
#[cfg(feature = "stored-downgrades")]
fn redo_reverts_only_before_the_job() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 3);
    migrations.upgrade(&mut db).unwrap();
    // The job became unfinished, as after a restore of its table.
    db.execute(
        "UPDATE revchain_jobs SET state = 'pending', watermark = NULL",
        [],
    )
    .unwrap();
    migrations.migrator().downgrade_to(&mut db, "003").unwrap();
    let report = migrations.migrator().redo(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::Redone);
    assert_eq!(report.reverted.len(), 1);
    assert_eq!(ids(&db), ["001", "002", "003", "004"]);
    assert_eq!(done(&db), [2]);
}

#[test]
fn plan_shows_the_job_between_the_upgrades() {
    let fixture = Fixture::new();
    let (migrations, db) = at_items(&fixture, 5);
    let plan = migrations.migrator().plan(&db, HEAD).unwrap();
    let jobs: Vec<_> = plan
        .jobs()
        .map(|job| (job.revision.id(), job.job, job.required_by.id()))
        .collect();
    assert_eq!(jobs, [("001", "raise", "003")]);
    assert_eq!(plan.upgrades().count(), 3);
    let debug = format!("{plan:?}");
    assert!(debug.contains("RunJob"), "{debug}");
}

#[test]
fn approved_plan_runs_over_the_job() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 5);
    let migrator = migrations.migrator();
    let plan = migrator.plan(&db, HEAD).unwrap();
    let report = migrator.apply(&mut db, plan).unwrap();
    assert_eq!((report.applied.len(), report.jobs.len()), (3, 1));
    assert_eq!(ids(&db).len(), 4);
    assert_eq!(done(&db), [1]);
}

#[test]
fn change_during_the_job_ends_an_approved_plan() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 1);
    let migrator = migrations.migrator();
    let plan = migrator.plan(&db, HEAD).unwrap();
    let error = change_during(&migrations, plan, &mut db, &fixture);
    assert!(
        matches!(error.conflict(), Some(Conflict::Changed)),
        "{error:#}"
    );
    assert_eq!(error.committed(), Some("002"));
}

/// Applies a plan. After the first part, another connection takes the revision 002 back.
fn change_during(
    migrations: &Migrations,
    plan: Plan<'_>,
    db: &mut Connection,
    fixture: &Fixture,
) -> revchain::Error {
    let migrator = migrations.migrator().on_event(|event| {
        if event.to_string().starts_with("finished the job") {
            let mut other = Connection::open(fixture.db()).unwrap();
            let migrator = migrations.migrator();
            migrator.downgrade_to(&mut other, "001").unwrap();
        }
    });
    migrator.apply(db, plan).unwrap_err()
}

#[test]
fn request_without_an_approved_plan_plans_anew_after_the_job() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 1);
    let migrator = migrations.migrator().on_event(|event| {
        if event.to_string().starts_with("finished the job") {
            let mut other = Connection::open(fixture.db()).unwrap();
            migrations.upgrade(&mut other).unwrap();
        }
    });
    let report = migrator.upgrade(&mut db).unwrap();
    assert_eq!(report.to.as_deref(), Some("004"));
    assert_eq!(ids(&db).len(), 4);
    assert_eq!(done(&db), [1]);
}

#[test]
#[cfg(feature = "backup")]
fn dry_run_shows_the_parts_and_changes_nothing() {
    let fixture = Fixture::new();
    let (migrations, db) = at_items(&fixture, 5);
    let before = (schema(&db), rows(&db), ids(&db));
    let dry_run = migrations.migrator().dry_run(&db, HEAD).unwrap();
    assert_eq!(dry_run.report.jobs[0].job, "raise");
    assert_eq!(done(&dry_run.connection), [1]);
    assert_eq!((schema(&db), rows(&db), ids(&db)), before);
    assert_eq!(states(&migrations, &db), ["001 raise pending"]);
}

#[test]
#[cfg(feature = "backup")]
fn backup_is_from_before_the_first_part() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 5);
    let migrator = migrations.migrator().backup(fixture.path("backups"), 5);
    let report = migrator.upgrade(&mut db).unwrap();
    let backup = Connection::open(report.backup.unwrap()).unwrap();
    assert_eq!(ids(&backup), ["001"]);
    assert_eq!(done(&backup), [0]);
    assert_eq!(
        std::fs::read_dir(fixture.path("backups")).unwrap().count(),
        1
    );
}

#[test]
fn interrupted_upgrade_goes_on_after_the_last_commit() {
    let fixture = Fixture::new();
    let (migrations, mut db) = at_items(&fixture, 4);
    let handle = db.get_interrupt_handle();
    let interrupt = move |db: &Connection, before: i64| {
        if before == 2 {
            let mut statement = db.prepare("SELECT id FROM items")?;
            let mut rows = statement.query([])?;
            rows.next()?;
            handle.interrupt();
            rows.next()?;
        }
        Ok(())
    };
    let error = with_hook(interrupt, || migrations.upgrade(&mut db)).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Sqlite { .. }),
        "{error:#}"
    );
    assert_eq!(error.committed(), Some("002"));
    migrations.upgrade(&mut db).unwrap();
    assert_eq!(done(&db), [1]);
    assert_eq!(ids(&db).len(), 4);
}
