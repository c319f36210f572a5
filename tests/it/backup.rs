//! Backups: made before migrations run, and restored.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use revchain::rusqlite::Connection;
use revchain::{ErrorKind, Event, Migrations, OnDrift, Outcome};

use crate::support::{Fixture, TOKENS, count, dump, ids, is_sound, rows, schema};

fn backup_paths(fixture: &Fixture) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(fixture.path("backups")) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    paths
}

fn backup_names(fixture: &Fixture) -> Vec<String> {
    backup_paths(fixture)
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

fn insert_password(db: &Connection, user: &str) {
    let sql = "INSERT INTO app_passwords (user_id, encrypted_password, created_at, updated_at)
               VALUES (?, x'01', 0, 0)";
    db.execute(sql, [user]).unwrap();
}

/// Returns a database with one row, at this revision.
fn database_at(fixture: &Fixture, revision: &str) -> Connection {
    let mut db = Connection::open(fixture.db()).unwrap();
    TOKENS.migrator().upgrade_to(&mut db, revision).unwrap();
    insert_password(&db, "ada");
    db
}

#[test]
fn upgrade_backs_up_the_whole_database() {
    for journal in ["delete", "wal"] {
        let fixture = Fixture::new();
        let mut db = database_at(&fixture, "004");
        db.pragma_update(None, "journal_mode", journal).unwrap();
        // In WAL mode, this row is still in the write-ahead log.
        insert_password(&db, "grace");
        let (old_schema, old_rows) = (schema(&db), rows(&db));
        let reported = Mutex::new(Vec::new());
        let migrator = TOKENS
            .migrator()
            .backup(fixture.path("backups"), 3)
            .on_event(|event| {
                if let Event::BackedUp { path, .. } = event {
                    reported.lock().unwrap().push(path.to_path_buf());
                }
            });
        let report = migrator.upgrade(&mut db).unwrap();
        let made = backup_paths(&fixture);
        assert_eq!(
            (report.backup.as_ref(), reported.lock().unwrap().as_slice()),
            (made.first(), made.as_slice())
        );
        let name = &backup_names(&fixture)[0];
        assert!(
            name.starts_with("app.2") && name.ends_with("Z.004.db"),
            "{name}"
        );
        let backup = Connection::open(&made[0]).unwrap();
        assert_eq!((schema(&backup), rows(&backup)), (old_schema, old_rows));
        assert_eq!(ids(&backup).len(), 4);
        assert_eq!(count(&backup, "SELECT count(*) FROM app_passwords"), 2);
        assert!(is_sound(&made[0]));
        // Opening the backup leaves no file beside it.
        drop(backup);
        assert_eq!(backup_names(&fixture).len(), 1);
        assert_eq!(TOKENS.migrator().current(&db).unwrap(), TOKENS.head());
    }
}

#[test]
fn no_backup_is_made_without_data_to_lose() {
    let fixture = Fixture::new();
    let migrator = TOKENS.migrator().backup(fixture.path("backups"), 3);
    let mut db = Connection::open(fixture.db()).unwrap();
    assert_eq!(migrator.upgrade(&mut db).unwrap().outcome, Outcome::New);
    assert_eq!(
        migrator.upgrade(&mut db).unwrap().outcome,
        Outcome::UpToDate
    );
    migrator.stamp(&mut db, "008").unwrap();
    migrator.stamp(&mut db, "009").unwrap();
    drop(migrator.open(fixture.path("other.db")).unwrap());
    let mut memory = Connection::open_in_memory().unwrap();
    migrator.upgrade_to(&mut memory, "004").unwrap();
    assert_eq!(migrator.upgrade(&mut memory).unwrap().backup, None);
    assert!(!fixture.path("backups").exists());
    // A downgrade destroys data as well.
    // The backup of a database without a history is named `base`.
    assert!(
        migrator
            .downgrade_to(&mut db, "-1")
            .unwrap()
            .backup
            .is_some()
    );
    db.execute_batch("DROP TABLE revchain_history; PRAGMA user_version = 0")
        .unwrap();
    migrator.upgrade(&mut db).unwrap();
    let names = backup_names(&fixture);
    assert!(
        names[0].ends_with(".009.db") && names[1].ends_with(".base.db"),
        "{names:?}"
    );
}

#[test]
fn newest_backups_and_foreign_files_are_kept() {
    let fixture = Fixture::new();
    let mut db = database_at(&fixture, "004");
    fs::create_dir(fixture.path("backups")).unwrap();
    let others = ["notes.txt", "app.db", "other.20200101T000000Z.001.db"];
    for other in others {
        fs::write(fixture.path("backups").join(other), "").unwrap();
    }
    for (year, revision) in [("2020", "001"), ("2021", "002"), ("2022", "003")] {
        fs::write(
            fixture.path(&format!("backups/app.{year}0101T000000Z.{revision}.db")),
            "",
        )
        .unwrap();
    }
    TOKENS
        .migrator()
        .backup(fixture.path("backups"), 2)
        .upgrade(&mut db)
        .unwrap();
    let names = backup_names(&fixture);
    assert!(
        others
            .iter()
            .all(|other| names.iter().any(|name| name == other)),
        "{names:?}"
    );
    let left: Vec<_> = names
        .iter()
        .filter(|name| !others.contains(&name.as_str()))
        .collect();
    assert_eq!(left.len(), 2, "{names:?}");
    assert_eq!(left[0], "app.20220101T000000Z.003.db");
    assert!(left[1].ends_with("Z.004.db"));
    // At least one backup is kept.
    TOKENS.migrator().downgrade_to(&mut db, "008").unwrap();
    TOKENS
        .migrator()
        .backup(fixture.path("backups"), 0)
        .upgrade(&mut db)
        .unwrap();
    assert_eq!(backup_paths(&fixture).len(), others.len() + 1);
}

#[test]
fn repeated_failures_keep_one_backup() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[
        ("CREATE TABLE t (a);", "DROP TABLE t;"),
        (
            "INSERT INTO t VALUES (1); CREATE UNIQUE INDEX i ON t (a);",
            "DROP INDEX i; DELETE FROM t;",
        ),
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    let migrator = chain.migrator().backup(fixture.path("backups"), 5);
    for _ in 0..3 {
        // The name of a backup has a resolution of one second.
        thread::sleep(Duration::from_millis(1010));
        assert_eq!(migrator.upgrade(&mut db).unwrap_err().code(), "statement");
        assert_eq!(backup_paths(&fixture).len(), 1);
    }
    // Backups of successful operations are kept.
    db.execute_batch("DELETE FROM t").unwrap();
    for revision in ["002", "001", "002"] {
        thread::sleep(Duration::from_millis(1010));
        match revision {
            "001" => migrator.downgrade_to(&mut db, revision).unwrap(),
            _ => migrator.upgrade(&mut db).unwrap(),
        };
    }
    let kept: Vec<_> = backup_names(&fixture)
        .iter()
        .map(|name| name[21..24].to_owned())
        .collect();
    assert_eq!(kept, ["001", "002", "001"]);
}

#[test]
fn failed_backup_stops_the_upgrade() {
    let fixture = Fixture::new();
    let mut db = database_at(&fixture, "004");
    fs::write(fixture.path("backups"), "a file, not a directory").unwrap();
    let before = fs::read(fixture.db()).unwrap();
    let error = TOKENS
        .migrator()
        .backup(fixture.path("backups"), 3)
        .upgrade(&mut db)
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Backup { .. }), "{error}");
    let text = error.to_string();
    let directory = fixture.path("backups").display().to_string();
    assert!(
        text.contains(&format!(
            ": cannot make a backup in {directory}; nothing was changed: "
        )),
        "{text}"
    );
    assert_eq!(ids(&db).len(), 4);
    drop(db);
    assert_eq!(fs::read(fixture.db()).unwrap(), before);
}

