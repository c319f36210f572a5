//! What is done to databases while something fails, and what must be true of them whatever it was.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use revchain::OnAhead;
use revchain::rusqlite::Connection;
use revchain::rusqlite::types::ValueRef;
use tempfile::TempDir;

#[path = "../../src/work.rs"]
#[allow(dead_code, reason = "where the work is a child's, its code is in that")]
pub(crate) mod work;

use work::{MIGRATIONS, NAMED, older};

/// A test for each scenario, so that several run at once.
macro_rules! each_scenario {
    ($try:ident) => {
        #[test]
        fn a_new_file_from_the_image() {
            $try("a new file, from the image");
        }

        #[test]
        fn a_new_file_by_the_chain() {
            $try("a new file, by the chain");
        }

        #[test]
        fn three_pending_revisions() {
            $try("three pending revisions");
        }

        #[test]
        fn a_backup_before_them() {
            $try("a backup before them");
        }

        #[test]
        fn a_database_from_before_the_migrations() {
            $try("a database from before the migrations");
        }

        #[test]
        fn a_stamp() {
            $try("a stamp");
        }

        #[test]
        fn a_downgrade() {
            $try("a downgrade");
        }

        #[test]
        fn a_newer_database_that_an_older_program_takes_back() {
            $try("a newer database that an older program takes back");
        }

        #[test]
        fn nothing_to_do() {
            $try("nothing to do");
        }

        #[test]
        fn three_pending_revisions_of_a_chain_with_a_name() {
            $try("three pending revisions of a chain with a name");
        }
    };
}

/// What is done, and to which databases.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What the child is told to do.
    pub(crate) what: &'static str,
    /// Makes the database; nothing where there is to be none yet.
    before: fn(&Path, &str),
    pub(crate) journals: &'static [&'static str],
}

pub(crate) const SCENARIOS: [Scenario; 10] = [
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
        name: "a newer database that an older program takes back",
        what: "take-back",
        before: |path, journal| drop(at("004", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "nothing to do",
        what: "open",
        before: |path, journal| drop(at("004", path, journal)),
        journals: &["delete", "wal"],
    },
    Scenario {
        name: "three pending revisions of a chain with a name",
        what: "named",
        before: |path, journal| drop(named_at("001", path, journal)),
        journals: &["delete"],
    },
];

impl Scenario {
    pub(crate) fn of(name: &str) -> &'static Self {
        SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap()
    }
}

pub(crate) struct Outcome {
    pub(crate) is_done: bool,
    pub(crate) was_killed: bool,
    pub(crate) said: String,
    /// Whether the fault came to pass.
    pub(crate) fired: bool,
}

/// How often each kind of fault was tried, and what came of it.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) tried: usize,
    pub(crate) killed: usize,
    pub(crate) refused: usize,
    pub(crate) done: usize,
    pub(crate) old: usize,
    pub(crate) new: usize,
    /// Refused, and yet at the new head.
    pub(crate) late: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tried, killed, refused, done, old, new, late } = self;
        write!(
            f,
            "{tried} faults; {killed} killed, {refused} refused, {done} done all the same; {old} at the old head, {new} at \
             the new ({late} by a commit that failed too late)"
        )
    }
}

/// The files of a folder, each with its bytes.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// A scenario that is tried again and again, each time on a copy of the same database.
pub(crate) struct Trials<'s> {
    scenario: &'s Scenario,
    room: TempDir,
    original: PathBuf,
    old: String,
    new: String,
    /// What was found in folders that are judged already, so that it need not be found again where each byte is the same: most
    /// faults leave a database as it was.
    judged: HashMap<Files, String>,
    /// The names of the files of those at the new head.
    judged_new: HashSet<Vec<PathBuf>>,
}

impl<'s> Trials<'s> {
    pub(crate) fn new(scenario: &'s Scenario, journal: &str, room: TempDir) -> Self {
        let original = room.path().join("original");
        fs::create_dir(&original).unwrap();
        (scenario.before)(&original.join("app.db"), journal);
        let old = contents(&original.join("app.db"), scenario.name);
        let new = {
            let folder = copy(&original, room.path(), "reference");
            finish(scenario.what, &folder.join("app.db"));
            contents(&folder.join("app.db"), scenario.name)
        };
        Self { scenario, room, original, old, new, judged: HashMap::new(), judged_new: HashSet::new() }
    }

