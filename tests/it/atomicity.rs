//! Transactions: every pending revision is applied or none, foreign keys hold, and the settings of
//! the connection are restored.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use revchain::error::Direction;
use revchain::rusqlite::Connection;
use revchain::{Adopt, ErrorKind, Event, Migrations, Outcome};

use crate::support::{Fixture, count, ids, rows, schema};

#[test]
fn failing_statement_leaves_every_byte_unchanged() {
    let fixture = Fixture::new();
    let good = (
        "CREATE TABLE a (b UNIQUE); INSERT INTO a VALUES (1);",
        "DROP TABLE a;",
    );
    drop(fixture.chain(&[good]).open(fixture.db()).unwrap());
    let before = fs::read(fixture.db()).unwrap();
    for failing in [
        "INSERT INTO a VALUES (1);",
        "INSERT OR ROLLBACK INTO a VALUES (1);",
        "CREATE TABLE a (b);",
        "CREATE TABLE c (d); INSERT INTO a VALUES (2); SELECT * FROM nowhere;",
        "SELECT abs(-9223372036854775808);",
    ] {
        let chain = fixture.chain(&[
            good,
            (
                "CREATE TABLE big AS SELECT randomblob(100000) AS x;",
                "DROP TABLE big;",
            ),
            (failing, "SELECT 1;"),
        ]);
        let error = chain.open(fixture.db()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Statement(_)),
            "{failing}: {error}"
        );
        assert_eq!(fs::read(fixture.db()).unwrap(), before, "{failing}");
    }
}

#[test]
fn failing_statement_is_shown_with_its_position() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[
        ("CREATE TABLE a (b);", "DROP TABLE a;"),
        (
            "-- two on a line\nCREATE TABLE c (d);   INSERT INTO a\n  SELECT ä FROM c;",
            "DROP TABLE c;",
        ),
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    let ErrorKind::Statement(statement) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(error.code(), "statement");
    assert_eq!(
        (statement.revision.as_str(), statement.direction),
        ("002", Direction::Upgrade)
    );
    assert_eq!(
        (statement.line, statement.column, statement.message.as_str()),
        (6, 10, "no such column: ä")
    );
    let text = format!("{error:#}");
    let expected = "\
app.db: the upgrade of 002 failed: no such column: ä
  MIGRATIONS/20260101_0001_002_step.sql:6:10
  |
6 |   SELECT ä FROM c;
  |          ^
rolled back: the database is still at 001
help: until then, run the version of the program whose head is 001
more: run `revchain explain statement`";
    let directory = fixture.path("migrations").display().to_string();
    let text = text
        .replace(&directory, "MIGRATIONS")
        .replace(&fixture.path("").display().to_string(), "");
    assert_eq!(text, expected);
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn runtime_failure_is_shown_at_the_first_token() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[(
        "CREATE TABLE a (b UNIQUE);\n  INSERT INTO a VALUES (1), (1);",
        "DROP TABLE a;",
    )]);
    let error = chain.open(fixture.db()).unwrap_err();
    let ErrorKind::Statement(statement) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(
        (statement.line, statement.column, statement.message.as_str()),
        (5, 3, "UNIQUE constraint failed: a.b")
    );
}

#[test]
fn failing_downgrade_reverts_nothing() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[
        ("CREATE TABLE a (b);", "DROP TABLE nowhere;"),
        ("CREATE TABLE c (d);", "DROP TABLE c;"),
    ]);
    let mut db = chain.open(fixture.db()).unwrap();
    let before = (schema(&db), ids(&db));
    let error = chain.migrator().downgrade_to(&mut db, "base").unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("the downgrade of 001 failed: no such table: nowhere\n"),
        "{text}"
    );
    assert_eq!((schema(&db), ids(&db)), before);
}

#[test]
fn connection_inside_a_transaction_is_rejected() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("BEGIN").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "in-transaction");
    assert!(matches!(error.kind(), ErrorKind::InTransaction), "{error}");
    db.execute_batch("COMMIT").unwrap();
    chain.upgrade(&mut db).unwrap();
}

