//! `-- @code`: functions of the program that run in a migration.

use std::cell::{Cell, RefCell};
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use revchain::__private::{CodeFunction, CodeTable, call_code};
use revchain::error::CodeError;
use revchain::rusqlite::config::DbConfig;
use revchain::rusqlite::hooks::{AuthContext, Authorization};
use revchain::rusqlite::{self, Connection, ffi};
use revchain::{Error, ErrorKind, Event, Migrations, Outcome, Request, Step, Target};

use crate::support::{
    Fixture, Recorder, authorize, clear_authorizer, count, dump, ids, rows, schema,
};

thread_local! {
    /// The SQL that the function `run_sql` runs.
    static SQL: RefCell<String> = const { RefCell::new(String::new()) };

    /// The code with which the function `use_other` fails.
    static OTHER_ERROR: Cell<i32> = const { Cell::new(0) };
}

static FUNCTIONS: CodeTable = CodeTable::new(&[
    CodeFunction {
        name: "run_sql",
        run: |step| call_code(run_sql, step),
    },
    CodeFunction {
        name: "shout",
        run: |step| call_code(shout, step),
    },
    CodeFunction {
        name: "whisper",
        run: |step| call_code(whisper, step),
    },
    CodeFunction {
        name: "fail",
        run: |step| call_code(fail, step),
    },
    CodeFunction {
        name: "panic",
        run: |step| call_code(panic, step),
    },
    CodeFunction {
        name: "use_other",
        run: |step| call_code(use_other, step),
    },
    CodeFunction {
        name: "go_on",
        run: |step| call_code(go_on, step),
    },
    CodeFunction {
        name: "replace_authorizer",
        run: |step| call_code(replace_authorizer, step),
    },
    CodeFunction {
        name: "replace_and_fail",
        run: |step| call_code(replace_and_fail, step),
    },
    CodeFunction {
        name: "cascade",
        run: |step| call_code(cascade, step),
    },
]);

/// Runs the statements in `SQL`, each to its end.
fn run_sql(step: &mut Step<'_>) -> rusqlite::Result<()> {
    SQL.with_borrow(|sql| {
        for sql in sql.split(";\n") {
            let mut statement = step.prepare(sql)?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
        }
        Ok(())
    })
}

fn shout(step: &mut Step<'_>) -> rusqlite::Result<()> {
    let total: u32 = step.query_row("SELECT count(*) FROM notes", [], |row| row.get(0))?;
    let mut done = 0;
    for id in 1..=total {
        let sql = "UPDATE notes SET body = upper(body) WHERE id = ?1";
        done += step.execute(sql, [id])? as u64;
        step.progress(done, total.into());
    }
    assert_eq!(step.revision(), "003");
    Ok(())
}

fn whisper(step: &mut Step<'_>) -> rusqlite::Result<()> {
    step.execute("UPDATE notes SET body = lower(body)", [])?;
    Ok(())
}

#[derive(Debug, PartialEq)]
struct NoKey;

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no key is set")
    }
}

impl std::error::Error for NoKey {}

fn fail(step: &mut Step<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    step.execute("DELETE FROM notes", [])?;
    Err(NoKey.into())
}

fn panic(step: &mut Step<'_>) -> Result<(), String> {
    step.execute("DELETE FROM notes", []).unwrap();
    panic!("row {} is odd", 7);
}

/// Fails with `OTHER_ERROR`, as a function that uses another database.
fn use_other(_: &mut Step<'_>) -> rusqlite::Result<()> {
    let error = ffi::Error::new(OTHER_ERROR.get());
    Err(rusqlite::Error::SqliteFailure(error, None))
}

/// Goes on after a failure that has ended the transaction.
fn go_on(step: &mut Step<'_>) -> Result<(), String> {
    let again = "INSERT OR ROLLBACK INTO notes (id) SELECT id FROM notes";
    step.execute(again, []).unwrap_err();
    Ok(())
}

