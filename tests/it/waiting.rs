//! `wait_for_head`: readers and replicas that wait until another process has migrated the database.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use revchain::rusqlite::{Connection, MAIN_DB, OpenFlags};
use revchain::{Adopt, Error, ErrorKind, Event, Migrations};
use revchain_prove::migrations_from_directory_unproven;

use crate::support::{Fixture, NOTES, TAGS, count, program};

/// A timeout that no test reaches.
const LONG: Duration = Duration::from_secs(60);

/// The longest time of an error that does not wait.
const AT_ONCE: Duration = Duration::from_secs(20);

/// Creates a database at 001, and returns a chain whose head is 002.
fn behind(fixture: &Fixture, path: &Path) -> Migrations {
    drop(fixture.tables(1).open(path).unwrap());
    fixture.tables(2)
}

fn wait(chain: &Migrations, path: &Path) -> Result<Connection, Error> {
    chain.migrator().wait_for_head(path, LONG)
}

/// Returns the error of a wait that must end long before its timeout.
#[track_caller]
fn fail_at_once(chain: &Migrations, path: &Path) -> Error {
    let start = Instant::now();
    let error = wait(chain, path).unwrap_err();
    assert!(start.elapsed() < AT_ONCE, "{error:#}");
    error
}

/// Moves a file to a path at which another process may read another file.
fn replace(from: &Path, to: &Path) {
    // On Windows, a file cannot be replaced while a process has it open.
    while let Err(error) = fs::rename(from, to) {
        if !cfg!(windows) {
            panic!("{error}");
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[ignore = "another test runs this one in a child process"]
fn child_waits_for_the_head() {
    let Some(fixture) = env::var_os("REVCHAIN_TEST_DIRECTORY") else {
        return;
    };
    let fixture = Path::new(&fixture);
    let chain = migrations_from_directory_unproven(fixture.join("migrations")).unwrap();
    let waiting = fixture.join("waiting");
    let migrator = chain.migrator().on_event(|event| {
        assert!(matches!(event, Event::WaitingForHead { .. }), "{event}");
        fs::write(&waiting, "").unwrap();
    });
    let db = migrator
        .wait_for_head(fixture.join("app.db"), LONG)
        .unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM t2"), 0);
}

#[test]
fn upgrade_of_another_process_ends_the_wait() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "waiting::child_waits_for_the_head", "--ignored"])
        .env("REVCHAIN_TEST_DIRECTORY", fixture.path(""))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !fixture.path("waiting").exists() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the child did not wait"
        );
        thread::sleep(Duration::from_millis(1));
    }
    drop(chain.open(fixture.db()).unwrap());
    assert!(child.wait().unwrap().success());
}

#[test]
fn database_at_the_head_is_opened_read_only() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    drop(chain.open(fixture.db()).unwrap());
    let migrator = chain.migrator().on_event(|event| panic!("{event}"));
    let db = migrator
        .wait_for_head(fixture.db(), Duration::ZERO)
        .unwrap();
    assert!(db.is_readonly(MAIN_DB).unwrap());
}

#[test]
fn file_that_another_one_replaces_is_opened_again() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    let restored = fixture.path("restored.db");
    drop(chain.open(&restored).unwrap());
    let replaced = Mutex::new(Some(restored));
    // The first check has opened the old file.
    let migrator = chain.migrator().on_event(|_| {
        if let Some(restored) = replaced.lock().unwrap().take() {
            replace(&restored, &fixture.db());
        }
    });
    let db = migrator.wait_for_head(fixture.db(), LONG).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM t2"), 0);
}

#[test]
fn file_may_arrive_during_the_wait() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let made = fixture.path("made.db");
    drop(chain.open(&made).unwrap());
    let directory = fixture.path("replica");
    let path = directory.join("app.db");
    let migrator = chain.migrator().on_event(|_| {
        fs::create_dir(&directory).unwrap();
        replace(&made, &path);
    });
    migrator.wait_for_head(&path, LONG).unwrap();
}

