//! Rows of the table of jobs that something other than revchain has removed or changed.

use std::time::Duration;

use revchain::Conflict;
use revchain::rusqlite::Connection;

use super::{ITEMS, OTHER, WAITING, add_items, chain, done, states};
use crate::support::{Fixture, count, ids};

const LOSSES: [&str; 3] = [
    "DELETE FROM revchain_jobs",
    "DROP TABLE revchain_jobs",
    "ALTER TABLE revchain_jobs RENAME TO old_jobs",
];

#[test]
fn required_job_without_its_row_runs() {
    for loss in LOSSES {
        let fixture = Fixture::new();
        let migrations = chain(&fixture, &[ITEMS, OTHER, WAITING]);
        let mut db = Connection::open(fixture.db()).unwrap();
        migrations.migrator().upgrade_to(&mut db, "002").unwrap();
        add_items(&db, 3);
        db.execute_batch(loss).unwrap();
        db.execute_batch("DROP TABLE IF EXISTS old_jobs").unwrap();
        let report = migrations.upgrade(&mut db).unwrap();
        assert_eq!(report.jobs[0].job, "raise", "{loss}");
        assert_eq!(done(&db), [1]);
        assert_eq!(ids(&db), ["001", "002", "003"]);
        assert_eq!(states(&migrations, &db), ["001 raise done"]);
    }
}

#[test]
fn job_without_its_row_is_unfinished() {
    for loss in LOSSES {
        let fixture = Fixture::new();
        let migrations = chain(&fixture, &[ITEMS, OTHER]);
        let mut db = migrations.open(fixture.db()).unwrap();
        add_items(&db, 3);
        db.execute_batch(loss).unwrap();
        assert_eq!(states(&migrations, &db), ["001 raise pending"], "{loss}");
        let report = migrations.run_jobs(&mut db, Duration::ZERO).unwrap();
        assert_eq!((report.unfinished, report.jobs[0].batches), (1, 1));
        let report = migrations.run_jobs(&mut db, Duration::MAX).unwrap();
        assert!(report.is_done());
        assert_eq!(done(&db), [1]);
        assert_eq!(count(&db, "SELECT count(*) FROM revchain_jobs"), 1);
    }
}

#[test]
fn job_without_its_row_is_listed_in_the_order_of_its_revision() {
    let fixture = Fixture::new();
    let (upgrade, downgrade) = ITEMS;
    let upgrade = format!("-- @job fill\n{upgrade}");
    let migrations = chain(&fixture, &[(&upgrade, downgrade)]);
    let db = migrations.open(fixture.db()).unwrap();
    for job in ["fill", "raise"] {
        let sql = "DELETE FROM revchain_jobs WHERE job = ?1";
        assert_eq!(db.execute(sql, [job]).unwrap(), 1);
        let expected = ["001 fill pending", "001 raise pending"];
        assert_eq!(states(&migrations, &db), expected);
    }
}

#[test]
fn job_without_its_row_is_finished_after_a_requiring_revision() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, WAITING]);
    let mut db = migrations.open(fixture.db()).unwrap();
    add_items(&db, 3);
    db.execute_batch("DROP TABLE revchain_jobs").unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    assert!(
        migrations
            .run_jobs(&mut db, Duration::MAX)
            .unwrap()
            .is_done()
    );
    assert_eq!(done(&db), [0]);
}

#[test]
fn lost_table_of_jobs_prevents_no_stamp_and_no_downgrade() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, OTHER, WAITING]);
    let mut db = Connection::open(fixture.db()).unwrap();
    migrations.migrator().upgrade_to(&mut db, "002").unwrap();
    db.execute_batch("DROP TABLE revchain_jobs; CREATE TABLE waiting (a)")
        .unwrap();
    migrations.migrator().stamp(&mut db, "003").unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    migrations.migrator().downgrade_to(&mut db, "base").unwrap();
    assert!(ids(&db).is_empty());
}

#[test]
fn upgrade_makes_a_finished_job_pending_again() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[OTHER, ITEMS]);
    let mut db = migrations.open(fixture.db()).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM revchain_jobs"), 1);
    migrations.run_jobs(&mut db, Duration::MAX).unwrap();
    // A program without jobs reverts the revision, and leaves the row.
    db.execute_batch("DELETE FROM revchain_history WHERE revision = '002'; DROP TABLE items")
        .unwrap();
    migrations.upgrade(&mut db).unwrap();
    assert_eq!(states(&migrations, &db), ["002 raise pending"]);
    assert_eq!(count(&db, "SELECT count(*) FROM revchain_jobs"), 1);
}

#[test]
fn unknown_jobs_are_read_up_to_a_limit() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let db = migrations.open(fixture.db()).unwrap();
    db.execute_batch(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
         INSERT INTO revchain_jobs (revision, job, state, attempts)
             SELECT 'x' || i, 'raise', 'pending', 0 FROM n",
    )
    .unwrap();
    assert_eq!(states(&migrations, &db).len(), 1001);
}

#[test]
fn job_of_a_revision_without_a_stamp_is_not_restored() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[OTHER, ITEMS]);
    let mut db = Connection::open(fixture.db()).unwrap();
    migrations.migrator().upgrade_to(&mut db, "001").unwrap();
    assert!(states(&migrations, &db).is_empty());
    assert!(
        migrations
            .run_jobs(&mut db, Duration::MAX)
            .unwrap()
            .is_done()
    );
}

#[test]
fn required_job_that_never_gets_finished_is_an_error() {
    for trigger in [
        "CREATE TEMP TRIGGER undo AFTER UPDATE ON main.revchain_jobs BEGIN
           UPDATE revchain_jobs SET state = 'pending'; END",
        "DELETE FROM revchain_jobs;
         CREATE TEMP TRIGGER undo AFTER INSERT ON main.revchain_jobs BEGIN
           DELETE FROM revchain_jobs; END",
    ] {
        let fixture = Fixture::new();
        let migrations = chain(&fixture, &[ITEMS, OTHER, WAITING]);
        let mut db = Connection::open(fixture.db()).unwrap();
        migrations.migrator().upgrade_to(&mut db, "002").unwrap();
        db.execute_batch(trigger).unwrap();
        let error = migrations.upgrade(&mut db).unwrap_err();
        let is_changed = matches!(error.conflict(), Some(Conflict::Changed));
        assert!(is_changed, "{error:#}");
        assert_eq!(ids(&db), ["001", "002"]);
    }
}