    /// A folder with `app.db` as it was before.
    pub(crate) fn folder(&self) -> PathBuf {
        copy(&self.original, self.room.path(), "faulty")
    }

    /// What must be true, whatever has failed. An error says so in one of these `words`.
    pub(crate) fn judge(
        &mut self,
        folder: &Path,
        outcome: &Outcome,
        words: &[&str],
        context: &str,
        tally: &mut Tally,
    ) {
        let (scenario, old, new) = (self.scenario, &self.old, &self.new);
        let is_new = old.is_empty();
        let database = folder.join("app.db");
        tally.tried += 1;
        let files = files(folder);
        let (found, is_judged) = match self.judged.get(&files) {
            Some(found) => (found.clone(), true),
            // `contents` opens it: what a dead process left is rolled back then.
            None => (contents(&database, context), false),
        };
        let is_at_new = found == *new;
        assert!(
            is_at_new || found == *old || is_new && found.is_empty(),
            "{context}: {}\n{found}",
            outcome.said
        );
        if outcome.is_done {
            assert!(is_at_new, "{context}: it was said to be done");
            tally.done += 1;
        } else if outcome.was_killed {
            tally.killed += 1;
        } else {
            let said = &outcome.said;
            assert!(words.iter().any(|words| said.contains(words)), "{context}: {said}");
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
        tally.old += usize::from(!is_at_new);
        tally.new += usize::from(is_at_new);
        if is_judged {
            return;
        }
        // A database at the new head has the moment in it, so no two are the same. One of each that has the same in it is enough.
        let names: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
        if is_at_new && backups(folder).is_empty() && !self.judged_new.insert(names) {
            return;
        }
        // What has the name of a backup is one, whole; and what has been done has one.
        let backups = backups(folder);
        for backup in &backups {
            assert_eq!(contents(backup, context), *old, "{context}: {}", backup.display());
        }
        assert!(scenario.what != "backup" || !is_at_new || backups.len() == 1, "{context}");
        finish(scenario.what, &database);
        assert_eq!(contents(&database, context), *new, "{context}: the next finishes it");
        self.judged.insert(files, found);
    }
}

/// What is in a folder, and in those in it.
fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(folder).unwrap() {
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

/// What the next who comes to the database does, in this process and without faults.
fn finish(what: &str, database: &Path) {
    match what {
        "open" | "backup" => drop(MIGRATIONS.open(database).unwrap()),
        "upgrade" => drop(MIGRATIONS.upgrade(&mut Connection::open(database).unwrap()).unwrap()),
        "downgrade" => {
            drop(MIGRATIONS.downgrade_to(&mut Connection::open(database).unwrap(), "002").unwrap());
        }
        "take-back" => {
            let mut db = Connection::open(database).unwrap();
            // Where it is done, there is nothing to do: not more than that.
            if older().current(&db).is_err() {
                let older = older();
                let options = older.options().on_ahead(OnAhead::Downgrade);
                drop(options.downgrade_to(&mut db, "head").unwrap());
            }
        }
        "named" => drop(NAMED.upgrade(&mut Connection::open(database).unwrap()).unwrap()),
        "stamp" => drop(MIGRATIONS.stamp(&mut Connection::open(database).unwrap(), "004").unwrap()),
        other => panic!("there is no {other}"),
    }
}

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

/// The same by the chain with a name.
fn named_at(revision: &str, path: &Path, journal: &str) -> Connection {
    let mut db = connect(path, journal);
    NAMED.upgrade_to(&mut db, "001").unwrap();
    fill(&db);
    NAMED.upgrade_to(&mut db, revision).unwrap();
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
        if db.query_row(&is_there, [], |row| row.get::<_, bool>(0)).unwrap() {
            add(&format!("SELECT revision, checksum FROM {history}"));
            // The marker: where it says that a database is at the head, nobody looks further.
            add("PRAGMA user_version");
        }
    }
    for (check, good) in [("integrity_check", "ok \n"), ("foreign_key_check", "")] {
        let mut statement = db.prepare(&format!("PRAGMA {check}")).unwrap();
        let said = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let said: String = said.map(|line| line.unwrap() + " \n").collect();
        assert_eq!(said, good, "{context}: {check}");
    }
    text
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
