//! The scenarios of the fault tests, and the conditions that hold after each fault.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use revchain::OnNewer;
use revchain::rusqlite::Connection;
use revchain::rusqlite::types::ValueRef;
use tempfile::TempDir;

#[path = "../../src/work.rs"]
#[allow(dead_code, reason = "the tests with a child process only use a part")]
pub(crate) mod work;

use work::{MIGRATIONS, NAMED, older};

/// Defines a test for each scenario, so that scenarios run in parallel.
macro_rules! each_scenario {
    ($try:ident) => {
        #[test]
        fn new_file_from_the_snapshot() {
            $try("new file from the snapshot");
        }

        #[test]
        fn new_file_by_the_chain() {
            $try("new file by the chain");
        }

        #[test]
        fn three_pending_revisions() {
            $try("three pending revisions");
        }

        #[test]
        fn backup_before_an_upgrade() {
            $try("backup before an upgrade");
        }

        #[test]
        fn database_from_before_migrations() {
            $try("database from before migrations");
        }

        #[test]
        fn stamp_of_existing_tables() {
            $try("stamp of existing tables");
        }

        #[test]
        fn downgrade_of_two_revisions() {
            $try("downgrade of two revisions");
        }

        #[test]
        fn downgrade_of_a_newer_database() {
            $try("downgrade of a newer database");
        }

        #[test]
        fn database_at_the_head() {
            $try("database at the head");
        }

        #[test]
        fn three_pending_revisions_of_a_named_chain() {
            $try("three pending revisions of a named chain");
        }
    };
}

/// A task on a database, and the state of the database before it.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The name of the task, which is an argument of the child process.
    pub(crate) task: &'static str,
    /// Creates the database, if the scenario begins with one.
    before: fn(&Path, &str),
    pub(crate) journals: &'static [&'static str],
}