/// Two parents with child rows that a cascading DELETE would remove.
const FAMILY: (&str, &str) = (
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);
     CREATE TABLE child (id INTEGER PRIMARY KEY,
                         parent_id INTEGER NOT NULL REFERENCES parent (id) ON DELETE CASCADE);
     INSERT INTO parent VALUES (1, 'a'), (2, 'b');
     INSERT INTO child VALUES (10, 1), (11, 1), (12, 2);",
    "DROP TABLE child; DROP TABLE parent;",
);

fn foreign_keys(db: &Connection) -> bool {
    db.query_row("PRAGMA foreign_keys", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn table_rebuild_keeps_child_rows() {
    let fixture = Fixture::new();
    let rebuild = "CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         INSERT INTO new_parent SELECT id, name FROM parent;
         DROP TABLE parent;
         ALTER TABLE new_parent RENAME TO parent;";
    let chain = fixture.chain(&[FAMILY, (rebuild, "SELECT 1;")]);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    chain.upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM child"), 3);
    assert!(foreign_keys(&db));
    db.execute("INSERT INTO child VALUES (13, 99)", [])
        .unwrap_err();
}

#[test]
fn dangling_rows_are_named_and_rolled_back() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[FAMILY, ("DELETE FROM parent WHERE id = 1;", "SELECT 1;")]);
    for enforced in ["ON", "OFF"] {
        let mut db = Connection::open(fixture.path(enforced)).unwrap();
        db.execute_batch(&format!("PRAGMA foreign_keys = {enforced}"))
            .unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        let before = rows(&db);
        let error = chain.upgrade(&mut db).unwrap_err();
        let ErrorKind::ForeignKeys {
            violations,
            count,
            before: earlier,
            ..
        } = error.kind()
        else {
            panic!("{error}")
        };
        assert_eq!((violations.len(), *count, *earlier), (2, 2, Some(0)));
        assert_eq!(
            (
                violations[0].table.as_str(),
                violations[0].rowid,
                violations[0].parent.as_str()
            ),
            ("child", Some(10), "parent")
        );
        assert_eq!(violations[0].columns, ["parent_id"]);
        assert!(
            error
                .to_string()
                .contains("child, row 10: (parent_id) has no match in parent"),
            "{error}"
        );
        assert!(
            !error.to_string().contains("more"),
            "every row is listed: {error}"
        );
        assert_eq!((rows(&db), ids(&db)), (before, vec!["001".to_owned()]));
        assert_eq!(foreign_keys(&db), enforced == "ON");
    }
}

#[test]
fn at_most_ten_dangling_rows_are_named() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (x REFERENCES p);
         INSERT INTO c WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12)
                       SELECT i FROM n;",
        "DROP TABLE c; DROP TABLE p;",
    )]);
    let error = chain.open(fixture.db()).unwrap_err();
    let ErrorKind::ForeignKeys {
        violations, count, ..
    } = error.kind()
    else {
        panic!("{error}")
    };
    assert_eq!(error.code(), "foreign-keys");
    assert_eq!((violations.len(), *count), (10, 12));
    assert!(
        error.to_string().contains("12 rows violate a foreign key"),
        "{error}"
    );
    assert!(error.to_string().ends_with("\n  … and 2 more"), "{error}");
}

#[test]
fn violated_key_is_named_among_several() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE q (a, b, PRIMARY KEY (a, b));
         CREATE TABLE c (x REFERENCES p, k1, k2, y REFERENCES p, name TEXT PRIMARY KEY,
                         FOREIGN KEY (k2, k1) REFERENCES q (a, b)) WITHOUT ROWID;
         INSERT INTO c VALUES (NULL, 1, 2, NULL, 'n');",
        "DROP TABLE c; DROP TABLE q; DROP TABLE p;",
    )]);
    let error = chain.open(fixture.db()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("\n  c, a row: (k2, k1) has no match in q"),
        "{error}"
    );
}

