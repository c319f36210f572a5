//! What stands in a database to revert newer revisions may be an enemy's, who has made the checksums fit: it can change the
//! tables of that database, and nothing else.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use revchain_runtime::rusqlite::Connection;
use revchain_runtime::rusqlite::functions::FunctionFlags;
use revchain_runtime::rusqlite::hooks::{AuthContext, Authorization};
use revchain_runtime::{Error, ErrorKind, Migrations, OnAhead, Report};
use tempfile::TempDir;

const FIRST: &str = "-- Notes.\n-- @revises base\n-- @upgrade\nCREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);\n-- @downgrade\nDROP TABLE notes;\n";

/// The older program.
fn older(folder: &Path) -> Migrations {
    let directory = folder.join("older");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("20260101_1200_001_notes.sql"), FIRST).unwrap();
    Migrations::from_directory(directory).unwrap()
}

/// A database at 002, which has `changes`, and whose downgrade is `downgrade`: stamped as by a program that has such a chain.
fn database(folder: &Path, changes: &str, downgrade: &str) -> Connection {
    let db = older(folder).open(folder.join("app.db")).unwrap();
    db.execute_batch("DELETE FROM notes; INSERT INTO notes (body) VALUES ('milk'), ('eggs')").unwrap();
    // What is to fit into a schema must be there.
    count_calls(&db, "spy", &Arc::default());
    db.execute("ATTACH ?1 AS other", [folder.join("other.db").to_str()]).unwrap();
    db.execute_batch(changes).unwrap();
    drop(db);
    let mut db = Connection::open(folder.join("app.db")).unwrap();
    let directory = folder.join("newer");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("20260101_1200_001_notes.sql"), FIRST).unwrap();
    let second = format!("-- Enemy.\n-- @revises 001\n-- @upgrade\nSELECT 1;\n-- @downgrade\n{downgrade}\n");
    fs::write(directory.join("20260102_1200_002_enemy.sql"), second).unwrap();
    Migrations::from_directory_unproven(directory).unwrap().stamp(&mut db, "002").unwrap();
    db
}

fn take_back(folder: &Path, db: &mut Connection) -> Result<Report, Error> {
    older(folder).options().on_ahead(OnAhead::Downgrade).downgrade_to(db, "001")
}

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn what_a_downgrade_has_to_do_it_can() {
    for (changes, downgrade) in [
        ("CREATE TABLE tags (a)", "DROP TABLE tags"),
        (
            "CREATE TABLE tags (a); CREATE INDEX i ON tags (a); INSERT INTO tags VALUES (1)",
            "DROP INDEX i; DROP TABLE tags;",
        ),
        ("CREATE VIEW v AS SELECT * FROM notes", "DROP VIEW v"),
        ("CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END", "DROP TRIGGER t"),
        ("ALTER TABLE notes ADD COLUMN title TEXT", "ALTER TABLE notes DROP COLUMN title"),
        ("ALTER TABLE notes RENAME TO cards", "ALTER TABLE cards RENAME TO notes"),
        ("ALTER TABLE notes RENAME COLUMN body TO text", "ALTER TABLE notes RENAME COLUMN text TO body"),
        (
            "CREATE TABLE n (id INTEGER PRIMARY KEY, body TEXT NOT NULL); INSERT INTO n SELECT * FROM notes; DROP TABLE notes; ALTER TABLE n RENAME TO notes",
            "CREATE TABLE n (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO n SELECT id, nullif(trim(body), '') FROM notes;\n\
          DROP TABLE notes; ALTER TABLE n RENAME TO notes;",
        ),
        (
            "CREATE VIRTUAL TABLE found USING fts5 (body); INSERT INTO found VALUES ('milk')",
            "INSERT INTO found (found) VALUES ('rebuild'); DROP TABLE found;",
        ),
        (
            "CREATE TABLE t (a)",
            "CREATE VIRTUAL TABLE f USING fts5 (body); DROP TABLE f; CREATE VIRTUAL TABLE r USING rtree (id, a, b); DROP TABLE r;\n\
          WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT INTO t SELECT i FROM n;\n\
          UPDATE notes SET body = upper(body) || json_extract('{\"a\": 1}', '$.a') || strftime('%Y', 0) WHERE id > (SELECT count(*) FROM t);\n\
          REINDEX; ANALYZE; DROP TABLE sqlite_stat1; DROP TABLE t",
        ),
        (
            "CREATE VIRTUAL TABLE found USING fts5 (body); CREATE TABLE t (a)",
            "DELETE FROM found WHERE found MATCH 'milk';\n\
          INSERT INTO t SELECT count(*) FROM MAIN.notes; INSERT INTO t SELECT count(*) FROM notes; INSERT INTO t SELECT 1 FROM t;\n\
          INSERT INTO t SELECT value FROM json_each('[1]');\n\
          WITH n AS (SELECT 1) INSERT INTO t SELECT 1 FROM n; DROP TABLE t; DROP TABLE found",
        ),
        // What calls a function of the program's may be there, where nothing of it is run.
        (
            "CREATE TABLE x (a CHECK (spy(a))); CREATE TABLE tags (a); CREATE INDEX i ON notes (body)",
            "INSERT INTO tags VALUES (1); DROP INDEX i; DROP TABLE tags; DROP TABLE x",
        ),
    ] {
        let place = place();
        let mut db = database(place.path(), changes, downgrade);
        count_calls(&db, "spy", &Arc::default());
        // SQLite knows some of its virtual tables only when they have been used.
        db.execute_batch("SELECT * FROM json_each('[]')").unwrap();
        let report = take_back(place.path(), &mut db).unwrap_or_else(|error| panic!("{downgrade}: {error}"));
        assert_eq!(report.to.as_deref(), Some("001"));
        let bodies: String =
            db.query_row("SELECT group_concat(body) FROM notes", [], |row| row.get(0)).unwrap();
        assert_eq!(bodies, "milk,eggs", "{downgrade}");
    }
}

