//! Several processes at one file, and processes that die.

#![allow(clippy::unwrap_used)]

mod common;

use std::env;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use common::{Place, TOKENS, count, ids, is_sound};
use revchain::rusqlite::Connection;
use revchain::{ErrorKind, Event, Migrations, Outcome};

/// A table, and revisions that only write rows: run twice, they would show it.
fn counting(place: &Place, revisions: usize, rows: usize) -> Migrations {
    let insert = |n: usize| {
        format!(
            "INSERT INTO log WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < {rows}) SELECT {n}, x FROM i;"
        )
    };
    let steps: Vec<(String, String)> = (1..=revisions)
        .map(|n| match n {
            1 => ("CREATE TABLE log (revision INTEGER, x INTEGER);".to_owned(), "DROP TABLE log;".to_owned()),
            _ => (insert(n), format!("DELETE FROM log WHERE revision = {n};")),
        })
        .collect();
    place.chain(&steps.iter().map(|(up, down)| (up.as_str(), down.as_str())).collect::<Vec<_>>())
}

/// A process of its own that holds the write lock for so long, once it has said so by making the file `held`.
#[test]
#[ignore = "run by the others, as a process of its own"]
fn holder() {
    let Some(place) = env::var_os("REVCHAIN_TEST_PLACE") else { return };
    let place = Path::new(&place);
    let db = Connection::open(place.join("app.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::fs::write(place.join("held"), "").unwrap();
    thread::sleep(HELD);
    db.execute_batch("COMMIT").unwrap();
}

const HELD: Duration = Duration::from_secs(2);

/// Has another process hold the write lock.
fn hold(place: &Place) -> Child {
    let holder = spawn_as(place, "holder");
    while !place.path("held").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    holder
}

/// A process of its own that opens the database with the chain once the file `go` is there; see [`child`].
fn spawn(place: &Place) -> Child {
    spawn_as(place, "child")
}

fn spawn_as(place: &Place, child: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", child, "--ignored", "--nocapture"])
        .env("REVCHAIN_TEST_PLACE", place.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "run by the others, as a process of its own"]
fn child() {
    let Some(place) = env::var_os("REVCHAIN_TEST_PLACE") else { return };
    let place = Path::new(&place);
    let chain = Migrations::from_directory_unproven(place.join("migrations")).unwrap();
    while !place.join("go").exists() {
        thread::sleep(Duration::from_micros(200));
    }
    chain.open(place.join("app.db")).unwrap();
}

#[test]
#[ignore = "run by the others, as a process of its own"]
fn child_with_an_image() {
    let Some(place) = env::var_os("REVCHAIN_TEST_PLACE") else { return };
    let place = Path::new(&place);
    while !place.join("go").exists() {
        thread::sleep(Duration::from_micros(200));
    }
    TOKENS.open(place.join("app.db")).unwrap();
}

fn go(place: &Place) {
    std::fs::write(place.path("go"), "").unwrap();
}

fn each_once(place: &Place, revisions: i64, rows: i64) {
    let db = Connection::open(place.db()).unwrap();
    assert_eq!(ids(&db).len() as i64, revisions);
    assert_eq!(count(&db, "SELECT count(*) FROM log"), (revisions - 1) * rows);
    assert_eq!(
        count(&db, "SELECT count(*) FROM (SELECT DISTINCT revision, x FROM log)"),
        (revisions - 1) * rows
    );
}

#[test]
fn sixty_four_processes_at_one_file_apply_each_revision_once_and_wait_for_who_writes() {
    for journal in ["delete", "wal"] {
        for pending in [6, 100] {
            let place = Place::new();
            let chain = counting(&place, pending, 5);
            let mut db = Connection::open(place.db()).unwrap();
            db.pragma_update(None, "journal_mode", journal).unwrap();
            if pending == 100 {
                chain.upgrade_to(&mut db, "001").unwrap();
            }
            drop(db);
            let children: Vec<Child> = (0..64).map(|_| spawn(&place)).collect();
            let mut holder = hold(&place);
            let start = Instant::now();
            go(&place);
            for mut child in children {
                assert!(child.wait().unwrap().success(), "{journal}");
            }
            // Well below the 30 seconds that each would have waited.
            println!(
                "64 processes, {pending} pending, {journal}: {:?}, {HELD:?} of it a writer's",
                start.elapsed()
            );
            assert!(holder.wait().unwrap().success());
            each_once(&place, pending as i64, 5);
        }
    }
}

#[test]
fn sixty_four_threads_do_as_well() {
    for journal in ["delete", "wal"] {
        let place = Place::new();
        let chain = counting(&place, 100, 5);
        Connection::open(place.db()).unwrap().pragma_update(None, "journal_mode", journal).unwrap();
        let mut holder = hold(&place);
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| chain.open(place.db()).unwrap());
            }
        });
        assert!(holder.wait().unwrap().success());
        each_once(&place, 100, 5);
    }
}

