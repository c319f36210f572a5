//! Several processes and threads on one file, and processes that are killed.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use revchain::rusqlite::Connection;
use revchain::{ErrorKind, Event, Migrations, Outcome};
use revchain_prove::migrations_from_directory_unproven;

use crate::support::{BILLING, Fixture, TOKENS, count, ids, is_sound};

/// Builds a chain whose revisions insert rows, so that a revision applied twice is visible.
fn counting_chain(fixture: &Fixture, revisions: usize, rows: usize) -> Migrations {
    let insert = |n: usize| {
        format!(
            "INSERT INTO log
             WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < {rows})
             SELECT {n}, x FROM i;"
        )
    };
    let steps: Vec<(String, String)> = (1..=revisions)
        .map(|n| match n {
            1 => (
                "CREATE TABLE log (revision INTEGER, x INTEGER);".to_owned(),
                "DROP TABLE log;".to_owned(),
            ),
            _ => (insert(n), format!("DELETE FROM log WHERE revision = {n};")),
        })
        .collect();
    fixture.chain(
        &steps
            .iter()
            .map(|(up, down)| (up.as_str(), down.as_str()))
            .collect::<Vec<_>>(),
    )
}

const HOLD_TIME: Duration = Duration::from_secs(2);

/// Holds the write lock for [`HOLD_TIME`], after creating the file `held`.
#[test]
#[ignore = "other tests run this one in a child process"]
fn child_holds_the_write_lock() {
    let Some(fixture) = env::var_os("REVCHAIN_TEST_DIRECTORY") else {
        return;
    };
    let fixture = Path::new(&fixture);
    let db = Connection::open(fixture.join("app.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    fs::write(fixture.join("held"), "").unwrap();
    thread::sleep(HOLD_TIME);
    db.execute_batch("COMMIT").unwrap();
}

#[test]
#[ignore = "other tests run this one in a child process"]
fn child_opens_the_chain() {
    let Some(fixture) = env::var_os("REVCHAIN_TEST_DIRECTORY") else {
        return;
    };
    let fixture = Path::new(&fixture);
    let chain = migrations_from_directory_unproven(fixture.join("migrations")).unwrap();
    fs::write(fixture.join("ready"), "").unwrap();
    wait_for(&fixture.join("go"));
    chain.open(fixture.join("app.db")).unwrap();
}

#[test]
#[ignore = "other tests run this one in a child process"]
fn child_opens_the_token_store() {
    let Some(fixture) = env::var_os("REVCHAIN_TEST_DIRECTORY") else {
        return;
    };
    let fixture = Path::new(&fixture);
    fs::write(fixture.join("ready"), "").unwrap();
    wait_for(&fixture.join("go"));
    TOKENS.open(fixture.join("app.db")).unwrap();
}

/// The number of new files, and the number of processes that open each of them at once.
const WAL_FILES: usize = 80;
const WAL_PROCESSES: usize = 16;

/// Waits until a file exists. Fails after the end of the test that would create the file.
fn wait_for(path: &Path) {
    while !path.exists() {
        assert!(path.parent().unwrap().exists());
        thread::sleep(Duration::from_micros(200));
    }
}

#[test]
#[ignore = "other tests run this one in a child process"]
fn child_opens_files_in_wal_mode() {
    let Some(fixture) = env::var_os("REVCHAIN_TEST_DIRECTORY") else {
        return;
    };
    let fixture = Path::new(&fixture);
    let directory = fixture.join("migrations");
    let chain = if directory.exists() {
        migrations_from_directory_unproven(directory).unwrap()
    } else {
        TOKENS.clone()
    };
    for file in 0..WAL_FILES {
        wait_for(&fixture.join(format!("go{file}")));
        let db = chain
            .migrator()
            .wal()
            .open(fixture.join(format!("{file}.db")));
        drop(db.unwrap());
        fs::write(fixture.join(format!("done{file}-{}", process::id())), "").unwrap();
    }
}

/// Lets processes open new files at once, with a chain whose snapshot is or is not used.
fn race_for_wal_mode(uses_snapshot: bool) {
    let fixture = Fixture::new();
    let chain = if uses_snapshot {
        TOKENS.clone()
    } else {
        fixture.tables(3)
    };
    let children: Vec<Child> = (0..WAL_PROCESSES)
        .map(|_| spawn_as(&fixture, "child_opens_files_in_wal_mode"))
        .collect();
    let finished = |file: usize| {
        let prefix = format!("done{file}-");
        let files = fixture.files();
        files
            .iter()
            .filter(|name| name.starts_with(&prefix))
            .count()
    };
    for file in 0..WAL_FILES {
        fs::write(fixture.path(&format!("go{file}")), "").unwrap();
        let start = Instant::now();
        while finished(file) < WAL_PROCESSES {
            // A process that failed never finishes.
            assert!(start.elapsed() < Duration::from_secs(60), "file {file}");
            thread::sleep(Duration::from_millis(1));
        }
        let path = fixture.path(&format!("{file}.db"));
        let db = Connection::open(&path).unwrap();
        let mode: String = db
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
        assert_eq!(ids(&db).len(), chain.revisions().len());
        assert!(chain.check(&db).unwrap().is_same() && is_sound(&path));
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn concurrent_processes_put_a_new_file_into_wal_mode() {
    race_for_wal_mode(false);
}

#[test]
fn concurrent_processes_copy_the_snapshot_in_wal_mode() {
    race_for_wal_mode(true);
}

/// Starts a process that holds the write lock, and waits until it does.
fn hold_write_lock(fixture: &Fixture) -> Child {
    let holder = spawn_as(fixture, "child_holds_the_write_lock");
    while !fixture.path("held").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    holder
}

/// Starts a process that opens the database with the chain, once the file `go` exists.
fn spawn(fixture: &Fixture) -> Child {
    spawn_as(fixture, "child_opens_the_chain")
}

fn spawn_as(fixture: &Fixture, child: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("concurrency::{child}"),
            "--ignored",
            "--nocapture",
        ])
        .env("REVCHAIN_TEST_DIRECTORY", fixture.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn start_children(fixture: &Fixture) {
    fs::write(fixture.path("go"), "").unwrap();
}

fn assert_each_applied_once(fixture: &Fixture, revisions: i64, rows: i64) {
    let db = Connection::open(fixture.db()).unwrap();
    assert_eq!(ids(&db).len() as i64, revisions);
    assert_eq!(
        count(&db, "SELECT count(*) FROM log"),
        (revisions - 1) * rows
    );
    assert_eq!(
        count(
            &db,
            "SELECT count(*) FROM (SELECT DISTINCT revision, x FROM log)"
        ),
        (revisions - 1) * rows
    );
}

#[test]
fn concurrent_processes_apply_each_revision_once() {
    for journal in ["delete", "wal"] {
        for pending in [6, 100] {
            let fixture = Fixture::new();
            let chain = counting_chain(&fixture, pending, 5);
            let mut db = Connection::open(fixture.db()).unwrap();
            db.pragma_update(None, "journal_mode", journal).unwrap();
            if pending == 100 {
                chain.migrator().upgrade_to(&mut db, "001").unwrap();
            }
            drop(db);
            let children: Vec<Child> = (0..64).map(|_| spawn(&fixture)).collect();
            let mut holder = hold_write_lock(&fixture);
            let start = Instant::now();
            start_children(&fixture);
            for mut child in children {
                assert!(child.wait().unwrap().success(), "{journal}");
            }
            // The total is well below the busy timeout of 30 seconds.
            println!(
                "64 processes, {pending} pending, {journal}: {:?}, including {HOLD_TIME:?} of a writer",
                start.elapsed()
            );
            assert!(holder.wait().unwrap().success());
            assert_each_applied_once(&fixture, pending as i64, 5);
        }
    }
}

#[test]
fn concurrent_threads_apply_each_revision_once() {
    for journal in ["delete", "wal"] {
        let fixture = Fixture::new();
        let chain = counting_chain(&fixture, 100, 5);
        Connection::open(fixture.db())
            .unwrap()
            .pragma_update(None, "journal_mode", journal)
            .unwrap();
        let mut holder = hold_write_lock(&fixture);
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| chain.open(fixture.db()).unwrap());
            }
        });
        assert!(holder.wait().unwrap().success());
        assert_each_applied_once(&fixture, 100, 5);
    }
}

