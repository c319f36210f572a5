//! The pages `cli/catalogue/NAME.md` whose errors only the API can provoke.
//!
//! Each page shows its error as it is.

use std::fs;
use std::path::Path;
use std::time::Duration;

use revchain::__private::{CodeFunction, CodeTable, JobFunction, JobTable};
use revchain::rusqlite::ffi;
use revchain::rusqlite::functions::FunctionFlags;
use revchain::rusqlite::{self, Connection};
use revchain::{Error, Migrations, Request, Target};

use crate::open::with_damaged_sections;
use crate::support::{Fixture, TOKENS};

const USERS: (&str, &str) = ("CREATE TABLE users (email TEXT);", "DROP TABLE users;");
const FILL: (&str, &str) = ("INSERT INTO users SELECT fill();", "DELETE FROM users;");

/// Fails if the page of the error does not show the error as the command `upgrade` prints it.
fn assert_shown(fixture: &Fixture, error: &Error) {
    let path = format!("cli/catalogue/{}.md", error.code());
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).unwrap();
    let directory = fixture.path("").display().to_string();
    let text = format!("error: {error:#}\n").replace(&directory, "");
    let is_shown = without_chance(&page).contains(&without_chance(&text));
    assert!(is_shown, "{path} lacks this text:\n{text}");
}

/// Replaces the time that a request waited, and the process that it waited for.
fn without_chance(text: &str) -> String {
    let line = |line: &str| match (line.split_once("gave up after "), line.trim_start()) {
        (Some((before, _)), _) => format!("{before}gave up after <duration>\n"),
        (None, trimmed) if trimmed.starts_with("held by process") => "held by <process>\n".into(),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Upgrades a database at 001 with a function `fill` that fails with a code of SQLite.
fn failed_statement(fixture: &Fixture, code: i32) -> Error {
    let chain = fixture.chain(&[USERS, FILL]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    let fail = move |_: &rusqlite::functions::Context<'_>| -> rusqlite::Result<i64> {
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    };
    db.create_scalar_function("fill", 0, FunctionFlags::default(), fail)
        .unwrap();
    chain.upgrade(&mut db).unwrap_err()
}

/// Opens the database with the first of two revisions applied.
fn behind(fixture: &Fixture) -> (Migrations, Connection) {
    let fill = ("INSERT INTO users VALUES ('a');", "DELETE FROM users;");
    let chain = fixture.chain(&[USERS, fill]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    (chain, db)
}

#[test]
fn page_shows_failures_of_the_environment() {
    for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_NOMEM] {
        let fixture = Fixture::new();
        assert_shown(&fixture, &failed_statement(&fixture, code));
    }
}

#[test]
fn page_shows_a_full_database() {
    let fixture = Fixture::new();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000)
                INSERT INTO users SELECT i FROM n;";
    let chain = fixture.chain(&[USERS, (many, "DELETE FROM users;")]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("PRAGMA max_page_count = 1").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "disk-full");
    assert_shown(&fixture, &error);
}

#[test]
fn page_shows_the_state_of_a_connection() {
    type Prepare = fn(&Connection) -> rusqlite::Result<()>;
    let cases: [(&str, Prepare); 4] = [
        ("in-transaction", |db| db.execute_batch("BEGIN")),
        ("no-journal", |db| {
            db.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))
        }),
        ("temporary-tables", |db| {
            db.execute_batch("CREATE TEMP TABLE users (email TEXT)")
        }),
        ("temporary-triggers", |db| {
            db.execute_batch("CREATE TEMP TRIGGER log AFTER INSERT ON users BEGIN SELECT 1; END")
        }),
    ];
    for (code, prepare) in cases {
        let fixture = Fixture::new();
        let (chain, mut db) = behind(&fixture);
        prepare(&db).unwrap();
        let error = chain.upgrade(&mut db).unwrap_err();
        assert_eq!(error.code(), code);
        assert_shown(&fixture, &error);
    }
}