#[test]
fn stamp_ignores_foreign_keys_and_temporary_tables() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch(
        "PRAGMA foreign_keys = OFF; CREATE TABLE p (a PRIMARY KEY); CREATE TABLE c (x REFERENCES p);
         INSERT INTO c VALUES (1); CREATE TEMP TABLE t (u)",
    )
    .unwrap();
    assert_eq!(
        chain.migrator().stamp(&mut db, "001").unwrap().outcome,
        Outcome::Stamped
    );
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn earlier_violations_are_counted_separately() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[FAMILY, ("UPDATE parent SET name = 'c';", "SELECT 1;")]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM parent WHERE id = 2")
        .unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::ForeignKeys {
                before: Some(1),
                ..
            }
        ),
        "{error}"
    );
    let help = error.help().unwrap();
    assert!(
        help.contains(": 1 violated a key before the migrations\n"),
        "{help}"
    );
}

#[test]
fn only_existing_violations_can_be_allowed() {
    let fixture = Fixture::new();
    let tables = "CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p);
        CREATE TABLE w (id TEXT PRIMARY KEY, p REFERENCES p) WITHOUT ROWID;";
    let drop = "DROP TABLE w; DROP TABLE c; DROP TABLE p;";
    // The children of a changed parent are checked, and no other tables.
    let chain = |second: &str| {
        let second = format!("UPDATE p SET id = id; {second}");
        fixture.chain(&[(tables, drop), (&second, "SELECT 1;")])
    };
    let mut db = Connection::open(fixture.db()).unwrap();
    let first = chain("SELECT 1;");
    let migrator = first.migrator().allow_existing_violations();
    let migrator = migrator.on_event(|event| {
        assert!(!matches!(event, Event::ExistingViolations { .. }));
    });
    migrator.upgrade_to(&mut db, "001").unwrap();
    db.execute_batch(
        "PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 7), (2, 8);
         INSERT INTO w VALUES ('a', 7); PRAGMA foreign_keys = ON",
    )
    .unwrap();
    // Each case adds a violation to the existing ones, or replaces one of them.
    for (second, expected) in [
        ("UPDATE c SET id = 3 WHERE id = 2;", "c, row 3"),
        ("INSERT INTO c VALUES (4, 9);", "c, row 4"),
        ("INSERT INTO w VALUES ('b', 9);", "w, a row"),
    ] {
        let migrations = chain(second);
        let error = migrations
            .migrator()
            .allow_existing_violations()
            .upgrade(&mut db)
            .unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ForeignKeys {
                    count: 1,
                    before: Some(3),
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains(expected), "{error}");
    }
    let rebuild = "CREATE TABLE n (id INTEGER PRIMARY KEY, p REFERENCES p, x);
         INSERT INTO n SELECT id, p, 1 FROM c;
        DROP TABLE c; ALTER TABLE n RENAME TO c;";
    let migrations = chain(rebuild);
    let help = migrations.upgrade(&mut db).unwrap_err().help().unwrap();
    assert!(
        help.contains(": 3 violated a key before the migrations\n")
            && help.contains(".allow_existing_violations()"),
        "{help}"
    );
    let reported = Mutex::new(Vec::new());
    let migrator = migrations
        .migrator()
        .allow_existing_violations()
        .on_event(|event| {
            if let Event::ExistingViolations { count, .. } = event {
                reported.lock().unwrap().push(*count);
            }
        });
    let report = migrator.upgrade(&mut db).unwrap();
    assert_eq!(report.kept_violations, 3);
    let text = report.to_string();
    assert!(
        text.ends_with("; 3 rows still violate a foreign key"),
        "{text}"
    );
    assert_eq!(*reported.lock().unwrap(), [3]);
    assert_eq!(count(&db, "SELECT count(*) FROM c WHERE x = 1"), 2);
    assert!(foreign_keys(&db));
}

