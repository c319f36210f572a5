//! All that is pending, or nothing: failing statements, foreign keys, settings of the connection.

#![allow(clippy::unwrap_used)]

mod common;

use std::cell::RefCell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Place, count, ids, rows, schema};
use revchain::__private::Columns;
use revchain::rusqlite::Connection;
use revchain::{Direction, ErrorKind, Event, Migrations, Outcome, Revision};

#[test]
fn a_failing_statement_leaves_the_database_byte_for_byte_as_it_was() {
    let place = Place::new();
    let good = ("CREATE TABLE a (b UNIQUE); INSERT INTO a VALUES (1);", "DROP TABLE a;");
    drop(place.chain(&[good]).open(place.db()).unwrap());
    let before = fs::read(place.db()).unwrap();
    for failing in [
        "INSERT INTO a VALUES (1);",
        "INSERT OR ROLLBACK INTO a VALUES (1);",
        "CREATE TABLE a (b);",
        "CREATE TABLE c (d); INSERT INTO a VALUES (2); SELECT * FROM nowhere;",
        "SELECT abs(-9223372036854775808);",
    ] {
        let chain = place.chain(&[
            good,
            ("CREATE TABLE big AS SELECT randomblob(100000) AS x;", "DROP TABLE big;"),
            (failing, "SELECT 1;"),
        ]);
        let error = chain.open(place.db()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Statement(_)), "{failing}: {error}");
        assert_eq!(fs::read(place.db()).unwrap(), before, "{failing}");
    }
}

#[test]
fn a_failing_statement_is_shown_where_it_stands() {
    let place = Place::new();
    let chain = place.chain(&[
        ("CREATE TABLE a (b);", "DROP TABLE a;"),
        ("-- two on a line\nCREATE TABLE c (d);   INSERT INTO a\n  SELECT ä FROM c;", "DROP TABLE c;"),
    ]);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    let ErrorKind::Statement(statement) = error.kind() else { panic!("{error}") };
    assert_eq!(error.code(), "statement");
    assert_eq!((statement.revision.as_str(), statement.direction), ("002", Direction::Upgrade));
    assert_eq!((statement.line, statement.column, statement.message.as_str()), (6, 10, "no such column: ä"));
    let text = error.to_string();
    let expected = "\
app.db: the upgrade of 002 failed: no such column: ä
  MIGRATIONS/20260101_0001_002_step.sql:6:10
  |
6 |   SELECT ä FROM c;
  |          ^
nothing was changed: the database is still at 001";
    let directory = place.path("migrations").display().to_string();
    let text = text
        .replace(&directory, "MIGRATIONS")
        .replace(&format!("{}/", place.path("").display()).replace("//", "/"), "");
    assert_eq!(text, expected);
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn a_statement_that_fails_while_it_runs_is_shown_from_its_first_token() {
    let place = Place::new();
    let chain =
        place.chain(&[("CREATE TABLE a (b UNIQUE);\n  INSERT INTO a VALUES (1), (1);", "DROP TABLE a;")]);
    let error = chain.open(place.db()).unwrap_err();
    let ErrorKind::Statement(statement) = error.kind() else { panic!("{error}") };
    assert_eq!(
        (statement.line, statement.column, statement.message.as_str()),
        (5, 3, "UNIQUE constraint failed: a.b")
    );
}

#[test]
fn a_failing_downgrade_reverts_nothing() {
    let place = Place::new();
    let chain = place
        .chain(&[("CREATE TABLE a (b);", "DROP TABLE nowhere;"), ("CREATE TABLE c (d);", "DROP TABLE c;")]);
    let mut db = chain.open(place.db()).unwrap();
    let before = (schema(&db), ids(&db));
    let error = chain.downgrade_to(&mut db, "base").unwrap_err();
    assert!(error.to_string().contains("the downgrade of 001 failed: no such table: nowhere"), "{error}");
    assert_eq!((schema(&db), ids(&db)), before);
}

#[test]
fn a_connection_inside_a_transaction_is_refused() {
    let place = Place::new();
    let chain = place.tables(1);
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("BEGIN").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "in-transaction");
    assert!(matches!(error.kind(), ErrorKind::InTransaction), "{error}");
    db.execute_batch("COMMIT").unwrap();
    chain.upgrade(&mut db).unwrap();
}

