//! Databases that SQLCipher encrypts: open, upgrade, backup, restore, dry run, and wrong keys.

#![allow(clippy::unwrap_used)]

use std::fs;

use revchain::{Event, Migrations, Migrator, Request, Target, embed_migrations};
use rusqlite::Connection;
use tempfile::TempDir;

static MIGRATIONS: Migrations = embed_migrations!("../../migrations");

const UPGRADE: Request = Request::Upgrade(Target::Head);
const KEY_HELP: &str = "help: if the database is encrypted, set its key in .on_connect(…)";

fn keyed(key: &'static str) -> Migrator<'static> {
    MIGRATIONS
        .migrator()
        .on_connect(move |connection| connection.pragma_update(None, "key", key))
}

fn ids(connection: &Connection) -> i64 {
    let sql = "SELECT count(*) FROM revchain_history";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn is_encrypted(path: &std::path::Path) -> bool {
    !fs::read(path).unwrap().starts_with(b"SQLite format 3\0")
}

/// Returns a directory with the encrypted database `app.db` at 004, and its connection.
fn encrypted() -> (TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let migrator = keyed("secret");
    let mut db = migrator.open(directory.path().join("app.db")).unwrap();
    migrator.downgrade_to(&mut db, "004").unwrap();
    (directory, db)
}

#[test]
fn sqlite_is_sqlcipher() {
    let db = Connection::open_in_memory().unwrap();
    let version: String = db
        .query_row("PRAGMA cipher_version", [], |row| row.get(0))
        .unwrap();
    assert!(!version.is_empty());
}

#[test]
fn new_database_is_encrypted_and_no_copy_of_the_snapshot() {
    for is_wal in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("app.db");
        let migrator = keyed("secret").on_event(|event| {
            assert!(!matches!(event, Event::CreatedFromSnapshot { .. }));
        });
        let migrator = if is_wal { migrator.wal() } else { migrator };
        drop(migrator.open(&path).unwrap());
        assert!(is_encrypted(&path));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(ids(&migrator.open(&path).unwrap()), 9);
    }
}

#[test]
fn database_in_memory_is_created() {
    assert_eq!(ids(&keyed("secret").open_in_memory().unwrap()), 9);
}

#[test]
fn encrypted_database_is_upgraded_backed_up_and_restored() {
    for locking_mode in ["NORMAL", "EXCLUSIVE"] {
        let (directory, mut db) = encrypted();
        db.execute_batch(&format!("PRAGMA locking_mode = {locking_mode}"))
            .unwrap();
        let migrator = keyed("secret").backup(directory.path().join("backups"), 3);
        let dry_run = migrator.dry_run(&db, UPGRADE).unwrap();
        assert_eq!(ids(&dry_run.connection), 9);
        let backup = migrator.upgrade(&mut db).unwrap().backup.unwrap();
        assert_eq!(ids(&db), 9);
        assert!(is_encrypted(&backup));
        migrator.restore(&mut db, &backup).unwrap();
        assert_eq!(ids(&db), 4);
    }
}

#[test]
fn missing_or_wrong_key_is_a_clear_error() {
    let (directory, mut db) = encrypted();
    let path = directory.path().join("app.db");
    for migrator in [MIGRATIONS.migrator(), keyed("wrong"), keyed("wrong").wal()] {
        let error = migrator.open(&path).unwrap_err();
        assert_eq!(error.code(), "not-a-database");
        assert!(format!("{error:#}").ends_with(KEY_HELP), "{error:#}");
        let error = migrator.restore(&mut db, &path).unwrap_err();
        assert!(format!("{error:#}").ends_with(KEY_HELP), "{error:#}");
    }
    assert_eq!(ids(&db), 4);
}

#[test]
fn key_of_the_caller_alone_is_not_enough_for_copies() {
    for locking_mode in ["NORMAL", "EXCLUSIVE"] {
        let (directory, mut db) = encrypted();
        db.execute_batch(&format!("PRAGMA locking_mode = {locking_mode}"))
            .unwrap();
        let migrator = MIGRATIONS.migrator();
        let error = format!("{:#}", migrator.dry_run(&db, UPGRADE).unwrap_err());
        assert!(error.contains("in .on_connect(…)"), "{error}");
        let migrator = migrator.backup(directory.path().join("backups"), 3);
        let error = format!("{:#}", migrator.upgrade(&mut db).unwrap_err());
        assert!(
            error.contains("help: set the key of the database in .on_connect(…)"),
            "{error}"
        );
        assert!(!error.contains("space"), "{error}");
        assert_eq!(ids(&db), 4);
    }
}
