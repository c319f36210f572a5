//! The connections that revchain opens: their functions, their journal mode, their locking mode.

use std::error::Error as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use revchain::rusqlite::functions::FunctionFlags;
use revchain::rusqlite::{self, Connection};
use revchain::{ErrorKind, Migrations, Migrator, Outcome, Request, Target};

use crate::support::{Fixture, TOKENS, count, ids, is_sound};

const UPGRADE: Request = Request::Upgrade(Target::Head);

/// A chain whose scripts and whose index need a function of the program.
const STEPS: [(&str, &str); 2] = [
    (
        "-- @function double(1)\nCREATE TABLE t (a); CREATE INDEX i ON t (double(a));",
        "DROP TABLE t;",
    ),
    (
        "-- @function double(1)\nINSERT INTO t SELECT double(4);",
        "DELETE FROM t;",
    ),
];

fn register_double(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("double", 1, flags, |context| {
        Ok(context.get::<Option<i64>>(0)?.map(|a| 2 * a))
    })
}

fn pragma<T: rusqlite::types::FromSql>(db: &Connection, name: &str) -> T {
    let sql = format!("PRAGMA main.{name}");
    db.query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// The names of the files to which a migrator has opened connections; empty for other databases.
#[derive(Default)]
struct Opened(Mutex<Vec<String>>);

impl Opened {
    fn record<'a>(&'a self, migrator: Migrator<'a>) -> Migrator<'a> {
        migrator.on_connect(|connection| {
            let path = Path::new(connection.path().unwrap_or_default());
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            self.0.lock().unwrap().push(name.into_owned());
            Ok::<_, String>(())
        })
    }

    /// Returns the names, and forgets them.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn each_connection_is_set_up() {
    let fixture = Fixture::new();
    let opened = Opened::default();
    let migrator = opened.record(TOKENS.migrator());
    migrator.open(fixture.db()).unwrap();
    // The first connection reads the copy of the snapshot.
    assert_eq!(opened.take(), ["app.db-revchain", "app.db"]);
    let mut db = migrator.open(fixture.db()).unwrap();
    assert_eq!(opened.take(), ["app.db"]);
    migrator.open_in_memory().unwrap();
    assert_eq!(opened.take(), [""]);

    migrator.downgrade_to(&mut db, "004").unwrap();
    assert_eq!(opened.take(), [""; 0]);
    let migrator = migrator.backup(fixture.path("backups"), 1);
    let backup = migrator.upgrade(&mut db).unwrap().backup.unwrap();
    let names = opened.take();
    assert_eq!((names.len(), &*names[0]), (2, "app.db"));
    assert!(names[1].starts_with(".app.") && names[1].ends_with(".new"));
    migrator
        .dry_run(&db, Request::Downgrade("004".into()))
        .unwrap();
    assert_eq!(opened.take(), [""]);
    migrator.restore(&mut db, &backup).unwrap();
    assert_eq!(
        opened.take(),
        [backup.file_name().unwrap().to_str().unwrap()]
    );
}

#[test]
fn set_up_comes_before_anything_is_read() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    // SQLite ignores this setting after it has read or written a page.
    let migrator = chain
        .migrator()
        .on_connect(|connection| connection.pragma_update(None, "page_size", 8192));
    let db = migrator.open(fixture.db()).unwrap();
    assert_eq!(pragma::<i64>(&db, "page_size"), 8192);
    let db = migrator.open_in_memory().unwrap();
    assert_eq!(pragma::<i64>(&db, "page_size"), 8192);
}

#[test]
fn functions_exist_on_each_connection() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&STEPS);
    let migrator = chain
        .migrator()
        .on_connect(register_double)
        .backup(fixture.path("backups"), 5);
    assert_eq!(
        count(&migrator.open_in_memory().unwrap(), "SELECT a FROM t"),
        8
    );
    let mut db = migrator.open(fixture.db()).unwrap();
    assert_eq!(count(&db, "SELECT a FROM t WHERE double(a) = 16"), 8);
    migrator.downgrade_to(&mut db, "001").unwrap();
    let dry_run = migrator.dry_run(&db, UPGRADE).unwrap();
    assert_eq!(count(&dry_run.connection, "SELECT a FROM t"), 8);
    let backup = migrator.upgrade(&mut db).unwrap().backup.unwrap();
    let report = migrator.restore(&mut db, backup).unwrap();
    assert_eq!(report.to.as_deref(), Some("001"));
}