/// Returns the path of a database at 001 with damaged pages, which an upgrade to 002 does not read.
fn damaged_database(fixture: &Fixture, chain: &Migrations) -> PathBuf {
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                INSERT INTO t1 SELECT hex(zeroblob(50)) FROM n";
    db.execute_batch(rows).unwrap();
    drop(db);
    let mut bytes = fs::read(fixture.db()).unwrap();
    let pages = bytes.len() / 4096;
    for page in pages / 2..pages {
        bytes[page * 4096..][..100].fill(0x5a);
    }
    fs::write(fixture.db(), bytes).unwrap();
    fixture.db()
}

#[test]
fn damaged_database_stops_the_upgrade() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let path = damaged_database(&fixture, &chain);
    let old = "app.20200101T000000Z.001.db";
    fs::create_dir(fixture.path("backups")).unwrap();
    fs::write(fixture.path("backups").join(old), "").unwrap();
    let migrator = chain.migrator().backup(fixture.path("backups"), 1);
    let error = migrator.open(&path).unwrap_err();
    assert_eq!(error.code(), "corrupt", "{error}");
    let text = format!("{error:#}");
    assert!(
        text.contains("the database is damaged; no backup was made, and nothing was changed: "),
        "{text}"
    );
    let restore = format!(
        "run `restore {}`\nmore: run `revchain explain corrupt`",
        fixture.path("backups").join(old).display()
    );
    assert!(text.ends_with(&restore), "{text}");
    // A damaged copy never replaces a backup.
    assert_eq!(backup_names(&fixture), [old]);
    let db = Connection::open(&path).unwrap();
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn row_that_violates_a_constraint_is_backed_up() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[
        (
            "CREATE TABLE t (a NOT NULL CHECK (a > 0));",
            "DROP TABLE t;",
        ),
        ("CREATE TABLE u (a);", "DROP TABLE u;"),
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch(
        "PRAGMA ignore_check_constraints = ON;
         INSERT INTO t VALUES (-1);
         PRAGMA ignore_check_constraints = OFF;
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '/*NULL*/') WHERE name = 't';
         PRAGMA writable_schema = RESET;
         INSERT INTO t VALUES (NULL);
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, '/*NULL*/', 'NOT NULL') WHERE name = 't';
         PRAGMA writable_schema = RESET;",
    )
    .unwrap();
    assert_ne!(dump(&db, "PRAGMA quick_check").trim(), "ok");
    let migrator = chain.migrator().backup(fixture.path("backups"), 1);
    let backup = migrator.upgrade(&mut db).unwrap().backup.unwrap();
    let report = migrator.restore(&mut db, backup).unwrap();
    assert_eq!(report.to.as_deref(), Some("001"));
    assert_eq!(count(&db, "SELECT count(*) FROM t"), 2);
}