#[test]
fn the_error_says_who_holds_the_database_and_for_how_long_it_was_waited() {
    for journal in ["delete", "wal"] {
        let place = Place::new();
        let chain = place.tables(1);
        Connection::open(place.db()).unwrap().pragma_update(None, "journal_mode", journal).unwrap();
        let mut holder = hold(&place);
        let options = chain.options().lock_timeout(Duration::from_millis(200));
        let error = options.open(place.db()).unwrap_err();
        let ErrorKind::Locked { waited, holders, .. } = error.kind() else { panic!("{error}") };
        assert!(*waited >= Duration::from_millis(200) && *waited < HELD, "{waited:?}");
        let text = error.to_string();
        assert!(text.contains("that were waited"), "{text}");
        if cfg!(target_os = "linux") {
            assert_eq!(holders.iter().map(|holder| holder.0).collect::<Vec<_>>(), [holder.id()]);
            assert!(text.contains(&format!("waited: process {} (", holder.id())), "{text}");
            assert!(text.contains("let that finish or end it"), "{text}");
        }
        holder.wait().unwrap();

        // One that this process has itself.
        let own = Connection::open(place.db()).unwrap();
        own.execute_batch("BEGIN IMMEDIATE").unwrap();
        let text = options.open(place.db()).unwrap_err().to_string();
        assert!(!cfg!(target_os = "linux") || text.contains("which is this one"), "{text}");
    }
}

#[test]
fn of_processes_that_lay_down_the_same_new_file_one_does_and_the_others_use_it() {
    for _ in 0..8 {
        let place = Place::new();
        let children: Vec<Child> = (0..16).map(|_| spawn_as(&place, "child_with_an_image")).collect();
        thread::sleep(Duration::from_millis(20));
        go(&place);
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert!(is_sound(&place.db()));
        let db = Connection::open(place.db()).unwrap();
        assert_eq!(ids(&db).len(), 9);
        assert!(TOKENS.check(&db).unwrap().is_none());
        assert_eq!(count(&db, "SELECT count(DISTINCT origin) FROM revchain_history"), 1);
        assert_eq!(place.files(), ["app.db", "go"]);
    }
}