#[test]
fn functions_run_in_order_until_one_fails() {
    let calls = Mutex::new(Vec::new());
    let migrator = TOKENS
        .migrator()
        .on_connect(|_| {
            calls.lock().unwrap().push(1);
            Ok::<_, String>(())
        })
        .on_connect(|_| {
            calls.lock().unwrap().push(2);
            Err("no key in the key ring")
        })
        .on_connect(|_| {
            calls.lock().unwrap().push(3);
            Ok::<_, String>(())
        });
    let error = migrator.open_in_memory().unwrap_err();
    assert_eq!(*calls.lock().unwrap(), [1, 2]);
    assert!(matches!(error.kind(), ErrorKind::OnConnect { .. }));
    assert_eq!(error.code(), "on-connect");
    assert_eq!(
        error.source().unwrap().to_string(),
        "no key in the key ring"
    );
    assert!(
        format!("{error:#}").starts_with(
            "a function of .on_connect(…) failed: no key in the key ring\nhelp: fix the function"
        ),
        "{error:#}"
    );
}

/// Returns a migrator that cannot set up connections.
fn failing(chain: &Migrations) -> Migrator<'_> {
    chain.migrator().on_connect(|_| Err::<(), _>("no key"))
}

#[test]
fn failed_set_up_changes_nothing() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    let migrator = failing(&chain).backup(fixture.path("backups"), 1);

    let error = migrator.open(fixture.db()).unwrap_err();
    assert!(format!("{error}").ends_with("app.db: a function of .on_connect(…) failed"));
    let error = migrator.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "backup");
    let message = "nothing was changed: a function of .on_connect(…) failed: no key\nhelp: fix";
    assert!(format!("{error:#}").contains(message), "{error:#}");
    assert_eq!(
        std::fs::read_dir(fixture.path("backups")).unwrap().count(),
        0
    );
    let error = migrator.dry_run(&db, UPGRADE).unwrap_err();
    assert_eq!(error.code(), "on-connect");
    let error = migrator.restore(&mut db, fixture.db()).unwrap_err();
    assert_eq!(error.code(), "on-connect");
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn busy_timeout_of_the_program_stays() {
    let fixture = Fixture::new();
    let migrator = TOKENS
        .migrator()
        .on_connect(|connection| connection.busy_timeout(Duration::from_millis(1234)));
    for _ in ["new", "at head"] {
        let db = migrator.open(fixture.db()).unwrap();
        assert_eq!(
            db.query_row("PRAGMA busy_timeout", [], |row| row.get::<_, i64>(0)),
            Ok(1234)
        );
    }
}

#[test]
fn write_to_a_backup_has_advice() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    drop(chain.open(fixture.path("backup.db")).unwrap());
    let mut db = chain.open(fixture.db()).unwrap();
    let migrator = chain
        .migrator()
        .on_connect(|connection| connection.execute_batch("PRAGMA journal_mode = WAL"));
    let error = migrator
        .restore(&mut db, fixture.path("backup.db"))
        .unwrap_err();
    assert!(
        format!("{error:#}").ends_with(
            "help: write nothing in the function: a backup is opened read-only\n\
             more: run `revchain explain on-connect`"
        ),
        "{error:#}"
    );
}

#[test]
fn wal_is_set_on_new_and_on_existing_files() {
    let fixture = Fixture::new();
    for chain in [&TOKENS, &fixture.tables(3)] {
        let migrator = chain.migrator().wal();
        for is_new in [true, false] {
            let _ = std::fs::remove_file(fixture.db());
            if !is_new {
                chain.open(fixture.db()).unwrap();
            }
            let db = migrator.open(fixture.db()).unwrap();
            assert_eq!(pragma::<String>(&db, "journal_mode"), "wal");
            assert!(chain.check(&db).unwrap().is_same());
            drop(db);
            assert_eq!(
                fixture
                    .files()
                    .iter()
                    .filter(|name| name.contains("app"))
                    .count(),
                1
            );
            assert!(is_sound(&fixture.db()));
        }
    }
}

#[test]
fn wal_keeps_the_snapshot() {
    let fixture = Fixture::new();
    let is_copy = AtomicBool::new(false);
    let migrator = TOKENS.migrator().wal().on_event(|event| {
        if let revchain::Event::CreatedFromSnapshot { .. } = event {
            is_copy.store(true, Ordering::Relaxed);
        }
    });
    migrator.open(fixture.db()).unwrap();
    assert!(is_copy.load(Ordering::Relaxed));
}

#[test]
fn interrupted_copy_of_either_journal_mode_is_removed() {
    for (was_wal, is_wal) in [(true, false), (false, true)] {
        let fixture = Fixture::new();
        let migrator = |is_wal| {
            let migrator = TOKENS.migrator();
            if is_wal { migrator.wal() } else { migrator }
        };
        migrator(was_wal).open(fixture.path("other.db")).unwrap();
        // A process was killed between the copy and the link.
        let partial = fixture.path("app.db-revchain");
        std::fs::rename(fixture.path("other.db"), partial).unwrap();
        migrator(is_wal).open(fixture.db()).unwrap();
        assert_eq!(fixture.files(), ["app.db"]);
    }
}

#[test]
fn database_in_memory_needs_no_wal() {
    let db = TOKENS.migrator().wal().open_in_memory().unwrap();
    assert_eq!(pragma::<String>(&db, "journal_mode"), "memory");
    TOKENS.migrator().wal().open(":memory:").unwrap();
}

