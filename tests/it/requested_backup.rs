//! Backups that the caller requests.

use std::fs;
use std::time::Duration;

use revchain::ErrorKind;
use revchain::error::BackupFailure;
use revchain::rusqlite::Connection;

use crate::support::{Fixture, TOKENS, count, rows, schema};

#[test]
fn requested_backup_has_the_whole_database() {
    for journal in ["delete", "wal"] {
        let fixture = Fixture::new();
        let mut db = Connection::open(fixture.db()).unwrap();
        TOKENS.migrator().upgrade_to(&mut db, "004").unwrap();
        db.pragma_update(None, "journal_mode", journal).unwrap();
        // In WAL mode, this table is still in the write-ahead log.
        db.execute_batch("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)")
            .unwrap();
        let to = fixture.path("backups/");
        let backup = TOKENS.migrator().make_backup(&db, &to).unwrap();
        assert_eq!(backup.revision.as_deref(), Some("004"));
        assert_eq!(backup.bytes, fs::metadata(&backup.path).unwrap().len());
        let copy = Connection::open(&backup.path).unwrap();
        assert_eq!((schema(&copy), rows(&copy)), (schema(&db), rows(&db)));
        // The directory has no other file.
        drop(copy);
        assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    }
}

#[test]
fn database_without_a_known_revision_is_backed_up() {
    let fixture = Fixture::new();
    let db = Connection::open(fixture.db()).unwrap();
    let histories = [
        ("CREATE TABLE mine (a)", None),
        (
            "CREATE VIEW revchain_history AS SELECT '../../x' AS revision",
            None,
        ),
    ];
    for (number, (sql, revision)) in histories.into_iter().enumerate() {
        db.execute_batch(sql).unwrap();
        let to = fixture.path(&format!("backups{number}/"));
        let backup = TOKENS.migrator().make_backup(&db, &to).unwrap();
        assert_eq!(backup.revision, revision);
        assert_eq!(backup.path.parent(), Some(to.as_path()));
        let name = backup.path.file_name().unwrap().to_string_lossy();
        assert!(name.ends_with("Z.base.kept.db"), "{name}");
    }
}

#[test]
fn path_in_a_history_is_no_path_of_a_backup() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch("UPDATE revchain_history SET revision = '../x' WHERE revision = '009'")
        .unwrap();
    let to = fixture.path("backups/");
    let backup = TOKENS.migrator().make_backup(&db, &to).unwrap();
    assert_eq!(backup.revision.as_deref(), Some("../x"));
    let name = backup.path.strip_prefix(&to).unwrap().to_string_lossy();
    assert!(name.ends_with("Z.base.kept.db"), "{name}");
}

#[test]
fn database_in_memory_needs_a_file() {
    let fixture = Fixture::new();
    let db = TOKENS.open_in_memory().unwrap();
    let to = fixture.path("backups/");
    let error = TOKENS.migrator().make_backup(&db, &to).unwrap_err();
    let ErrorKind::Backup { reason, .. } = error.kind() else {
        panic!("{error}");
    };
    assert!(matches!(reason, BackupFailure::InMemory), "{error}");
    assert!(!to.exists());
    let file = fixture.path("memory.db");
    TOKENS.migrator().make_backup(&db, &file).unwrap();
    let copy = Connection::open(file).unwrap();
    assert_eq!(schema(&copy), schema(&db));
}

#[test]
fn backup_in_a_transaction_is_an_error() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let to = fixture.path("copy.db");
    let error = TOKENS.migrator().make_backup(&db, to).unwrap_err();
    assert_eq!(error.code(), "in-transaction");
}

#[test]
fn locked_database_leaves_no_partial_backup() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    let other = Connection::open(fixture.db()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let migrator = TOKENS.migrator().busy_timeout(Duration::from_millis(100));
    let to = fixture.path("backups/");
    let error = migrator.make_backup(&db, &to).unwrap_err();
    assert_eq!(error.code(), "busy", "{error}");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
}

#[test]
fn reader_does_not_delay_a_backup() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    let other = Connection::open(fixture.db()).unwrap();
    other.execute_batch("BEGIN").unwrap();
    count(&other, "SELECT count(*) FROM app_passwords");
    let migrator = TOKENS.migrator().busy_timeout(Duration::ZERO);
    migrator.make_backup(&db, fixture.path("copy.db")).unwrap();
}

#[test]
fn exclusive_connection_is_backed_up() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    db.pragma_update(None, "locking_mode", "exclusive").unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let file = fixture.path("copy.db");
    TOKENS.migrator().make_backup(&db, &file).unwrap();
    let copy = Connection::open(file).unwrap();
    assert_eq!(schema(&copy), schema(&db));
}

#[cfg(unix)]
#[test]
fn requested_backup_has_the_mode_of_the_database() {
    use std::os::unix::fs::PermissionsExt;

    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    fs::set_permissions(fixture.db(), fs::Permissions::from_mode(0o600)).unwrap();
    let file = fixture.path("copy.db");
    TOKENS.migrator().make_backup(&db, &file).unwrap();
    let mode = fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn requested_backup_calls_on_connect() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    let migrator = TOKENS
        .migrator()
        .on_connect(|_| Err::<(), _>("no key".to_owned()));
    let file = fixture.path("copy.db");
    let error = migrator.make_backup(&db, &file).unwrap_err();
    assert!(format!("{error:#}").contains("no key"), "{error:#}");
    assert_eq!(fs::read_dir(fixture.path(".")).unwrap().count(), 1);
}