/// Registers a function that counts its calls.
fn count_calls(db: &Connection, name: &str, calls: &Arc<AtomicU32>) {
    let calls = Arc::clone(calls);
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function(name, 1, flags, move |_| {
        calls.fetch_add(1, Ordering::Relaxed);
        Ok(1)
    })
    .unwrap();
}

#[test]
fn an_enemy_reaches_nothing_but_the_tables_of_that_database() {
    for (changes, downgrade) in [
        ("", "PRAGMA user_version = 7"),
        ("", "PRAGMA application_id"),
        ("", "SELECT * FROM pragma_database_list"),
        ("", "SELECT load_extension('x')"),
        ("", "SELECT spy(1)"),
        ("", "UPDATE notes SET body = SPY(body)"),
        ("", "CREATE TRIGGER t AFTER UPDATE ON notes BEGIN SELECT spy(1); END; UPDATE notes SET body = 1;"),
        ("CREATE TRIGGER t AFTER UPDATE ON notes BEGIN SELECT spy(1); END", "UPDATE notes SET body = 1;"),
        ("", "CREATE VIEW v AS SELECT spy(1); INSERT INTO notes SELECT 9, * FROM v;"),
        // The program has replaced one of SQLite's.
        ("", "SELECT upper('x')"),
        ("", "INSERT INTO other.secrets VALUES (1)"),
        ("", "SELECT * FROM secrets"),
        ("", "INSERT INTO notes (body) SELECT a FROM other.secrets"),
        ("", "DROP TABLE other.secrets"),
        // How many rows it has, without a word of which database it is in.
        ("", "UPDATE notes SET body = (SELECT count(*) FROM secrets)"),
        ("", "INSERT INTO notes (body) SELECT 1 FROM secrets"),
        ("", "UPDATE notes SET body = EXISTS (SELECT 1 FROM secrets)"),
        ("", "INSERT INTO notes (body) SELECT name FROM dbstat('other')"),
        ("CREATE VIRTUAL TABLE x USING dbstat(other)", "INSERT INTO notes (body) SELECT name FROM x"),
        ("CREATE VIRTUAL TABLE x USING dbstat", "ALTER TABLE x RENAME TO y; SELECT name FROM y"),
        // One that comes with SQLite stands for those of the program.
        ("", "SELECT name FROM dbstat"),
        ("CREATE VIRTUAL TABLE x USING dbstat", "SELECT name FROM x"),
        ("CREATE VIRTUAL TABLE x USING dbstat", "DROP TABLE x"),
        ("CREATE VIEW v AS SELECT name FROM dbstat", "INSERT INTO notes (body) SELECT name FROM v"),
        // What the schema calls is looked up when that is read, which may have been before.
        ("CREATE TABLE x (a CHECK (spy(a)))", "INSERT INTO x VALUES (1)"),
        ("CREATE TABLE x (a CHECK (upper(a)))", "INSERT INTO x VALUES (1)"),
        ("CREATE TABLE x (a DEFAULT (spy(1)), b)", "INSERT INTO x (b) VALUES (1)"),
        ("CREATE TABLE x (a, b AS (spy(a)))", "INSERT INTO x VALUES (1); SELECT b FROM x"),
        ("CREATE TABLE x (a, b AS (spy(a)) STORED)", "INSERT INTO x VALUES (1)"),
        ("CREATE TABLE x (a); CREATE INDEX i ON x (spy(a))", "INSERT INTO x VALUES (1)"),
        ("CREATE TABLE x (a); CREATE INDEX i ON x (a) WHERE spy(a)", "INSERT INTO x VALUES (1)"),
        ("", "CREATE TABLE other.x (a)"),
        ("", "CREATE TEMP TABLE x (a)"),
        ("", "CREATE TEMP VIEW notes AS SELECT 1"),
        ("", "CREATE TEMP TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END"),
        ("", "CREATE VIRTUAL TABLE x USING dbstat"),
        ("", "CREATE VIRTUAL TABLE x USING fts3tokenize"),
        ("", "DELETE FROM sqlite_master"),
        ("", "CREATE TABLE x AS SELECT sqlite_rename_table('main', '', '', 'a', 'b', 0)"),
        // By a name that the words do not show.
        (
            "CREATE VIEW h AS SELECT * FROM revchain_history; CREATE TRIGGER t INSTEAD OF DELETE ON h BEGIN DELETE FROM revchain_history; END",
            "DELETE FROM h",
        ),
        (
            "CREATE TRIGGER t AFTER DELETE ON notes BEGIN UPDATE revchain_history SET checksum = ''; END",
            "DELETE FROM notes",
        ),
    ] {
        let place = place();
        let mut db = database(place.path(), changes, downgrade);
        db.execute("ATTACH ?1 AS other", [place.path().join("other.db").to_str()]).unwrap();
        db.execute_batch("CREATE TABLE other.secrets (a)").unwrap();
        let calls = Arc::new(AtomicU32::new(0));
        for name in ["spy", "upper", "lower"] {
            count_calls(&db, name, &calls);
        }
        let files = || ["app.db", "other.db"].map(|name| fs::read(place.path().join(name)).unwrap());
        let before = files();
        let error = take_back(place.path(), &mut db).map(drop).expect_err(downgrade);
        assert!(matches!(error.kind(), ErrorKind::Statement(_)), "{downgrade}: {error}");
        assert_eq!(calls.load(Ordering::Relaxed), 0, "{downgrade}");
        assert!(files() == before, "{downgrade}");
        assert!(db.is_autocommit());
        // The program's own statements can do all of it again.
        db.execute_batch("PRAGMA user_version; SELECT spy(1); SELECT * FROM other.secrets").unwrap();
        db.execute_batch("CREATE TABLE own (a CHECK (spy(a))); INSERT INTO own VALUES (1)").unwrap();
    }
}

