//! Downgrades that a database stores are untrusted input, even if their checksums match.
//! A stored downgrade can change the tables of its database and nothing else.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use revchain_prove::{migrations_from_directory, migrations_from_directory_unproven};
use revchain_runtime::rusqlite::Connection;
use revchain_runtime::rusqlite::functions::FunctionFlags;
use revchain_runtime::rusqlite::hooks::{AuthContext, Authorization};
use revchain_runtime::{Error, ErrorKind, Migrations, OnNewer, Report};
use tempfile::TempDir;

const FIRST: &str = "-- Notes.\n-- @revises base\n-- @upgrade\nCREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);\n-- @downgrade\nDROP TABLE notes;\n";

/// Returns the chain of the older program.
fn older(directory: &Path) -> Migrations {
    let migrations = directory.join("older");
    fs::create_dir_all(&migrations).unwrap();
    fs::write(migrations.join("20260101_1200_001_notes.sql"), FIRST).unwrap();
    migrations_from_directory(migrations).unwrap()
}

/// Creates a database at 002 that has `changes` and stores `downgrade`.
///
/// A program with a matching chain stamped it.
fn database(directory: &Path, changes: &str, downgrade: &str) -> Connection {
    let db = older(directory).open(directory.join("app.db")).unwrap();
    db.execute_batch("DELETE FROM notes; INSERT INTO notes (body) VALUES ('milk'), ('eggs')")
        .unwrap();
    // SQLite requires the function before a schema can use it.
    count_calls(&db, "spy", &Arc::default());
    db.execute("ATTACH ?1 AS other", [directory.join("other.db").to_str()])
        .unwrap();
    db.execute_batch(changes).unwrap();
    drop(db);
    let mut db = Connection::open(directory.join("app.db")).unwrap();
    let migrations = directory.join("newer");
    fs::create_dir_all(&migrations).unwrap();
    fs::write(migrations.join("20260101_1200_001_notes.sql"), FIRST).unwrap();
    let second = format!(
        "-- Hostile.\n-- @revises 001\n-- @upgrade\nSELECT 1;\n-- @downgrade\n{downgrade}\n"
    );
    fs::write(migrations.join("20260102_1200_002_hostile.sql"), second).unwrap();
    migrations_from_directory_unproven(migrations)
        .unwrap()
        .migrator()
        .stamp(&mut db, "002")
        .unwrap();
    db
}

fn downgrade_to_first(directory: &Path, db: &mut Connection) -> Result<Report, Error> {
    older(directory)
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .downgrade_to(db, "001")
}