/// Two parents, with children that a DELETE of theirs would take along.
const FAMILY: (&str, &str) = (
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);
     CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES parent (id) ON DELETE CASCADE);
     INSERT INTO parent VALUES (1, 'a'), (2, 'b');
     INSERT INTO child VALUES (10, 1), (11, 1), (12, 2);",
    "DROP TABLE child; DROP TABLE parent;",
);

fn foreign_keys(db: &Connection) -> bool {
    db.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_table_rebuild_keeps_the_children() {
    let place = Place::new();
    let rebuild = "CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         INSERT INTO new_parent SELECT id, name FROM parent;
         DROP TABLE parent;
         ALTER TABLE new_parent RENAME TO parent;";
    let chain = place.chain(&[FAMILY, (rebuild, "SELECT 1;")]);
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    chain.upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM child"), 3);
    assert!(foreign_keys(&db));
    db.execute("INSERT INTO child VALUES (13, 99)", []).unwrap_err();
}

#[test]
fn rows_that_point_at_nothing_are_named_and_roll_back() {
    let place = Place::new();
    let chain = place.chain(&[FAMILY, ("DELETE FROM parent WHERE id = 1;", "SELECT 1;")]);
    for enforced in ["ON", "OFF"] {
        let mut db = Connection::open(place.path(enforced)).unwrap();
        db.execute_batch(&format!("PRAGMA foreign_keys = {enforced}")).unwrap();
        chain.upgrade_to(&mut db, "001").unwrap();
        let before = rows(&db);
        let error = chain.upgrade(&mut db).unwrap_err();
        let ErrorKind::ForeignKeys { violations, count, before: earlier, .. } = error.kind() else {
            panic!("{error}")
        };
        assert_eq!((violations.len(), *count, *earlier), (2, 2, Some(0)));
        assert_eq!(
            (violations[0].table.as_str(), violations[0].rowid, violations[0].parent.as_str()),
            ("child", Some(10), "parent")
        );
        assert_eq!(violations[0].columns, ["parent_id"]);
        assert!(error.to_string().contains("child, row 10: (parent_id) has no match in parent"), "{error}");
        assert!(!error.to_string().contains("more"), "all are named: {error}");
        assert_eq!((rows(&db), ids(&db)), (before, vec!["001".to_owned()]));
        assert_eq!(foreign_keys(&db), enforced == "ON");
    }
}

#[test]
fn of_many_rows_that_point_at_nothing_ten_are_named() {
    let place = Place::new();
    let chain = place.chain(&[(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (x REFERENCES p);
         INSERT INTO c WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12) SELECT i FROM n;",
        "DROP TABLE c; DROP TABLE p;",
    )]);
    let error = chain.open(place.db()).unwrap_err();
    let ErrorKind::ForeignKeys { violations, count, .. } = error.kind() else { panic!("{error}") };
    assert_eq!(error.code(), "foreign-keys");
    assert_eq!((violations.len(), *count), (10, 12));
    assert!(error.to_string().contains("12 rows violate a foreign key"), "{error}");
    assert!(error.to_string().contains("\n  … and 2 more\n"), "{error}");
}

#[test]
fn of_several_keys_the_one_that_points_at_nothing_is_named() {
    let place = Place::new();
    let chain = place.chain(&[(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE q (a, b, PRIMARY KEY (a, b));
         CREATE TABLE c (x REFERENCES p, k1, k2, y REFERENCES p, name TEXT PRIMARY KEY,
                         FOREIGN KEY (k2, k1) REFERENCES q (a, b)) WITHOUT ROWID;
         INSERT INTO c VALUES (NULL, 1, 2, NULL, 'n');",
        "DROP TABLE c; DROP TABLE q; DROP TABLE p;",
    )]);
    let error = chain.open(place.db()).unwrap_err();
    assert!(error.to_string().contains("\n  c, a row: (k2, k1) has no match in q\n"), "{error}");
}