/// The method of a newer rusqlite needs a mutable connection, which no function has. Then the
/// compiler chooses this one.
#[allow(dead_code)]
trait Authorizer {
    fn authorizer(&self, _: Option<fn(AuthContext<'_>) -> Authorization>) {
        panic!("the function replaced the authorizer");
    }
}

impl Authorizer for Connection {}

fn replace_authorizer(step: &mut Step<'_>) -> rusqlite::Result<()> {
    #[allow(clippy::let_unit_value)]
    let _ = step.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    step.execute_batch("CREATE TABLE other (a); DELETE FROM revchain_history")
}

/// Installs an authorizer that answers as the one of the request.
fn replace_and_fail(step: &mut Step<'_>) -> Result<(), &'static str> {
    fn deny(_: AuthContext<'_>) -> Authorization {
        Authorization::Deny
    }
    #[allow(clippy::let_unit_value)]
    let _ = step.authorizer(Some(deny as fn(AuthContext<'_>) -> Authorization));
    Err("another error")
}

/// Deletes the rows that refer to a note.
fn cascade(step: &mut Step<'_>) -> rusqlite::Result<()> {
    step.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    step.execute("DELETE FROM notes", []).map(drop)
}

const NOTES: (&str, &str) = (
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);",
    "DROP TABLE notes;",
);
const TAGS: (&str, &str) = (
    "CREATE TABLE tags (note INTEGER REFERENCES notes (id), tag TEXT);
CREATE VIRTUAL TABLE words USING fts5 (word);
CREATE VIEW bodies AS SELECT body FROM notes;
CREATE TABLE log (body TEXT);
CREATE TRIGGER logged AFTER INSERT ON notes BEGIN INSERT INTO log VALUES (new.body); END;",
    "DROP TRIGGER logged; DROP TABLE log; DROP VIEW bodies; DROP TABLE words; DROP TABLE tags;",
);

/// Returns a chain of three revisions. The upgrade of 003 runs a function between two statements.
fn chain(fixture: &Fixture, function: &str) -> Migrations {
    let upgrade = format!(
        "ALTER TABLE notes ADD COLUMN length INTEGER;\n-- @code {function}\n\
         UPDATE notes SET length = length(body);"
    );
    let downgrade = "ALTER TABLE notes DROP COLUMN length;\n-- @code whisper";
    let chain = fixture.proven(&[NOTES, TAGS, (&upgrade, downgrade)]);
    chain.with_code(&FUNCTIONS)
}

/// Returns a database at 001 with two notes.
fn behind(fixture: &Fixture, chain: &Migrations) -> Connection {
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("INSERT INTO notes VALUES (1, 'milk'), (2, 'eggs')")
        .unwrap();
    db
}

/// Returns all that a request can change.
fn content(db: &Connection) -> (String, String, String, i64) {
    let history = dump(db, "SELECT * FROM revchain_history");
    let marker = count(db, "SELECT user_version FROM pragma_user_version");
    (schema(db), rows(db), history, marker)
}

/// Upgrades a database at 001 with a function. Asserts that a failure changes nothing.
fn upgrade_with(function: &str) -> Result<Connection, Error> {
    let fixture = Fixture::new();
    let chain = chain(&fixture, function);
    let mut db = behind(&fixture, &chain);
    let before = content(&db);
    match chain.upgrade(&mut db) {
        Ok(_) => Ok(db),
        Err(error) => {
            assert_eq!(content(&db), before);
            Err(error)
        }
    }
}

fn upgrade_with_sql(sql: &str) -> Result<Connection, Error> {
    SQL.set(sql.to_owned());
    upgrade_with("run_sql")
}

fn code_error(error: &Error) -> &CodeError {
    match error.kind() {
        ErrorKind::Code(error) => error,
        _ => panic!("{error}"),
    }
}

#[test]
fn function_runs_between_the_statements() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "shout");
    let mut db = behind(&fixture, &chain);
    let report = chain.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::Upgraded);
    let notes = dump(&db, "SELECT * FROM notes");
    assert_eq!(
        notes,
        "Integer(1) MILK Integer(4) \nInteger(2) EGGS Integer(4) \n"
    );
    assert!(chain.check(&db).unwrap().is_same());
    let report = chain.migrator().downgrade_to(&mut db, "002").unwrap();
    assert_eq!(report.outcome, Outcome::Downgraded);
    let notes = dump(&db, "SELECT * FROM notes");
    assert_eq!(notes, "Integer(1) milk \nInteger(2) eggs \n");
}

#[test]
fn open_runs_functions() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "shout");
    drop(behind(&fixture, &chain));
    let db = chain.open(fixture.db()).unwrap();
    assert_eq!(
        count(&db, "SELECT count(*) FROM notes WHERE body = 'MILK'"),
        1
    );
    db.execute_batch("PRAGMA user_version").unwrap();
    assert_eq!(ids(&chain.open_in_memory().unwrap()), ["001", "002", "003"]);
}