#[test]
fn page_shows_functions_that_fail() {
    static NO_KEY: CodeTable = CodeTable::new(&[CodeFunction {
        name: "encrypt_tokens",
        run: |_| Err("no key in the key ring".into()),
    }]);
    static NO_PRAGMA: CodeTable = CodeTable::new(&[CodeFunction {
        name: "encrypt_tokens",
        run: |step| Ok(step.execute_batch("PRAGMA synchronous = OFF")?),
    }]);
    for functions in [&NO_KEY, &NO_PRAGMA] {
        let fixture = Fixture::new();
        let code = "-- @code encrypt_tokens";
        let chain = fixture.chain(&[USERS, (code, "SELECT 1;")]);
        let chain = chain.with_code(functions);
        let mut db = Connection::open(fixture.db()).unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        assert_shown(&fixture, &chain.upgrade(&mut db).unwrap_err());
    }
}

#[test]
fn page_shows_a_job_that_fails() {
    static NO_KEY: JobTable = JobTable::new(&[JobFunction {
        name: "encrypt_tokens",
        run: |_, _| Err("no key in the key ring".into()),
    }]);
    let fixture = Fixture::new();
    let job = ("-- @job encrypt_tokens", "");
    let waiting = ("-- @requires encrypt_tokens\nSELECT 1;", "SELECT 1;");
    let chain = fixture.chain(&[USERS, job, waiting]).with_jobs(&NO_KEY);
    let mut db = Connection::open(fixture.db()).unwrap();
    assert_shown(&fixture, &chain.upgrade(&mut db).unwrap_err());
    let error = chain.run_jobs(&mut db, Duration::MAX).unwrap_err();
    assert_shown(&fixture, &error);
}

#[test]
fn page_shows_a_leftover_temporary_table() {
    let fixture = Fixture::new();
    let left = "CREATE TEMP TABLE users AS SELECT * FROM users;";
    let chain = fixture.chain(&[USERS, (left, "SELECT 1;")]);
    assert_shown(&fixture, &chain.open(fixture.db()).unwrap_err());
}

#[test]
fn page_shows_a_held_database() {
    let fixture = Fixture::new();
    let (chain, _db) = behind(&fixture);
    let holder = Connection::open(fixture.db()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let migrator = chain.migrator().busy_timeout(Duration::from_millis(20));
    let error = migrator.open(fixture.db()).unwrap_err();
    assert_eq!(error.code(), "busy");
    if cfg!(target_os = "linux") {
        assert_shown(&fixture, &error);
    }
}

#[test]
fn page_shows_an_outdated_plan() {
    let fixture = Fixture::new();
    let (chain, mut db) = behind(&fixture);
    let migrator = chain.migrator();
    let plan = migrator.plan(&db, Request::Upgrade(Target::Head)).unwrap();
    drop(chain.open(fixture.db()).unwrap());
    assert_shown(&fixture, &migrator.apply(&mut db, plan).unwrap_err());
}

#[test]
fn page_shows_a_bad_name() {
    let fixture = Fixture::new();
    let error = fixture.tables(1).named("Billing 1").err().unwrap();
    assert_shown(&fixture, &error);
}

#[test]
fn page_shows_a_damaged_program() {
    let fixture = Fixture::new();
    let error = with_damaged_sections(&TOKENS).open(fixture.db());
    assert_shown(&fixture, &error.unwrap_err());
}

#[test]
fn page_shows_a_failure_on_connect() {
    let fixture = Fixture::new();
    let migrator = TOKENS
        .migrator()
        .on_connect(|_| Err("no key in the key ring"));
    assert_shown(&fixture, &migrator.open(fixture.db()).unwrap_err());
}

#[cfg(unix)]
#[test]
fn page_shows_a_file_without_wal() {
    let fixture = Fixture::new();
    // This file system of SQLite has no shared memory.
    let uri = format!("file:{}?vfs=unix-dotfile", fixture.db().display());
    assert_shown(&fixture, &TOKENS.migrator().wal().open(&uri).unwrap_err());
}

/// The build rejects such a statement, so this chain is assembled by hand.
#[test]
fn page_shows_an_ended_transaction() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[("CREATE TABLE users (email TEXT); COMMIX;", "SELECT 1;")]);
    let index = chain.chain().head_index().unwrap();
    let sql = chain.chain()[index].upgrade().sql();
    let sql = sql.replace("COMMIX", "COMMIT");
    let chain = chain.chain().clone().with_upgrade(index, &sql);
    let chain = Migrations::from_chain(chain, "migrations".to_owned());
    assert_shown(&fixture, &chain.open(fixture.db()).unwrap_err());
}