#[test]
fn a_stamp_asks_neither_for_foreign_keys_nor_for_temporary_tables() {
    let place = Place::new();
    let chain = place.tables(2);
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch(
        "PRAGMA foreign_keys = OFF; CREATE TABLE p (a PRIMARY KEY); CREATE TABLE c (x REFERENCES p);
         INSERT INTO c VALUES (1); CREATE TEMP TABLE t (u)",
    )
    .unwrap();
    assert_eq!(chain.stamp(&mut db, "001").unwrap().outcome, Outcome::Stamped);
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn rows_that_pointed_at_nothing_before_are_told_apart() {
    let place = Place::new();
    let chain = place.chain(&[FAMILY, ("CREATE TABLE x (y);", "DROP TABLE x;")]);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM parent WHERE id = 2").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ForeignKeys { before: Some(1), .. }), "{error}");
    assert!(error.to_string().contains("1 such row was there before"), "{error}");
}

#[test]
fn the_settings_of_a_connection_are_put_back() {
    let place = Place::new();
    let chain = place.tables(2);
    let failing = place.chain(&[("CREATE TABLE a (b);", "DROP TABLE a;"), ("nonsense;", "SELECT 1;")]);
    let busy_timeout = |db: &Connection| count(db, "PRAGMA busy_timeout");
    for enforced in [true, false] {
        for what in ["success", "error", "panic"] {
            let mut db = Connection::open_in_memory().unwrap();
            db.busy_timeout(Duration::from_millis(1234)).unwrap();
            db.execute_batch(&format!("PRAGMA foreign_keys = {enforced}")).unwrap();
            match what {
                "success" => assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::New),
                "error" => assert!(failing.upgrade(&mut db).is_err()),
                _ => {
                    let options =
                        chain.options().on_event(|event| assert!(!matches!(event, Event::Upgraded { .. })));
                    catch_unwind(AssertUnwindSafe(|| options.upgrade(&mut db))).unwrap_err();
                    assert!(db.is_autocommit());
                    assert_eq!(count(&db, "SELECT count(*) FROM sqlite_master"), 0);
                }
            }
            assert_eq!((foreign_keys(&db), busy_timeout(&db)), (enforced, 1234), "after {what}");
        }
    }
}

#[test]
fn a_busy_handler_of_the_callers_is_left_alone() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let place = Place::new();
    let mut db = Connection::open(place.db()).unwrap();
    db.busy_handler(Some(|_| {
        CALLS.fetch_add(1, Ordering::Relaxed);
        false
    }))
    .unwrap();
    place.tables(1).upgrade(&mut db).unwrap();
    let other = Connection::open(place.db()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap_err();
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
}

#[test]
fn every_statement_that_returns_rows_runs_to_its_end() {
    let place = Place::new();
    let chain = place.chain(&[(
        "CREATE TABLE a (b);
         INSERT INTO a VALUES (1), (2), (3) RETURNING b;
         SELECT * FROM a;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) INSERT INTO a SELECT i FROM n;
         CREATE TRIGGER t AFTER INSERT ON a BEGIN
           UPDATE a SET b = CASE WHEN b > 1 THEN 1 ELSE 0 END; DELETE FROM a WHERE b = 0;
         END;
         PRAGMA application_id = 7;",
        "DROP TABLE a;",
    )]);
    let db = chain.open(place.db()).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM a"), 8);
    assert_eq!(count(&db, "PRAGMA application_id"), 7);
}

#[test]
fn what_a_statement_does_at_its_later_rows_is_done() {
    let place = Place::new();
    let chain = place.chain(&[("PRAGMA incremental_vacuum;", "SELECT 1;")]);
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(50000)); DELETE FROM a",
    )
    .unwrap();
    assert!(count(&db, "PRAGMA freelist_count") > 5);
    chain.options().baseline("base").upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "PRAGMA freelist_count"), 0);
    // An error can come as late.
    let late = "SELECT abs(x) FROM (SELECT 1 AS x UNION ALL SELECT -9223372036854775808);";
    let error = place.chain(&[(late, "SELECT 1;")]).open(place.path("late.db")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Statement(_)), "{error}");
}

