//! Statements that the proof runs, and the errors that it reports.

use std::fs;
use std::path::Path;

use revchain_core::{Defect, LoadedMigrations};
use revchain_prove::{Scope, prove};
use rusqlite::version_number;

use crate::support::{Directory, T, assert_one_defect, assert_proven, sorted, summaries, summary};

#[test]
fn correct_chain_has_no_defects() {
    assert_proven(&[
        T,
        ("CREATE INDEX i ON t (a);", "DROP INDEX i;"),
        (
            "ALTER TABLE t ADD COLUMN c INTEGER NOT NULL DEFAULT 0;",
            "ALTER TABLE t DROP COLUMN c;",
        ),
        ("CREATE VIEW v AS SELECT a FROM t;", "DROP VIEW v;"),
        (
            "INSERT INTO t (a) VALUES ('x');",
            "DELETE FROM t WHERE a = 'x';",
        ),
    ]);
}

#[test]
fn chains_of_this_repository_have_no_defects() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut directories = vec!["migrations"];
    // The last revision of this chain needs SQLite 3.53.
    if version_number() >= 3_053_000 {
        directories.push("tests/chains/everything");
    }
    for directory in directories {
        let loaded = prove(
            LoadedMigrations::read(&root.join(directory), directory),
            Scope::All,
        );
        let shown: Vec<String> = loaded.defects.iter().map(Defect::to_string).collect();
        assert!(shown.is_empty(), "{}", shown.join("\n\n"));
    }
}

#[test]
fn sqlite_error_is_shown_at_its_statement() {
    assert_one_defect(
        &[("CREATE TABLE t (a);\nCREAT TABLE u (a);", "DROP TABLE t;")],
        "sql-error 001:5",
        &["the upgrade of 001", "\"CREAT\": syntax error"],
    );
    assert_one_defect(
        &[T, ("SELECT 1;", "SELECT 2;\nDROP TABLE nothing;")],
        "sql-error 002:7",
        &["the downgrade of 002", "nothing"],
    );
    assert_one_defect(
        &[T, ("CREATE INDEX i ON tt (a);", "DROP INDEX i;")],
        "sql-error 002:4",
        &["did you mean `t`?"],
    );
    assert_one_defect(
        &[
            ("CREATE TABLE t (amount);", "DROP TABLE t;"),
            ("CREATE INDEX i ON t (amuont);", "DROP INDEX i;"),
        ],
        "sql-error 002:4",
        &["did you mean `amount`?"],
    );
}

#[test]
fn truncated_statement_is_a_defect() {
    for sql in [
        "UPDATE OR",
        "UPDATE",
        "DELETE FROM",
        "WITH a AS (SELECT 1) REPLACE INTO",
    ] {
        let found = summaries(&[T, (&format!("{sql};"), "SELECT 1;")]);
        assert_eq!(found, ["sql-error 002:4"], "{sql}");
    }
}

#[test]
fn broken_revision_does_not_hide_other_defects() {
    let found = summaries(&[
        T,
        ("CREATE TABLE u (a;\nCREATE TABLE w (a);", "DROP TABLE w;"),
        (
            "DROP TABLE t;",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        ),
        ("CREATE TABLE x (a);", "SELECT 1;"),
        (
            "CREATE TABLE y (a);\nCREATE INDEX yi ON y (nope);",
            "DROP TABLE y;",
        ),
    ]);
    assert_eq!(
        found,
        [
            "sql-error 002:4",
            "undeclared-destruction 003:4",
            "downgrade-does-not-restore 004:6",
            "sql-error 005:5"
        ]
    );
}

#[test]
fn broken_revision_causes_no_further_defects() {
    let found = summaries(&[
        ("CREATE TABLE t (a) WITHOUT ROWI;", "DROP TABLE t;"),
        (
            "ALTER TABLE t ADD COLUMN c; CREATE INDEX i ON t (c); CREATE VIEW v AS SELECT * FROM t;",
            "DROP VIEW v; ALTER TABLE t DROP COLUMN c;",
        ),
        ("DROP TABLE t;", "CREATE TABLE t (a, c);"),
        (
            "CREATE TABLE z (a REFERENCES t (a)); INSERT INTO z SELECT a FROM t;",
            "DROP TABLE z;",
        ),
        (
            "DROP VIEW v; DROP INDEX i;",
            "CREATE VIEW v AS SELECT * FROM t; CREATE INDEX i ON t (c);",
        ),
        ("CREATE INDEX zi ON z (b);", "DROP INDEX zi;"),
    ]);
    assert_eq!(found, ["sql-error 001:4"]);
}