/// Also where the program has enabled it.
#[test]
fn no_extension_is_asked_for() {
    let place = place();
    let mut db = database(place.path(), "", "SELECT load_extension('x')");
    let error = take_back(place.path(), &mut db).unwrap_err().to_string();
    assert!(error.contains("not authorized to use function: load_extension"), "{error}");
}

/// Whether it is SQLite's own, only a call can tell.
#[test]
fn a_function_of_the_programs_is_not_taken_for_the_operator_of_the_search() {
    for is_error in [false, true] {
        let place = place();
        let mut db =
            database(place.path(), "CREATE TABLE tags (a)", "SELECT match('a', 'b'); DROP TABLE tags");
        db.create_scalar_function("match", 2, FunctionFlags::SQLITE_UTF8, move |_| match is_error {
            false => Ok(1),
            true => Err(revchain_runtime::rusqlite::Error::InvalidQuery),
        })
        .unwrap();
        let error = take_back(place.path(), &mut db).unwrap_err().to_string();
        assert!(error.contains("not authorized to use function: match"), "{error}");
    }
}

/// At base, nothing would say what is left of it.
#[test]
fn what_is_left_behind_does_not_come_before_the_programs_own_downgrades() {
    for left in [
        "CREATE TABLE left_behind (a)",
        "CREATE TRIGGER t AFTER DELETE ON notes BEGIN SELECT spy(1); END",
        "ALTER TABLE notes ADD COLUMN x",
    ] {
        let place = place();
        let mut db = database(place.path(), "CREATE TABLE tags (a)", &format!("DROP TABLE tags; {left};"));
        let older = older(place.path());
        let options = older.options().on_ahead(OnAhead::Downgrade);
        let before = fs::read(place.path().join("app.db")).unwrap();
        let error = options.downgrade_to(&mut db, "base").map(drop).expect_err(left);
        assert!(matches!(error.kind(), ErrorKind::WrongSchema { .. }), "{left}: {error}");
        assert!(fs::read(place.path().join("app.db")).unwrap() == before, "{left}");
    }
}