#[test]
fn timeout_reports_the_revision_and_what_is_pending() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    for timeout in [Duration::ZERO, Duration::from_millis(30)] {
        let waited_for = chain.migrator().wait_for_head(fixture.db(), timeout);
        let error = waited_for.unwrap_err();
        let ErrorKind::Behind {
            waited,
            current,
            pending,
            ..
        } = error.kind()
        else {
            panic!("{error:#}");
        };
        assert!(*waited >= timeout, "{waited:?}");
        assert_eq!(current.as_deref(), Some("001"));
        assert_eq!(*pending, ["002"]);
        assert!(
            error.to_string().contains(
                ": the database is still at 001, but a revision is pending: 002; gave up after "
            ),
            "{error}"
        );
    }
}

#[test]
fn timeout_without_a_marker_reports_the_same() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    let db = Connection::open(fixture.db()).unwrap();
    db.pragma_update(None, "user_version", 7).unwrap();
    let error = chain
        .migrator()
        .wait_for_head(fixture.db(), Duration::ZERO)
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Behind { current: Some(id), pending, .. }
            if id == "001" && pending == &["002"]),
        "{error:#}"
    );
}

#[test]
fn missing_file_is_an_error_after_the_timeout() {
    let fixture = Fixture::new();
    let waited_for = fixture
        .tables(1)
        .migrator()
        .wait_for_head(fixture.db(), Duration::from_millis(30));
    let error = waited_for.unwrap_err();
    assert_eq!(error.code(), "open");
    assert!(
        error.to_string().ends_with("the file does not exist"),
        "{error}"
    );
    assert!(!fixture.db().exists());
}

#[test]
fn unadopted_database_is_behind() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    let db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE t1 (a)").unwrap();
    let migrator = chain.migrator().adopt(Adopt::AtUnchecked("001".into()));
    let error = migrator
        .wait_for_head(fixture.db(), Duration::ZERO)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("still without a history, so it is not adopted yet; "),
        "{error}"
    );
}

#[test]
fn state_that_no_upgrade_accepts_ends_the_wait() {
    for (ddl, code) in [
        ("UPDATE revchain_history SET checksum = 'x'", "edited"),
        ("UPDATE revchain_history SET revision = 'x'", "newer"),
        ("DROP TABLE revchain_history", "unmanaged"),
    ] {
        let fixture = Fixture::new();
        let chain = behind(&fixture, &fixture.db());
        let db = Connection::open(fixture.db()).unwrap();
        db.execute_batch(ddl).unwrap();
        db.pragma_update(None, "user_version", 0).unwrap();
        let error = fail_at_once(&chain, &fixture.db());
        assert_eq!(error.code(), code, "{error:#}");
    }
}

#[test]
fn drift_ends_the_wait() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[
        ("CREATE TABLE a (b);", "DROP TABLE a;"),
        ("CREATE TABLE c (d);", "DROP TABLE c;"),
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    assert_eq!(fail_at_once(&chain, &fixture.db()).code(), "drifted");
}

#[test]
fn newer_database_ends_the_wait() {
    let fixture = Fixture::new();
    drop(fixture.tables(3).open(fixture.db()).unwrap());
    let chain = fixture.tables(2);
    assert_eq!(fail_at_once(&chain, &fixture.db()).code(), "newer");
}

#[test]
fn compatible_newer_database_is_at_the_head() {
    let fixture = Fixture::new();
    drop(
        program(&fixture, &[NOTES, TAGS])
            .open(fixture.db())
            .unwrap(),
    );
    let older = program(&fixture, &[NOTES]);
    wait(&older, &fixture.db()).unwrap();
}

#[test]
fn path_that_is_no_database_ends_the_wait() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    fs::write(fixture.db(), "not a database".repeat(100)).unwrap();
    assert_eq!(fail_at_once(&chain, &fixture.db()).code(), "not-a-database");
    assert_eq!(fail_at_once(&chain, &fixture.path("")).code(), "open");
    assert_eq!(
        fail_at_once(&chain, &fixture.path("app.db/app.db")).code(),
        "open"
    );
    assert_eq!(
        fail_at_once(&chain, Path::new("sqlite:app.db")).code(),
        "open"
    );
}