/// The rules let no such statement into a chain, so this one was made without them.
#[test]
fn where_a_statement_ended_the_transaction_no_error_says_that_nothing_was_changed() {
    const REVISIONS: &[Revision] = &Columns {
        ids: ["001"],
        parents: [""],
        paths: ["m/x.sql"],
        dates: [202601010000],
        summaries: [""],
        upgrades: ["CREATE TABLE a (b); COMMIT; CREATE TABLE c (d)"],
        upgrade_lines: [1],
        upgrade_spans: [b"\0\0\0\0\x12\0\0\0\x14\0\0\0\x1a\0\0\0\x1c\0\0\0\x2e\0\0\0"],
        downgrades: ["SELECT 1"],
        downgrade_lines: [1],
        downgrade_spans: [b"\0\0\0\0\x08\0\0\0"],
        destroys: &[],
        compatible: &[],
        checksums: [&[0; 32]],
        chain_checksums: [&[0; 32]],
        fingerprints: &[],
        texts: &[],
    }
    .revisions();
    let mut db = Connection::open_in_memory().unwrap();
    let error = Migrations::embedded("m", "", "", REVISIONS, None, &[]).upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "transaction-ended");
    assert!(
        matches!(error.kind(), ErrorKind::TransactionEnded { revision, .. } if revision == "001"),
        "{error}"
    );
    assert!(!error.to_string().contains("nothing was changed"), "{error}");
    assert_eq!(count(&db, "SELECT count(*) FROM sqlite_master WHERE name = 'c'"), 0, "it goes no further");
}

#[test]
fn rows_that_pointed_at_nothing_before_may_stay_if_the_options_say_so_and_no_others() {
    let place = Place::new();
    let tables =
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p);
        CREATE TABLE w (id TEXT PRIMARY KEY, p REFERENCES p) WITHOUT ROWID;";
    let drop = "DROP TABLE w; DROP TABLE c; DROP TABLE p;";
    let chain = |second: &str| place.chain(&[(tables, drop), (second, "SELECT 1;")]);
    let mut db = Connection::open(place.db()).unwrap();
    chain("SELECT 1;").upgrade_to(&mut db, "001").unwrap();
    db.execute_batch(
        "PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 7), (2, 8); INSERT INTO w VALUES ('a', 7); PRAGMA foreign_keys = ON",
    )
    .unwrap();
    // As many violations as before, and other ones.
    for (second, told) in [
        ("UPDATE c SET id = 3 WHERE id = 2;", "c, row 3"),
        ("INSERT INTO c VALUES (4, 9);", "c, row 4"),
        ("INSERT INTO w VALUES ('b', 9);", "w, a row"),
    ] {
        let migrations = chain(second);
        let error = migrations.options().allow_existing_violations().upgrade(&mut db).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::ForeignKeys { count: 1, before: Some(3), .. }), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    let rebuild =
        "CREATE TABLE n (id INTEGER PRIMARY KEY, p REFERENCES p, x); INSERT INTO n SELECT id, p, 1 FROM c;
        DROP TABLE c; ALTER TABLE n RENAME TO c;";
    let migrations = chain(rebuild);
    let error = migrations.upgrade(&mut db).unwrap_err().to_string();
    assert!(
        error.contains("3 such rows were there before") && error.contains("allow_existing_violations"),
        "{error}"
    );
    let told = RefCell::new(Vec::new());
    let options = migrations.options().allow_existing_violations().on_event(|event| {
        if let Event::StillViolated { count, .. } = event {
            told.borrow_mut().push(*count);
        }
    });
    options.upgrade(&mut db).unwrap();
    assert_eq!(*told.borrow(), [3]);
    assert_eq!(count(&db, "SELECT count(*) FROM c WHERE x = 1"), 2);
    assert!(foreign_keys(&db));
}

