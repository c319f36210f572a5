//! Older programs and newer databases: the error, and revisions declared `@compatible`.

use std::fs;

use revchain::rusqlite::Connection;
use revchain::{Conflict, Outcome, SchemaCheck};
use revchain_prove::migrations_from_directory;

use crate::support::{Fixture, NOTES, Recorder, TAGS, dump, newer_database, program, rows, schema};

#[test]
fn newer_database_is_rejected_and_unchanged() {
    let fixture = Fixture::new();
    let newer = fixture.tables(5);
    drop(newer.open(fixture.db()).unwrap());
    let before = fs::read(fixture.db()).unwrap();
    let older = fixture.tables(3);
    let error = older.open(fixture.db()).unwrap_err();
    match error.conflict() {
        Some(Conflict::Newer {
            unknown,
            head,
            is_related,
            ..
        }) => {
            let ids: Vec<_> = unknown
                .iter()
                .map(|newer| newer.revision.as_str())
                .collect();
            assert_eq!(
                (ids, head.as_str(), *is_related),
                (vec!["004", "005"], "003", true)
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(
        error.to_string().contains(
            "app.db: the database is newer than this program, whose head is 003; it has\n"
        ),
        "{error}"
    );
    assert_eq!(
        format!("{error:?}"),
        format!("{error:#}"),
        "`main` prints the same text"
    );
    assert_eq!(fs::read(fixture.db()).unwrap(), before);
    // The history remains readable.
    let db = Connection::open(fixture.db()).unwrap();
    assert_eq!(older.migrator().history(&db).unwrap().len(), 5);
}

#[test]
fn database_of_another_chain_is_not_reported_as_newer() {
    let fixture = Fixture::new();
    drop(fixture.tables(2).open(fixture.db()).unwrap());
    let error = {
        let text = "-- A.\n-- @revises base\n-- @upgrade\nCREATE TABLE x (a);\n-- @downgrade\nDROP TABLE x;\n";
        let directory = fixture.path("other");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("20260101_0000_abc_x.sql"), text).unwrap();
        migrations_from_directory(&directory)
            .unwrap()
            .open(fixture.db())
            .unwrap_err()
    };
    assert!(
        matches!(
            error.conflict(),
            Some(Conflict::Newer {
                is_related: false,
                ..
            })
        ),
        "{error}"
    );
    assert_eq!(error.code(), "newer");
    assert!(error.to_string().contains("another chain"), "{error}");
    // The unknown revisions are still described.
    let Some(Conflict::Newer { unknown, .. }) = error.conflict() else {
        panic!("{error}")
    };
    assert_eq!(unknown.len(), 2);
    assert!(
        unknown.iter().all(|newer| newer.stored.summary.is_some()),
        "{unknown:?}"
    );
}

#[test]
fn newer_revisions_are_listed_with_time_and_program() {
    let fixture = Fixture::new();
    let db = newer_database(&fixture);
    db.execute_batch(
        "UPDATE revchain_history SET applied_at = 1795251600000 WHERE revision = '003'",
    )
    .unwrap();
    let error = program(&fixture, &[NOTES]).open(fixture.db()).unwrap_err();
    let Some(Conflict::Newer { unknown, .. }) = error.conflict() else {
        panic!("{error}")
    };
    let programs: Vec<_> = unknown
        .iter()
        .map(|newer| newer.stored.program.as_deref())
        .collect();
    assert_eq!(programs, [Some("notes 3.0"), Some("notes 3.0")]);
    let message = format!("{error:#}");
    assert!(
        message
            .contains("is newer than this program, whose head is 001; it has\n  002  Step 002. ("),
        "{message}"
    );
    assert!(
        message.contains("\n  003  Step 003. (2026-11-21 09:00, by notes 3.0)\n"),
        "{message}"
    );
    assert!(
        message.contains(
            "\nhelp: use a version of the program that has 003\n\
             help: or run `downgrade -r 001` with that version, "
        ),
        "{message}"
    );
    assert!(
        message.ends_with(
            ", which loses what the newer revisions added\n\
             more: run `revchain explain newer`"
        ),
        "{message}"
    );
}

#[test]
fn newer_revisions_are_not_reverted_by_default() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let older = program(&fixture, &[NOTES]);
    let before = (
        schema(&db),
        rows(&db),
        dump(&db, "SELECT * FROM revchain_history"),
    );
    assert_eq!(
        older
            .migrator()
            .downgrade_to(&mut db, "001")
            .unwrap_err()
            .code(),
        "newer"
    );
    assert_eq!(older.upgrade(&mut db).unwrap_err().code(), "newer");
    assert_eq!(
        (
            schema(&db),
            rows(&db),
            dump(&db, "SELECT * FROM revchain_history")
        ),
        before
    );
}

#[test]
fn compatible_revisions_are_opened_silently() {
    let fixture = Fixture::new();
    let newer = program(&fixture, &[NOTES, TAGS]);
    drop(newer.open(fixture.db()).unwrap());
    let before = fs::read(fixture.db()).unwrap();
    let older = program(&fixture, &[NOTES]);
    let events = Recorder::new();
    let migrator = older.migrator().on_event(|event| events.record(event));
    let mut db = migrator.open(fixture.db()).unwrap();
    db.execute_batch("BEGIN; INSERT INTO notes (body) VALUES ('eggs'); ROLLBACK")
        .unwrap();
    let report = migrator.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::UpToDate);
    assert_eq!(
        (report.from.as_deref(), report.to.as_deref()),
        (Some("002"), Some("002"))
    );
    assert_eq!(
        older
            .migrator()
            .current(&db)
            .unwrap()
            .map(|revision| revision.id()),
        Some("001")
    );
    assert_eq!(older.migrator().pending(&db).unwrap().len(), 0);
    let check = older.check(&db).unwrap();
    assert!(matches!(check, SchemaCheck::Unknown { .. }));
    assert_eq!(
        check.to_string(),
        "the schema of 002 is not known: a newer program has added the revision"
    );
    assert_eq!(events.take(), Vec::<String>::new());
    // An unchanged file keeps the marker of the newer program.
    assert_eq!(fs::read(fixture.db()).unwrap(), before);
    // The older program cannot downgrade or stamp below a compatible newer revision.
    assert_eq!(
        older
            .migrator()
            .downgrade_to(&mut db, "base")
            .unwrap_err()
            .code(),
        "newer"
    );
    assert_eq!(
        older.migrator().stamp(&mut db, "001").unwrap_err().code(),
        "newer"
    );
}