#[test]
fn loser_of_a_race_does_nothing() {
    let fixture = Fixture::new();
    let chain = counting_chain(&fixture, 3, 1);
    let mut blocker = Connection::open(fixture.db()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let loser = scope.spawn(|| {
            let mut db = Connection::open(fixture.db()).unwrap();
            let migrator = chain.migrator().on_event(|event| {
                if let Event::Waiting { .. } = event {
                    send.send(()).unwrap();
                }
            });
            migrator.upgrade(&mut db).unwrap()
        });
        // The loser has seen an empty database and waits for the write lock.
        receive.recv_timeout(Duration::from_secs(60)).unwrap();
        blocker.execute_batch("COMMIT").unwrap();
        let winner = chain.upgrade(&mut blocker);
        let outcomes = [winner.unwrap().outcome, loser.join().unwrap().outcome];
        assert!(
            outcomes.contains(&Outcome::New) && outcomes.contains(&Outcome::UpToDate),
            "{outcomes:?}"
        );
    });
    assert_each_applied_once(&fixture, 3, 1);
}

#[test]
fn concurrent_processes_create_one_file() {
    for _ in 0..8 {
        let fixture = Fixture::new();
        let children: Vec<Child> = (0..16)
            .map(|_| spawn_as(&fixture, "child_opens_the_token_store"))
            .collect();
        thread::sleep(Duration::from_millis(20));
        start_children(&fixture);
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert!(is_sound(&fixture.db()));
        let db = Connection::open(fixture.db()).unwrap();
        assert_eq!(ids(&db).len(), 9);
        assert!(TOKENS.check(&db).unwrap().is_same());
        assert_eq!(
            count(&db, "SELECT count(DISTINCT origin) FROM revchain_history"),
            1
        );
        assert_eq!(fixture.files(), ["app.db", "go", "ready"]);
    }
}

