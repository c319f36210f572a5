//! `redo`: revisions that the database has in another form than the chain.

use revchain::rusqlite::Connection;
use revchain::rusqlite::functions::FunctionFlags;
use revchain::{Error, ErrorKind, Migrations, Outcome, Request};

use crate::support::{
    Fixture, NOTES, Recorder, Step, TAGS, TITLES, count, dump, ids, newer_database, program, rows,
    schema,
};

/// [`TITLES`], edited: the column has another name and no index.
const SUBJECTS: Step<'_> = (
    "003",
    "002",
    "",
    "ALTER TABLE notes ADD COLUMN subject TEXT;",
    "ALTER TABLE notes DROP COLUMN subject;",
);

/// Returns all that a redo can change.
fn content(db: &Connection) -> (String, String, String, i64) {
    let history = dump(db, "SELECT * FROM revchain_history");
    let marker = count(db, "SELECT user_version FROM pragma_user_version");
    (schema(db), rows(db), history, marker)
}

/// Asserts that a redo fails with this code, and that it changes nothing.
fn assert_rolled_back(migrations: &Migrations, db: &mut Connection, code: &str) -> Error {
    let before = content(db);
    let error = migrations.migrator().redo(db).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert_eq!(content(db), before);
    assert_eq!(count(db, "SELECT foreign_keys FROM pragma_foreign_keys"), 1);
    error
}

#[test]
fn edited_draft_is_applied_anew_and_rows_are_kept() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let edited = program(&fixture, &[NOTES, TAGS, SUBJECTS]);
    assert_eq!(edited.upgrade(&mut db).unwrap_err().code(), "edited");
    let events = Recorder::new();
    let migrator = edited.migrator().on_event(|event| events.record(event));
    let report = migrator.redo(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::Redone);
    assert!(
        report
            .to_string()
            .starts_with("redone at 003: 1 revision reverted, 1 revision applied in "),
        "{report}"
    );
    assert_eq!(
        events.take(),
        [
            "003 → 003, 2 to do",
            "downgrading 003: Step 003.",
            "downgraded 003",
            "upgrading to 003: Step 003.",
            "upgraded to 003",
            "committed at 003"
        ]
    );
    assert_eq!(
        rows(&db),
        "notes\nInteger(1) milk Null \ntags\nInteger(1) home \n"
    );
    assert_eq!(ids(&db), ["001", "002", "003"]);
    assert!(edited.check(&db).unwrap().is_same());
    assert_eq!(edited.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert_ne!(
        count(&db, "SELECT user_version FROM pragma_user_version"),
        0
    );
}

#[test]
fn unchanged_revision_above_an_edited_one_is_applied_anew() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let labels: Step<'_> = (
        "002",
        "001",
        "",
        "CREATE TABLE labels (note INTEGER REFERENCES notes (id), label TEXT);",
        "DROP TABLE labels;",
    );
    let edited = program(&fixture, &[NOTES, labels, TITLES]);
    let report = edited.migrator().redo(&mut db).unwrap();
    let reverted = report.reverted.iter().map(|reverted| &*reverted.revision);
    assert_eq!(reverted.collect::<Vec<_>>(), ["003", "002"]);
    assert_eq!(report.applied.len(), 2);
    assert!(edited.check(&db).unwrap().is_same());
    assert_eq!(count(&db, "SELECT count(*) FROM notes"), 1);
}

#[test]
fn newest_revision_is_redone_if_nothing_was_edited() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let same = program(&fixture, &[NOTES, TAGS, TITLES]);
    let before = schema(&db);
    let report = same.migrator().redo(&mut db).unwrap();
    assert_eq!((report.reverted.len(), report.applied.len()), (1, 1));
    assert_eq!(schema(&db), before);
    assert_eq!(ids(&db), ["001", "002", "003"]);
}

#[test]
fn failure_in_the_middle_of_a_redo_changes_nothing() {
    let fixture = Fixture::new();
    let first = ("CREATE TABLE a (b);", "DROP TABLE a;");
    let draft = ("CREATE TABLE c (d);", "DROP TABLE c;");
    let chain = fixture.chain(&[first, draft]);
    let mut db = chain.open(fixture.db()).unwrap();
    db.execute_batch("INSERT INTO a VALUES (1); INSERT INTO c VALUES (2)")
        .unwrap();
    let upgrade =
        "CREATE TABLE c (d, e); INSERT INTO a VALUES (3); INSERT INTO nowhere VALUES (1);";
    let edited = fixture.chain(&[first, (upgrade, "DROP TABLE c;")]);
    assert_rolled_back(&edited, &mut db, "statement");
}