#[test]
fn function_that_fails_ends_the_wait() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    let migrator = chain
        .migrator()
        .on_connect(|db| db.execute_batch("CREATE TABLE mine (a)"));
    let start = Instant::now();
    let error = migrator.wait_for_head(fixture.db(), LONG).unwrap_err();
    assert_eq!(error.code(), "on-connect");
    assert!(start.elapsed() < AT_ONCE);
}

#[test]
fn locked_database_is_busy_after_the_timeout() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    let other = Connection::open(fixture.db()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let timeout = Duration::from_millis(30);
    let start = Instant::now();
    let migrator = chain.migrator().on_connect(|db| db.busy_timeout(LONG));
    let error = migrator.wait_for_head(fixture.db(), timeout).unwrap_err();
    // The busy timeouts of the migrator and of the connection have no effect.
    assert!(start.elapsed() < AT_ONCE);
    assert!(
        matches!(error.kind(), ErrorKind::Busy { waited, .. } if *waited >= timeout),
        "{error:#}"
    );
}

#[test]
fn wait_for_a_database_in_wal_mode_writes_nothing() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    let mut primary = Connection::open(fixture.db()).unwrap();
    primary
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0")
        .unwrap();
    let wal = fixture.path("app.db-wal");
    let error = chain
        .migrator()
        .wait_for_head(fixture.db(), Duration::ZERO)
        .unwrap_err();
    assert_eq!(error.code(), "behind");
    chain.upgrade(&mut primary).unwrap();
    let files = || [fixture.db(), wal.clone()].map(|file| fs::read(file).unwrap());
    let before = files();
    let reader = wait(&chain, &fixture.db()).unwrap();
    assert_eq!(count(&reader, "SELECT count(*) FROM t2"), 0);
    drop(reader);
    assert_eq!(files(), before);
}

#[test]
fn check_of_a_marked_database_reads_only_its_header() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    let db = Connection::open(fixture.db()).unwrap();
    // A check that reads the history finds an edited revision.
    db.execute_batch("UPDATE revchain_history SET checksum = zeroblob(32)")
        .unwrap();
    let waited_for = chain.migrator().wait_for_head(fixture.db(), Duration::ZERO);
    assert_eq!(waited_for.unwrap_err().code(), "behind");
}

#[test]
fn wait_emits_one_event() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    let events = Mutex::new(Vec::new());
    let migrator = chain
        .migrator()
        .on_event(|event| events.lock().unwrap().push(event.to_string()));
    let timeout = Duration::from_millis(50);
    migrator.wait_for_head(fixture.db(), timeout).unwrap_err();
    assert_eq!(
        *events.lock().unwrap(),
        ["waiting for the migrations, at most 50.0ms"]
    );
}

#[test]
fn read_only_replica_behind_the_head_says_how_to_wait() {
    let fixture = Fixture::new();
    let chain = behind(&fixture, &fixture.db());
    let advice = "on a replica, upgrade the primary, and wait here: .wait_for_head(…)";
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let mut db = Connection::open_with_flags(fixture.db(), flags).unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert!(error.help().unwrap().contains(advice), "{error:#}");
    for parameter in ["mode=ro", "immutable=1"] {
        let path = fixture.db().display().to_string().replace('\\', "/");
        // SQLite needs a slash before a drive of Windows.
        let slash = if cfg!(windows) { "/" } else { "" };
        let uri = format!("file:{slash}{path}?{parameter}");
        let error = chain.open(uri).unwrap_err();
        assert_eq!(error.code(), "read-only", "{parameter}");
        assert!(error.help().unwrap().contains(advice), "{error:#}");
    }
    // A request that is no upgrade does not become possible by waiting.
    let error = chain.migrator().stamp(&mut db, "base").unwrap_err();
    assert!(!error.help().unwrap().contains("replica"), "{error:#}");
}
