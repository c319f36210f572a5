//! Tests of a program with each set of features.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use revchain::rusqlite::Connection;
use revchain::{Conflict, ErrorKind, Migrations, OnDrift, Outcome, SchemaCheck};
use revchain_feature_tests::{NOTES, SHARED};

/// Creates a database at a revision, without a snapshot.
fn database_at(revision: &str) -> Connection {
    let mut db = Connection::open_in_memory().expect("SQLite has memory");
    let upgraded = NOTES.migrator().upgrade_to(&mut db, revision);
    upgraded.expect("the upgrade succeeds");
    db
}

/// Creates a database with the tables of 001, whose SQL is written in another way.
fn unmanaged_database() -> Connection {
    let db = Connection::open_in_memory().expect("SQLite has memory");
    let sql = NOTES.revisions()[0].upgrade().sql().to_lowercase();
    db.execute_batch(&sql).expect("SQLite accepts the SQL");
    db
}

fn current(db: &Connection) -> Option<String> {
    let current = NOTES.migrator().current(db).expect("the history is read");
    current.map(|revision| revision.id().to_owned())
}

#[test]
fn old_database_is_upgraded_and_verified() {
    let mut db = database_at("001");
    assert_eq!(NOTES.upgrade(&mut db).unwrap().applied.len(), 2);
    assert_eq!(current(&db).as_deref(), Some("003"));
    assert!(NOTES.check(&db).unwrap().is_same());
}

#[test]
fn snapshot_and_chain_make_the_same_schema() {
    let new = NOTES.open_in_memory().unwrap();
    assert!(NOTES.check(&new).unwrap().is_same());
    assert!(NOTES.check(&database_at("003")).unwrap().is_same());
}

#[test]
fn drift_is_an_error_before_an_upgrade() {
    let mut db = database_at("002");
    db.execute_batch("CREATE TABLE other (a)").unwrap();
    let error = NOTES.upgrade(&mut db).unwrap_err();
    assert!(matches!(error.conflict(), Some(Conflict::Drifted { .. })));
    let help = error.help().unwrap_or_default();
    assert_eq!(help.contains("`adopt`"), !cfg!(feature = "adopt"), "{help}");
    assert_eq!(current(&db).as_deref(), Some("002"));
    let migrator = NOTES.migrator().on_drift(OnDrift::Warn);
    assert_eq!(migrator.upgrade(&mut db).unwrap().applied.len(), 1);
}

#[test]
fn differences_are_shown_with_adopt() {
    let db = database_at("002");
    db.execute_batch("DROP TABLE tags").unwrap();
    let SchemaCheck::Drifted { revision, diff, .. } = NOTES.check(&db).unwrap() else {
        panic!("the schema has drifted");
    };
    assert_eq!(revision.as_deref(), Some("002"));
    assert_eq!(diff.is_empty(), !cfg!(feature = "adopt"));
}

#[test]
fn wrong_schema_after_a_script_is_rolled_back() {
    let mut db = database_at("002");
    let sql = NOTES.revisions()[2].upgrade().sql().replace("made", "make");
    let last = NOTES.chain().head_index().unwrap();
    let chain = NOTES.chain().clone().with_upgrade(last, &sql);
    let other = Migrations::from_chain(chain, "migrations".to_owned());
    let error = other.upgrade(&mut db).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::WrongSchema { .. }),
        "{error}"
    );
    assert!(NOTES.check(&db).unwrap().is_same());
}

#[test]
fn shared_database_compares_only_its_own_tables() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE others (a)").unwrap();
    let report = SHARED.migrator().upgrade_to(&mut db, "001").unwrap();
    assert_eq!(report.outcome, Outcome::New);
    assert_eq!(SHARED.upgrade(&mut db).unwrap().applied.len(), 2);
    assert!(SHARED.check(&db).unwrap().is_same());
}

#[test]
fn ignored_table_is_no_drift() {
    let mut db = database_at("002");
    db.execute_batch("CREATE TABLE metrics_a (a); CREATE INDEX i ON metrics_a (a)")
        .unwrap();
    let migrator = NOTES.migrator().ignore_tables(["metrics_*"]);
    assert_eq!(migrator.upgrade(&mut db).unwrap().applied.len(), 1);
    assert!(migrator.check(&db).unwrap().is_same());
}

#[cfg(feature = "adopt")]
#[test]
fn unmanaged_database_is_adopted() {
    let mut db = unmanaged_database();
    let report = NOTES.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::Adopted);
    assert_eq!(report.stamped, ["001"]);
}

#[cfg(not(feature = "adopt"))]
#[test]
fn unmanaged_database_names_stamp_and_the_feature() {
    let mut db = unmanaged_database();
    let error = NOTES.upgrade(&mut db).unwrap_err();
    let Some(Conflict::Unmanaged { tables, .. }) = error.conflict() else {
        panic!("{error}");
    };
    assert_eq!(tables, &["found", "notes"]);
    let help = error.help().unwrap_or_default();
    assert!(help.contains("`adopt`") && help.contains("stamp"), "{help}");
    assert_eq!(current(&db), None);
}

#[cfg(not(feature = "adopt"))]
#[test]
fn stamped_database_with_the_same_sql_is_upgraded() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch(NOTES.revisions()[0].upgrade().sql())
        .unwrap();
    NOTES.migrator().stamp(&mut db, "001").unwrap();
    assert_eq!(NOTES.upgrade(&mut db).unwrap().applied.len(), 2);
}

#[cfg(feature = "backup")]
#[test]
fn backup_is_made_and_restored() {
    let directory = tempfile::tempdir().unwrap();
    let mut db = Connection::open(directory.path().join("notes.db")).unwrap();
    NOTES.migrator().upgrade_to(&mut db, "002").unwrap();
    let backups = directory.path().join("backups");
    let migrator = NOTES.migrator().backup(backups, 1);
    let backup = migrator.upgrade(&mut db).unwrap().backup.unwrap();
    migrator.restore(&mut db, backup).unwrap();
    assert_eq!(current(&db).as_deref(), Some("002"));
}

#[cfg(feature = "backup")]
#[test]
fn dry_run_counts_rows_and_changes_nothing() {
    use revchain::{Request, Target};

    let db = database_at("002");
    db.execute_batch("INSERT INTO notes (body) VALUES ('a')")
        .unwrap();
    let dry_run = NOTES
        .migrator()
        .dry_run(&db, Request::Upgrade(Target::Head));
    let tables = dry_run.unwrap().tables;
    let names: Vec<&str> = tables.iter().map(|rows| rows.table.as_str()).collect();
    assert_eq!(names, ["found", "notes", "tags"]);
    assert_eq!(tables[1].after, Some(1));
    assert_eq!(current(&db).as_deref(), Some("002"));
}

#[cfg(feature = "stored-downgrades")]
#[test]
fn stored_downgrade_with_a_wrong_checksum_is_rejected() {
    use revchain::OnNewer;

    let mut db = database_at("003");
    let copy =
        "INSERT INTO revchain_history SELECT '004', checksum, origin, applied_at, duration_us,
                program, summary, compatible, '003', upgrade_checksum, downgrade, irreversible, code
                FROM revchain_history WHERE revision = '003'";
    db.execute_batch(copy).unwrap();
    let migrator = NOTES.migrator().on_newer(OnNewer::Downgrade);
    // The checksum is not that of the copied downgrade, so the downgrade is rejected.
    let error = migrator.downgrade_to(&mut db, "head").unwrap_err();
    let conflict = error.conflict();
    assert!(
        matches!(conflict, Some(Conflict::Untrusted { .. })),
        "{error}"
    );
}
