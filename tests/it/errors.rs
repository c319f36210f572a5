//! Errors as text and as values, and the types that threads share.

use std::error::Error as _;

use revchain::rusqlite::{self, Connection};
use revchain::{Error, ErrorKind, Migrations, Migrator, Plan, Report};

use crate::support::{Fixture, TOKENS};

fn assert_send_sync<T: Send + Sync>() {}

#[test]
fn public_types_are_send_and_sync() {
    assert_send_sync::<Migrations>();
    assert_send_sync::<Migrator<'_>>();
    assert_send_sync::<Plan<'_>>();
    assert_send_sync::<Report>();
    assert_send_sync::<Error>();
}

#[test]
fn error_is_static_and_pointer_sized() {
    fn check<T: std::error::Error + 'static>() {}
    check::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

/// Returns the error of an insert that violates a UNIQUE constraint.
fn failed_insert(fixture: &Fixture) -> Error {
    let upgrade = "CREATE TABLE a (b UNIQUE); INSERT INTO a VALUES (1), (1);";
    let chain = fixture.chain(&[(upgrade, "DROP TABLE a;")]);
    chain.open(fixture.db()).unwrap_err()
}

/// Returns the error of an older program that opens the database of a newer one.
fn newer_database(fixture: &Fixture) -> Error {
    drop(fixture.tables(2).open(fixture.db()).unwrap());
    fixture.tables(1).open(fixture.db()).unwrap_err()
}

#[test]
fn failing_statement_has_the_sqlite_error_as_source() {
    let error = failed_insert(&Fixture::new());
    let source = error.source().unwrap();
    assert!(source.is::<rusqlite::Error>());
    let cause = source.to_string();
    assert_eq!(cause, "UNIQUE constraint failed: a.b");
    assert!(!error.to_string().contains(&cause), "{error}");
    let text = format!("{error:#}");
    assert_eq!(text.matches(&cause).count(), 1, "{text}");
}

#[test]
fn unopenable_file_has_the_sqlite_error_as_source() {
    let fixture = Fixture::new();
    let error = TOKENS.open(fixture.path("missing/app.db")).unwrap_err();
    assert!(error.source().unwrap().is::<rusqlite::Error>());
    assert!(matches!(error.kind(), ErrorKind::Open { .. }), "{error}");
}

#[test]
fn conflict_has_no_source() {
    let error = newer_database(&Fixture::new());
    assert!(error.source().is_none(), "{error}");
}

#[test]
fn help_is_separate_from_the_message() {
    let error = newer_database(&Fixture::new());
    let help = error.help().unwrap();
    assert!(help.lines().count() > 1, "{help}");
    let message = error.to_string();
    assert!(
        !message.contains("help:") && help.lines().all(|line| !message.contains(line)),
        "{message}"
    );
    let help = help.replace('\n', "\nhelp: ");
    let more = "more: run `revchain explain newer`";
    assert_eq!(
        format!("{error:#}"),
        format!("{message}\nhelp: {help}\n{more}")
    );
}

#[test]
fn error_without_help_shows_none() {
    let error = failed_insert(&Fixture::new());
    assert_eq!(error.help(), None);
    assert!(!format!("{error:#}").contains("help:"), "{error:#}");
}

#[test]
fn display_adds_the_database_to_the_message() {
    let fixture = Fixture::new();
    let error = failed_insert(&fixture);
    let path = fixture.db().display().to_string();
    assert_eq!(error.to_string(), format!("{path}: {}", error.message()));
    // A database in memory has no path.
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE users (a)").unwrap();
    let error = TOKENS.migrator().pending(&db).unwrap_err();
    assert_eq!(error.to_string(), error.message());
}

#[test]
fn debug_shows_message_cause_and_help() {
    for error in [
        failed_insert(&Fixture::new()),
        newer_database(&Fixture::new()),
    ] {
        assert_eq!(format!("{error:?}"), format!("{error:#}"));
    }
}

/// Returns the error of an upgrade to 002 of a database at 001, where `t` has these rows.
fn failed_upgrade(fixture: &Fixture, rows: &str, upgrade: &str) -> Error {
    let chain = fixture.chain(&[
        ("CREATE TABLE t (a, b);", "DROP TABLE t;"),
        (upgrade, "SELECT 1;"),
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch(&format!("INSERT INTO t VALUES {rows}"))
        .unwrap();
    chain.upgrade(&mut db).unwrap_err()
}

#[test]
fn duplicates_for_a_unique_index_are_listed() {
    let rows = "(1, 'x'), (1, 'x'), (1, 'y'), (NULL, 'x'), (NULL, 'x')";
    let upgrade = "CREATE UNIQUE INDEX i ON t (a, b);";
    let text = format!("{:#}", failed_upgrade(&Fixture::new(), rows, upgrade));
    assert!(
        text.ends_with(
            "rolled back: the database is still at 001\n\
             duplicates in t(a, b):\n\
             \x20 t: a = 1, b = 'x' (2 rows)\n\
             help: correct the rows in the database, or in the migration before the statement\n\
             help: until then, run the version of the program whose head is 001\n\
             more: run `revchain explain statement`"
        ),
        "{text}"
    );
}

#[test]
fn long_text_of_a_listed_row_is_shortened() {
    let long = "x".repeat(41);
    let rows = format!("(1, '{long}'), (1, '{long}')");
    let upgrade = "CREATE UNIQUE INDEX i ON t (a, b);";
    let text = failed_upgrade(&Fixture::new(), &rows, upgrade).to_string();
    assert!(text.contains(&format!(" b = '{}…' ", &long[1..])), "{text}");
}

#[test]
fn rows_that_a_rebuild_rejects_are_listed() {
    for (constraint, rows, expected) in [
        (
            "UNIQUE",
            "(1, 2), (1, 3)",
            "duplicates in t(a):\n  t: a = 1 (2 rows)\n",
        ),
        (
            "NOT NULL",
            "(NULL, 2), (1, 3)",
            "rows with NULL in t(a):\n  t: a = NULL (1 row)\n",
        ),
    ] {
        let upgrade = format!(
            "CREATE TABLE n (a {constraint}, b); INSERT INTO n SELECT a, b FROM t;
             DROP TABLE t; ALTER TABLE n RENAME TO t;"
        );
        let text = format!("{:#}", failed_upgrade(&Fixture::new(), rows, &upgrade));
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn rows_outside_of_a_partial_index_are_not_listed() {
    let rows = "(1, 2), (1, 2), (3, 0), (3, 0)";
    let upgrade = "CREATE UNIQUE INDEX i ON t (a) WHERE b > 0;";
    let error = failed_upgrade(&Fixture::new(), rows, upgrade);
    assert_eq!(error.code(), "statement");
    assert!(!error.to_string().contains("duplicates"), "{error}");
}

#[test]
fn statement_is_not_shown_for_a_full_disk() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    let pages: i64 = db
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    db.pragma_update(None, "max_page_count", pages).unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "disk-full");
    let text = format!("{error:#}");
    assert!(
        text.contains("the upgrade of 002 failed: database or disk is full\n")
            && text.contains("\nrolled back: the database is still at 001\nhelp: free space on "),
        "{text}"
    );
    assert!(!text.contains("CREATE TABLE"), "{text}");
}
