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