#[cfg(unix)]
#[test]
fn file_that_cannot_be_in_wal_mode_is_an_error() {
    let fixture = Fixture::new();
    // This file system of SQLite has no shared memory.
    let uri = format!("file:{}?vfs=unix-dotfile", fixture.db().display());
    let error = TOKENS.migrator().wal().open(&uri).unwrap_err();
    assert_eq!(error.code(), "no-wal");
    assert!(error.message().ends_with("its journal mode is delete"));
}

/// A migrator whose connections keep their locks.
fn exclusive(chain: &Migrations) -> Migrator<'_> {
    chain
        .migrator()
        .on_connect(|connection| connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE"))
}

#[test]
fn exclusive_connection_is_opened_and_upgraded() {
    for is_wal in [false, true] {
        let fixture = Fixture::new();
        let chain = fixture.tables(2);
        let migrator = exclusive(&chain);
        let migrator = if is_wal { migrator.wal() } else { migrator };
        let mut db = migrator.open(fixture.db()).unwrap();
        assert_eq!(pragma::<String>(&db, "locking_mode"), "exclusive");
        let other = chain.migrator().busy_timeout(Duration::ZERO);
        let error = other.open(fixture.db()).unwrap_err();
        assert_eq!(error.code(), "busy");
        let request = Request::Downgrade("001".into());
        assert_eq!(
            migrator
                .dry_run(&db, request)
                .unwrap()
                .report
                .reverted
                .len(),
            1
        );
        migrator.downgrade_to(&mut db, "001").unwrap();
        assert_eq!(ids(&db), ["001"]);
    }
}

#[test]
fn exclusive_database_is_backed_up_and_restored() {
    for journal in ["delete", "wal"] {
        let fixture = Fixture::new();
        let chain = fixture.tables(2);
        let mut db = Connection::open(fixture.db()).unwrap();
        db.execute_batch("PRAGMA locking_mode = EXCLUSIVE").unwrap();
        db.pragma_update(None, "journal_mode", journal).unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        db.execute_batch("INSERT INTO t1 VALUES (7)").unwrap();
        let migrator = chain.migrator().backup(fixture.path("backups"), 1);
        let report = migrator.upgrade(&mut db).unwrap();
        assert_eq!(
            (report.outcome, report.applied.len()),
            (Outcome::Upgraded, 1)
        );
        let backup = report.backup.unwrap();
        assert!(is_sound(&backup));
        let copy = Connection::open(&backup).unwrap();
        assert_eq!(
            (ids(&copy), count(&copy, "SELECT a FROM t1")),
            (vec!["001".to_owned()], 7)
        );
        db.execute_batch("DELETE FROM t1").unwrap();
        migrator.restore(&mut db, &backup).unwrap();
        assert_eq!(
            (ids(&db), count(&db, "SELECT a FROM t1")),
            (vec!["001".to_owned()], 7)
        );
    }
}

#[test]
fn nobody_writes_while_an_exclusive_database_is_copied() {
    for journal in ["delete", "wal"] {
        let fixture = Fixture::new();
        let chain = fixture.tables(2);
        let mut db = Connection::open(fixture.db()).unwrap();
        db.pragma_update(None, "journal_mode", journal).unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        db.execute_batch(
            "INSERT INTO t1 WITH RECURSIVE i (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i LIMIT 200000)
             SELECT hex(randomblob(50)) FROM i",
        )
        .unwrap();
        // The connection takes its locks only when the upgrade begins.
        drop(db);
        let mut db = Connection::open(fixture.db()).unwrap();
        db.execute_batch("PRAGMA locking_mode = EXCLUSIVE").unwrap();
        let (is_copying, is_done) = (AtomicBool::new(false), AtomicBool::new(false));
        let (attempts, writes) = (AtomicU32::new(0), AtomicU32::new(0));
        // revchain sets up the connection to the backup under the write lock.
        let migrator = chain
            .migrator()
            .backup(fixture.path("backups"), 1)
            .on_connect(|_| {
                is_copying.store(true, Ordering::SeqCst);
                Ok::<_, String>(())
            });
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    if !is_copying.load(Ordering::SeqCst) {
                        continue;
                    }
                    let other = Connection::open(fixture.db()).unwrap();
                    other.busy_timeout(Duration::ZERO).unwrap();
                    let written = other.execute_batch("INSERT INTO t1 VALUES ('intruder')");
                    attempts.fetch_add(1, Ordering::SeqCst);
                    writes.fetch_add(u32::from(written.is_ok()), Ordering::SeqCst);
                }
            });
            let upgraded = migrator.upgrade(&mut db);
            is_done.store(true, Ordering::SeqCst);
            upgraded.unwrap();
        });
        let attempts = attempts.into_inner();
        assert!(attempts > 10, "{attempts}");
        assert_eq!(writes.into_inner(), 0, "{journal}, {attempts} attempts");
    }
}
