//! The pool: new and old databases, and errors before the pool waits.

use std::thread;
use std::time::{Duration, Instant};

use revchain::rusqlite::Connection;

use super::*;

/// Returns a directory for the database of a test.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn threads_share_a_new_database() {
    let directory = directory();
    let pool = open(&directory.path().join("new.db"), &MIGRATIONS.migrator()).unwrap();
    thread::scope(|scope| {
        for number in 0..8 {
            let pool = &pool;
            scope.spawn(move || add(pool, &format!("note {number}")).unwrap());
        }
    });
    assert_eq!(notes(&pool).unwrap().len(), 8);
}

#[test]
fn old_database_keeps_its_notes() {
    let directory = directory();
    let path = directory.path().join("old.db");
    let mut old = Connection::open(&path).unwrap();
    MIGRATIONS.migrator().upgrade_to(&mut old, "001").unwrap();
    old.execute("INSERT INTO notes (text) VALUES ('old')", [])
        .unwrap();
    let pool = open(&path, &MIGRATIONS.migrator()).unwrap();
    assert_eq!(notes(&pool).unwrap(), ["old"]);
}

#[test]
fn upgrade_fails_after_the_busy_timeout() {
    let directory = directory();
    let path = directory.path().join("old.db");
    let mut holder = Connection::open(&path).unwrap();
    MIGRATIONS
        .migrator()
        .upgrade_to(&mut holder, "001")
        .unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let migrator = MIGRATIONS
        .migrator()
        .busy_timeout(Duration::from_millis(50));
    let error = open(&path, &migrator).unwrap_err();
    assert_eq!(
        error.downcast_ref::<revchain::Error>().unwrap().code(),
        "busy"
    );
}

#[test]
fn missing_directory_fails_without_a_wait() {
    let directory = directory();
    let start = Instant::now();
    let path = directory.path().join("missing/new.db");
    let error = open(&path, &MIGRATIONS.migrator()).unwrap_err();
    assert!(error.is::<revchain::Error>(), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
}