#[test]
fn a_process_that_is_killed_while_it_lays_down_a_file_leaves_all_of_it_or_nothing() {
    const KILLS: u32 = 60;
    let (mut nothing, mut whole, mut begun) = (0, 0, 0);
    for kill in 0..KILLS {
        let place = Place::new();
        let mut child = spawn_as(&place, "child_with_an_image");
        thread::sleep(Duration::from_millis(30));
        go(&place);
        thread::sleep(Duration::from_micros(u64::from(kill * 23 % KILLS) * 50));
        child.kill().unwrap();
        child.wait().unwrap();
        begun += u32::from(place.path("app.db-revchain").exists());
        if place.db().exists() {
            let db = Connection::open(place.db()).unwrap();
            assert_eq!(ids(&db).len(), 9);
            assert!(TOKENS.check(&db).unwrap().is_none() && is_sound(&place.db()));
            whole += 1;
        } else {
            nothing += 1;
        }
        // Whatever is left, the next makes a database of it, or another.
        let was_there = place.db().exists();
        drop(TOKENS.open(place.db()).unwrap());
        assert!(is_sound(&place.db()));
        assert_eq!(ids(&Connection::open(place.db()).unwrap()).len(), 9);
        if !was_there {
            assert_eq!(place.files(), ["app.db", "go"]);
        }
    }
    println!(
        "{KILLS} kills: {nothing} before there was a file, {whole} with all of it; {begun} left one begun"
    );
    assert!(nothing > 0 && whole > 0, "no kill came while it was laid down");
}

#[test]
fn a_killed_upgrade_leaves_the_old_head_or_the_new_one_and_the_next_finishes_it() {
    const KILLS: u32 = 50;
    let (mut old, mut new, mut torn) = (0, 0, 0);
    for kill in 0.. {
        // On a machine that is busy, it may take more of them.
        if kill >= KILLS && (old > 0 && torn > 0 || kill > 4 * KILLS) {
            break;
        }
        let journal = if kill % 2 == 0 { "delete" } else { "wal" };
        let place = Place::new();
        let mut db = Connection::open(place.db()).unwrap();
        db.pragma_update(None, "journal_mode", journal).unwrap();
        let chain = counting(&place, 12, 2000);
        chain.upgrade_to(&mut db, "002").unwrap();
        drop(db);
        let whole = {
            // How long an upgrade takes here, so that kills are spread over all of it.
            let copy = place.path("copy.db");
            std::fs::copy(place.db(), &copy).unwrap();
            let start = Instant::now();
            chain.open(&copy).unwrap();
            start.elapsed()
        };
        let mut child = spawn(&place);
        thread::sleep(Duration::from_millis(30));
        go(&place);
        // By a stride that meets every part of the upgrade once, and a little before and after it.
        thread::sleep(whole.mul_f64(1.3 * f64::from(kill * 23 % KILLS) / f64::from(KILLS)));
        child.kill().unwrap();
        child.wait().unwrap();
        // An upgrade that was under way has left what it had written so far.
        torn +=
            u32::from(std::fs::metadata(place.path("app.db-journal")).is_ok_and(|journal| journal.len() > 0));
        assert!(is_sound(&place.db()));
        match ids(&Connection::open(place.db()).unwrap()).len() {
            2 => old += 1,
            12 => new += 1,
            other => panic!("{other} revisions are stamped"),
        }
        each_once(&place, ids(&Connection::open(place.db()).unwrap()).len() as i64, 2000);
        drop(chain.open(place.db()).unwrap());
        each_once(&place, 12, 2000);
    }
    println!(
        "{} kills: {old} at the old head, {new} at the new one; {torn} with a journal to roll back",
        old + new
    );
    assert!(old > 0 && torn > 0, "no kill came while the upgrade ran");
}

#[test]
fn the_loser_of_a_race_does_nothing() {
    let place = Place::new();
    let chain = counting(&place, 3, 1);
    let mut blocker = Connection::open(place.db()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let loser = scope.spawn(|| {
            let mut db = Connection::open(place.db()).unwrap();
            let options = chain.options().on_event(|event| {
                if let Event::Waiting { .. } = event {
                    send.send(()).unwrap();
                }
            });
            options.upgrade(&mut db).unwrap()
        });
        // It has found a new database, and now waits for the lock.
        receive.recv_timeout(Duration::from_secs(60)).unwrap();
        blocker.execute_batch("COMMIT").unwrap();
        let winner = chain.upgrade(&mut blocker);
        let outcomes = [winner.unwrap().outcome, loser.join().unwrap().outcome];
        assert!(outcomes.contains(&Outcome::New) && outcomes.contains(&Outcome::UpToDate), "{outcomes:?}");
    });
    each_once(&place, 3, 1);
}