#[test]
fn killed_file_creation_leaves_a_whole_file_or_none() {
    const KILLS: u32 = 60;
    let (mut nothing, mut whole, mut begun) = (0, 0, 0);
    // The kills are spread over this time. A busy machine needs more of it.
    let mut range = Duration::from_millis(3);
    for kill in 0.. {
        if kill >= KILLS && (nothing > 0 && whole > 0 || kill >= 8 * KILLS) {
            break;
        }
        if kill > 0 && kill % KILLS == 0 {
            range *= 2;
        }
        let fixture = Fixture::new();
        let mut child = spawn_as(&fixture, "child_opens_the_token_store");
        wait_for(&fixture.path("ready"));
        start_children(&fixture);
        thread::sleep(range.mul_f64(f64::from(kill * 23 % KILLS) / f64::from(KILLS)));
        child.kill().unwrap();
        child.wait().unwrap();
        begun += u32::from(fixture.path("app.db-revchain").exists());
        if fixture.db().exists() {
            let db = Connection::open(fixture.db()).unwrap();
            assert_eq!(ids(&db).len(), 9);
            assert!(TOKENS.check(&db).unwrap().is_same() && is_sound(&fixture.db()));
            whole += 1;
        } else {
            nothing += 1;
        }
        // The next open completes whatever is left, or starts over.
        let was_there = fixture.db().exists();
        drop(TOKENS.open(fixture.db()).unwrap());
        assert!(is_sound(&fixture.db()));
        assert_eq!(ids(&Connection::open(fixture.db()).unwrap()).len(), 9);
        if !was_there {
            assert_eq!(fixture.files(), ["app.db", "go", "ready"]);
        }
    }
    println!("kills: {nothing} without a file, {whole} with a whole file, {begun} partial files");
    assert!(
        nothing > 0 && whole > 0,
        "no kill came while the file was created"
    );
}

