//! Every call of the system that revchain and SQLite make for a database fails once, or for good, or the process is killed
//! before it. Whatever happens, the database is at its old head or at its new one, sound, with every row; the error says what
//! happened; and the next who opens it finishes the work.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use revchain::rusqlite::Connection;
use revchain::rusqlite::types::ValueRef;
use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!();

/// What is done, and to which databases.
struct Scenario {
    name: &'static str,
    /// What the child is told to do.
    what: &'static str,
    /// Makes the database; nothing where there is to be none yet.
    before: fn(&Path, &str),
    journals: &'static [&'static str],
}

const SCENARIOS: [Scenario; 8] = [
    Scenario { name: "a new file, from the image", what: "open", before: |_, _| {}, journals: &["delete"] },
    Scenario { name: "a new file, by the chain", what: "upgrade", before: |_, _| {}, journals: &["delete"] },
    Scenario {
        name: "three pending revisions",
        what: "open",
        before: |path, journal| drop(at("001", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "a backup before them",
        what: "backup",
        before: |path, journal| drop(at("001", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "a database from before the migrations",
        what: "open",
        before: |path, journal| {
            let db = connect(path, journal);
            db.execute_batch(MIGRATIONS.revisions()[0].upgrade().sql()).unwrap();
            fill(&db);
        },
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "a stamp",
        what: "stamp",
        before: |path, journal| {
            let db = at("004", path, journal);
            db.execute_batch("DROP TABLE revchain_history; PRAGMA user_version = 0").unwrap();
        },
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "a downgrade",
        what: "downgrade",
        before: |path, journal| drop(at("004", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "nothing to do",
        what: "open",
        before: |path, journal| drop(at("004", path, journal)),
        journals: &["delete", "wal"],
    },
];

const EIO: &str = "5";
const EAGAIN: &str = "11";
const EACCES: &str = "13";
const EMFILE: &str = "24";
const ENOSPC: &str = "28";
const EPERM: &str = "1";

/// Which calls fail, and how; `+` for every call from there on.
const FAULTS: [(&str, &str); 15] = [
    ("any", "kill"),
    ("write", ENOSPC),
    ("write", "28+"),
    ("write", EIO),
    ("sync", EIO),
    ("sync", "5+"),
    ("open", EACCES),
    ("open", EMFILE),
    ("read", EIO),
    ("read", "5+"),
    ("truncate", EIO),
    ("lock", EIO),
    ("lock", EAGAIN),
    ("link", EPERM),
    ("unlink", EIO),
];

/// What an error says of these.
const WORDS: [&str; 10] = [
    "disk I/O error",
    "disk is full",
    "unable to open database file",
    "is locked",
    "cannot be opened",
    "read-only",
    "readonly",
    // So SQLite calls a file of which it cannot read a part.
    "malformed",
    "locking protocol",
    "no backup could be made",
];

fn connect(path: &Path, journal: &str) -> Connection {
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", journal).unwrap();
    db
}

/// A database of users at this revision.
fn at(revision: &str, path: &Path, journal: &str) -> Connection {
    let mut db = connect(path, journal);
    MIGRATIONS.upgrade_to(&mut db, "001").unwrap();
    fill(&db);
    MIGRATIONS.upgrade_to(&mut db, revision).unwrap();
    db
}

fn fill(db: &Connection) {
    db.execute_batch(
        "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 30)
         INSERT INTO owners (id, name) SELECT n, 'owner ' || n FROM i;
         INSERT INTO pets (id, owner, name) SELECT id, id, 'pet ' || id FROM owners;",
    )
    .unwrap();
}

/// All that is in a database, and what is recorded; nothing where there is none. It must be sound.
fn contents(path: &Path, context: &str) -> String {
    if !path.exists() {
        return String::new();
    }
    let db = Connection::open(path).unwrap();
    let mut text = String::new();
    let mut add = |sql: &str| {
        let mut statement = db.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                match row.get_ref(column).unwrap() {
                    ValueRef::Text(value) => write!(text, "{} ", String::from_utf8_lossy(value)).unwrap(),
                    value => write!(text, "{value:?} ").unwrap(),
                }
            }
            text.push('\n');
        }
    };
    let mut tables = db
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'revchain_history' ORDER BY 1",
        )
        .unwrap();
    add("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2");
    for table in tables.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        let table = table.unwrap();
        add(&format!("SELECT '{table}', * FROM \"{table}\""));
    }
    let is_managed = "SELECT count(*) FROM sqlite_master WHERE name = 'revchain_history'";
    if db.query_row(is_managed, [], |row| row.get::<_, bool>(0)).unwrap() {
        add("SELECT revision, checksum FROM revchain_history");
    }
    for (check, good) in [("integrity_check", "ok \n"), ("foreign_key_check", "")] {
        let mut statement = db.prepare(&format!("PRAGMA {check}")).unwrap();
        let said = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let said: String = said.map(|line| line.unwrap() + " \n").collect();
        assert_eq!(said, good, "{context}: {check}");
    }
    text
}

struct Outcome {
    is_done: bool,
    was_killed: bool,
    said: String,
    /// Whether the fault came to pass.
    fired: bool,
}

/// Has the child do it, with a fault.
fn run(what: &str, folder: &Path, database: &Path, (calls, how): (&str, &str), number: usize) -> Outcome {
    let library = std::env::current_exe().unwrap().with_file_name("librevchain_faults.so");
    assert!(library.exists(), "{}", library.display());
    let output = Command::new(env!("CARGO_BIN_EXE_fault-child"))
        .arg(what)
        .arg(database)
        .env("LD_PRELOAD", library)
        .env("FAULT_FOLDER", folder)
        .env("FAULT_CALLS", calls)
        .env("FAULT_HOW", how)
        .env("FAULT_AT", number.to_string())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("panicked"), "{errors}");
    Outcome {
        is_done: output.status.success(),
        was_killed: output.status.code().is_none(),
        said: String::from_utf8_lossy(&output.stdout).into_owned(),
        fired: errors.contains("fault at"),
    }
}

/// What the next who comes to the database does, in this process and without faults.
fn finish(what: &str, database: &Path) {
    match what {
        "open" | "backup" => drop(MIGRATIONS.open(database).unwrap()),
        "upgrade" => drop(MIGRATIONS.upgrade(&mut Connection::open(database).unwrap()).unwrap()),
        "downgrade" => {
            drop(MIGRATIONS.downgrade_to(&mut Connection::open(database).unwrap(), "002").unwrap());
        }
        "stamp" => drop(MIGRATIONS.stamp(&mut Connection::open(database).unwrap(), "004").unwrap()),
        other => panic!("there is no {other}"),
    }
}

/// How often each kind of fault was tried, and what came of it.
#[derive(Default)]
struct Tally {
    tried: usize,
    killed: usize,
    refused: usize,
    done: usize,
    old: usize,
    new: usize,
    /// Refused, and yet at the new head.
    late: usize,
}

/// Lets every call fail in turn, until none is left to fail.
fn try_all(scenario: &Scenario, journal: &str, fault: (&str, &str), tally: &mut Tally) {
    let room = tempfile::tempdir().unwrap();
    let original = room.path().join("original");
    fs::create_dir(&original).unwrap();
    (scenario.before)(&original.join("app.db"), journal);
    let old = contents(&original.join("app.db"), scenario.name);
    let is_new = old.is_empty();
    let new = {
        let folder = copy(&original, room.path(), "reference");
        finish(scenario.what, &folder.join("app.db"));
        contents(&folder.join("app.db"), scenario.name)
    };
    for number in 1.. {
        let context = format!("{} ({journal}), {fault:?} at {number}", scenario.name);
        let folder = copy(&original, room.path(), "faulty");
        let database = folder.join("app.db");
        let outcome = run(scenario.what, &folder, &database, fault, number);
        if !outcome.fired {
            assert!(outcome.is_done, "{context}: {}", outcome.said);
            assert!(number > 1 || fault.0 != "any", "{context}: no call was seen");
            return;
        }
        tally.tried += 1;
        // `contents` opens it: what a dead process left is rolled back then.
        let found = contents(&database, &context);
        let is_at_new = found == new;
        assert!(is_at_new || found == old || is_new && found.is_empty(), "{context}: {found}");
        if outcome.is_done {
            assert!(is_at_new, "{context}: it was said to be done");
            tally.done += 1;
        } else if outcome.was_killed {
            tally.killed += 1;
        } else {
            let said = &outcome.said;
            assert!(WORDS.iter().any(|words| said.contains(words)), "{context}: {said}");
            assert!(said.contains("app.db") || said.contains("the test's own"), "{context}: {said}");
            tally.refused += 1;
            // Only SQLite's COMMIT can fail when it is done already: it cannot give back its locks. A file that was laid
            // down is at the head before it is opened.
            let is_late =
                said.contains("committing failed") && said.contains("the next who opens it will find");
            assert!(
                !is_at_new || is_late || old == new || scenario.what == "open" && is_new,
                "{context}: {said}"
            );
            tally.late += usize::from(is_at_new && is_late);
        }
        // What has the name of a backup is one, whole; and what has been done has one.
        let backups = backups(&folder);
        for backup in &backups {
            assert_eq!(contents(backup, &context), old, "{context}: {}", backup.display());
        }
        assert!(scenario.what != "backup" || !is_at_new || backups.len() == 1, "{context}");
        tally.old += usize::from(!is_at_new);
        tally.new += usize::from(is_at_new);
        finish(scenario.what, &database);
        assert_eq!(contents(&database, &context), new, "{context}: the next finishes it");
    }
}

/// The backups beside a database, without those that are not whole yet.
fn backups(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder.join("backups")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.')).collect()
}

/// A copy of a folder with files.
fn copy(folder: &Path, room: &Path, name: &str) -> PathBuf {
    let to = room.join(name);
    let _ = fs::remove_dir_all(&to);
    fs::create_dir(&to).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    to
}

fn try_scenario(name: &str) {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
    for journal in scenario.journals {
        for fault in FAULTS {
            let mut tally = Tally::default();
            try_all(scenario, journal, fault, &mut tally);
            let Tally { tried, killed, refused, done, old, new, late } = tally;
            println!(
                "{name} ({journal}), {fault:?}: {tried} faults; {killed} killed, {refused} refused, {done} done all the \
                 same; {old} at the old head, {new} at the new ({late} by a commit that failed too late)"
            );
        }
    }
}

#[test]
fn a_new_file_from_the_image() {
    try_scenario("a new file, from the image");
}

#[test]
fn a_new_file_by_the_chain() {
    try_scenario("a new file, by the chain");
}

#[test]
fn three_pending_revisions() {
    try_scenario("three pending revisions");
}

#[test]
fn a_backup_before_them() {
    try_scenario("a backup before them");
}

#[test]
fn a_database_from_before_the_migrations() {
    try_scenario("a database from before the migrations");
}

#[test]
fn a_stamp() {
    try_scenario("a stamp");
}

#[test]
fn a_downgrade() {
    try_scenario("a downgrade");
}

#[test]
fn nothing_to_do() {
    try_scenario("nothing to do");
}
