//! Settings of the connection that change what SQL does: each is held back during a request, and
//! restored afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};

use revchain::rusqlite::Connection;
use revchain::rusqlite::config::DbConfig;
use revchain::rusqlite::functions::FunctionFlags;
use revchain::{ErrorKind, Event, Migrations, Outcome};

use crate::support::{Fixture, count, ids, rows, schema};

/// A setting of a connection with a value that the proof does not run with.
struct Setting {
    name: &'static str,
    set: fn(&Connection),
    is_set: fn(&Connection) -> bool,
}

macro_rules! pragma {
    ($name:literal) => {
        Setting {
            name: $name,
            set: |db| {
                db.execute_batch(concat!("PRAGMA ", $name, " = ON"))
                    .unwrap()
            },
            is_set: |db| count(db, concat!("PRAGMA ", $name)) == 1,
        }
    };
}

macro_rules! config {
    ($name:ident, $value:literal) => {
        Setting {
            name: stringify!($name),
            set: |db| {
                db.set_db_config(DbConfig::$name, $value).unwrap();
            },
            is_set: |db| db.db_config(DbConfig::$name).unwrap() == $value,
        }
    };
}

const SETTINGS: &[Setting] = &[
    pragma!("foreign_keys"),
    pragma!("ignore_check_constraints"),
    pragma!("recursive_triggers"),
    pragma!("legacy_alter_table"),
    pragma!("writable_schema"),
    pragma!("reverse_unordered_selects"),
    config!(SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    config!(SQLITE_DBCONFIG_ENABLE_VIEW, false),
    config!(SQLITE_DBCONFIG_DQS_DML, false),
    config!(SQLITE_DBCONFIG_DQS_DDL, false),
    Setting {
        name: "case_sensitive_like",
        set: |db| {
            db.execute_batch("PRAGMA case_sensitive_like = ON").unwrap();
        },
        is_set: |db| count(db, "SELECT 'a' LIKE 'A'") == 0,
    },
];

/// A chain whose second revision has another result under each of [`SETTINGS`].
fn chain(fixture: &Fixture) -> Migrations {
    fixture.chain(&[
        (
            "CREATE TABLE t (a UNIQUE CHECK (a <> -1));
             INSERT INTO t VALUES (1), (2), ('x');
             CREATE TABLE p (id INTEGER PRIMARY KEY);
             CREATE TABLE c (p REFERENCES p ON DELETE CASCADE);
             INSERT INTO p VALUES (1);
             INSERT INTO c VALUES (1);
             CREATE TABLE log (what);
             CREATE VIEW v AS SELECT a FROM t;
             CREATE TRIGGER inserted AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('in'); END;
             CREATE TRIGGER deleted AFTER DELETE ON t BEGIN INSERT INTO log VALUES ('out'); END;",
            "SELECT 1;",
        ),
        (
            "INSERT OR IGNORE INTO t VALUES (-1);
             REPLACE INTO t VALUES (1);
             DELETE FROM t WHERE a LIKE 'X';
             CREATE TABLE copy AS SELECT a FROM v;
             INSERT INTO copy SELECT \"text\" FROM t LIMIT 1;
             CREATE INDEX words ON copy (a) WHERE a = \"text\";
             CREATE TABLE q (id INTEGER PRIMARY KEY);
             INSERT INTO q SELECT id FROM p;
             DROP TABLE p;
             ALTER TABLE q RENAME TO p;
             ALTER TABLE t RENAME TO renamed;",
            "DROP TABLE nowhere;",
        ),
    ])
}

fn content(db: &Connection) -> String {
    // Read the rows of all databases in the same order.
    db.execute_batch("PRAGMA reverse_unordered_selects = OFF")
        .unwrap();
    rows(db) + &schema(db)
}

#[test]
fn result_does_not_depend_on_settings() {
    let fixture = Fixture::new();
    let chain = chain(&fixture);
    let mut plain = Connection::open_in_memory().unwrap();
    chain.upgrade(&mut plain).unwrap();
    for setting in SETTINGS {
        let mut db = Connection::open_in_memory().unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        (setting.set)(&db);
        let result = chain.upgrade(&mut db);
        result.unwrap_or_else(|error| panic!("{}: {error:?}", setting.name));
        assert_eq!(content(&db), content(&plain), "{}", setting.name);
    }
}

#[test]
fn writable_schema_is_held_back() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[("DELETE FROM sqlite_master;", "SELECT 1;")]);
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("PRAGMA writable_schema = ON").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert!(
        format!("{error:#}").contains("table sqlite_master may not be modified"),
        "{error:#}"
    );
}

