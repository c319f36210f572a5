//! The end of an import before SQL that cannot be imported.

use serde_json::{Value, json};

use super::{failure, migration, shell, written};
use crate::support::Shell;

const A: (&str, &str) = ("old/V1__a.sql", "CREATE TABLE a (a);");

/// Returns the report of an import that stops.
fn stopped(shell: &Shell, arguments: &str) -> Value {
    let mut report = shell.json(arguments);
    assert_eq!(report["error"]["code"], "stopped", "{report}");
    shell.ok("check migrations");
    report["error"]["import"].take()
}

/// The proof stops the statement after its limit, and nothing else may run it.
#[test]
fn endless_statement_ends_the_import() {
    let endless =
        "CREATE TABLE a AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                   SELECT count(*) AS i FROM n;";
    let shell = shell(&[("old/1_a.sql", endless)]);
    let (code, error) = failure(&shell, "import sqlx old");
    assert_eq!(code, 1);
    assert!(error.contains("runs-too-long"), "{error}");
}

#[test]
fn import_stops_before_code_that_later_sql_needs() {
    let shell = shell(&[
        A,
        ("old/V2__b.rs", ""),
        ("old/V3__x.sql", "-- Nothing.\n"),
        ("old/V4__c.sql", "ALTER TABLE b ADD COLUMN c; VACUUM;"),
    ]);
    let report = stopped(&shell, "import old --json");
    assert_eq!(report["stopped"]["path"], "old/V2__b.rs");
    assert_eq!(report["stopped"]["left"], 3);
    assert!(
        report["stopped"]["reason"]
            .as_str()
            .unwrap()
            .contains("no such table: b")
    );
    assert_eq!(report["listed"], json!([]));
    assert_eq!(written(&shell), ["20000101_0000_1_a.sql", "revchain.lock"]);
    let text = migration(&shell, "20000101_0000_1_a.sql");
    assert!(!text.contains("refinery:3"), "{text}");
    let (code, _, error) = shell.run("import old --directory again");
    assert_eq!(code, 1);
    let lines = "error: the import stopped before old/V2__b.rs: later SQL depends on old/V2__b.rs
  without it: [sql-error] the upgrade of 4 fails: no such table: b
  3 of 4 migrations are not imported
old: 4 migrations of refinery
again: 1 revision written and locked; the head is 1
";
    assert!(error.starts_with(lines), "{error}");
}

#[test]
fn import_stops_before_code_that_no_sql_needs() {
    let shell = shell(&[
        A,
        ("old/V2__b.rs", ""),
        ("old/V3__c.sql", "CREATE TABLE c (c);"),
    ]);
    let report = stopped(&shell, "import old --json");
    assert_eq!(report["stopped"]["path"], "old/V2__b.rs");
    assert_eq!(report["stopped"]["reason"], Value::Null);
    assert_eq!(report["stopped"]["left"], 2);
    assert_eq!(written(&shell), ["20000101_0000_1_a.sql", "revchain.lock"]);
    let text = migration(&shell, "20000101_0000_1_a.sql");
    assert!(!text.contains("refinery:2"), "{text}");
    let (code, _, error) = shell.run("import old --directory again");
    assert_eq!(code, 1);
    let lines = "error: the import stopped before old/V2__b.rs: it may have changed the database
  old/V2__b.rs: code, so left out; write its SQL in a file beside it, and import again
  2 of 3 migrations are not imported
";
    assert!(error.starts_with(lines), "{error}");
}

#[test]
fn import_stops_before_go_code() {
    let shell = shell(&[
        ("old/1_a.sql", "-- +goose Up\nCREATE TABLE a (a);"),
        ("old/2_b.go", ""),
        ("old/2_b_test.go", ""),
    ]);
    let report = stopped(&shell, "import old --json");
    assert_eq!(report["stopped"]["because_of"]["kind"], "code");
    assert_eq!(report["stopped"]["left"], 1);
}

#[test]
fn import_stops_before_attach_that_later_sql_needs() {
    let attach = "CREATE TABLE b (b);\nATTACH 'other.db' AS other;\nDETACH other;";
    let shell = shell(&[
        A,
        ("old/V2__b.sql", attach),
        ("old/V3__c.sql", "INSERT INTO other.c VALUES (1);"),
    ]);
    let report = stopped(&shell, "import old --json");
    assert_eq!(report["stopped"]["path"], "old/V2__b.sql");
    assert_eq!(report["stopped"]["because_of"]["line"], 2);
    assert_eq!(report["head"], "1");
}

#[test]
fn attach_that_no_sql_needs_is_listed() {
    let shell = shell(&[
        A,
        ("old/V2__b.sql", "CREATE TABLE b (b);\nATTACH 'x.db' AS x;"),
    ]);
    let report = shell.json("import old --json");
    assert_eq!(
        (&report["head"], &report["stopped"]),
        (&json!("2"), &Value::Null)
    );
    assert_eq!(report["listed"][0]["kind"], "attach");
    assert!(!shell.path("x.db").exists());
}

