//! The table `revchain_jobs`: a row for each job of each stamped revision.

use std::time::Duration;

use revchain::rusqlite::Connection;
use revchain::{Conflict, Migrations, Origin};
use revchain_prove::build_snapshot;

use super::{FUNCTIONS, ITEMS, OTHER, WAITING, add_items, chain, done, states, without_functions};
use crate::support::{Fixture, count};

fn upgraded(migrations: &Migrations) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    migrations.upgrade(&mut db).unwrap();
    db
}

#[test]
fn downgrade_past_the_revision_removes_its_jobs() {
    let fixture = Fixture::new();
    let migrations = chain(
        &fixture,
        &[OTHER, ITEMS, ("CREATE TABLE x (a);", "DROP TABLE x;")],
    );
    let mut db = upgraded(&migrations);
    migrations.run_jobs(&mut db, Duration::MAX).unwrap();
    let migrator = migrations.migrator();
    migrator.downgrade_to(&mut db, "002").unwrap();
    assert_eq!(states(&migrations, &db), ["002 raise done"]);
    migrator.downgrade_to(&mut db, "001").unwrap();
    assert!(states(&migrations, &db).is_empty());
    migrations.upgrade(&mut db).unwrap();
    assert_eq!(states(&migrations, &db), ["002 raise pending"]);
}

#[test]
fn stamp_adds_jobs_and_its_removal_removes_them() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, OTHER]);
    let mut db = Connection::open_in_memory().unwrap();
    let migrator = migrations.migrator();
    migrator.stamp(&mut db, "head").unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise pending"]);
    migrator.stamp(&mut db, "base").unwrap();
    assert!(states(&migrations, &db).is_empty());
}

#[test]
fn stamp_of_a_revision_that_requires_a_job_finishes_the_job() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, WAITING]);
    let mut db = Connection::open_in_memory().unwrap();
    let migrator = migrations.migrator();
    migrator.stamp(&mut db, "001").unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise pending"]);
    migrator.stamp(&mut db, "002").unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
}

#[test]
fn job_that_a_stamp_has_finished_runs_after_an_unstamp() {
    let fixture = Fixture::new();
    let last = (
        "-- @requires raise\nCREATE TABLE last (a);",
        "DROP TABLE last;",
    );
    let migrations = chain(&fixture, &[ITEMS, OTHER, WAITING, last]);
    let mut db = Connection::open(fixture.db()).unwrap();
    let migrator = migrations.migrator();
    migrator.upgrade_to(&mut db, "002").unwrap();
    add_items(&db, 5);
    // One batch is done, and the job goes on after it.
    migrations.run_jobs(&mut db, Duration::ZERO).unwrap();
    migrator.stamp(&mut db, "004").unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    assert!(
        migrations
            .run_jobs(&mut db, Duration::MAX)
            .unwrap()
            .is_done()
    );
    migrator.stamp(&mut db, "003").unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    migrator.stamp(&mut db, "002").unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise pending"]);
    let db = migrations.open(fixture.db()).unwrap();
    assert_eq!(done(&db), [1]);
}

#[test]
fn finished_job_stays_finished_after_a_stamp_and_its_removal() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, WAITING]);
    let mut db = Connection::open(fixture.db()).unwrap();
    let migrator = migrations.migrator();
    migrator.upgrade_to(&mut db, "001").unwrap();
    add_items(&db, 3);
    migrations.run_jobs(&mut db, Duration::MAX).unwrap();
    migrator.stamp(&mut db, "002").unwrap();
    migrator.stamp(&mut db, "001").unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    migrations.upgrade(&mut db).unwrap();
    assert_eq!(done(&db), [1]);
}

#[test]
fn adoption_adds_jobs_and_runs_those_that_are_required() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, OTHER, WAITING]);
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch(migrations.revisions()[0].upgrade().sql())
        .unwrap();
    add_items(&db, 3);
    let report = migrations.migrator().upgrade_to(&mut db, "002").unwrap();
    assert_eq!(report.stamped, ["001"]);
    assert_eq!(states(&migrations, &db), ["001 raise pending"]);
    let report = migrations.upgrade(&mut db).unwrap();
    assert_eq!(report.jobs[0].job, "raise");
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    assert_eq!(done(&db), [1]);
}

#[test]
fn adoption_after_the_requirement_finds_the_job_finished() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, WAITING]);
    let mut db = Connection::open_in_memory().unwrap();
    for revision in migrations.revisions() {
        db.execute_batch(revision.upgrade().sql()).unwrap();
    }
    add_items(&db, 3);
    let report = migrations.upgrade(&mut db).unwrap();
    assert_eq!(report.stamped, ["001", "002"]);
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    assert_eq!(done(&db), [0]);
}

#[test]
#[cfg(feature = "stored-downgrades")]
fn redo_makes_jobs_pending_again() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[OTHER, ITEMS]);
    let mut db = upgraded(&migrations);
    migrations.run_jobs(&mut db, Duration::MAX).unwrap();
    migrations.migrator().redo(&mut db).unwrap();
    assert_eq!(states(&migrations, &db), ["002 raise pending"]);
}

