//! The runs of jobs: batches, budgets, and several connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use revchain::rusqlite::Connection;
use revchain::{Jobs, Migrations};

use super::{CALLS, ITEMS, OTHER, add_items, chain, done, only, states, with_hook};
use crate::support::{Fixture, Recorder, count, read_by};

const FILL: (&str, &str) = ("-- @job fill", "");

/// Opens the database of the fixture at the head of the chain.
fn open(fixture: &Fixture, migrations: &Migrations) -> Connection {
    migrations.open(fixture.db()).unwrap()
}

#[test]
fn job_runs_in_batches_until_it_is_done() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = open(&fixture, &migrations);
    add_items(&db, 5);
    let report = migrations.run_jobs(&mut db, Duration::MAX).unwrap();
    assert_eq!((report.jobs.len(), report.unfinished), (1, 0));
    assert!(report.is_done() && report.jobs[0].is_done);
    assert_eq!(report.jobs[0].batches, 3);
    assert_eq!(report.to_string(), "1 job ran: all finished");
    assert_eq!(done(&db), [1]);
    let job = only(&migrations, &db);
    assert_eq!(job.to_string(), "001 raise: done, 5 of 5 rows");
    assert_eq!((job.rows_done, job.rows_total), (Some(5), Some(5)));
    assert!(job.updated_at.is_some() && !job.is_failing());
}

#[test]
fn finished_job_is_not_called_again() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = open(&fixture, &migrations);
    add_items(&db, 2);
    migrations.run_jobs(&mut db, Duration::MAX).unwrap();
    let calls = CALLS.get();
    let report = migrations.run_jobs(&mut db, Duration::MAX).unwrap();
    assert!(report.jobs.is_empty() && report.is_done());
    assert_eq!(report.to_string(), "no unfinished jobs");
    assert_eq!(CALLS.get(), calls);
    assert_eq!(done(&db), [1]);
}

#[test]
fn budget_ends_a_job_after_a_batch_and_the_next_run_goes_on() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    add_items(&open(&fixture, &migrations), 7);
    for batch in 1..=4 {
        // A new connection, as after a crash.
        let mut db = open(&fixture, &migrations);
        let report = migrations.run_jobs(&mut db, Duration::ZERO).unwrap();
        assert_eq!(report.jobs[0].batches, 1);
        assert_eq!(report.unfinished, usize::from(batch < 4));
        let sql = "SELECT count(*) FROM items WHERE done = 1";
        assert_eq!(count(&db, sql), (2 * batch).min(7));
        assert_eq!(
            only(&migrations, &db).rows_done,
            Some((2 * batch).min(7) as u64)
        );
    }
    assert_eq!(done(&open(&fixture, &migrations)), [1]);
}

#[test]
fn budget_leaves_the_next_job_for_the_next_run() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, FILL]);
    let mut db = open(&fixture, &migrations);
    add_items(&db, 1);
    let report = migrations.run_jobs(&mut db, Duration::ZERO).unwrap();
    assert_eq!(report.to_string(), "1 job ran: 1 finished, 1 unfinished");
    assert_eq!(
        states(&migrations, &db),
        ["001 raise done", "002 fill pending"]
    );
    migrations.run_jobs(&mut db, Duration::MAX).unwrap();
    assert_eq!(
        states(&migrations, &db),
        ["001 raise done", "002 fill done"]
    );
    assert_eq!(
        count(&db, "SELECT count(*) FROM items WHERE note IS NULL"),
        0
    );
}

#[test]
fn connections_that_alternate_do_each_row_once() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut connections = [(); 3].map(|()| open(&fixture, &migrations));
    add_items(&connections[0], 20);
    for turn in 0..10 {
        let db = &mut connections[turn % 3];
        migrations.run_jobs(db, Duration::ZERO).unwrap();
    }
    assert_eq!(done(&connections[0]), [1]);
    assert_eq!(states(&migrations, &connections[2]), ["001 raise done"]);
}