#[test]
fn index_with_a_collation_of_the_program_is_restored() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.create_collation("german", str::cmp).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("CREATE INDEX i ON t1 (a COLLATE german); INSERT INTO t1 VALUES ('x')")
        .unwrap();
    let migrator = chain
        .migrator()
        .on_drift(OnDrift::Warn)
        .backup(fixture.path("backups"), 1);
    let backup = migrator.upgrade(&mut db).unwrap().backup.unwrap();
    db.execute_batch("DELETE FROM t1").unwrap();
    migrator.restore(&mut db, backup).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM t1"), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn missing_directory_of_a_backup_is_named() {
    let fixture = Fixture::new();
    let mut db = database_at(&fixture, "004");
    fs::write(fixture.path("file"), "").unwrap();
    let migrator = TOKENS.migrator().backup(fixture.path("file/backups"), 1);
    let error = migrator.upgrade(&mut db).unwrap_err();
    let file = fixture.path("file");
    let reason = format!(": {} is not a directory", file.display());
    assert!(error.to_string().ends_with(&reason), "{error}");
}

#[test]
fn backup_is_restored() {
    for (from, to) in [
        ("delete", "delete"),
        ("wal", "wal"),
        ("wal", "delete"),
        ("delete", "wal"),
    ] {
        let fixture = Fixture::new();
        let mut db = database_at(&fixture, "004");
        db.pragma_update(None, "journal_mode", from).unwrap();
        let (old_schema, old_rows) = (schema(&db), rows(&db));
        let report = TOKENS
            .migrator()
            .backup(fixture.path("backups"), 3)
            .upgrade(&mut db)
            .unwrap();
        let backup = report.backup.unwrap();
        db.execute_batch("DELETE FROM app_passwords").unwrap();
        db.pragma_update(None, "journal_mode", to).unwrap();
        // Another open connection keeps working.
        let other = Connection::open(fixture.db()).unwrap();
        assert_eq!(count(&other, "SELECT count(*) FROM app_passwords"), 0);
        let report = TOKENS.migrator().restore(&mut db, &backup).unwrap();
        assert_eq!(report.outcome, Outcome::Restored);
        assert_eq!(
            (report.from.as_deref(), report.to.as_deref()),
            (Some("009"), Some("004"))
        );
        assert_eq!(
            (schema(&db), rows(&db)),
            (old_schema.clone(), old_rows.clone()),
            "{from}, {to}"
        );
        assert_eq!(count(&other, "SELECT count(*) FROM app_passwords"), 1);
        assert_eq!(ids(&db).len(), 4);
        assert_eq!(dump(&db, "PRAGMA journal_mode").trim(), to);
        assert_eq!(TOKENS.upgrade(&mut db).unwrap().applied.len(), 5);
        drop((db, other));
        assert!(is_sound(&fixture.db()) && is_sound(&backup));
        // A backup can be restored into a new database.
        let mut new = Connection::open(fixture.path("new.db")).unwrap();
        assert_eq!(
            TOKENS.migrator().restore(&mut new, &backup).unwrap().from,
            None
        );
        assert_eq!(ids(&new).len(), 4);
    }
}

