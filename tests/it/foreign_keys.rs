//! The foreign key check: a request checks the tables in which a script can have left a violation,
//! and no others.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use revchain::rusqlite::Connection;
use revchain::rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use revchain::{Migrations, Outcome};

use crate::support::{BILLING, Fixture, TOKENS, authorize, clear_authorizer};

/// A parent, its children, and tables that have nothing to do with them.
const TABLES: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY, code, name);
    CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p);
    CREATE TABLE d (id INTEGER PRIMARY KEY, c REFERENCES c, p REFERENCES p);
    CREATE TABLE tree (id INTEGER PRIMARY KEY, up REFERENCES tree);
    CREATE TABLE other (id INTEGER PRIMARY KEY, q REFERENCES q);
    CREATE TABLE q (id INTEGER PRIMARY KEY ON CONFLICT REPLACE);
    CREATE TABLE plain (a);
    CREATE VIEW v AS SELECT a FROM plain;
    CREATE TRIGGER v_insert INSTEAD OF INSERT ON v BEGIN INSERT INTO plain VALUES (new.a); END;
    CREATE TRIGGER plain_delete AFTER DELETE ON plain BEGIN DELETE FROM p WHERE id = old.a; END;
    CREATE TRIGGER tree_insert AFTER INSERT ON tree BEGIN UPDATE other SET q = NULL; END;
    CREATE UNIQUE INDEX codes ON p (code);
    CREATE INDEX names ON p (name);";

/// Runs an upgrade, and returns the tables that it checks.
fn checked(migrations: &Migrations, db: &mut Connection) -> Vec<String> {
    let tables = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&tables);
    authorize(db, move |context: AuthContext<'_>| {
        if let AuthAction::Pragma {
            pragma_name: "foreign_key_check",
            pragma_value,
        } = context.action
        {
            let table = pragma_value.unwrap_or("all").to_owned();
            seen.lock().unwrap().push(table);
        }
        Authorization::Allow
    });
    let result = migrations.upgrade(db);
    clear_authorizer(db);
    assert_ne!(result.unwrap().outcome, Outcome::UpToDate);
    let tables = tables.lock().unwrap();
    tables.clone()
}

#[test]
fn only_tables_that_can_have_violations_are_checked() {
    let rebuild = "DROP TRIGGER plain_delete; CREATE TABLE n (id INTEGER PRIMARY KEY, code, name);
        INSERT INTO n SELECT id, code, name FROM p; DROP TABLE p; ALTER TABLE n RENAME TO p;";
    for (script, expected) in [
        ("CREATE TABLE t (a);", ""),
        ("CREATE TABLE t (p REFERENCES p);", "t"),
        ("CREATE INDEX i ON c (p); ANALYZE c; SELECT * FROM c;", ""),
        ("INSERT INTO p VALUES (1, 2, 3);", ""),
        ("INSERT INTO c VALUES (1, NULL);", "c"),
        ("REPLACE INTO p VALUES (1, 2, 3);", "c d"),
        ("UPDATE p SET name = 1;", "c d"),
        ("DELETE FROM c;", "d"),
        ("DELETE FROM tree;", "tree"),
        ("WITH x AS (SELECT 1) DELETE FROM main.c;", "d"),
        (rebuild, "c d"),
        ("ALTER TABLE p RENAME TO p2;", "c d"),
        ("ALTER TABLE c ADD COLUMN x;", ""),
        ("ALTER TABLE c RENAME COLUMN p TO parent;", ""),
        ("ALTER TABLE plain ADD COLUMN p REFERENCES p;", "plain"),
        ("ALTER TABLE q ADD COLUMN p REFERENCES p;", "q"),
        // The table of the key says what happens in a conflict.
        ("INSERT INTO q VALUES (1);", "other"),
        // Triggers, also through a view.
        ("INSERT INTO v VALUES (1);", ""),
        ("DELETE FROM plain;", "c d"),
        ("INSERT INTO tree VALUES (1, NULL);", "other tree"),
        // A trigger that another trigger fires.
        (
            "CREATE TRIGGER t AFTER DELETE ON p BEGIN DELETE FROM tree; END;
             DELETE FROM plain;",
            "c d tree",
        ),
        (
            "CREATE TRIGGER t AFTER UPDATE ON plain BEGIN DELETE FROM c; END;
             ALTER TABLE plain RENAME TO plain2; UPDATE plain2 SET a = 1;",
            "d",
        ),
        ("DROP TRIGGER plain_delete; DELETE FROM plain;", "c d"),
        ("DROP INDEX names;", ""),
        ("CREATE UNIQUE INDEX i ON p (name);", "c d"),
        ("DROP INDEX codes;", "c d"),
    ] {
        let fixture = Fixture::new();
        let chain = fixture.chain(&[(TABLES, "SELECT 1;"), (script, "SELECT 1;")]);
        let mut db = Connection::open_in_memory().unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        assert_eq!(checked(&chain, &mut db).join(" "), expected, "{script}");
    }
}

#[test]
fn chain_in_a_shared_database_checks_its_own_tables() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE mine (invoice REFERENCES invoices)")
        .unwrap();
    assert_eq!(checked(&BILLING, &mut db), ["receipts"]);
}

#[test]
fn violation_in_an_untouched_table_is_no_error() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[(TABLES, "SELECT 1;"), ("CREATE TABLE t (a);", "SELECT 1;")]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 7)")
        .unwrap();
    chain.upgrade(&mut db).unwrap();
}

#[test]
fn report_includes_the_foreign_key_check() {
    let fixture = Fixture::new();
    let rows = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p);
        INSERT INTO p VALUES (1);
        INSERT INTO c WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
            SELECT 1 FROM n;";
    let chain = fixture.chain(&[
        (rows, "SELECT 1;"),
        ("DELETE FROM p WHERE id = 2;", "SELECT 1;"),
    ]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    let report = chain.upgrade(&mut db).unwrap();
    let script = report.applied[0].duration;
    assert!(report.foreign_key_check > script, "{report:?}");
    let total = format!("{:.1?}", report.foreign_key_check + script);
    assert!(
        report
            .to_string()
            .ends_with(&format!("1 revision applied in {total}")),
        "{report}"
    );
    assert_eq!(
        chain.upgrade(&mut db).unwrap().foreign_key_check,
        Duration::ZERO
    );
}

/// Makes ten million child rows, which takes a minute.
#[test]
#[ignore = "needs 200 MB of memory and a minute"]
fn new_table_beside_ten_million_child_rows_is_quick() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[
        (TABLES, "SELECT 1;"),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, p REFERENCES p);",
            "DROP TABLE t;",
        ),
    ]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch(
        "INSERT INTO p VALUES (1, 1, 1);
         INSERT INTO c WITH RECURSIVE n (i) AS
             (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000) SELECT i, 1 FROM n;",
    )
    .unwrap();
    let start = Instant::now();
    chain.upgrade(&mut db).unwrap();
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_millis(50), "{elapsed:?}");
}