#[test]
fn locked_revision_is_upgraded_only() {
    let directory = Directory::of(&[
        ("CREATE TABLE t (a);", "SELECT 'the table stays';"),
        ("DROP TABLE t;", "SELECT 'and here it does not come back';"),
        ("CREATE TABLE u (a);", "SELECT 1;"),
    ]);
    directory.lock(&["001", "002"]);
    let found = |scope| {
        sorted(directory.prove(scope))
            .iter()
            .map(summary)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(Scope::Unlocked), ["downgrade-does-not-restore 003:6"]);
    assert_eq!(
        found(Scope::All),
        [
            "downgrade-does-not-restore 001:6",
            "undeclared-destruction 002:4",
            "downgrade-does-not-restore 002:6",
            "downgrade-does-not-restore 003:6"
        ]
    );
    // The proof still runs the upgrade, because another version of SQLite may reject it.
    let directory = Directory::of(&[("CREATE TABLE t (a;", "DROP TABLE t;")]);
    directory.lock(&["001"]);
    assert_eq!(
        sorted(directory.prove(Scope::Unlocked))
            .iter()
            .map(summary)
            .collect::<Vec<_>>(),
        ["sql-error 001:4"]
    );
}

#[test]
fn leftover_temporary_table_is_rejected() {
    assert_one_defect(
        &[
            (
                "CREATE TABLE t (a);\nCREATE TEMP TABLE s (a);",
                "DROP TABLE t;",
            ),
            (
                "CREATE TABLE s (b);\nINSERT INTO s (b) VALUES (1);",
                "DROP TABLE s;",
            ),
        ],
        "sql-error 001:5",
        &["temporary tables (s)"],
    );
    assert_one_defect(
        &[(
            "CREATE TABLE t (a);",
            "DROP TABLE t;\nCREATE TEMP VIEW s AS SELECT 1;",
        )],
        "sql-error 001:7",
        &["the downgrade of 001"],
    );
    assert_proven(&[(
        "CREATE TABLE t (a); CREATE TEMP TABLE s AS SELECT 1; INSERT INTO t SELECT * FROM s; DROP TABLE s;",
        "DROP TABLE t;",
    )]);
}

#[test]
fn rollback_by_a_statement_does_not_end_the_proof() {
    let table = (
        "CREATE TABLE t (a INTEGER UNIQUE ON CONFLICT ROLLBACK);
         CREATE TRIGGER g BEFORE INSERT ON t WHEN new.a < 0 BEGIN SELECT RAISE(ROLLBACK, 'not below zero'); END;",
        "DROP TABLE t;",
    );
    for (sql, message) in [
        ("INSERT INTO t VALUES (-1);", "not below zero"),
        ("INSERT INTO t VALUES (1), (1);", "UNIQUE constraint failed"),
    ] {
        let upgrade = format!("CREATE TABLE u (a);\n{sql}\nCREATE TABLE w (a);");
        let last = ("CREATE TABLE x (a);", "SELECT 1;");
        let found = summaries(&[
            table,
            (&upgrade, "DROP TABLE u; DROP TABLE w;"),
            ("SELECT 1;", "SELECT 2;"),
            last,
        ]);
        assert_eq!(
            found,
            ["sql-error 002:5", "downgrade-does-not-restore 004:6"],
            "{message}"
        );
    }
    // A rollback that only sample rows cause does not end the proof either.
    let copy = "CREATE TABLE new (a INTEGER NOT NULL ON CONFLICT ROLLBACK, b);\nINSERT INTO new (b) SELECT a FROM t;\nDROP TABLE t;\nALTER TABLE new RENAME TO t;";
    let found = summaries(&[
        ("CREATE TABLE t (a INTEGER);", "DROP TABLE t;"),
        (copy, ""),
        ("CREATE TABLE x (a);", "SELECT 1;"),
    ]);
    assert_eq!(
        found,
        ["fails-on-rows 002:6", "downgrade-does-not-restore 003:6"]
    );
}