#[test]
fn threads_that_run_the_same_job_do_each_row_once() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let db = open(&fixture, &migrations);
    add_items(&db, 200);
    let batches: u64 = thread::scope(|scope| {
        let run = || {
            let mut db = Connection::open(fixture.db()).unwrap();
            let report = migrations.run_jobs(&mut db, Duration::MAX).unwrap();
            assert!(report.is_done());
            report.jobs.iter().map(|job| job.batches).sum::<u64>()
        };
        let threads = [(); 3].map(|()| scope.spawn(run));
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    assert_eq!(batches, 100);
    assert_eq!(done(&db), [1]);
}

/// SQLite's busy handler looks at the lock from time to time, and gives up after 5 seconds.
#[test]
fn other_connection_writes_between_two_batches() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let db = open(&fixture, &migrations);
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    add_items(&db, 50_000);
    let has_written = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let job = scope.spawn(|| {
            let has_written = Arc::clone(&has_written);
            let work = move |_: &Connection, _| {
                if has_written.load(Ordering::Relaxed) {
                    return Err("enough".into());
                }
                thread::sleep(Duration::from_millis(4));
                Ok(())
            };
            let mut db = Connection::open(fixture.db()).unwrap();
            let budget = Duration::from_secs(30);
            with_hook(work, || migrations.run_jobs(&mut db, budget)).unwrap_err();
        });
        while done(&db) == [0] {
            thread::sleep(Duration::from_millis(1));
        }
        for _ in 0..3 {
            let sql = "UPDATE items SET note = 'x' WHERE id = 1";
            db.execute(sql, []).unwrap();
        }
        has_written.store(true, Ordering::Relaxed);
        job.join().unwrap();
    });
}

#[test]
fn open_leaves_jobs_pending_by_default() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, OTHER]);
    let calls = CALLS.get();
    let mut db = open(&fixture, &migrations);
    migrations.upgrade(&mut db).unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise pending"]);
    assert_eq!(CALLS.get(), calls);
}

#[test]
fn open_runs_jobs_to_their_end_if_the_setting_says_so() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, OTHER]);
    add_items(&open(&fixture, &migrations), 5);
    let migrator = migrations.migrator().jobs(Jobs::BeforeOpenReturns);
    // The database is at the head already.
    let db = migrator.open(fixture.db()).unwrap();
    assert_eq!(done(&db), [1]);
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
    let db = migrator.open_in_memory().unwrap();
    assert_eq!(states(&migrations, &db), ["001 raise done"]);
}

#[test]
fn upgrade_at_the_head_reads_no_table() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, OTHER]);
    let mut db = open(&fixture, &migrations);
    let upgrade = |db: &mut Connection| migrations.upgrade(db).unwrap();
    let (_, tables) = read_by(&mut db, upgrade);
    assert!(tables.is_empty(), "{tables:?}");
}

#[test]
fn chain_without_jobs_reads_no_table_of_jobs() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[OTHER]);
    let mut db = open(&fixture, &migrations);
    let run = |db: &mut Connection| {
        let report = migrations.run_jobs(db, Duration::MAX).unwrap();
        assert!(report.is_done());
        assert!(migrations.migrator().job_states(db).unwrap().is_empty());
    };
    let (_, tables) = read_by(&mut db, run);
    assert!(tables.is_empty(), "{tables:?}");
    let sql = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'revchain_jobs%'";
    assert_eq!(count(&db, sql), 0);
}

#[test]
fn events_report_the_progress_after_each_commit() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS]);
    let mut db = open(&fixture, &migrations);
    add_items(&db, 3);
    let recorder = Recorder::new();
    let migrator = migrations.migrator().on_event(|event| {
        recorder.record(event);
        // Another connection sees what the event reports.
        if event.to_string().contains("2 of 3") {
            let other = Connection::open(fixture.db()).unwrap();
            assert_eq!(count(&other, "SELECT sum(done) FROM items"), 2);
        }
    });
    migrator.run_jobs(&mut db, Duration::MAX).unwrap();
    let expected = [
        "running the job raise of 001",
        "the job raise: 2 of 3 rows",
        "the job raise: 3 of 3 rows",
        "finished the job raise of 001",
    ];
    assert_eq!(recorder.take(), expected);
}

#[test]
fn job_without_a_watermark_runs_until_no_row_is_left() {
    let fixture = Fixture::new();
    let migrations = chain(&fixture, &[ITEMS, FILL]);
    let mut db = open(&fixture, &migrations);
    add_items(&db, 4);
    let report = migrations.run_jobs(&mut db, Duration::MAX).unwrap();
    assert_eq!(report.jobs[1].batches, 5);
    assert_eq!(
        count(&db, "SELECT count(*) FROM items WHERE note = 'filled'"),
        4
    );
}