fn temporary_directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn legitimate_stored_downgrade_runs() {
    for (changes, downgrade) in [
        ("CREATE TABLE tags (a)", "DROP TABLE tags"),
        (
            "CREATE TABLE tags (a); CREATE INDEX i ON tags (a); INSERT INTO tags VALUES (1)",
            "DROP INDEX i; DROP TABLE tags;",
        ),
        ("CREATE VIEW v AS SELECT * FROM notes", "DROP VIEW v"),
        (
            "CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END",
            "DROP TRIGGER t",
        ),
        (
            "ALTER TABLE notes ADD COLUMN title TEXT",
            "ALTER TABLE notes DROP COLUMN title",
        ),
        (
            "ALTER TABLE notes RENAME TO cards",
            "ALTER TABLE cards RENAME TO notes",
        ),
        (
            "ALTER TABLE notes RENAME COLUMN body TO text",
            "ALTER TABLE notes RENAME COLUMN text TO body",
        ),
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
        // The schema may call an application function as long as no statement runs it.
        (
            "CREATE TABLE x (a CHECK (spy(a))); CREATE TABLE tags (a); CREATE INDEX i ON notes (body)",
            "INSERT INTO tags VALUES (1); DROP INDEX i; DROP TABLE tags; DROP TABLE x",
        ),
    ] {
        let directory = temporary_directory();
        let mut db = database(directory.path(), changes, downgrade);
        count_calls(&db, "spy", &Arc::default());
        // SQLite registers some of its virtual tables at their first use.
        db.execute_batch("SELECT * FROM json_each('[]')").unwrap();
        let report = downgrade_to_first(directory.path(), &mut db)
            .unwrap_or_else(|error| panic!("{downgrade}: {error}"));
        assert_eq!(report.to.as_deref(), Some("001"));
        let bodies: String = db
            .query_row("SELECT group_concat(body) FROM notes", [], |row| row.get(0))
            .unwrap();
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

/// Changes that the newer revision made, and a downgrade that reaches outside its tables.
const HOSTILE: &[(&str, &str)] = &[
    ("", "PRAGMA user_version = 7"),
    ("", "PRAGMA application_id"),
    ("", "SELECT * FROM pragma_database_list"),
    ("", "SELECT load_extension('x')"),
    ("", "SELECT spy(1)"),
    ("", "UPDATE notes SET body = SPY(body)"),
    (
        "",
        "CREATE TRIGGER t AFTER UPDATE ON notes BEGIN SELECT spy(1); END; UPDATE notes SET body = 1;",
    ),
    (
        "CREATE TRIGGER t AFTER UPDATE ON notes BEGIN SELECT spy(1); END",
        "UPDATE notes SET body = 1;",
    ),
    (
        "",
        "CREATE VIEW v AS SELECT spy(1); INSERT INTO notes SELECT 9, * FROM v;",
    ),
    // The application replaced a function of SQLite.
    ("", "SELECT upper('x')"),
    ("", "INSERT INTO other.secrets VALUES (1)"),
    ("", "SELECT * FROM secrets"),
    ("", "INSERT INTO notes (body) SELECT a FROM other.secrets"),
    ("", "DROP TABLE other.secrets"),
    // The statement reads the number of rows without naming the other database.
    ("", "UPDATE notes SET body = (SELECT count(*) FROM secrets)"),
    ("", "INSERT INTO notes (body) SELECT 1 FROM secrets"),
    ("", "UPDATE notes SET body = EXISTS (SELECT 1 FROM secrets)"),
    (
        "",
        "INSERT INTO notes (body) SELECT name FROM dbstat('other')",
    ),
    (
        "CREATE VIRTUAL TABLE x USING dbstat(other)",
        "INSERT INTO notes (body) SELECT name FROM x",
    ),
    (
        "CREATE VIRTUAL TABLE x USING dbstat",
        "ALTER TABLE x RENAME TO y; SELECT name FROM y",
    ),
    // `dbstat` comes with SQLite and stands in for virtual tables of the application.
    ("", "SELECT name FROM dbstat"),
    ("CREATE VIRTUAL TABLE x USING dbstat", "SELECT name FROM x"),
    ("CREATE VIRTUAL TABLE x USING dbstat", "DROP TABLE x"),
    (
        "CREATE VIEW v AS SELECT name FROM dbstat",
        "INSERT INTO notes (body) SELECT name FROM v",
    ),
    // SQLite looks up functions when it parses the schema, which can be before the downgrade.
    (
        "CREATE TABLE x (a CHECK (spy(a)))",
        "INSERT INTO x VALUES (1)",
    ),
    (
        "CREATE TABLE x (a CHECK (upper(a)))",
        "INSERT INTO x VALUES (1)",
    ),
    (
        "CREATE TABLE x (a DEFAULT (spy(1)), b)",
        "INSERT INTO x (b) VALUES (1)",
    ),
    (
        "CREATE TABLE x (a, b AS (spy(a)))",
        "INSERT INTO x VALUES (1); SELECT b FROM x",
    ),
    (
        "CREATE TABLE x (a, b AS (spy(a)) STORED)",
        "INSERT INTO x VALUES (1)",
    ),
    (
        "CREATE TABLE x (a); CREATE INDEX i ON x (spy(a))",
        "INSERT INTO x VALUES (1)",
    ),
    (
        "CREATE TABLE x (a); CREATE INDEX i ON x (a) WHERE spy(a)",
        "INSERT INTO x VALUES (1)",
    ),
    ("", "CREATE TABLE other.x (a)"),
    ("", "CREATE TEMP TABLE x (a)"),
    ("", "CREATE TEMP VIEW notes AS SELECT 1"),
    (
        "",
        "CREATE TEMP TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END",
    ),
    ("", "CREATE VIRTUAL TABLE x USING dbstat"),
    ("", "CREATE VIRTUAL TABLE x USING fts3tokenize"),
    ("", "DELETE FROM sqlite_master"),
    (
        "",
        "CREATE TABLE x AS SELECT sqlite_rename_table('main', '', '', 'a', 'b', 0)",
    ),
    // A view or a trigger hides the name of the history table.
    (
        "CREATE VIEW h AS SELECT * FROM revchain_history; CREATE TRIGGER t INSTEAD OF DELETE ON h BEGIN DELETE FROM revchain_history; END",
        "DELETE FROM h",
    ),
    (
        "CREATE TRIGGER t AFTER DELETE ON notes BEGIN UPDATE revchain_history SET checksum = ''; END",
        "DELETE FROM notes",
    ),
];

#[test]
fn hostile_stored_downgrade_changes_nothing() {
    for (changes, downgrade) in HOSTILE {
        let directory = temporary_directory();
        let mut db = database(directory.path(), changes, downgrade);
        db.execute(
            "ATTACH ?1 AS other",
            [directory.path().join("other.db").to_str()],
        )
        .unwrap();
        db.execute_batch("CREATE TABLE other.secrets (a)").unwrap();
        let calls = Arc::new(AtomicU32::new(0));
        for name in ["spy", "upper", "lower"] {
            count_calls(&db, name, &calls);
        }
        let files =
            || ["app.db", "other.db"].map(|name| fs::read(directory.path().join(name)).unwrap());
        let before = files();
        let error = downgrade_to_first(directory.path(), &mut db)
            .map(drop)
            .expect_err(downgrade);
        assert!(
            matches!(error.kind(), ErrorKind::Statement(_)),
            "{downgrade}: {error}"
        );
        assert_eq!(calls.load(Ordering::Relaxed), 0, "{downgrade}");
        assert!(files() == before, "{downgrade}");
        assert!(db.is_autocommit());
        // Statements of the application are unrestricted again.
        db.execute_batch("PRAGMA user_version; SELECT spy(1); SELECT * FROM other.secrets")
            .unwrap();
        db.execute_batch("CREATE TABLE own (a CHECK (spy(a))); INSERT INTO own VALUES (1)")
            .unwrap();
    }
}

/// The sandbox rejects the call before SQLite checks whether extensions are enabled.
#[test]
fn stored_downgrade_cannot_load_an_extension() {
    let directory = temporary_directory();
    let mut db = database(directory.path(), "", "SELECT load_extension('x')");
    let error = downgrade_to_first(directory.path(), &mut db).unwrap_err();
    assert!(
        format!("{error:#}").contains("not authorized to use function: load_extension"),
        "{error:#}"
    );
}

/// The engine can only identify the function by calling it.
#[test]
fn application_function_named_match_is_rejected() {
    for is_error in [false, true] {
        let directory = temporary_directory();
        let mut db = database(
            directory.path(),
            "CREATE TABLE tags (a)",
            "SELECT match('a', 'b'); DROP TABLE tags",
        );
        db.create_scalar_function("match", 2, FunctionFlags::SQLITE_UTF8, move |_| {
            if is_error {
                Err(revchain_runtime::rusqlite::Error::InvalidQuery)
            } else {
                Ok(1)
            }
        })
        .unwrap();
        let error = downgrade_to_first(directory.path(), &mut db).unwrap_err();
        assert!(
            format!("{error:#}").contains("not authorized to use function: match"),
            "{error:#}"
        );
    }
}

/// At base, no later check would detect leftovers.
#[test]
fn leftovers_of_a_stored_downgrade_roll_back() {
    for left in [
        "CREATE TABLE left_behind (a)",
        "CREATE TRIGGER t AFTER DELETE ON notes BEGIN SELECT spy(1); END",
        "ALTER TABLE notes ADD COLUMN x",
    ] {
        let directory = temporary_directory();
        let mut db = database(
            directory.path(),
            "CREATE TABLE tags (a)",
            &format!("DROP TABLE tags; {left};"),
        );
        let older = older(directory.path());
        let migrator = older.migrator().on_newer(OnNewer::Downgrade);
        let before = fs::read(directory.path().join("app.db")).unwrap();
        let error = migrator
            .downgrade_to(&mut db, "base")
            .map(drop)
            .expect_err(left);
        assert!(
            matches!(error.kind(), ErrorKind::WrongSchema { .. }),
            "{left}: {error}"
        );
        assert!(
            fs::read(directory.path().join("app.db")).unwrap() == before,
            "{left}"
        );
    }
}

#[test]
fn callback_is_not_restricted_by_the_sandbox() {
    let directory = temporary_directory();
    let mut db = database(directory.path(), "CREATE TABLE tags (a)", "DROP TABLE tags");
    let other = Mutex::new(Connection::open_in_memory().unwrap());
    let older = older(directory.path());
    let migrator = older.migrator().on_newer(OnNewer::Downgrade).on_event(|_| {
        let other = other.lock().unwrap();
        other.execute_batch("PRAGMA user_version = 3").unwrap();
    });
    migrator.downgrade_to(&mut db, "001").unwrap();
    // After a panic in a callback, the connection accepts all statements again.
    let mut db = database(directory.path(), "CREATE TABLE tags (a)", "DROP TABLE tags");
    let migrator = older
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .on_event(|event| {
            assert!(
                !matches!(event, revchain_runtime::Event::Downgraded { .. }),
                "the callback panics"
            );
        });
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        migrator.downgrade_to(&mut db, "001")
    }));
    assert!(panic.is_err());
    db.execute_batch("PRAGMA user_version; CREATE TEMP TABLE x (a)")
        .unwrap();
    assert_eq!(
        db.query_row("SELECT count(*) FROM tags", [], |row| row.get(0)),
        Ok(0)
    );
}