#[test]
fn what_a_callback_does_meanwhile_is_the_programs_own() {
    let place = place();
    let mut db = database(place.path(), "CREATE TABLE tags (a)", "DROP TABLE tags");
    let other = Connection::open_in_memory().unwrap();
    let older = older(place.path());
    let options = older.options().on_ahead(OnAhead::Downgrade).on_event(|_| {
        other.execute_batch("PRAGMA user_version = 3").unwrap();
    });
    options.downgrade_to(&mut db, "001").unwrap();
    // Also where one panics, no statement is refused afterwards.
    let mut db = database(place.path(), "CREATE TABLE tags (a)", "DROP TABLE tags");
    let options = older.options().on_ahead(OnAhead::Downgrade).on_event(|event| {
        assert!(!matches!(event, revchain_runtime::Event::Downgraded { .. }), "the callback panics");
    });
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| options.downgrade_to(&mut db, "001")));
    assert!(panic.is_err());
    db.execute_batch("PRAGMA user_version; CREATE TEMP TABLE x (a)").unwrap();
    assert_eq!(db.query_row("SELECT count(*) FROM tags", [], |row| row.get(0)), Ok(0));
}

#[test]
fn an_authorizer_of_the_programs_is_only_replaced_where_something_is_not_trusted() {
    let is_asked = |db: &mut Connection, run: &dyn Fn(&mut Connection)| {
        let asked = Arc::new(AtomicBool::new(false));
        let sets = Arc::clone(&asked);
        #[allow(
            clippy::let_unit_value,
            reason = "some versions of rusqlite give a result here, others nothing"
        )]
        let _ = db.authorizer(Some(move |_: AuthContext<'_>| {
            sets.store(true, Ordering::Relaxed);
            Authorization::Allow
        }));
        run(db);
        asked.store(false, Ordering::Relaxed);
        db.execute_batch("SELECT 1").unwrap();
        asked.load(Ordering::Relaxed)
    };
    let place = place();
    let older = older(place.path());
    let mut db = database(place.path(), "CREATE TABLE tags (a)", "DROP TABLE tags");
    let options = || older.options().on_ahead(OnAhead::Downgrade);
    assert!(is_asked(&mut db, &|db| assert!(options().upgrade(db).is_err())));
    assert!(!is_asked(&mut db, &|db| assert!(options().downgrade_to(db, "001").is_ok())));
    assert!(
        is_asked(&mut db, &|db| assert!(options().downgrade_to(db, "base").is_ok())),
        "it knows that itself"
    );
}

#[test]
fn the_settings_of_the_connection_are_put_back() {
    for (trusted, writable) in [(true, false), (false, true)] {
        for downgrade in ["DROP TABLE tags", "PRAGMA user_version = 7"] {
            let place = place();
            let mut db = database(place.path(), "CREATE TABLE tags (a)", downgrade);
            db.pragma_update(None, "trusted_schema", trusted).unwrap();
            db.pragma_update(None, "writable_schema", writable).unwrap();
            assert_eq!(take_back(place.path(), &mut db).is_ok(), downgrade == "DROP TABLE tags");
            let is_on = |name| db.pragma_query_value(None, name, |row| row.get::<_, bool>(0)).unwrap();
            assert_eq!(
                (is_on("trusted_schema"), is_on("writable_schema")),
                (trusted, writable),
                "{downgrade}"
            );
        }
    }
}

#[test]
fn the_schema_is_not_written_to_where_the_connection_may() {
    let place = place();
    let mut db =
        database(place.path(), "CREATE TABLE tags (a)", "DELETE FROM sqlite_master WHERE name = 'tags'");
    db.pragma_update(None, "writable_schema", true).unwrap();
    let error = take_back(place.path(), &mut db).unwrap_err().to_string();
    assert!(error.contains("may not be modified"), "{error}");
}