#[test]
fn mismatched_foreign_key_suggests_a_fix() {
    let fixture = Fixture::new();
    let misfit =
        "CREATE TABLE p (a); CREATE TABLE c (x REFERENCES p (a)); INSERT INTO c VALUES (1);";
    let error = fixture
        .chain(&[(misfit, "DROP TABLE c; DROP TABLE p;")])
        .open(fixture.db())
        .unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("foreign key mismatch") && text.contains("UNIQUE index"),
        "{text}"
    );
    // A migration that repairs the key but leaves a row behind fails for the row.
    let mut db = Connection::open(fixture.path("old.db")).unwrap();
    db.execute_batch(&format!("PRAGMA foreign_keys = OFF; {misfit}"))
        .unwrap();
    let chain = fixture.chain(&[
        ("SELECT 1;", "SELECT 1;"),
        ("CREATE UNIQUE INDEX i ON p (a);", "DROP INDEX i;"),
    ]);
    let error = chain
        .migrator()
        .adopt(Adopt::at("001"))
        .upgrade(&mut db)
        .unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::ForeignKeys {
                count: 1,
                before: None,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn connection_settings_are_restored() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let failing = fixture.chain(&[
        ("CREATE TABLE a (b);", "DROP TABLE a;"),
        ("nonsense;", "SELECT 1;"),
    ]);
    let busy_timeout = |db: &Connection| count(db, "PRAGMA busy_timeout");
    for enforced in [true, false] {
        for ending in ["success", "error", "panic"] {
            let mut db = Connection::open_in_memory().unwrap();
            db.busy_timeout(Duration::from_millis(1234)).unwrap();
            db.execute_batch(&format!("PRAGMA foreign_keys = {enforced}"))
                .unwrap();
            match ending {
                "success" => assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::New),
                "error" => assert!(failing.upgrade(&mut db).is_err()),
                _ => {
                    let migrator = chain
                        .migrator()
                        .on_event(|event| assert!(!matches!(event, Event::Upgraded { .. })));
                    catch_unwind(AssertUnwindSafe(|| migrator.upgrade(&mut db))).unwrap_err();
                    assert!(db.is_autocommit());
                    assert_eq!(count(&db, "SELECT count(*) FROM sqlite_master"), 0);
                }
            }
            assert_eq!(
                (foreign_keys(&db), busy_timeout(&db)),
                (enforced, 1234),
                "after {ending}"
            );
        }
    }
}

#[test]
fn foreign_keys_are_restored_when_no_statement_can_run() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    let uri = format!("file:{}?cache=shared", fixture.db().display());
    let (mut db, other) = (
        Connection::open(&uri).unwrap(),
        Connection::open(&uri).unwrap(),
    );
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let other = Mutex::new(other);
    // The shared schema is locked after foreign keys are off, so no statement can be prepared.
    let migrator = chain
        .migrator()
        .busy_timeout(Duration::from_millis(20))
        .on_event(|event| {
            if let Event::Waiting { .. } = event {
                let other = other.lock().unwrap();
                other.execute_batch("CREATE TABLE x (y)").unwrap();
            }
        });
    let error = migrator.upgrade(&mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Busy { .. }), "{error}");
    db.prepare("PRAGMA foreign_keys").unwrap_err();
    other.lock().unwrap().execute_batch("ROLLBACK").unwrap();
    assert!(foreign_keys(&db));
}

#[test]
fn busy_handler_of_the_caller_is_kept() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let fixture = Fixture::new();
    let mut db = Connection::open(fixture.db()).unwrap();
    db.busy_handler(Some(|_| {
        CALLS.fetch_add(1, Ordering::Relaxed);
        false
    }))
    .unwrap();
    fixture.tables(1).upgrade(&mut db).unwrap();
    let other = Connection::open(fixture.db()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap_err();
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
}

#[test]
fn statements_returning_rows_run_to_completion() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[(
        "CREATE TABLE a (b);
         INSERT INTO a VALUES (1), (2), (3) RETURNING b;
         SELECT * FROM a;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5)
         INSERT INTO a SELECT i FROM n;
         CREATE TRIGGER t AFTER INSERT ON a BEGIN
           UPDATE a SET b = CASE WHEN b > 1 THEN 1 ELSE 0 END; DELETE FROM a WHERE b = 0;
         END;
         PRAGMA application_id = 7;",
        "DROP TABLE a;",
    )]);
    let db = chain.open(fixture.db()).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM a"), 8);
    assert_eq!(count(&db, "PRAGMA application_id"), 7);
}