#[test]
fn import_that_can_keep_nothing_is_an_error() {
    let shell = shell(&[
        ("old/V1__a.rs", ""),
        ("old/V2__b.sql", "ALTER TABLE a ADD COLUMN b;"),
    ]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 1);
    assert!(
        error.contains("nothing can be imported: later SQL depends on old/V1__a.rs"),
        "{error}"
    );
    assert!(error.contains("--first DATABASE"), "{error}");
}

#[test]
fn legacy_alter_table_is_left_out_if_the_schema_is_equal() {
    let rebuild = "PRAGMA legacy_alter_table = ON;
CREATE TABLE new (a, b);
INSERT INTO new (a) SELECT a FROM a;
DROP TABLE a;
ALTER TABLE new RENAME TO a;
PRAGMA legacy_alter_table = OFF;";
    let shell = shell(&[A, ("old/V2__b.sql", rebuild)]);
    let report = shell.json("import old --json");
    assert_eq!(report["head"], "2");
    assert_eq!(report["listed"][0]["kind"], "legacy-alter-table");
    assert_eq!(report["listed"][1]["line"], 6);
}

#[test]
fn import_stops_before_legacy_alter_table_that_matters() {
    let rebuild = "PRAGMA legacy_alter_table = ON;
ALTER TABLE a RENAME TO old;
CREATE TABLE a (a UNIQUE, b);
INSERT INTO a (a) SELECT a FROM old;
DROP TABLE old;";
    let child = (
        "old/V2__child.sql",
        "CREATE TABLE child (a REFERENCES a (a));",
    );
    let shell = shell(&[
        ("old/V1__a.sql", "CREATE TABLE a (a UNIQUE);"),
        child,
        ("old/V3__b.sql", rebuild),
    ]);
    let report = stopped(&shell, "import old --json");
    assert_eq!(report["head"], "2");
    assert_eq!(
        report["stopped"]["because_of"]["kind"],
        "legacy-alter-table"
    );
}

#[test]
fn pragma_is_not_blamed_for_another_failure() {
    let shell = shell(&[
        (
            "old/V1__a.sql",
            "PRAGMA legacy_alter_table = ON;\nCREATE TABLE a (a);",
        ),
        ("old/V2__b.sql", "DROP TABLE b;"),
    ]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 1);
    assert!(
        error.contains("the upgrade of 2 fails: no such table: b"),
        "{error}"
    );
}

#[test]
fn import_stops_before_writable_schema_that_matters() {
    let edit = "PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = 'CREATE TABLE a (a NOT NULL)' WHERE name = 'a';
PRAGMA writable_schema = OFF;";
    let shell = shell(&[A, ("old/V2__b.sql", edit)]);
    let report = stopped(&shell, "import old --json");
    assert_eq!(report["stopped"]["because_of"]["kind"], "writable-schema");
    assert_eq!(report["head"], "1");
}

#[test]
fn import_stops_before_rollback_that_matters() {
    let rollback = "BEGIN;\nDROP TABLE a;\nROLLBACK;";
    let shell = shell(&[
        A,
        ("old/V2__b.sql", rollback),
        ("old/V3__c.sql", "ALTER TABLE a ADD COLUMN c;"),
    ]);
    let report = stopped(&shell, "import old --json");
    assert_eq!(report["stopped"]["because_of"]["kind"], "rollback");
}

#[test]
fn upgrade_that_fails_by_itself_is_an_error() {
    let shell = shell(&[A, ("old/V2__b.sql", "CREATE TABLE b (b);\nDROP TABLE c;")]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 1);
    assert!(
        error.contains("[sql-error] the upgrade of 2 fails: no such table: c"),
        "{error}"
    );
    assert!(
        error.contains("20000102_0000_2_b.sql comes from old/V2__b.sql"),
        "{error}"
    );
}

#[test]
fn head_with_broken_keys_is_an_error() {
    let keys = "CREATE TABLE b (a REFERENCES a (a));\nINSERT INTO b VALUES (1);";
    let parent = ("old/V1__a.sql", "CREATE TABLE a (a UNIQUE);");
    let shell = shell(&[parent, ("old/V2__b.sql", keys)]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 1);
    assert!(error.contains("b, row 1: (a) has no match in a"), "{error}");
}

#[test]
fn head_with_a_missing_parent_is_an_error() {
    let shell = shell(&[A, ("old/V2__b.sql", "CREATE TABLE b (a REFERENCES c (a));")]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 1);
    assert!(error.contains("old/V2__b.sql"), "{error}");
}

#[test]
fn import_stops_before_a_lone_placeholder_or_attach() {
    for sql in ["UPDATE a SET a = ?1;", "ATTACH 'other.db' AS other;"] {
        let shell = shell(&[A, ("old/V2__b.sql", sql)]);
        let report = stopped(&shell, "import old --json");
        assert_eq!(report["stopped"]["path"], "old/V2__b.sql", "{sql}");
    }
}

#[test]
fn lone_vacuum_or_transaction_is_skipped() {
    for sql in ["VACUUM;", "BEGIN; COMMIT;"] {
        let shell = shell(&[A, ("old/V2__b.sql", sql)]);
        shell.ok("import old");
        let text = migration(&shell, "20000101_0000_1_a.sql");
        assert!(text.contains("-- @was refinery:2 empty"), "{text}");
    }
}
