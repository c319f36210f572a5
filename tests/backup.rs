//! Backups: made before migrations run on a database, and put back.

#![allow(clippy::unwrap_used)]

mod common;

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use common::{Place, TOKENS, count, ids, is_sound, rows, schema};
use revchain::rusqlite::Connection;
use revchain::{ErrorKind, Event, Migrations, Outcome};

fn backups(place: &Place) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place.path("backups")) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    paths
}

fn names(place: &Place) -> Vec<String> {
    backups(place).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// A database of a user's, at this revision.
fn at(place: &Place, revision: &str) -> Connection {
    let mut db = Connection::open(place.db()).unwrap();
    TOKENS.upgrade_to(&mut db, revision).unwrap();
    db.execute_batch("INSERT INTO app_passwords (user_id, encrypted_password, created_at, updated_at) VALUES ('ada', x'01', 0, 0)").unwrap();
    db
}

#[test]
fn before_an_upgrade_a_copy_is_made_of_all_that_was_there() {
    for journal in ["delete", "wal"] {
        let place = Place::new();
        let mut db = at(&place, "004");
        db.pragma_update(None, "journal_mode", journal).unwrap();
        // In WAL mode, this is in another file yet.
        db.execute_batch("INSERT INTO app_passwords (user_id, encrypted_password, created_at, updated_at) VALUES ('grace', x'02', 0, 0)").unwrap();
        let (was, held) = (schema(&db), rows(&db));
        let told = RefCell::new(Vec::new());
        let options = TOKENS.options().backup(place.path("backups"), 3).on_event(|event| {
            if let Event::BackedUp { path, .. } = event {
                told.borrow_mut().push(path.to_path_buf());
            }
        });
        let report = options.upgrade(&mut db).unwrap();
        let made = backups(&place);
        assert_eq!((report.backup.as_ref(), told.borrow().as_slice()), (made.first(), made.as_slice()));
        let name = &names(&place)[0];
        assert!(name.starts_with("app.2") && name.ends_with("Z.004.db"), "{name}");
        let backup = Connection::open(&made[0]).unwrap();
        assert_eq!((schema(&backup), rows(&backup)), (was, held));
        assert_eq!(ids(&backup).len(), 4);
        assert_eq!(count(&backup, "SELECT count(*) FROM app_passwords"), 2);
        assert!(is_sound(&made[0]));
        // One file, which nothing stands beside.
        drop(backup);
        assert_eq!(names(&place).len(), 1);
        assert_eq!(TOKENS.current(&db).unwrap(), TOKENS.head());
    }
}

#[test]
fn none_is_made_where_there_is_nothing_to_lose() {
    let place = Place::new();
    let options = TOKENS.options().backup(place.path("backups"), 3);
    let mut db = Connection::open(place.db()).unwrap();
    assert_eq!(options.upgrade(&mut db).unwrap().outcome, Outcome::New);
    assert_eq!(options.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    options.stamp(&mut db, "008").unwrap();
    options.stamp(&mut db, "009").unwrap();
    drop(options.open(place.path("other.db")).unwrap());
    let mut memory = Connection::open_in_memory().unwrap();
    options.upgrade_to(&mut memory, "004").unwrap();
    assert_eq!(options.upgrade(&mut memory).unwrap().backup, None);
    assert!(!place.path("backups").exists());
    // A downgrade destroys, too; and a database without a history has no revision yet.
    assert!(options.downgrade_to(&mut db, "-1").unwrap().backup.is_some());
    db.execute_batch("DROP TABLE revchain_history; PRAGMA user_version = 0").unwrap();
    options.upgrade(&mut db).unwrap();
    let names = names(&place);
    assert!(names[0].ends_with(".009.db") && names[1].ends_with(".base.db"), "{names:?}");
}

#[test]
fn the_newest_are_kept_and_what_is_no_backup_is_left_alone() {
    let place = Place::new();
    let mut db = at(&place, "004");
    fs::create_dir(place.path("backups")).unwrap();
    let others = ["notes.txt", "app.db", "other.20200101T000000Z.001.db"];
    for other in others {
        fs::write(place.path("backups").join(other), "").unwrap();
    }
    for (year, revision) in [("2020", "001"), ("2021", "002"), ("2022", "003")] {
        fs::write(place.path(&format!("backups/app.{year}0101T000000Z.{revision}.db")), "").unwrap();
    }
    TOKENS.options().backup(place.path("backups"), 2).upgrade(&mut db).unwrap();
    let names = names(&place);
    assert!(others.iter().all(|other| names.iter().any(|name| name == other)), "{names:?}");
    let left: Vec<_> = names.iter().filter(|name| !others.contains(&name.as_str())).collect();
    assert_eq!(left.len(), 2, "{names:?}");
    assert_eq!(left[0], "app.20220101T000000Z.003.db");
    assert!(left[1].ends_with("Z.004.db"));
    // At least one.
    TOKENS.downgrade_to(&mut db, "008").unwrap();
    TOKENS.options().backup(place.path("backups"), 0).upgrade(&mut db).unwrap();
    assert_eq!(backups(&place).len(), others.len() + 1);
}

#[test]
fn an_upgrade_that_fails_at_each_start_does_not_fill_the_disk() {
    let place = Place::new();
    let chain = place.chain(&[
        ("CREATE TABLE t (a);", "DROP TABLE t;"),
        ("INSERT INTO t VALUES (1); CREATE UNIQUE INDEX i ON t (a);", "DROP INDEX i; DELETE FROM t;"),
    ]);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    let options = chain.options().backup(place.path("backups"), 5);
    for _ in 0..3 {
        // Backups are named by the second.
        thread::sleep(Duration::from_millis(1010));
        assert_eq!(options.upgrade(&mut db).unwrap_err().code(), "statement");
        assert_eq!(backups(&place).len(), 1);
    }
    // Those that were of use stay.
    db.execute_batch("DELETE FROM t").unwrap();
    for revision in ["002", "001", "002"] {
        thread::sleep(Duration::from_millis(1010));
        match revision {
            "001" => options.downgrade_to(&mut db, revision).unwrap(),
            _ => options.upgrade(&mut db).unwrap(),
        };
    }
    let kept: Vec<_> = names(&place).iter().map(|name| name[21..24].to_owned()).collect();
    assert_eq!(kept, ["001", "002", "001"]);
}

#[test]
fn where_no_backup_can_be_made_nothing_is_run() {
    let place = Place::new();
    let mut db = at(&place, "004");
    fs::write(place.path("backups"), "a file, and no folder").unwrap();
    let before = fs::read(place.db()).unwrap();
    let error = TOKENS.options().backup(place.path("backups"), 3).upgrade(&mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Backup { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("no backup could be made in") && text.contains("so nothing was changed"), "{text}");
    assert_eq!(ids(&db).len(), 4);
    drop(db);
    assert_eq!(fs::read(place.db()).unwrap(), before);
}

#[test]
fn a_backup_is_put_back() {
    for (from, to) in [("delete", "delete"), ("wal", "wal"), ("wal", "delete"), ("delete", "wal")] {
        let place = Place::new();
        let mut db = at(&place, "004");
        db.pragma_update(None, "journal_mode", from).unwrap();
        let (was, held) = (schema(&db), rows(&db));
        let report = TOKENS.options().backup(place.path("backups"), 3).upgrade(&mut db).unwrap();
        let backup = report.backup.unwrap();
        db.execute_batch("DELETE FROM app_passwords").unwrap();
        db.pragma_update(None, "journal_mode", to).unwrap();
        // Another connection is there, and goes on.
        let other = Connection::open(place.db()).unwrap();
        assert_eq!(count(&other, "SELECT count(*) FROM app_passwords"), 0);
        let report = TOKENS.options().restore(&mut db, &backup).unwrap();
        assert_eq!(report.outcome, Outcome::Restored);
        assert_eq!((report.from.as_deref(), report.to.as_deref()), (Some("009"), Some("004")));
        assert_eq!((schema(&db), rows(&db)), (was, held), "{from}, {to}");
        assert_eq!(count(&other, "SELECT count(*) FROM app_passwords"), 1);
        assert_eq!(ids(&db).len(), 4);
        assert_eq!(common::dump(&db, "PRAGMA journal_mode").trim(), to);
        assert_eq!(TOKENS.upgrade(&mut db).unwrap().applied.len(), 5);
        drop((db, other));
        assert!(is_sound(&place.db()) && is_sound(&backup));
        // And in the place of nothing.
        let mut new = Connection::open(place.path("new.db")).unwrap();
        assert_eq!(TOKENS.options().restore(&mut new, &backup).unwrap().from, None);
        assert_eq!(ids(&new).len(), 4);
    }
}

#[test]
fn what_is_no_backup_of_this_program_is_not_put_back() {
    let place = Place::new();
    let mut db = at(&place, "009");
    let before = (schema(&db), rows(&db));
    let sound = place.path("sound.db");
    drop(TOKENS.open(&sound).unwrap());
    let bytes = fs::read(&sound).unwrap();
    let other = place.tables(1);
    let cases: [(&str, &dyn Fn(), &str, &str); 7] = [
        ("missing.db", &|| (), "open", "cannot be opened"),
        (
            "empty.db",
            &|| fs::write(place.path("empty.db"), "").unwrap(),
            "damaged",
            "it is an empty database",
        ),
        (
            "text.db",
            &|| fs::write(place.path("text.db"), "x".repeat(5000)).unwrap(),
            "damaged",
            "not a database",
        ),
        (
            "cut.db",
            &|| fs::write(place.path("cut.db"), &bytes[..bytes.len() / 2]).unwrap(),
            "damaged",
            "malformed",
        ),
        (
            "torn.db",
            &|| {
                let mut torn = bytes.clone();
                let middle = torn.len() / 2 / 4096 * 4096;
                torn[middle..middle + 4096].fill(0x5a);
                fs::write(place.path("torn.db"), torn).unwrap();
            },
            "damaged",
            "help: take another backup",
        ),
        ("other.db", &|| drop(other.open(place.path("other.db")).unwrap()), "edited", "001 was edited"),
        (
            "newer.db",
            &|| {
                let db = TOKENS.open(place.path("newer.db")).unwrap();
                db.execute_batch(
                    "INSERT INTO revchain_history (revision, checksum, origin, applied_at, duration_us)
                     VALUES ('010', 'x', 'upgrade', 0, 0)",
                )
                .unwrap();
            },
            "ahead",
            "ahead of this program",
        ),
    ];
    for (name, make, code, words) in cases {
        make();
        let path = place.path(name);
        let error = TOKENS.options().restore(&mut db, &path).unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains(words) && error.to_string().contains(name), "{name}: {error}");
        assert_eq!((schema(&db), rows(&db)), before, "{name}");
    }
    let error = {
        db.execute_batch("BEGIN").unwrap();
        TOKENS.options().restore(&mut db, &sound).unwrap_err()
    };
    assert_eq!(error.code(), "in-transaction");
}

#[test]
fn a_backup_waits_for_others_and_not_for_longer_than_the_lock_timeout() {
    let place = Place::new();
    let mut db = at(&place, "004");
    let backup = place.path("backup.db");
    fs::copy(place.db(), &backup).unwrap();
    let blocker = Connection::open(place.db()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waits = RefCell::new(0);
    let options = TOKENS.options().lock_timeout(Duration::from_millis(50)).on_event(|event| {
        assert!(matches!(event, Event::Waiting { .. }));
        *waits.borrow_mut() += 1;
    });
    let error = options.restore(&mut db, &backup).unwrap_err();
    assert_eq!((error.code(), *waits.borrow()), ("locked", 1));
    assert_eq!(count(&db, "PRAGMA busy_timeout"), 5000);
    blocker.execute_batch("COMMIT").unwrap();
    options.restore(&mut db, &backup).unwrap();
    assert_eq!(count(&db, "PRAGMA busy_timeout"), 5000);
}

#[cfg(unix)]
#[test]
fn a_backup_is_as_closed_to_others_as_the_database() {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o600, 0o640] {
        let place = Place::new();
        let mut db = at(&place, "004");
        fs::set_permissions(place.db(), fs::Permissions::from_mode(mode)).unwrap();
        let report = TOKENS.options().backup(place.path("backups"), 1).upgrade(&mut db).unwrap();
        let made = fs::metadata(report.backup.unwrap()).unwrap().permissions().mode();
        assert_eq!(made & 0o777, mode);
    }
}

#[test]
fn a_name_without_an_extension_will_do() {
    let place = Place::new();
    let chain: Migrations = place.tables(2);
    let mut db = Connection::open(place.path("tokens")).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    chain.options().backup(place.path("backups"), 1).upgrade(&mut db).unwrap();
    assert!(names(&place)[0].ends_with("Z.001"));
}