#[test]
fn table_of_jobs_is_not_a_part_of_the_schema() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, WAITING]);
    let db = upgraded(&migrations);
    assert_eq!(count(&db, "SELECT count(*) FROM revchain_jobs"), 1);
    assert!(migrations.check(&db).unwrap().is_same());
    // Without the marker, the next upgrade compares the schema.
    db.pragma_update(None, "user_version", 0).unwrap();
    let mut db = db;
    assert!(migrations.upgrade(&mut db).unwrap().applied.is_empty());
    // Without the history, the schema alone decides.
    db.execute_batch("DROP TABLE revchain_history; PRAGMA user_version = 0")
        .unwrap();
    assert_eq!(migrations.upgrade(&mut db).unwrap().stamped, ["001", "002"]);
}

#[test]
fn named_chain_has_a_table_of_its_own() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, WAITING]).named("shop").unwrap();
    let mut db = upgraded(&migrations);
    add_items(&db, 3);
    assert_eq!(count(&db, "SELECT count(*) FROM revchain_jobs_shop"), 1);
    let sql = "SELECT count(*) FROM sqlite_master WHERE name = 'revchain_jobs'";
    assert_eq!(count(&db, sql), 0);
    // Another chain in the same database does not see the jobs.
    let other = Fixture::new();
    let other = chain(&other, &[OTHER]);
    other.upgrade(&mut db).unwrap();
    assert!(states(&other, &db).is_empty());
    assert!(migrations.check(&db).unwrap().is_same());
    assert!(other.check(&db).unwrap().is_same());
    migrations.migrator().downgrade_to(&mut db, "base").unwrap();
    assert!(states(&migrations, &db).is_empty());
}

#[test]
fn jobs_of_an_edited_revision_do_not_run() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = upgraded(&migrations);
    add_items(&db, 3);
    db.execute("UPDATE revchain_history SET checksum = 'x'", [])
        .unwrap();
    let error = migrations.run_jobs(&mut db, Duration::MAX).unwrap_err();
    assert!(matches!(error.conflict(), Some(Conflict::Edited { .. })));
    assert_eq!(done(&db), [0]);
}

#[test]
fn view_in_place_of_the_table_is_an_error() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = upgraded(&migrations);
    db.execute_batch(
        "ALTER TABLE revchain_jobs RENAME TO x; CREATE VIEW revchain_jobs AS SELECT * FROM x",
    )
    .unwrap();
    let error = migrations.run_jobs(&mut db, Duration::MAX).unwrap_err();
    assert!(
        format!("{error:#}").contains("is not the table that revchain makes"),
        "{error:#}"
    );
}

#[test]
fn snapshot_has_pending_jobs_and_finished_required_jobs() {
    let fixture = Fixture::new();
    let fill = ("-- @job fill", "");
    let migrations = without_functions(&fixture, &[ITEMS, WAITING, fill]);
    let encoded = build_snapshot(&migrations).unwrap();
    // Each build is identical.
    assert_eq!(build_snapshot(&migrations).unwrap(), encoded);
    let migrations = migrations.with_snapshot(encoded).with_jobs(&FUNCTIONS);
    let mut db = migrations.open(fixture.db()).unwrap();
    let history = migrations.migrator().history(&db).unwrap();
    assert!(history.iter().all(|entry| entry.origin == Origin::Snapshot));
    assert_eq!(
        states(&migrations, &db),
        ["001 raise done", "003 fill pending"]
    );
    assert!(
        migrations
            .run_jobs(&mut db, Duration::MAX)
            .unwrap()
            .is_done()
    );
}

#[test]
fn rows_before_a_required_job_prevent_a_snapshot() {
    let fixture = Fixture::new();
    let rows = ("INSERT INTO items (id) VALUES (1);", "DELETE FROM items;");
    let migrations = without_functions(&fixture, &[ITEMS, rows, OTHER]);
    assert!(build_snapshot(&migrations).is_some());
    let migrations = without_functions(&fixture, &[ITEMS, rows, WAITING]);
    assert!(build_snapshot(&migrations).is_none());
}

#[test]
#[cfg(feature = "stored-downgrades")]
fn older_program_does_not_revert_a_revision_with_a_job() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[OTHER, ITEMS]);
    let mut db = upgraded(&migrations);
    let history = migrations.migrator().history(&db).unwrap();
    assert_eq!(history[1].code, ["raise"]);
    let older = Fixture::new();
    let older = chain(&older, &[OTHER]);
    let migrator = older.migrator().on_newer(revchain::OnNewer::Downgrade);
    let error = migrator.downgrade_to(&mut db, "head").unwrap_err();
    let is_irreversible = matches!(error.conflict(), Some(Conflict::Irreversible { .. }));
    assert!(is_irreversible, "{error:#}");
    assert!(error.to_string().contains("raise"), "{error}");
}