#[test]
fn redo_that_breaks_a_foreign_key_changes_nothing() {
    let fixture = Fixture::new();
    let first = (
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, folder INTEGER REFERENCES folders (id));",
        "DROP TABLE notes;",
    );
    let draft = (
        "CREATE TABLE folders (id INTEGER PRIMARY KEY);",
        "DROP TABLE folders;",
    );
    let mut db = fixture.chain(&[first, draft]).open(fixture.db()).unwrap();
    db.execute_batch("INSERT INTO folders VALUES (5); INSERT INTO notes VALUES (1, 5)")
        .unwrap();
    let edited = (
        "CREATE TABLE folders (id INTEGER PRIMARY KEY, name);",
        draft.1,
    );
    let edited = fixture.chain(&[first, edited]);
    assert_rolled_back(&edited, &mut db, "foreign-keys");
}

#[test]
fn stored_downgrade_that_leaves_a_table_changes_nothing() {
    let fixture = Fixture::new();
    let first = ("CREATE TABLE a (b);", "DROP TABLE a;");
    let draft = (
        "CREATE TABLE c (d); CREATE TABLE left_over (e);",
        "DROP TABLE c;",
    );
    let mut db = fixture.chain(&[first, draft]).open(fixture.db()).unwrap();
    let edited = fixture.proven(&[first, ("CREATE TABLE c (d, e);", "DROP TABLE c;")]);
    let error = assert_rolled_back(&edited, &mut db, "wrong-schema");
    // The schema is compared before the first upgrade runs.
    assert!(
        matches!(error.kind(), ErrorKind::WrongSchema { revision, .. } if revision == "001"),
        "{error}"
    );
}

#[test]
fn stored_downgrade_cannot_call_a_function_of_the_program() {
    let fixture = Fixture::new();
    let first = ("CREATE TABLE a (b);", "DROP TABLE a;");
    let draft = (
        "CREATE TABLE c (d);",
        "UPDATE a SET b = shout(b); DROP TABLE c;",
    );
    let mut db = fixture.chain(&[first, draft]).open(fixture.db()).unwrap();
    db.execute_batch("INSERT INTO a VALUES ('quiet')").unwrap();
    let flags = FunctionFlags::SQLITE_UTF8;
    db.create_scalar_function("shout", 1, flags, |_| Ok("LOUD"))
        .unwrap();
    let edited = fixture.chain(&[first, ("CREATE TABLE c (d, e);", "DROP TABLE c;")]);
    assert_rolled_back(&edited, &mut db, "statement");
}

#[test]
fn redo_is_planned_and_run_on_a_copy_like_a_downgrade() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let edited = program(&fixture, &[NOTES, TAGS, SUBJECTS]);
    let before = content(&db);
    let migrator = edited.migrator();
    let dry_run = migrator.dry_run(&db, Request::Redo).unwrap();
    assert_eq!(dry_run.report.outcome, Outcome::Redone);
    assert_eq!(content(&db), before);
    let plan = migrator.plan(&db, Request::Redo).unwrap();
    let reverts: Vec<_> = plan.reverts().map(|revision| revision.id()).collect();
    let upgrades: Vec<_> = plan.upgrades().map(|revision| revision.id()).collect();
    assert_eq!((reverts, upgrades), (vec!["003"], vec!["003"]));
    let report = migrator.apply(&mut db, plan).unwrap();
    assert_eq!(report.outcome, Outcome::Redone);
    assert!(edited.check(&db).unwrap().is_same());
}

#[test]
fn edited_draft_names_the_program_that_applied_it() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let edited = program(&fixture, &[NOTES, TAGS, SUBJECTS]);
    let error = edited.upgrade(&mut db).unwrap_err().to_string();
    assert!(
        error.contains("\n  in the database: 003  Step 003. (20")
            && error.contains(", by notes 3.0)"),
        "{error}"
    );
}
