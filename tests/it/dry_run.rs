//! Dry runs: a request applied to a copy of the database.

use std::fs;

use revchain::rusqlite::Connection;
use revchain::{DryRun, Outcome, Request, Target};

use crate::support::{Fixture, TOKENS, count, ids};

const STEPS: [(&str, &str); 2] = [
    (
        "CREATE TABLE a (x); CREATE TABLE gone (x);",
        "DROP TABLE gone; DROP TABLE a;",
    ),
    (
        "CREATE TABLE b AS SELECT x FROM a; DELETE FROM a WHERE x > 1; DROP TABLE gone;
         CREATE INDEX i ON a (x);",
        "DROP INDEX i; CREATE TABLE gone (x); DROP TABLE b;",
    ),
];

const UPGRADE: Request = Request::Upgrade(Target::Head);

fn table_rows(dry_run: &DryRun) -> Vec<(&str, Option<u64>, Option<u64>)> {
    dry_run
        .tables
        .iter()
        .map(|rows| (rows.table.as_str(), rows.before, rows.after))
        .collect()
}

#[test]
fn dry_run_reports_changes_and_keeps_the_database() {
    for journal in ["delete", "wal"] {
        let fixture = Fixture::new();
        let chain = fixture.chain(&STEPS);
        let mut db = Connection::open(fixture.db()).unwrap();
        db.pragma_update(None, "journal_mode", journal).unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        db.execute_batch("INSERT INTO a VALUES (1), (2), (3); INSERT INTO gone VALUES (7)")
            .unwrap();
        let before = (
            fs::read(fixture.db()).unwrap(),
            fs::read(fixture.path("app.db-wal")).ok(),
        );
        let migrator = chain.migrator().backup(fixture.path("backups"), 1);
        let dry_run = migrator.dry_run(&db, UPGRADE).unwrap();
        let report = &dry_run.report;
        assert_eq!(
            (report.outcome, report.applied.len()),
            (Outcome::Upgraded, 1)
        );
        assert_eq!(
            table_rows(&dry_run),
            [
                ("a", Some(3), Some(1)),
                ("b", None, Some(3)),
                ("gone", Some(1), None)
            ]
        );
        let diff: Vec<_> = dry_run.diff.lines().collect();
        assert_eq!(
            diff,
            ["- table gone (x)", "+ table b (x)", "+ index i ON a (x)"]
        );
        assert_eq!(report.backup, None);
        // The copy can be queried.
        assert_eq!(ids(&dry_run.connection), ["001", "002"]);
        assert_eq!(count(&dry_run.connection, "SELECT count(*) FROM b"), 3);
        drop(dry_run);
        assert_eq!(
            (
                fs::read(fixture.db()).unwrap(),
                fs::read(fixture.path("app.db-wal")).ok()
            ),
            before,
            "{journal}"
        );
        assert!(!fixture.path("backups").exists());
        // The upgrade itself succeeds after the dry run.
        let report = migrator.upgrade(&mut db).unwrap();
        assert_eq!(report.outcome, Outcome::Upgraded);
        let downgrade = Request::Downgrade("-1".into());
        let dry_run = migrator.dry_run(&db, downgrade).unwrap();
        assert_eq!(
            table_rows(&dry_run),
            [
                ("a", Some(1), Some(1)),
                ("gone", None, Some(0)),
                ("b", Some(3), None)
            ]
        );
        assert_eq!(ids(&db), ["001", "002"]);
        let idle = migrator.dry_run(&db, UPGRADE).unwrap();
        assert_eq!(idle.report.outcome, Outcome::UpToDate);
        assert!(idle.diff.is_empty());
        assert_eq!(
            table_rows(&idle),
            [("a", Some(1), Some(1)), ("b", Some(3), Some(3))]
        );
    }
}

#[test]
fn failing_upgrade_fails_the_dry_run() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[
        STEPS[0],
        ("CREATE UNIQUE INDEX i ON a (x);", "DROP INDEX i;"),
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("INSERT INTO a VALUES (1), (1)").unwrap();
    let error = chain.migrator().dry_run(&db, UPGRADE).unwrap_err();
    assert_eq!(error.code(), "statement");
    let text = format!("{error:#}");
    assert!(
        text.contains("app.db: the upgrade of 002 failed: UNIQUE constraint failed: a.x\n"),
        "{text}"
    );
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn dry_run_leaves_a_new_database_empty() {
    let fixture = Fixture::new();
    let file = Connection::open(fixture.db()).unwrap();
    let memory = Connection::open_in_memory().unwrap();
    for db in [file, memory] {
        let dry_run = TOKENS.migrator().dry_run(&db, UPGRADE).unwrap();
        let report = &dry_run.report;
        assert_eq!((report.outcome, report.applied.len()), (Outcome::New, 9));
        assert_eq!(ids(&dry_run.connection).len(), 9);
        assert_eq!(count(&db, "SELECT count(*) FROM sqlite_master"), 0);
    }
    assert_eq!(fixture.files(), ["app.db"]);
    assert_eq!(fs::metadata(fixture.db()).unwrap().len(), 0);
}

#[test]
fn unmanaged_database_supports_a_dry_run() {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(TOKENS.revisions()[0].upgrade().sql())
        .unwrap();
    let report = TOKENS.migrator().dry_run(&db, UPGRADE).unwrap().report;
    assert_eq!(
        (report.outcome, report.stamped.len(), report.applied.len()),
        (Outcome::Adopted, 1, 8)
    );
    assert_eq!(
        count(
            &db,
            "SELECT count(*) FROM sqlite_master WHERE name = 'revchain_history'"
        ),
        0
    );
}