#[test]
fn dry_run_runs_functions_on_the_copy() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "shout");
    let db = behind(&fixture, &chain);
    let before = content(&db);
    let request = Request::Upgrade(Target::Head);
    let dry_run = chain.migrator().dry_run(&db, request).unwrap();
    let notes = dump(&dry_run.connection, "SELECT body FROM notes");
    assert_eq!(notes, "MILK \nEGGS \n");
    assert_eq!(content(&db), before);
}

#[test]
fn function_reads_and_changes_rows_of_the_chain() {
    let allowed = [
        "INSERT INTO tags VALUES (1, 'home');\nUPDATE tags SET tag = 'a';\nDELETE FROM tags",
        "INSERT INTO notes (id, body) VALUES (1, 'a') ON CONFLICT DO UPDATE SET body = 'b'",
        "REPLACE INTO notes (id, body) VALUES (1, 'a') RETURNING id",
        "INSERT INTO words VALUES ('a');\nSELECT count(*) FROM words WHERE words MATCH 'a'",
        "INSERT INTO words (words) VALUES ('optimize')",
        "INSERT INTO notes (body) VALUES ('logged by a trigger')",
        "SELECT body FROM bodies JOIN tags",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9)
         SELECT count(*) FROM n",
        "SELECT value FROM json_each('[1]'), (SELECT count(*) FROM notes)",
        "SELECT hex(randomblob(16)), datetime('now')",
    ];
    for sql in allowed {
        let db = upgrade_with_sql(sql).unwrap();
        assert_eq!(ids(&db), ["001", "002", "003"], "{sql}");
    }
}

#[test]
fn other_actions_of_a_function_are_rejected() {
    let schema = "write the change of the schema as SQL into the script";
    let cases = [
        ("CREATE TABLE other (a)", schema),
        ("CREATE TEMP TABLE other (a)", schema),
        ("CREATE INDEX i ON notes (body)", schema),
        ("CREATE VIEW v AS SELECT 1", schema),
        ("CREATE VIRTUAL TABLE v USING fts5 (a)", schema),
        (
            "CREATE TRIGGER t AFTER DELETE ON log BEGIN SELECT 1; END",
            schema,
        ),
        ("ALTER TABLE notes ADD COLUMN a", schema),
        ("ALTER TABLE notes RENAME TO n", schema),
        ("DROP TABLE tags", schema),
        ("DROP TRIGGER logged", schema),
        ("REINDEX", schema),
        ("ANALYZE", schema),
        ("PRAGMA foreign_keys = ON", "remove `PRAGMA foreign_keys`"),
        ("PRAGMA user_version = 7", "remove `PRAGMA user_version`"),
        (
            "SELECT * FROM pragma_table_info('notes')",
            "remove `PRAGMA table_info`",
        ),
        ("ATTACH ':memory:' AS a", "remove `ATTACH`"),
        ("DETACH a", "remove `DETACH`"),
        ("BEGIN", "remove `BEGIN`"),
        ("COMMIT", "remove `COMMIT`"),
        ("ROLLBACK", "remove `ROLLBACK`"),
        ("SAVEPOINT a", "remove `SAVEPOINT`"),
        ("RELEASE a", "remove `SAVEPOINT`"),
        (
            "SELECT * FROM revchain_history",
            "leave the table `revchain_history` alone",
        ),
        (
            "DELETE FROM revchain_history",
            "leave the table `revchain_history` alone",
        ),
        (
            "SELECT count(*) FROM sqlite_master",
            "leave the table `sqlite_master` alone",
        ),
        (
            "SELECT * FROM sqlite_temp_master",
            "leave the table `temp.sqlite_temp_master` alone",
        ),
    ];
    for (sql, help) in cases {
        let error = upgrade_with_sql(sql).unwrap_err();
        assert_eq!(code_error(&error).function, "run_sql");
        let text = format!("{error:#}");
        assert!(text.contains(help), "{sql}: no {help:?} in:\n{text}");
        assert!(text.contains(": a function may only read and change rows of the chain's tables"));
    }
}

