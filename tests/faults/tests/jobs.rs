//! Processes that are killed while they run a job: each row is done once.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[path = "../src/jobs.rs"]
mod jobs;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jobs::{BATCH, JOBS};
use revchain::JobState;
use revchain::rusqlite::Connection;

/// The number of processes that are killed.
const KILLS: usize = 50;

/// Makes a database at 001 with this number of items.
fn database(directory: &Path, items: i64, journal: &str) -> Connection {
    let mut db = Connection::open(directory.join("app.db")).unwrap();
    db.pragma_update(None, "journal_mode", journal).unwrap();
    JOBS.migrator().upgrade_to(&mut db, "001").unwrap();
    let sql = "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?1)
               INSERT INTO items (id, done) SELECT id, 0 FROM n";
    db.execute(sql, [items]).unwrap();
    db
}

/// Runs a task in a process that is killed before a call on the files of the database.
///
/// Returns `true` if the process was killed, and `false` if it has finished the task before.
fn run_until_killed(task: &str, directory: &Path, call: usize) -> bool {
    let library = std::env::current_exe()
        .unwrap()
        .with_file_name("librevchain_faults.so");
    assert!(library.exists(), "{}", library.display());
    let output = Command::new(env!("CARGO_BIN_EXE_fault-child"))
        .arg(task)
        .arg(directory.join("app.db"))
        .env("LD_PRELOAD", library)
        .env("FAULT_DIRECTORY", directory)
        .env("FAULT_CALLS", "any")
        .env("FAULT_HOW", "kill")
        .env("FAULT_AT", call.to_string())
        .output()
        .unwrap();
    let code = output.status.code();
    assert!(matches!(code, None | Some(0)), "{output:?}");
    code.is_none()
}

/// Asserts that the items of complete batches are done once, and the others not yet.
fn assert_progress(directory: &Path, items: i64) -> i64 {
    let db = Connection::open(directory.join("app.db")).unwrap();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let done = count("SELECT count(*) FROM items WHERE done = 1");
    assert_eq!(count("SELECT sum(done) FROM items"), done);
    assert_eq!(
        count("SELECT coalesce(max(id), 0) FROM items WHERE done = 1"),
        done
    );
    assert!(done % BATCH == 0 || done == items, "{done} of {items}");
    let watermark = count("SELECT coalesce(watermark, 0) FROM revchain_jobs");
    assert!(
        watermark == done || done == items,
        "{watermark}, but {done} are done"
    );
    let integrity: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(integrity, "ok");
    done
}

#[test]
fn job_that_is_killed_fifty_times_does_each_row_once() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let items = 1500;
    drop(database(directory, items, "delete"));
    // A kill before each of the first calls would never let a batch be committed.
    let calls = (0..).map(|turn: usize| 40 + turn * 37 % 160);
    let (mut kills, mut last) = (0, 0);
    for call in calls.take(20 * KILLS) {
        if !run_until_killed("jobs", directory, call) {
            break;
        }
        kills += 1;
        let done = assert_progress(directory, items);
        assert!(done >= last, "{done} after {last}");
        last = done;
        if kills == KILLS {
            break;
        }
    }
    assert_eq!(kills, KILLS, "the job was finished before");
    assert!(
        0 < last && last < items,
        "{last} of {items} after {KILLS} kills"
    );
    let mut db = Connection::open(directory.join("app.db")).unwrap();
    assert!(JOBS.run_jobs(&mut db, Duration::MAX).unwrap().is_done());
    assert_eq!(assert_progress(directory, items), items);
}

#[test]
fn upgrade_that_is_killed_before_any_call_goes_on() {
    for journal in ["delete", "wal"] {
        let mut kills = 0;
        for call in 1.. {
            let directory = tempfile::tempdir().unwrap();
            let directory = directory.path();
            let items = 2 * BATCH + 1;
            // In WAL mode, the last connection to close would otherwise remove the WAL.
            drop(database(directory, items, journal));
            let was_killed = run_until_killed("required-job", directory, call);
            assert_progress(directory, items);
            let mut db = Connection::open(directory.join("app.db")).unwrap();
            JOBS.upgrade(&mut db).unwrap();
            assert_eq!(assert_progress(directory, items), items);
            let jobs = JOBS.migrator().job_states(&db).unwrap();
            assert_eq!(jobs[0].state, JobState::Done);
            assert!(JOBS.check(&db).unwrap().is_same());
            if !was_killed {
                break;
            }
            kills += 1;
        }
        assert!(kills > 30, "{journal}: {kills}");
    }
}