#[test]
fn settings_are_restored_after_any_ending() {
    let fixture = Fixture::new();
    let chain = chain(&fixture);
    for setting in SETTINGS {
        for ending in ["success", "error", "panic"] {
            let mut db = Connection::open_in_memory().unwrap();
            (setting.set)(&db);
            match ending {
                "success" => assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::New),
                "error" => {
                    chain.upgrade(&mut db).unwrap();
                    chain.migrator().downgrade_to(&mut db, "001").unwrap_err();
                }
                _ => {
                    let migrator = chain
                        .migrator()
                        .on_event(|event| assert!(!matches!(event, Event::Upgraded { .. })));
                    catch_unwind(AssertUnwindSafe(|| migrator.upgrade(&mut db))).unwrap_err();
                }
            }
            assert!((setting.is_set)(&db), "{} after {ending}", setting.name);
        }
    }
}

#[test]
fn all_settings_are_restored_together() {
    let fixture = Fixture::new();
    let mut db = Connection::open_in_memory().unwrap();
    for setting in SETTINGS {
        (setting.set)(&db);
    }
    chain(&fixture).upgrade(&mut db).unwrap();
    for setting in SETTINGS {
        assert!((setting.is_set)(&db), "{}", setting.name);
    }
}

#[test]
fn default_settings_stay_unchanged() {
    let fixture = Fixture::new();
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    chain(&fixture).upgrade(&mut db).unwrap();
    for setting in SETTINGS {
        assert!(!(setting.is_set)(&db), "{}", setting.name);
    }
}

/// `PRAGMA case_sensitive_like` replaces the function `like`, so a function of the program must not
/// be taken for the setting.
#[test]
fn like_function_of_the_program_is_kept() {
    let fixture = Fixture::new();
    let mut db = Connection::open_in_memory().unwrap();
    for arguments in [2, 3] {
        db.create_scalar_function(
            "like",
            arguments,
            FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
            |_| Ok(false),
        )
        .unwrap();
    }
    chain(&fixture).upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "SELECT 'a' LIKE 'a'"), 0);
}

#[test]
fn connection_without_journal_is_rejected() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    drop(fixture.tables(1).open(fixture.db()).unwrap());
    let mut db = Connection::open(fixture.db()).unwrap();
    db.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))
        .unwrap();
    let requests: [fn(&Migrations, &mut Connection) -> revchain::Error; 3] = [
        |chain, db| chain.upgrade(db).unwrap_err(),
        |chain, db| chain.migrator().downgrade_to(db, "base").unwrap_err(),
        |chain, db| chain.migrator().stamp(db, "002").unwrap_err(),
    ];
    for request in requests {
        let error = request(&chain, &mut db);
        assert!(matches!(error.kind(), ErrorKind::NoJournal), "{error}");
        assert_eq!(error.code(), "no-journal");
    }
    let text = format!("{:#}", chain.upgrade(&mut db).unwrap_err());
    assert!(
        text.ends_with(
            ": the journal mode is OFF, so SQLite cannot roll back\n\
             help: set another journal mode first: PRAGMA journal_mode = DELETE\n\
             more: run `revchain explain no-journal`"
        ),
        "{text}"
    );
    assert_eq!(ids(&db), ["001"]);
    // The fix from the help text works, and so does a journal in memory.
    for mode in ["DELETE", "MEMORY"] {
        db.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(()))
            .unwrap();
        chain.upgrade(&mut db).unwrap();
        chain.migrator().downgrade_to(&mut db, "001").unwrap();
    }
}

#[test]
fn restore_without_journal_is_rejected() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    drop(chain.open(fixture.path("backup.db")).unwrap());
    let mut db = chain.open(fixture.db()).unwrap();
    db.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))
        .unwrap();
    let backup = fixture.path("backup.db");
    let error = chain.migrator().restore(&mut db, backup).unwrap_err();
    assert_eq!(error.code(), "no-journal");
}

#[test]
fn database_at_head_needs_no_journal() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    let mut db = chain.open(fixture.db()).unwrap();
    db.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))
        .unwrap();
    // Without the marker, the upgrade reads the history, and does not renew the marker.
    db.execute_batch("PRAGMA user_version = 0").unwrap();
    assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert_eq!(count(&db, "PRAGMA user_version"), 0);
}