#[test]
fn authorizer_is_replaced_for_stored_downgrades_only() {
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
    let directory = temporary_directory();
    let older = older(directory.path());
    let mut db = database(directory.path(), "CREATE TABLE tags (a)", "DROP TABLE tags");
    let migrator = || older.migrator().on_newer(OnNewer::Downgrade);
    assert!(is_asked(&mut db, &|db| assert!(
        migrator().upgrade(db).is_err()
    )));
    assert!(!is_asked(&mut db, &|db| assert!(
        migrator().downgrade_to(db, "001").is_ok()
    )));
    assert!(
        is_asked(&mut db, &|db| assert!(
            migrator().downgrade_to(db, "base").is_ok()
        )),
        "the chain has this downgrade"
    );
}

#[test]
fn connection_settings_are_restored() {
    for (trusted, writable) in [(true, false), (false, true)] {
        for downgrade in ["DROP TABLE tags", "PRAGMA user_version = 7"] {
            let directory = temporary_directory();
            let mut db = database(directory.path(), "CREATE TABLE tags (a)", downgrade);
            db.pragma_update(None, "trusted_schema", trusted).unwrap();
            db.pragma_update(None, "writable_schema", writable).unwrap();
            assert_eq!(
                downgrade_to_first(directory.path(), &mut db).is_ok(),
                downgrade == "DROP TABLE tags"
            );
            let is_on = |name| {
                db.pragma_query_value(None, name, |row| row.get::<_, bool>(0))
                    .unwrap()
            };
            assert_eq!(
                (is_on("trusted_schema"), is_on("writable_schema")),
                (trusted, writable),
                "{downgrade}"
            );
        }
    }
}

#[test]
fn writable_schema_does_not_allow_schema_writes() {
    let directory = temporary_directory();
    let mut db = database(
        directory.path(),
        "CREATE TABLE tags (a)",
        "DELETE FROM sqlite_master WHERE name = 'tags'",
    );
    db.pragma_update(None, "writable_schema", true).unwrap();
    let error = downgrade_to_first(directory.path(), &mut db).unwrap_err();
    assert!(
        format!("{error:#}").contains("may not be modified"),
        "{error:#}"
    );
}