#[test]
fn function_cannot_use_tables_of_other_owners() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "run_sql");
    let mut db = behind(&fixture, &chain);
    let other = fixture.path("other.db");
    db.execute_batch(&format!(
        "CREATE TABLE mine (a); ATTACH '{}' AS other; CREATE TABLE other.theirs (a);
         CREATE TABLE other.notes (id)",
        other.display()
    ))
    .unwrap();
    let before = content(&db);
    for sql in [
        "SELECT * FROM mine",
        "SELECT count(*) FROM mine",
        "SELECT 1 FROM notes WHERE EXISTS (SELECT 1 FROM mine)",
        "INSERT INTO mine VALUES (1)",
        "UPDATE mine SET a = 1",
        "DELETE FROM MINE",
        "SELECT * FROM theirs",
        "SELECT count(*) FROM theirs",
        "INSERT INTO other.theirs VALUES (1)",
        "INSERT INTO other.notes VALUES (1)",
        "SELECT * FROM other.notes",
    ] {
        SQL.set(sql.to_owned());
        let migrator = chain.migrator().ignore_tables(["mine"]);
        let error = migrator.upgrade(&mut db).unwrap_err();
        code_error(&error);
        let text = format!("{error:#}");
        assert!(text.contains("` alone: a function may only"), "{text}");
        assert_eq!(content(&db), before);
    }
}

#[test]
fn error_of_a_function_rolls_all_revisions_back() {
    let error = upgrade_with("fail").unwrap_err();
    assert_eq!(error.code(), "code");
    let code = code_error(&error);
    assert_eq!((&*code.revision, code.line, code.column), ("003", 5, 1));
    assert!(!code.is_panic);
    let source = error.source().unwrap();
    assert_eq!(source.downcast_ref::<NoKey>(), Some(&NoKey));
    let text = format!("{error:#}");
    let parts = [
        "the function `fail` failed in the upgrade of 003: no key is set\n",
        "_step.sql:5:1\n",
        "\n5 | -- @code fail\n",
        "\nrolled back: the database is still at 001\n",
        "\nmore: run `revchain explain code`",
    ];
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[test]
fn panic_of_a_function_rolls_all_revisions_back() {
    let error = upgrade_with("panic").unwrap_err();
    assert!(code_error(&error).is_panic);
    let text = error.to_string();
    assert!(
        text.contains("the function `panic` panicked in the upgrade of 003"),
        "{text}"
    );
    assert_eq!(error.source().unwrap().to_string(), "row 7 is odd");
}

#[test]
fn full_disk_in_a_function_is_an_error_of_its_own() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "run_sql");
    let mut db = behind(&fixture, &chain);
    SQL.set("INSERT INTO log VALUES (zeroblob(9000000))".to_owned());
    let pages = count(&db, "SELECT page_count + 30 FROM pragma_page_count");
    db.pragma_update(None, "max_page_count", pages).unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "disk-full");
    code_error(&error);
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn failure_of_another_database_is_an_error_of_the_function() {
    for code in [ffi::SQLITE_READONLY, ffi::SQLITE_NOTADB] {
        OTHER_ERROR.set(code);
        let error = upgrade_with("use_other").unwrap_err();
        assert_eq!(error.code(), "code");
        assert_eq!(error.help(), None);
    }
}