#[test]
fn the_wait_for_the_lock_ends_at_its_timeout() {
    let place = Place::new();
    let chain = place.tables(1);
    // EXCLUSIVE keeps readers out as well.
    for lock in ["IMMEDIATE", "EXCLUSIVE"] {
        let blocker = Connection::open(place.db()).unwrap();
        blocker.execute_batch(&format!("BEGIN {lock}")).unwrap();
        let mut db = Connection::open(place.db()).unwrap();
        // The connection's own patience would be longer than that of any test.
        db.busy_timeout(Duration::from_secs(600)).unwrap();
        let waits = Mutex::new(0);
        let options = chain.options().lock_timeout(Duration::from_millis(80)).on_event(|event| {
            assert!(matches!(event, Event::Waiting { .. }), "{event}");
            *waits.lock().unwrap() += 1;
        });
        let error = options.upgrade(&mut db).unwrap_err();
        assert_eq!(*waits.lock().unwrap(), 1, "it is told once");
        assert!(
            matches!(error.kind(), ErrorKind::Locked { waited, .. } if *waited >= Duration::from_millis(80)),
            "{error}"
        );
        assert!(error.to_string().contains("another connection held it"), "{error}");
        if lock == "EXCLUSIVE" {
            assert_eq!(options.history(&db).unwrap_err().code(), "locked");
            assert_eq!(options.pending(&db).unwrap_err().code(), "locked");
        }
        assert_eq!(count(&db, "PRAGMA busy_timeout"), 600_000);
    }
}

#[test]
fn what_is_waited_for_the_lock_is_thirty_seconds_unless_told() {
    let place = Place::new();
    let chain = place.tables(1);
    let blocker = Connection::open(place.db()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let timeouts = Mutex::new(Vec::new());
    let options = chain.options().on_event(|event| {
        if let Event::Waiting { timeout, .. } = event {
            timeouts.lock().unwrap().push(*timeout);
            blocker.execute_batch("COMMIT").unwrap();
        }
    });
    drop(options.open(place.db()).unwrap());
    assert_eq!(*timeouts.lock().unwrap(), [Duration::from_secs(30)]);
}

#[test]
fn while_an_upgrade_runs_others_read_what_was_there_before() {
    for journal in ["delete", "wal"] {
        let place = Place::new();
        let chain = counting(&place, 3, 1);
        let mut db = Connection::open(place.db()).unwrap();
        db.pragma_update(None, "journal_mode", journal).unwrap();
        chain.upgrade_to(&mut db, "002").unwrap();
        let seen = Mutex::new(Vec::new());
        let options = chain.options().on_event(|event| {
            if let Event::Upgraded { .. } | Event::Committed { .. } = event {
                seen.lock().unwrap().push(ids(&Connection::open(place.db()).unwrap()));
            }
        });
        options.upgrade(&mut db).unwrap();
        assert_eq!(*seen.lock().unwrap(), [vec!["001", "002"], vec!["001", "002", "003"]], "{journal}");
    }
}

#[test]
fn a_reader_delays_the_commit_and_does_not_break_it() {
    let place = Place::new();
    let chain = place.tables(2);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    let reader = Connection::open(place.db()).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM t1").unwrap();
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        let upgrade = scope.spawn({
            let (chain, db) = (&chain, &mut db);
            move || {
                let options = chain.options().on_event(move |event| {
                    if let Event::Waiting { .. } = event {
                        send.send(()).unwrap();
                    }
                });
                options.upgrade(db).unwrap()
            }
        });
        receive.recv().unwrap();
        reader.execute_batch("COMMIT").unwrap();
        assert_eq!(upgrade.join().unwrap().outcome, Outcome::Upgraded);
    });
}