#[test]
fn rollback_by_a_downgrade_does_not_end_the_proof() {
    let table = (
        "CREATE TABLE t (a INTEGER UNIQUE ON CONFLICT ROLLBACK);",
        "DROP TABLE t;",
    );
    let found = summaries(&[
        table,
        (
            "CREATE TABLE u (a);",
            "DROP TABLE u;\nINSERT INTO t VALUES (1), (1);",
        ),
        ("CREATE TABLE x (a);", "SELECT 1;"),
    ]);
    assert_eq!(
        found,
        ["sql-error 002:7", "downgrade-does-not-restore 003:6"]
    );
}

#[test]
fn file_with_another_defect_does_not_end_the_proof() {
    let mut found = summaries(&[
        T,
        ("BEGIN;\nCREATE TABLE u (a);\nCOMMIT;", "DROP TABLE u;"),
        ("CREATE INDEX ui ON u (a);", "DROP INDEX ui;"),
        ("CREATE TABLE x (a;", "DROP TABLE x;"),
    ]);
    found.sort();
    assert_eq!(
        found,
        [
            "sql-error 004:4",
            "transaction-control 002:4",
            "transaction-control 002:6"
        ]
    );
    // A missing summary does not change the meaning of the SQL.
    let directory = Directory::of(&[
        T,
        ("CREATE TABLE u (a);", "SELECT 1;"),
        ("CREATE TABLE x (a);", "SELECT 1;"),
    ]);
    let path = directory.0.join("20260101_0001_002_step.sql");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("-- Step.\n", "")).unwrap();
    let found: Vec<String> = sorted(directory.prove(Scope::All))
        .iter()
        .map(summary)
        .collect();
    assert!(found[0].starts_with("missing-summary 002"), "{found:?}");
    assert_eq!(
        found[1..],
        [
            "downgrade-does-not-restore 002:5",
            "downgrade-does-not-restore 003:6"
        ]
    );
}

#[test]
fn forbidden_statement_does_not_run() {
    let directory = Directory::of(&[("CREATE TABLE t (a);", "DROP TABLE t;")]);
    let file = directory.0.with_extension("attached");
    let attach = format!(
        "ATTACH '{}' AS other; CREATE TABLE other.t (a);",
        file.display()
    );
    let found = summaries(&[(&attach, "DROP TABLE other.t;")]);
    let is_there = file.exists();
    let _ = fs::remove_file(&file);
    assert!(!is_there);
    assert_eq!(found, ["not-transactional 001:4"]);
}

/// SQLite stops at its own limits, and the tokenizer has none.
#[test]
fn deeply_nested_sql_is_rejected() {
    // SQLite before 3.53 has no limit on the depth and can overflow its stack.
    if version_number() < 3_053_000 {
        return;
    }
    for sql in [
        format!("SELECT {}1;", "(".repeat(100_000)),
        format!("SELECT {}1{};", "(".repeat(100_000), ")".repeat(100_000)),
        format!(
            "SELECT {}1{};",
            "CASE WHEN 1 THEN ".repeat(100_000),
            " END".repeat(100_000)
        ),
        format!("SELECT {}1;", "- ".repeat(100_000)),
        format!(
            "CREATE VIEW v AS {}SELECT 1{};",
            "SELECT * FROM (".repeat(10_000),
            ")".repeat(10_000)
        ),
        format!(
            "CREATE TABLE t (a CHECK ({}1{}));",
            "(".repeat(100_000),
            ")".repeat(100_000)
        ),
    ] {
        let loaded = Directory::of(&[(&sql, "SELECT 1;")]).prove(Scope::All);
        let defect = loaded.defects.iter().next().unwrap();
        assert_eq!(defect.kind().name(), "sql-error", "{}", &sql[..40]);
        assert!(defect.to_string().len() < 2000);
    }
}