pub(crate) const SCENARIOS: [Scenario; 10] = [
    Scenario {
        name: "new file from the snapshot",
        task: "open",
        before: |_, _| {},
        journals: &["delete"],
    },
    Scenario {
        name: "new file by the chain",
        task: "upgrade",
        before: |_, _| {},
        journals: &["delete"],
    },
    Scenario {
        name: "three pending revisions",
        task: "open",
        before: |path, journal| drop(at("001", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "backup before an upgrade",
        task: "backup",
        before: |path, journal| drop(at("001", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "database from before migrations",
        task: "open",
        before: |path, journal| {
            let db = connect(path, journal);
            db.execute_batch(MIGRATIONS.revisions()[0].upgrade().sql())
                .unwrap();
            fill(&db);
        },
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "stamp of existing tables",
        task: "stamp",
        before: |path, journal| {
            let db = at("004", path, journal);
            db.execute_batch("DROP TABLE revchain_history; PRAGMA user_version = 0")
                .unwrap();
        },
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "downgrade of two revisions",
        task: "downgrade",
        before: |path, journal| drop(at("004", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "downgrade of a newer database",
        task: "downgrade-newer",
        before: |path, journal| drop(at("004", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "database at the head",
        task: "open",
        before: |path, journal| drop(at("004", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "three pending revisions of a named chain",
        task: "named",
        before: |path, journal| drop(named_at("001", path, journal)),
        journals: &["delete"],
    },
];

impl Scenario {
    pub(crate) fn of(name: &str) -> &'static Self {
        SCENARIOS
            .iter()
            .find(|scenario| scenario.name == name)
            .unwrap()
    }
}

pub(crate) struct Outcome {
    pub(crate) is_done: bool,
    pub(crate) was_killed: bool,
    pub(crate) message: String,
    /// `true` if the fault happened.
    pub(crate) has_fault: bool,
}

/// The number of faults of one kind, by their outcome.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) tried: usize,
    pub(crate) killed: usize,
    pub(crate) failed: usize,
    pub(crate) done: usize,
    pub(crate) old: usize,
    pub(crate) new: usize,
    /// Errors that left the database at the new head.
    pub(crate) late: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            tried,
            killed,
            failed,
            done,
            old,
            new,
            late,
        } = self;
        write!(
            f,
            "{tried} faults; {killed} killed, {failed} failed, {done} done; {old} at the old head, {new} at \
             the new ({late} after a commit that failed late)"
        )
    }
}

/// The files of a directory, each with its bytes.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// Repeated runs of a scenario, each on a copy of the same database.
pub(crate) struct Trials<'s> {
    scenario: &'s Scenario,
    temp_dir: TempDir,
    original: PathBuf,
    old: String,
    /// The old database without its marker, since a backup has a schema version of its own.
    old_contents: String,
    new: String,
    /// The content of directories that were checked before.
    /// Most faults leave each byte unchanged, so this saves most checks.
    checked: HashMap<Files, String>,
    /// The file names of directories that were checked at the new head.
    checked_new: HashSet<Vec<PathBuf>>,
}

/// A fault that a trial injects.
#[derive(Clone, Copy)]
pub(crate) struct Fault<'f> {
    /// The error of the trial must contain one of these texts.
    pub(crate) words: &'f [&'f str],
    /// The trial, for the message of an assertion.
    pub(crate) context: &'f str,
}

impl<'s> Trials<'s> {
    pub(crate) fn new(scenario: &'s Scenario, journal: &str, temp_dir: TempDir) -> Self {
        let original = temp_dir.path().join("original");
        fs::create_dir(&original).unwrap();
        (scenario.before)(&original.join("app.db"), journal);
        let old = state(&original.join("app.db"), scenario.name);
        let old_contents = contents(&original.join("app.db"), scenario.name);
        let new = {
            let directory = copy(&original, temp_dir.path(), "reference");
            finish(scenario.task, &directory.join("app.db"));
            state(&directory.join("app.db"), scenario.name)
        };
        Self {
            scenario,
            temp_dir,
            original,
            old,
            old_contents,
            new,
            checked: HashMap::new(),
            checked_new: HashSet::new(),
        }
    }

    /// Creates a directory with the original `app.db`.
    pub(crate) fn directory(&self) -> PathBuf {
        copy(&self.original, self.temp_dir.path(), "faulty")
    }

    /// Asserts the conditions after a fault.
    pub(crate) fn check(
        &mut self,
        directory: &Path,
        outcome: &Outcome,
        fault: Fault<'_>,
        tally: &mut Tally,
    ) {
        let context = fault.context;
        let (scenario, old, new) = (self.scenario, &self.old, &self.new);
        let is_new = old.is_empty();
        let database = directory.join("app.db");
        tally.tried += 1;
        let files = files(directory);
        let (found, is_checked) = match self.checked.get(&files) {
            Some(found) => (found.clone(), true),
            // `state` opens the database, which rolls back the transaction of a killed process.
            None => (state(&database, context), false),
        };
        let is_at_new = found == *new;
        assert!(
            is_at_new || found == *old || is_new && found.is_empty(),
            "{context}: {}\n{found}",
            outcome.message
        );
        self.check_outcome(outcome, is_at_new, fault, tally);
        if is_checked {
            return;
        }
        // Databases at the new head only differ in their timestamps.
        // A single check for each set of file names is enough.
        let names: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
        if is_at_new && backups(directory).is_empty() && !self.checked_new.insert(names) {
            return;
        }
        // Each file with the name of a backup is a complete backup. A finished upgrade has one.
        let backups = backups(directory);
        for backup in &backups {
            assert_eq!(
                contents(backup, context),
                self.old_contents,
                "{context}: {}",
                backup.display()
            );
        }
        assert!(
            scenario.task != "backup" || !is_at_new || backups.len() == 1,
            "{context}"
        );
        finish(scenario.task, &database);
        assert_eq!(
            state(&database, context),
            *new,
            "{context}: the next run finishes it"
        );
        self.checked.insert(files, found);
    }

    /// Asserts that the outcome fits the state of the database, and counts it.
    fn check_outcome(
        &self,
        outcome: &Outcome,
        is_at_new: bool,
        fault: Fault<'_>,
        tally: &mut Tally,
    ) {
        let Fault { words, context } = fault;
        let (scenario, old, new) = (self.scenario, &self.old, &self.new);
        let is_new = old.is_empty();
        if outcome.is_done {
            assert!(is_at_new, "{context}: the work was reported as done");
            tally.done += 1;
        } else if outcome.was_killed {
            tally.killed += 1;
        } else {
            let message = &outcome.message;
            assert!(
                words.iter().any(|words| message.contains(words)),
                "{context}: {message}"
            );
            assert!(
                message.contains("app.db") || message.contains("the connection of the test"),
                "{context}: {message}"
            );
            tally.failed += 1;
            // Only COMMIT can fail after it took effect, if SQLite cannot release its locks.
            // A file from the snapshot is at the head before it is opened.
            let is_late = message.contains("committing failed")
                && message.contains("the commit may have taken effect");
            assert!(
                !is_at_new || is_late || old == new || scenario.task == "open" && is_new,
                "{context}: {message}"
            );
            tally.late += usize::from(is_at_new && is_late);
        }
        tally.old += usize::from(!is_at_new);
        tally.new += usize::from(is_at_new);
    }
}

/// Returns all files below a directory.
fn files(directory: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files.sort();
    files
}

/// Runs the task again, in this process and without faults.
fn finish(task: &str, database: &Path) {
    match task {
        "open" | "backup" => drop(MIGRATIONS.open(database).unwrap()),
        "upgrade" => drop(
            MIGRATIONS
                .upgrade(&mut Connection::open(database).unwrap())
                .unwrap(),
        ),
        "downgrade" => {
            drop(
                MIGRATIONS
                    .migrator()
                    .downgrade_to(&mut Connection::open(database).unwrap(), "002")
                    .unwrap(),
            );
        }
        "downgrade-newer" => {
            let mut db = Connection::open(database).unwrap();
            // If the downgrade is done, there is nothing left.
            let older = older();
            if older.migrator().current(&db).is_err() {
                let migrator = older.migrator().on_newer(OnNewer::Downgrade);
                drop(migrator.downgrade_to(&mut db, "head").unwrap());
            }
        }
        "named" => drop(
            NAMED
                .upgrade(&mut Connection::open(database).unwrap())
                .unwrap(),
        ),
        "stamp" => drop(
            MIGRATIONS
                .migrator()
                .stamp(&mut Connection::open(database).unwrap(), "004")
                .unwrap(),
        ),
        other => panic!("unknown task: {other}"),
    }
}

fn connect(path: &Path, journal: &str) -> Connection {
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", journal).unwrap();
    db
}

/// Creates a database with rows at this revision.
fn at(revision: &str, path: &Path, journal: &str) -> Connection {
    let mut db = connect(path, journal);
    MIGRATIONS.migrator().upgrade_to(&mut db, "001").unwrap();
    fill(&db);
    MIGRATIONS.migrator().upgrade_to(&mut db, revision).unwrap();
    db
}

/// Creates the same database with the named chain.
fn named_at(revision: &str, path: &Path, journal: &str) -> Connection {
    let mut db = connect(path, journal);
    NAMED.migrator().upgrade_to(&mut db, "001").unwrap();
    fill(&db);
    NAMED.migrator().upgrade_to(&mut db, revision).unwrap();
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

/// Returns the contents of a database, and its marker without the schema version.
///
/// The engine trusts the marker of a database at the head, so it must be correct.
/// The marker is a sum with the schema version, which differs in a copy of the snapshot.
fn state(path: &Path, context: &str) -> String {
    let mut text = contents(path, context);
    if !text.is_empty() {
        let sql =
            "SELECT user_version - schema_version FROM pragma_user_version, pragma_schema_version";
        let db = Connection::open(path).unwrap();
        let marker: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
        write!(text, "{marker}").unwrap();
    }
    text
}

/// Returns the content and the history of a database, and asserts that it is sound.
///
/// Returns an empty text if there is no file.
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
                    ValueRef::Text(value) => {
                        write!(text, "{} ", String::from_utf8_lossy(value)).unwrap()
                    }
                    value => write!(text, "{value:?} ").unwrap(),
                }
            }
            text.push('\n');
        }
    };
    let mut tables = db
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'revchain_history*' ORDER BY 1",
        )
        .unwrap();
    add("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2");
    for table in tables.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        let table = table.unwrap();
        add(&format!("SELECT '{table}', * FROM \"{table}\""));
    }
    for history in ["revchain_history", "revchain_history_pets"] {
        let is_there = format!("SELECT count(*) FROM sqlite_master WHERE name = '{history}'");
        if db
            .query_row(&is_there, [], |row| row.get::<_, bool>(0))
            .unwrap()
        {
            add(&format!("SELECT revision, checksum FROM {history}"));
        }
    }
    for (check, sound) in [("integrity_check", "ok \n"), ("foreign_key_check", "")] {
        let mut statement = db.prepare(&format!("PRAGMA {check}")).unwrap();
        let message = statement
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap();
        let message: String = message.map(|line| line.unwrap() + " \n").collect();
        assert_eq!(message, sound, "{context}: {check}");
    }
    text
}

/// Returns the complete backups next to a database.
fn backups(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory.join("backups")) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.'))
        .collect()
}

/// Copies a directory and its files.
fn copy(directory: &Path, temp_dir: &Path, name: &str) -> PathBuf {
    let to = temp_dir.join(name);
    let _ = fs::remove_dir_all(&to);
    fs::create_dir(&to).unwrap();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    to
}