#[test]
fn invalid_backup_is_not_restored() {
    let fixture = Fixture::new();
    let mut db = database_at(&fixture, "009");
    let before = (schema(&db), rows(&db));
    let sound = fixture.path("sound.db");
    drop(TOKENS.open(&sound).unwrap());
    let bytes = fs::read(&sound).unwrap();
    let other = fixture.tables(1);
    let cases: [(&str, &dyn Fn(), &str, &str); 7] = [
        ("missing.db", &|| (), "open", "cannot open the database"),
        (
            "empty.db",
            &|| fs::write(fixture.path("empty.db"), "").unwrap(),
            "damaged",
            "it is an empty database",
        ),
        (
            "text.db",
            &|| fs::write(fixture.path("text.db"), "x".repeat(5000)).unwrap(),
            "not-a-database",
            "it is encrypted: file is not a database",
        ),
        (
            "cut.db",
            &|| fs::write(fixture.path("cut.db"), &bytes[..bytes.len() / 2]).unwrap(),
            "damaged",
            "malformed",
        ),
        (
            "torn.db",
            &|| {
                let mut torn = bytes.clone();
                let middle = torn.len() / 2 / 4096 * 4096;
                torn[middle..middle + 4096].fill(0x5a);
                fs::write(fixture.path("torn.db"), torn).unwrap();
            },
            "damaged",
            "help: restore another backup",
        ),
        (
            "other.db",
            &|| drop(other.open(fixture.path("other.db")).unwrap()),
            "edited",
            "001 in the database is another revision",
        ),
        (
            "newer.db",
            &|| {
                let db = TOKENS.open(fixture.path("newer.db")).unwrap();
                db.execute_batch(
                    "INSERT INTO revchain_history (revision, checksum, origin, applied_at, duration_us)
                     VALUES ('010', 'x', 'upgrade', 0, 0)",
                )
                .unwrap();
            },
            "newer",
            "newer than this program",
        ),
    ];
    for (name, make, code, words) in cases {
        make();
        let path = fixture.path(name);
        let error = TOKENS.migrator().restore(&mut db, &path).unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
        let text = format!("{error:#}");
        assert!(
            text.contains(words) && text.contains(name),
            "{name}: {text}"
        );
        assert_eq!((schema(&db), rows(&db)), before, "{name}");
    }
    let error = {
        db.execute_batch("BEGIN").unwrap();
        TOKENS.migrator().restore(&mut db, &sound).unwrap_err()
    };
    assert_eq!(error.code(), "in-transaction");
}

#[test]
fn restore_waits_no_longer_than_the_busy_timeout() {
    let fixture = Fixture::new();
    let mut db = database_at(&fixture, "004");
    let backup = fixture.path("backup.db");
    fs::copy(fixture.db(), &backup).unwrap();
    let blocker = Connection::open(fixture.db()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waits = AtomicUsize::new(0);
    let migrator = TOKENS
        .migrator()
        .busy_timeout(Duration::from_millis(50))
        .on_event(|event| {
            assert!(matches!(event, Event::Waiting { .. }));
            waits.fetch_add(1, Ordering::Relaxed);
        });
    let error = migrator.restore(&mut db, &backup).unwrap_err();
    assert_eq!((error.code(), waits.load(Ordering::Relaxed)), ("busy", 1));
    assert_eq!(count(&db, "PRAGMA busy_timeout"), 5000);
    blocker.execute_batch("COMMIT").unwrap();
    migrator.restore(&mut db, &backup).unwrap();
    assert_eq!(count(&db, "PRAGMA busy_timeout"), 5000);
}

#[cfg(unix)]
#[test]
fn backup_has_the_permissions_of_the_database() {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o600, 0o640] {
        let fixture = Fixture::new();
        let mut db = database_at(&fixture, "004");
        fs::set_permissions(fixture.db(), fs::Permissions::from_mode(mode)).unwrap();
        let report = TOKENS
            .migrator()
            .backup(fixture.path("backups"), 1)
            .upgrade(&mut db)
            .unwrap();
        let made = fs::metadata(report.backup.unwrap())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(made & 0o777, mode);
    }
}

#[test]
fn file_name_without_extension_can_be_backed_up() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.path("tokens")).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    chain
        .migrator()
        .backup(fixture.path("backups"), 1)
        .upgrade(&mut db)
        .unwrap();
    assert!(backup_names(&fixture)[0].ends_with("Z.001"));
}