#[test]
fn one_incompatible_revision_is_enough_to_reject() {
    let fixture = Fixture::new();
    drop(newer_database(&fixture));
    assert_eq!(
        program(&fixture, &[NOTES])
            .open(fixture.db())
            .unwrap_err()
            .code(),
        "newer"
    );
}

#[test]
fn compatible_revisions_do_not_hide_other_conflicts() {
    let fixture = Fixture::new();
    drop(
        program(&fixture, &[NOTES, TAGS])
            .open(fixture.db())
            .unwrap(),
    );
    // The pending revision is on another branch than the newer one.
    let other = (
        "012",
        "001",
        "",
        "CREATE TABLE links (a);",
        "DROP TABLE links;",
    );
    assert_eq!(
        program(&fixture, &[NOTES, other])
            .open(fixture.db())
            .unwrap_err()
            .code(),
        "newer"
    );
    let edited = (
        "001",
        "base",
        "",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body);",
        "DROP TABLE notes;",
    );
    assert_eq!(
        program(&fixture, &[edited])
            .open(fixture.db())
            .unwrap_err()
            .code(),
        "edited"
    );
    // Every revision is compatible, but belongs to another chain.
    let fixture = Fixture::new();
    let first = (
        "011",
        "base",
        "-- @compatible\n",
        "CREATE TABLE a (b);",
        "DROP TABLE a;",
    );
    drop(program(&fixture, &[first]).open(fixture.db()).unwrap());
    assert_eq!(
        program(&fixture, &[NOTES])
            .open(fixture.db())
            .unwrap_err()
            .code(),
        "newer"
    );
}