#[test]
fn effects_of_later_rows_are_applied() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[("PRAGMA incremental_vacuum;", "SELECT 1;")]);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE a (b);
         INSERT INTO a VALUES (zeroblob(50000)); DELETE FROM a",
    )
    .unwrap();
    assert!(count(&db, "PRAGMA freelist_count") > 5);
    chain
        .migrator()
        .adopt(Adopt::at("base"))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!(count(&db, "PRAGMA freelist_count"), 0);
    // A later row can also fail.
    let late = "SELECT abs(x) FROM (SELECT 1 AS x UNION ALL SELECT -9223372036854775808);";
    let error = fixture
        .chain(&[(late, "SELECT 1;")])
        .open(fixture.path("late.db"))
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Statement(_)), "{error}");
}

/// The build rejects such a statement, so this chain is assembled by hand.
#[test]
fn ended_transaction_is_not_reported_as_unchanged() {
    let fixture = Fixture::new();
    let upgrade = "CREATE TABLE a (b); COMMIX; CREATE TABLE c (d);";
    let chain = fixture.chain(&[(upgrade, "DROP TABLE a;")]);
    let index = chain.chain().head_index().unwrap();
    // A directory with this word has a defect, so no program embeds it.
    let sql = chain.chain()[index].upgrade().sql();
    let sql = sql.replace("COMMIX", "COMMIT");
    let chain = chain.chain().clone().with_upgrade(index, &sql);
    let mut db = Connection::open_in_memory().unwrap();
    let error = Migrations::from_chain(chain, "m".to_owned())
        .upgrade(&mut db)
        .unwrap_err();
    assert_eq!(error.code(), "transaction-ended");
    assert!(
        matches!(error.kind(), ErrorKind::TransactionEnded { revision, .. } if revision == "001"),
        "{error}"
    );
    assert!(!error.to_string().contains("rolled back"), "{error}");
    assert_eq!(
        count(&db, "SELECT count(*) FROM sqlite_master WHERE name = 'c'"),
        0,
        "the next statement does not run"
    );
}

#[test]
fn hiding_temporary_table_is_rejected() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[
        ("CREATE TABLE a (b);", "DROP TABLE a;"),
        ("INSERT INTO a VALUES (1);", "DELETE FROM a;"),
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("CREATE TEMP TABLE a (b)").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "temporary-tables");
    assert!(
        matches!(error.kind(), ErrorKind::TemporaryTables { tables, .. } if tables == &["a"]),
        "{error}"
    );
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn leftover_temporary_table_fails_the_migration() {
    let fixture = Fixture::new();
    let start = ("CREATE TABLE users (a);", "DROP TABLE users;");
    let left = (
        "CREATE TEMP TABLE users AS SELECT * FROM users;",
        "SELECT 1;",
    );
    let error = fixture
        .chain(&[
            start,
            left,
            ("ALTER TABLE users ADD COLUMN b;", "SELECT 1;"),
        ])
        .open(fixture.db())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("002 leaves temporary tables: users"),
        "{error}"
    );
    let dropped = (
        "CREATE TEMP TABLE old AS SELECT * FROM users; DROP TABLE temp.old;",
        "SELECT 1;",
    );
    drop(fixture.chain(&[start, dropped]).open(fixture.db()).unwrap());
}

#[test]
fn ignored_history_insert_is_an_error() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch(
        "CREATE TRIGGER t BEFORE INSERT ON revchain_history BEGIN SELECT RAISE(IGNORE); END",
    )
    .unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "sqlite");
    assert!(
        error
            .to_string()
            .ends_with("writing the history or the marker failed"),
        "{error}"
    );
    assert_eq!(
        count(&db, "SELECT count(*) FROM sqlite_master WHERE name = 't2'"),
        0
    );
}

#[test]
fn count_changes_pragma_does_not_affect_an_upgrade() {
    let fixture = Fixture::new();
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("PRAGMA count_changes = 1").unwrap();
    fixture.tables(2).upgrade(&mut db).unwrap();
    assert_eq!(ids(&db), ["001", "002"]);
}
