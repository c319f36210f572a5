//! Rehearsals: what a request would do, done to a copy.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Place, TOKENS, count, ids};
use revchain::rusqlite::Connection;
use revchain::{Outcome, Report};

const STEPS: [(&str, &str); 2] = [
    ("CREATE TABLE a (x); CREATE TABLE gone (x);", "DROP TABLE gone; DROP TABLE a;"),
    (
        "CREATE TABLE b AS SELECT x FROM a; DELETE FROM a WHERE x > 1; DROP TABLE gone; CREATE INDEX i ON a (x);",
        "DROP INDEX i; CREATE TABLE gone (x); DROP TABLE b;",
    ),
];

fn rows(report: &Report) -> Vec<(&str, Option<u64>, Option<u64>)> {
    let rehearsal = report.rehearsal.as_ref().unwrap();
    rehearsal.tables.iter().map(|rows| (rows.table.as_str(), rows.before, rows.after)).collect()
}

#[test]
fn a_rehearsal_tells_what_came_of_it_and_leaves_the_database_as_it_is() {
    for journal in ["delete", "wal"] {
        let place = Place::new();
        let chain = place.chain(&STEPS);
        let mut db = Connection::open(place.db()).unwrap();
        db.pragma_update(None, "journal_mode", journal).unwrap();
        chain.upgrade_to(&mut db, "001").unwrap();
        db.execute_batch("INSERT INTO a VALUES (1), (2), (3); INSERT INTO gone VALUES (7)").unwrap();
        let before = (fs::read(place.db()).unwrap(), fs::read(place.path("app.db-wal")).ok());
        let options = chain.options().backup(place.path("backups"), 1).rehearse(true);
        let report = options.upgrade(&mut db).unwrap();
        assert_eq!((report.outcome, report.applied.len()), (Outcome::Upgraded, 1));
        assert_eq!(rows(&report), [("a", Some(3), Some(1)), ("b", None, Some(3)), ("gone", Some(1), None)]);
        let diff: Vec<_> = report.rehearsal.as_ref().unwrap().diff.lines().collect();
        assert_eq!(diff, ["- table gone (x)", "+ table b (x)", "+ index i ON a (x)"]);
        assert_eq!(report.backup, None);
        // A copy that is opened can be looked at.
        let copy = options.open(place.db()).unwrap();
        assert_eq!(ids(&copy), ["001", "002"]);
        assert_eq!(count(&copy, "SELECT count(*) FROM b"), 3);
        drop(copy);
        assert_eq!(
            (fs::read(place.db()).unwrap(), fs::read(place.path("app.db-wal")).ok()),
            before,
            "{journal}"
        );
        assert!(!place.path("backups").exists());
        // What was rehearsed can be done.
        assert_eq!(options.clone().rehearse(false).upgrade(&mut db).unwrap().rehearsal, None);
        let report = options.downgrade_to(&mut db, "-1").unwrap();
        assert_eq!(rows(&report), [("a", Some(1), Some(1)), ("gone", None, Some(0)), ("b", Some(3), None)]);
        assert_eq!(ids(&db), ["001", "002"]);
        let idle = options.upgrade(&mut db).unwrap();
        assert_eq!((idle.outcome, idle.rehearsal), (Outcome::UpToDate, None));
    }
}

#[test]
fn what_would_fail_fails_in_the_rehearsal() {
    let place = Place::new();
    let chain = place.chain(&[STEPS[0], ("CREATE UNIQUE INDEX i ON a (x);", "DROP INDEX i;")]);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("INSERT INTO a VALUES (1), (1)").unwrap();
    let error = chain.options().rehearse(true).upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "statement");
    assert!(
        error.to_string().contains("app.db: the upgrade of 002 failed: UNIQUE constraint failed"),
        "{error}"
    );
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn a_database_that_is_not_there_is_not_made_by_a_rehearsal() {
    let place = Place::new();
    let copy = TOKENS.options().rehearse(true).open(place.db()).unwrap();
    assert_eq!(ids(&copy).len(), 9);
    assert_eq!(place.files(), [""; 0]);
    let mut memory = Connection::open_in_memory().unwrap();
    let report = TOKENS.options().rehearse(true).upgrade(&mut memory).unwrap();
    assert_eq!((report.outcome, report.applied.len()), (Outcome::New, 9));
    assert_eq!(count(&memory, "SELECT count(*) FROM sqlite_master"), 0);
}

#[test]
fn a_database_from_before_the_migrations_is_rehearsed_too() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch(TOKENS.revisions()[0].upgrade().sql()).unwrap();
    let report = TOKENS.options().rehearse(true).upgrade(&mut db).unwrap();
    assert_eq!((report.outcome, report.stamped.len(), report.applied.len()), (Outcome::Adopted, 1, 8));
    assert_eq!(count(&db, "SELECT count(*) FROM sqlite_master WHERE name = 'revchain_history'"), 0);
}