#[test]
fn function_fills_a_table_that_only_the_downgrade_makes() {
    let fixture = Fixture::new();
    let downgrade = "CREATE TABLE old (id INTEGER PRIMARY KEY, body TEXT);
-- @code run_sql
DROP TABLE notes;
ALTER TABLE old RENAME TO notes;";
    let upgrade = "ALTER TABLE notes ADD COLUMN length INTEGER;";
    let chain = fixture.proven(&[NOTES, (upgrade, downgrade)]);
    let chain = chain.with_code(&FUNCTIONS);
    let mut db = behind(&fixture, &chain);
    chain.upgrade(&mut db).unwrap();
    SQL.set("INSERT INTO old SELECT id, upper(body) FROM notes".to_owned());
    chain.migrator().downgrade_to(&mut db, "001").unwrap();
    assert_eq!(dump(&db, "SELECT body FROM notes"), "MILK \nEGGS \n");
}

#[test]
fn function_that_ends_the_transaction_is_an_error() {
    let error = upgrade_with("go_on").unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("SQLite rolled back inside the function"),
        "{text}"
    );
}

#[test]
fn first_error_after_a_rollback_of_sqlite_is_the_error() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "run_sql");
    let mut db = behind(&fixture, &chain);
    let before = content(&db);
    let again = "INSERT OR ROLLBACK INTO notes (id) SELECT id FROM notes";
    SQL.set(again.to_owned());
    let text = format!("{:#}", chain.upgrade(&mut db).unwrap_err());
    let words = "\nrolled back: the database is still at 001\n";
    assert!(text.contains(words), "{text}");
    assert!(!text.contains("backup"), "{text}");
    // The change can be from before or after the rollback.
    SQL.set(format!("INSERT INTO log VALUES ('a');\n{again}"));
    let text = format!("{:#}", chain.upgrade(&mut db).unwrap_err());
    assert!(text.contains("if it went on, that is committed"), "{text}");
    assert_eq!(content(&db), before);
}

#[test]
fn full_disk_that_ends_the_transaction_keeps_its_help() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "run_sql");
    let mut db = behind(&fixture, &chain);
    for before in ["", "INSERT INTO log VALUES ('a');\n"] {
        let insert = "INSERT INTO log VALUES (zeroblob(9000000))";
        SQL.set(format!("{before}{insert}"));
        let pages = count(&db, "SELECT page_count + 30 FROM pragma_page_count");
        db.pragma_update(None, "max_page_count", pages).unwrap();
        let text = format!("{:#}", chain.upgrade(&mut db).unwrap_err());
        assert!(text.contains("help: free space"), "{text}");
    }
}

#[test]
fn function_that_replaces_the_authorizer_is_an_error() {
    for function in ["replace_authorizer", "replace_and_fail"] {
        let text = format!("{:#}", upgrade_with(function).unwrap_err());
        let words = ": the function replaced the authorizer\n";
        assert!(text.contains(words), "{text}");
        assert!(text.contains("rolled back: the database is still at 001"));
    }
}

#[test]
fn function_that_changes_settings_is_an_error() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "cascade");
    let mut db = behind(&fixture, &chain);
    for is_on in [false, true] {
        db.pragma_update(None, "foreign_keys", is_on).unwrap();
        let before = content(&db);
        let text = format!("{:#}", chain.upgrade(&mut db).unwrap_err());
        let words = "003: the function changed the settings of the connection\n";
        assert!(text.contains(words), "{text}");
        assert_eq!(content(&db), before);
        let after = count(&db, "SELECT foreign_keys FROM pragma_foreign_keys");
        assert_eq!(after == 1, is_on);
    }
}