#[test]
fn killed_upgrade_leaves_the_old_or_the_new_head() {
    const KILLS: u32 = 50;
    let (mut old, mut new, mut torn) = (0, 0, 0);
    for kill in 0.. {
        // A busy machine may need more kills.
        if kill >= KILLS && (old > 0 && torn > 0 || kill > 4 * KILLS) {
            break;
        }
        let journal = if kill % 2 == 0 { "delete" } else { "wal" };
        let fixture = Fixture::new();
        let mut db = Connection::open(fixture.db()).unwrap();
        db.pragma_update(None, "journal_mode", journal).unwrap();
        let chain = counting_chain(&fixture, 12, 2000);
        chain.migrator().upgrade_to(&mut db, "002").unwrap();
        drop(db);
        let whole = {
            // The duration of an upgrade, over which the kills are spread.
            let copy = fixture.path("copy.db");
            fs::copy(fixture.db(), &copy).unwrap();
            let start = Instant::now();
            chain.open(&copy).unwrap();
            start.elapsed()
        };
        let mut child = spawn(&fixture);
        wait_for(&fixture.path("ready"));
        start_children(&fixture);
        // The stride covers every part of the upgrade once, and some time after it.
        thread::sleep(whole.mul_f64(1.3 * f64::from(kill * 23 % KILLS) / f64::from(KILLS)));
        child.kill().unwrap();
        child.wait().unwrap();
        // An interrupted upgrade leaves a journal.
        torn += u32::from(
            fs::metadata(fixture.path("app.db-journal")).is_ok_and(|journal| journal.len() > 0),
        );
        assert!(is_sound(&fixture.db()));
        match ids(&Connection::open(fixture.db()).unwrap()).len() {
            2 => old += 1,
            12 => new += 1,
            other => panic!("{other} revisions are recorded"),
        }
        assert_each_applied_once(
            &fixture,
            ids(&Connection::open(fixture.db()).unwrap()).len() as i64,
            2000,
        );
        drop(chain.open(fixture.db()).unwrap());
        assert_each_applied_once(&fixture, 12, 2000);
    }
    println!(
        "{} kills: {old} at the old head, {new} at the new head, {torn} with a hot journal",
        old + new
    );
    assert!(old > 0 && torn > 0, "no kill came while the upgrade ran");
}

#[test]
fn busy_error_names_the_lock_holder_and_the_wait() {
    for journal in ["delete", "wal"] {
        let fixture = Fixture::new();
        let chain = fixture.tables(1);
        Connection::open(fixture.db())
            .unwrap()
            .pragma_update(None, "journal_mode", journal)
            .unwrap();
        let mut holder = hold_write_lock(&fixture);
        let migrator = chain.migrator().busy_timeout(Duration::from_millis(200));
        let error = migrator.open(fixture.db()).unwrap_err();
        let ErrorKind::Busy {
            waited, holders, ..
        } = error.kind()
        else {
            panic!("{error}")
        };
        assert!(
            *waited >= Duration::from_millis(200) && *waited < HOLD_TIME,
            "{waited:?}"
        );
        let text = error.to_string();
        assert!(
            text.contains("app.db: the database is locked; gave up after 2"),
            "{text}"
        );
        if cfg!(target_os = "linux") {
            assert_eq!(
                holders
                    .iter()
                    .map(|holder| holder.process)
                    .collect::<Vec<_>>(),
                [holder.id()]
            );
            assert!(
                text.contains(&format!("\n  held by process {} (", holder.id())),
                "{text}"
            );
            let help = error.help().unwrap();
            assert!(
                help.starts_with("wait until the other programs have finished, or end them\n"),
                "{help}"
            );
        }
        holder.wait().unwrap();

        // This process holds the lock itself.
        let own = Connection::open(fixture.db()).unwrap();
        own.execute_batch("BEGIN IMMEDIATE").unwrap();
        let text = migrator.open(fixture.db()).unwrap_err().to_string();
        assert!(
            !cfg!(target_os = "linux") || text.ends_with(", this program"),
            "{text}"
        );
    }
}

/// A reader does not prevent the write lock, but the COMMIT.
#[test]
fn busy_commit_names_the_revision_after_the_rollback() {
    let fixture = Fixture::new();
    drop(fixture.tables(1).open(fixture.db()).unwrap());
    let reader = Connection::open(fixture.db()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let rows = count(&reader, "SELECT count(*) FROM revchain_history");
    assert_eq!(rows, 1);
    let chain = fixture.tables(2);
    let migrator = chain.migrator().busy_timeout(Duration::from_millis(80));
    let error = migrator.open(fixture.db()).unwrap_err();
    assert_eq!(error.code(), "busy");
    let text = error.to_string();
    assert!(
        text.ends_with("\nrolled back: the database is still at 001"),
        "{text}"
    );
    // No step has run without the write lock.
    reader.execute_batch("COMMIT; BEGIN IMMEDIATE").unwrap();
    let text = migrator.open(fixture.db()).unwrap_err().to_string();
    assert!(!text.contains("rolled back"), "{text}");
}

#[test]
fn write_lock_wait_ends_at_the_busy_timeout() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    // EXCLUSIVE also blocks readers.
    for lock in ["IMMEDIATE", "EXCLUSIVE"] {
        let blocker = Connection::open(fixture.db()).unwrap();
        blocker.execute_batch(&format!("BEGIN {lock}")).unwrap();
        let mut db = Connection::open(fixture.db()).unwrap();
        // The busy timeout of the connection itself is longer than any test.
        db.busy_timeout(Duration::from_secs(600)).unwrap();
        let waits = Mutex::new(0);
        let migrator = chain
            .migrator()
            .busy_timeout(Duration::from_millis(80))
            .on_event(|event| {
                assert!(matches!(event, Event::Waiting { .. }), "{event}");
                *waits.lock().unwrap() += 1;
            });
        let error = migrator.upgrade(&mut db).unwrap_err();
        assert_eq!(*waits.lock().unwrap(), 1, "`Waiting` is emitted once");
        assert!(
            matches!(error.kind(), ErrorKind::Busy { waited, .. } if *waited >= Duration::from_millis(80)),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .contains("the database is locked; gave up after "),
            "{error}"
        );
        if lock == "EXCLUSIVE" {
            assert_eq!(migrator.history(&db).unwrap_err().code(), "busy");
            assert_eq!(migrator.pending(&db).unwrap_err().code(), "busy");
        }
        assert_eq!(count(&db, "PRAGMA busy_timeout"), 600_000);
    }
}