#[test]
fn a_key_that_does_not_fit_its_parent_is_told_how_to_mend() {
    let place = Place::new();
    let misfit = "CREATE TABLE p (a); CREATE TABLE c (x REFERENCES p (a)); INSERT INTO c VALUES (1);";
    let error = place.chain(&[(misfit, "DROP TABLE c; DROP TABLE p;")]).open(place.db()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("foreign key mismatch") && text.contains("UNIQUE index"), "{text}");
    // A migration that mends the key and leaves a row behind is told of the row, not of the key as it was.
    let mut db = Connection::open(place.path("old.db")).unwrap();
    db.execute_batch(&format!("PRAGMA foreign_keys = OFF; {misfit}")).unwrap();
    let chain =
        place.chain(&[("SELECT 1;", "SELECT 1;"), ("CREATE UNIQUE INDEX i ON p (a);", "DROP INDEX i;")]);
    let error = chain.options().baseline("001").upgrade(&mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ForeignKeys { count: 1, before: None, .. }), "{error}");
}

#[test]
fn temporary_tables_that_would_hide_the_databases_own_are_refused() {
    let place = Place::new();
    let chain = place
        .chain(&[("CREATE TABLE a (b);", "DROP TABLE a;"), ("INSERT INTO a VALUES (1);", "DELETE FROM a;")]);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("CREATE TEMP TABLE a (b)").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "temporary-tables");
    assert!(matches!(error.kind(), ErrorKind::TemporaryTables { tables, .. } if tables == &["a"]), "{error}");
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn a_migration_must_drop_its_temporary_tables() {
    let place = Place::new();
    let start = ("CREATE TABLE users (a);", "DROP TABLE users;");
    let left = ("CREATE TEMP TABLE users AS SELECT * FROM users;", "SELECT 1;");
    let error = place
        .chain(&[start, left, ("ALTER TABLE users ADD COLUMN b;", "SELECT 1;")])
        .open(place.db())
        .unwrap_err();
    assert!(error.to_string().contains("002 leaves temporary tables (users)"), "{error}");
    let dropped = ("CREATE TEMP TABLE old AS SELECT * FROM users; DROP TABLE temp.old;", "SELECT 1;");
    drop(place.chain(&[start, dropped]).open(place.db()).unwrap());
}

#[test]
fn a_stamp_that_a_trigger_swallows_is_an_error() {
    let place = Place::new();
    let chain = place.tables(2);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("CREATE TRIGGER t BEFORE INSERT ON revchain_history BEGIN SELECT RAISE(IGNORE); END")
        .unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "sqlite");
    assert!(error.to_string().contains("writing revchain_history failed"), "{error}");
    assert_eq!(count(&db, "SELECT count(*) FROM sqlite_master WHERE name = 't2'"), 0);
}

#[test]
fn a_connection_whose_statements_return_counts_is_upgraded_all_the_same() {
    let place = Place::new();
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("PRAGMA count_changes = 1").unwrap();
    place.tables(2).upgrade(&mut db).unwrap();
    assert_eq!(ids(&db), ["001", "002"]);
}

#[test]
fn foreign_keys_are_put_back_also_where_no_statement_can_run() {
    let place = Place::new();
    let chain = place.tables(1);
    let uri = format!("file:{}?cache=shared", place.db().display());
    let (mut db, other) = (Connection::open(&uri).unwrap(), Connection::open(&uri).unwrap());
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Once foreign keys are off, the shared schema is locked, and no statement can be prepared any more.
    let options = chain.options().lock_timeout(Duration::from_millis(20)).on_event(|event| {
        if let Event::Waiting { .. } = event {
            other.execute_batch("CREATE TABLE x (y)").unwrap();
        }
    });
    let error = options.upgrade(&mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Locked { .. }), "{error}");
    db.prepare("PRAGMA foreign_keys").unwrap_err();
    other.execute_batch("ROLLBACK").unwrap();
    assert!(foreign_keys(&db));
}

#[test]
fn errors_can_be_sent_between_threads_and_are_small() {
    fn check<T: std::error::Error + Send + Sync + 'static>() {}
    check::<revchain::Error>();
    assert_eq!(size_of::<revchain::Error>(), size_of::<usize>());
}