#[test]
fn key_that_a_function_violates_is_an_error() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "run_sql");
    let mut db = behind(&fixture, &chain);
    chain.migrator().upgrade_to(&mut db, "002").unwrap();
    SQL.set("INSERT INTO tags VALUES (7, 'lost')".to_owned());
    let error = chain.upgrade(&mut db).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::ForeignKeys { count: 1, .. }),
        "{error}"
    );
}

#[test]
fn key_violated_by_a_function_alone_is_an_error() {
    let fixture = Fixture::new();
    let only_code = ("-- @code run_sql", "SELECT 1;");
    let after_code = ("CREATE TABLE last (a);", "DROP TABLE last;");
    let chain = fixture.chain(&[NOTES, TAGS, only_code, after_code]);
    let chain = chain.with_code(&FUNCTIONS);
    let mut db = behind(&fixture, &chain);
    chain.migrator().upgrade_to(&mut db, "002").unwrap();
    SQL.set("INSERT INTO tags VALUES (7, 'lost')".to_owned());
    let error = chain.upgrade(&mut db).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::ForeignKeys { count: 1, .. }),
        "{error}"
    );
}

#[test]
fn missing_function_changes_nothing() {
    let fixture = Fixture::new();
    let with_code = chain(&fixture, "unknown");
    let without_code = chain_without_functions(&fixture);
    let mut db = behind(&fixture, &with_code);
    let before = content(&db);
    for (chain, name) in [(with_code, "unknown"), (without_code, "shout")] {
        let migrator = chain.migrator().backup(fixture.path("backups"), 5);
        let error = migrator.upgrade(&mut db).unwrap_err();
        let ErrorKind::MissingCode {
            revision,
            function,
            line,
            ..
        } = error.kind()
        else {
            panic!("{error}");
        };
        assert_eq!((&**revision, &**function, *line), ("003", name, 5));
        assert_eq!(error.code(), "missing-code");
        assert_eq!(content(&db), before);
        assert!(!fixture.path("backups").exists());
    }
}

/// Returns the chain with `shout` for a program that passes no functions.
fn chain_without_functions(fixture: &Fixture) -> Migrations {
    let upgrade = "ALTER TABLE notes ADD COLUMN length INTEGER;\n-- @code shout\n\
                   UPDATE notes SET length = length(body);";
    let downgrade = "ALTER TABLE notes DROP COLUMN length;\n-- @code whisper";
    fixture.proven(&[NOTES, TAGS, (upgrade, downgrade)])
}

#[test]
fn program_without_functions_upgrades_before_the_code() {
    let fixture = Fixture::new();
    let chain = chain_without_functions(&fixture);
    let mut db = behind(&fixture, &chain);
    chain.migrator().upgrade_to(&mut db, "002").unwrap();
    assert_eq!(ids(&db), ["001", "002"]);
}

#[test]
fn program_without_functions_downgrades_nothing() {
    let fixture = Fixture::new();
    let with_code = chain(&fixture, "shout");
    let mut db = behind(&fixture, &with_code);
    with_code.upgrade(&mut db).unwrap();
    let before = content(&db);
    let chain = chain_without_functions(&fixture);
    let error = chain.migrator().downgrade_to(&mut db, "001").unwrap_err();
    let is_missing =
        matches!(error.kind(), ErrorKind::MissingCode { function, .. } if function == "whisper");
    assert!(is_missing, "{error}");
    assert_eq!(content(&db), before);
    // The marker of the head suffices.
    assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn progress_of_a_function_is_an_event() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "shout");
    let mut db = behind(&fixture, &chain);
    chain.migrator().upgrade_to(&mut db, "002").unwrap();
    let events = Recorder::new();
    let seen = AtomicUsize::new(0);
    let migrator = chain.migrator().on_event(|event| {
        events.record(event);
        if let Event::Progress {
            revision,
            function,
            done,
            total,
            ..
        } = event
        {
            assert_eq!((revision.id(), *function, *total), ("003", "shout", 2));
            assert_eq!(seen.fetch_add(1, Ordering::Relaxed) as u64 + 1, *done);
        }
    });
    migrator.upgrade(&mut db).unwrap();
    assert_eq!(
        events.take(),
        [
            "002 → 003, 1 to do",
            "upgrading to 003: Step 3.",
            "003: shout: 1 of 2",
            "003: shout: 2 of 2",
            "upgraded to 003",
            "committed at 003",
        ]
    );
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