#[test]
fn open_waits_no_longer_than_the_busy_timeout() {
    let fixture = Fixture::new();
    let other = TOKENS.open(fixture.db()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let start = Instant::now();
    let migrator = TOKENS.migrator().busy_timeout(Duration::from_millis(100));
    assert!(migrator.open(fixture.db()).is_err());
    let mut db = Connection::open(fixture.db()).unwrap();
    assert!(migrator.upgrade(&mut db).is_err());
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn default_busy_timeout_is_thirty_seconds() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    let blocker = Connection::open(fixture.db()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let blocker = Mutex::new(blocker);
    let timeouts = Mutex::new(Vec::new());
    let migrator = chain.migrator().on_event(|event| {
        if let Event::Waiting { timeout, .. } = event {
            timeouts.lock().unwrap().push(*timeout);
            blocker.lock().unwrap().execute_batch("COMMIT").unwrap();
        }
    });
    drop(migrator.open(fixture.db()).unwrap());
    assert_eq!(*timeouts.lock().unwrap(), [Duration::from_secs(30)]);
}

#[test]
fn query_only_connection_waits_for_a_writer() {
    for migrations in [&TOKENS, &BILLING] {
        let fixture = Fixture::new();
        drop(migrations.open(fixture.db()).unwrap());
        let other = Connection::open(fixture.db()).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let writer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            other.execute_batch("COMMIT").unwrap();
        });
        let mut db = Connection::open(fixture.db()).unwrap();
        db.execute_batch("PRAGMA query_only = ON").unwrap();
        let result = migrations.upgrade(&mut db);
        writer.join().unwrap();
        assert_eq!(result.unwrap().outcome, Outcome::UpToDate);
    }
}

#[test]
fn readers_see_the_old_state_during_an_upgrade() {
    for journal in ["delete", "wal"] {
        let fixture = Fixture::new();
        let chain = counting_chain(&fixture, 3, 1);
        let mut db = Connection::open(fixture.db()).unwrap();
        db.pragma_update(None, "journal_mode", journal).unwrap();
        chain.migrator().upgrade_to(&mut db, "002").unwrap();
        let seen = Mutex::new(Vec::new());
        let migrator = chain.migrator().on_event(|event| {
            if let Event::Upgraded { .. } | Event::Committed { .. } = event {
                seen.lock()
                    .unwrap()
                    .push(ids(&Connection::open(fixture.db()).unwrap()));
            }
        });
        migrator.upgrade(&mut db).unwrap();
        assert_eq!(
            *seen.lock().unwrap(),
            [vec!["001", "002"], vec!["001", "002", "003"]],
            "{journal}"
        );
    }
}

#[test]
fn reader_delays_the_commit_without_breaking_it() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    let reader = Connection::open(fixture.db()).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM t1").unwrap();
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        let upgrade = scope.spawn({
            let (chain, db) = (&chain, &mut db);
            move || {
                let migrator = chain.migrator().on_event(move |event| {
                    if let Event::Waiting { .. } = event {
                        send.send(()).unwrap();
                    }
                });
                migrator.upgrade(db).unwrap()
            }
        });
        receive.recv().unwrap();
        reader.execute_batch("COMMIT").unwrap();
        assert_eq!(upgrade.join().unwrap().outcome, Outcome::Upgraded);
    });
}
