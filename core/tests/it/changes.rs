//! The object that a statement changes, and the tables that it names.

use revchain_core::sql::change::{Change, Effect, dropped_names, effect, trigger_effects};
use revchain_core::sql::references::looked_up;

/// Returns the name with its schema and the change, as text.
fn change(sql: &str) -> String {
    match effect(sql) {
        Effect::Change(name, change) => {
            assert!(sql[name.offset..].contains(&name.name), "{sql}");
            let schema = name.schema.map(|schema| schema + ".").unwrap_or_default();
            format!("{schema}{} {change:?}", name.name)
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn statement_has_one_changed_object() {
    let index = "CreateIndex { table: \"t\", is_unique: ";
    for (sql, expected) in [
        ("CREATE TABLE t (a)", "t CreateTable"),
        (
            "create table if not exists main.\"T t\" (a)",
            "main.T t CreateTable",
        ),
        ("CREATE TEMP TABLE t (a)", "temp.t CreateTable"),
        ("CREATE VIRTUAL TABLE t USING fts5 (a)", "t CreateTable"),
        ("CREATE TABLE t AS SELECT * FROM u", "t CreateTable"),
        ("CREATE VIEW v (a) AS SELECT 1", "v CreateView"),
        ("CREATE INDEX i ON t (a)", &format!("i {index}false }}")),
        (
            "CREATE UNIQUE INDEX main.i ON t (a)",
            &format!("main.i {index}true }}"),
        ),
        (
            "CREATE TRIGGER r AFTER UPDATE OF a ON [t] BEGIN DELETE FROM u; END",
            "r CreateTrigger { table: \"t\" }",
        ),
        ("DROP TABLE IF EXISTS `t`", "t Drop"),
        ("DROP VIEW main.v", "main.v Drop"),
        ("DROP INDEX i", "i DropAttached"),
        ("DROP TRIGGER IF EXISTS r", "r DropAttached"),
        ("ALTER TABLE t RENAME TO u", "t Rename(\"u\")"),
        ("ALTER TABLE t RENAME a TO b", "t RenameColumn"),
        ("ALTER TABLE t RENAME COLUMN a TO b", "t RenameColumn"),
        ("ALTER TABLE t ADD COLUMN a DEFAULT 1", "t AddColumn"),
        ("ALTER TABLE t ADD a REFERENCES u DEFAULT 1", "t Alter"),
        ("ALTER TABLE t DROP COLUMN a", "t Alter"),
        ("INSERT INTO t VALUES (1)", "t Insert"),
        ("INSERT OR IGNORE INTO main.t SELECT 1", "main.t Insert"),
        ("INSERT OR REPLACE INTO t VALUES (1)", "t Update"),
        ("REPLACE INTO t VALUES (1)", "t Update"),
        (
            "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
            "t Insert",
        ),
        (
            "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
            "t Update",
        ),
        ("UPDATE t SET a = 1 FROM u", "t Update"),
        ("UPDATE OR IGNORE main.t SET a = 1", "main.t Update"),
        ("DELETE FROM t WHERE a IN (SELECT a FROM u)", "t Delete"),
        (
            "WITH x AS (SELECT 1), y (a, b) AS NOT MATERIALIZED (SELECT 1, 2) DELETE FROM t",
            "t Delete",
        ),
        (
            "WITH RECURSIVE n (i) AS (SELECT 1) INSERT INTO t SELECT i FROM n",
            "t Insert",
        ),
        (
            "WITH recursive AS (SELECT 1) UPDATE t SET a = 1",
            "t Update",
        ),
        (
            "-- a comment\n/* another */ DELETE /* here */ FROM t",
            "t Delete",
        ),
    ] {
        assert_eq!(change(sql), expected, "{sql}");
    }
}

#[test]
fn query_changes_nothing() {
    for sql in [
        "SELECT 1",
        "VALUES (1)",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "PRAGMA foreign_key_check",
        "ANALYZE t",
        "REINDEX t",
        "EXPLAIN DELETE FROM t",
        "",
        "-- nothing",
    ] {
        assert_eq!(effect(sql), Effect::None, "{sql}");
    }
}

#[test]
fn unreadable_statement_may_change_anything() {
    for sql in [
        "MERGE INTO t",
        "WITH x DELETE FROM t",
        "CREATE SEQUENCE s",
        "DROP DATABASE d",
        "DELETE t",
        "INSERT INTO",
        "ALTER INDEX i RENAME TO j",
    ] {
        assert_eq!(effect(sql), Effect::Unknown, "{sql}");
    }
}

#[test]
fn trigger_body_is_read_by_statement() {
    let sql = "CREATE TRIGGER r AFTER INSERT ON t WHEN new.begin = 1 BEGIN
        INSERT INTO a SELECT CASE WHEN 1 THEN 2 END;
        UPDATE b SET c = ';' ; SELECT RAISE(ABORT, 'no');
        WITH x AS (SELECT 1) DELETE FROM d;
    END";
    let effects = trigger_effects(sql).unwrap();
    let names: Vec<_> = effects
        .into_iter()
        .map(|effect| match effect {
            Effect::Change(name, change) => (name.name, change),
            other => (format!("{other:?}"), Change::Alter),
        })
        .collect();
    let expected = [
        ("a", Change::Insert),
        ("b", Change::Update),
        ("None", Change::Alter),
        ("d", Change::Delete),
    ];
    assert_eq!(
        names,
        expected.map(|(name, change)| (name.to_owned(), change))
    );
    assert_eq!(trigger_effects("CREATE TRIGGER r"), None);
}

#[test]
fn names_are_those_that_sqlite_looks_up() {
    for (sql, expected) in [
        (
            "SELECT * FROM a, b AS c JOIN d ON d.x IN (1, y), e WHERE f = (1, g)",
            "a b d e",
        ),
        ("SELECT f, g FROM (SELECT h, i FROM a, b), c", "a b c"),
        ("SELECT * FROM (a, b) CROSS JOIN (c)", "a b c"),
        (
            "SELECT * FROM main.a WHERE x IN main.b OR x IN c",
            "main.a main.b c",
        ),
        ("SELECT * FROM json_each('[]'), a ORDER BY b, c", "a"),
        (
            "WITH a AS (SELECT * FROM b), c (x) AS (SELECT 1 FROM a) SELECT * FROM c, d",
            "b d",
        ),
        ("INSERT INTO a (b, c) SELECT d, e FROM f", "a f"),
        ("INSERT INTO a VALUES (b, c)", "a"),
        ("WITH a AS (SELECT 1) INSERT INTO a SELECT * FROM a", "a"),
        (
            "UPDATE a SET b = (SELECT c FROM d), e = f FROM g, h WHERE i",
            "a d g h",
        ),
        ("DELETE FROM a WHERE EXISTS (SELECT 1 FROM b)", "a b a"),
        ("DROP TABLE IF EXISTS a", "a"),
        ("ALTER TABLE a RENAME TO b", "a"),
        ("CREATE TABLE a AS SELECT * FROM b", "b"),
        ("CREATE TABLE a (b REFERENCES c)", ""),
        ("CREATE VIEW a AS SELECT * FROM b", ""),
        ("CREATE INDEX a ON b (c)", ""),
        (
            "CREATE TRIGGER a AFTER INSERT ON b BEGIN DELETE FROM c; END",
            "",
        ),
        (
            "SELECT extract FROM \"a b\" UNION SELECT x, y FROM c UNION ALL VALUES (1, 2)",
            "a b c",
        ),
    ] {
        let mut names: Vec<String> = looked_up(sql)
            .into_iter()
            .map(|name| match name.schema {
                Some(schema) => format!("{schema}.{}", name.name),
                None => name.name,
            })
            .collect();
        let mut expected: Vec<&str> = expected
            .split(' ')
            .filter(|name| !name.is_empty())
            .collect();
        if sql.contains("\"a b\"") {
            expected = vec!["a b", "c"];
        }
        names.sort_unstable();
        names.dedup();
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(names, expected, "{sql}");
    }
}

#[test]
fn dropped_names_of_a_script_are_found() {
    let script =
        "DROP INDEX i; DROP TABLE IF EXISTS main.A; SELECT 'DROP TABLE b'; DROP VIEW \"c d\";";
    assert_eq!(dropped_names(script), ["a", "c d"]);
}