#[test]
fn history_has_the_names_of_functions() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "shout");
    let mut db = behind(&fixture, &chain);
    chain.upgrade(&mut db).unwrap();
    let history = chain.migrator().history(&db).unwrap();
    let code: Vec<_> = history.iter().map(|row| row.code.join("+")).collect();
    assert_eq!(code, ["", "", "shout+whisper"]);
    let sql = "SELECT revision, code, downgrade IS NULL, irreversible FROM revchain_history
               WHERE code IS NOT NULL OR downgrade IS NULL";
    assert_eq!(dump(&db, sql), "003 shout whisper Integer(1) Null \n");
}

#[test]
fn history_of_an_earlier_version_gains_the_column() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "shout");
    let mut db = behind(&fixture, &chain);
    db.execute_batch("ALTER TABLE revchain_history DROP COLUMN code")
        .unwrap();
    let history = chain.migrator().history(&db).unwrap();
    assert_eq!(history[0].summary.as_deref(), Some("Step 1."));
    assert!(history[0].code.is_empty());
    chain.upgrade(&mut db).unwrap();
    let history = chain.migrator().history(&db).unwrap();
    assert_eq!(history[2].code, ["shout", "whisper"]);
}

#[cfg(feature = "stored-downgrades")]
#[test]
fn older_program_does_not_revert_code() {
    use revchain::{Conflict, OnNewer};

    let fixture = Fixture::new();
    let newer = chain(&fixture, "shout");
    let mut db = behind(&fixture, &newer);
    newer.upgrade(&mut db).unwrap();
    let before = content(&db);
    let older = fixture.proven(&[NOTES, TAGS]);
    let migrator = older.migrator().on_newer(OnNewer::Downgrade);
    let error = migrator.downgrade_to(&mut db, "002").unwrap_err();
    let Some(Conflict::Irreversible { reason, .. }) = error.conflict() else {
        panic!("{error}");
    };
    assert_eq!(
        reason,
        "it runs functions that only its program has: shout, whisper"
    );
    assert_eq!(content(&db), before);
}

#[test]
fn connection_keeps_no_authorizer_after_a_function() {
    for function in ["shout", "fail", "panic", "unknown"] {
        let fixture = Fixture::new();
        let chain = chain(&fixture, function);
        let mut db = behind(&fixture, &chain);
        let _ = chain.upgrade(&mut db);
        db.execute_batch(
            "BEGIN; PRAGMA foreign_keys; CREATE TABLE t (a); DELETE FROM revchain_history; ROLLBACK;
             ATTACH ':memory:' AS a",
        )
        .unwrap();
    }
}

#[test]
fn authorizer_of_the_caller_stays_if_no_function_can_run() {
    let fixture = Fixture::new();
    let chain = chain(&fixture, "shout");
    let mut db = behind(&fixture, &chain);
    chain.upgrade(&mut db).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    authorize(&mut db, move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Authorization::Allow
    });
    chain.upgrade(&mut db).unwrap();
    let before = calls.load(Ordering::Relaxed);
    db.execute_batch("SELECT 1").unwrap();
    assert!(calls.load(Ordering::Relaxed) > before);
    clear_authorizer(&mut db);
}
