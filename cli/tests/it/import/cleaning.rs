//! The SQL that `import` removes, and the SQL that it lists.

use serde_json::json;

use super::{failure, migration, shell, written};
use crate::support::Shell;

/// Imports one migration of plain files, and returns its file.
fn imported(sql: &str) -> (Shell, String) {
    let shell = shell(&[("old/001.sql", sql)]);
    let text = shell.ok("import plain old");
    assert!(text.contains("1 revision written"), "{text}");
    let file = migration(&shell, &written(&shell)[0]);
    (shell, file)
}

fn upgrade(file: &str) -> &str {
    file.split("-- @upgrade\n").nth(1).unwrap()
}

#[test]
fn transaction_and_key_statements_are_removed_and_counted() {
    let sql = "PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
-- Kept.
CREATE TABLE a (a); /* also */ SAVEPOINT s;
CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; END;
RELEASE s;
PRAGMA main.defer_foreign_keys = ON ;
COMMIT;
";
    let (shell, file) = imported(sql);
    let expected = "-- Kept.
CREATE TABLE a (a); /* also */
CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; END;
";
    // The comment is the first one, so it is the summary.
    assert!(file.starts_with("-- Kept.\n"), "{file}");
    assert_eq!(upgrade(&file), expected.trim_start_matches("-- Kept.\n"));
    let removed = json!({ "transactions": 4, "foreign_keys": 2, "own_table": 0 });
    assert_eq!(shell.json("import plain old --json")["removed"], removed);
}

#[test]
fn statements_on_the_table_of_the_tool_are_removed() {
    let sql = "CREATE TABLE schema_migrations (version);
CREATE INDEX i ON \"Schema_Migrations\" (version);
CREATE TABLE a (a);
INSERT INTO schema_migrations VALUES (1);
";
    let shell = shell(&[("old/1_a.up.sql", sql)]);
    let report = shell.json("import golang-migrate old --json");
    assert_eq!(report["removed"]["own_table"], 3);
    let file = migration(&shell, &written(&shell)[0]);
    assert_eq!(upgrade(&file), "CREATE TABLE a (a);\n");
}

#[test]
fn table_of_another_tool_is_kept() {
    let (_, file) = imported("CREATE TABLE schema_migrations (version);");
    assert!(upgrade(&file).contains("schema_migrations"), "{file}");
}

#[test]
fn vacuum_and_settings_are_left_out_with_their_lines() {
    let sql = "PRAGMA journal_mode = WAL;\nCREATE TABLE a (a);\n\nVACUUM;\n";
    let shell = shell(&[("old/001.sql", sql)]);
    let report = shell.json("import plain old --json");
    let places: Vec<_> = report["listed"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&places[0]["kind"], &places[0]["line"]),
        (&json!("pragma"), &json!(1))
    );
    assert_eq!(
        (&places[1]["kind"], &places[1]["line"]),
        (&json!("vacuum"), &json!(4))
    );
    assert_eq!(report["stopped"], json!(null));
    let file = migration(&shell, &written(&shell)[0]);
    assert_eq!(upgrade(&file), "CREATE TABLE a (a);\n");
}

#[test]
fn placeholders_are_left_out_and_need_a_decision() {
    let sql = "CREATE TABLE a (a);
INSERT INTO a VALUES (?);
INSERT INTO a VALUES (:name);
INSERT INTO a VALUES (${NAME});
INSERT INTO a VALUES ('${NAME}');
";
    let shell = shell(&[("old/001.sql", sql)]);
    let report = shell.json("import plain old --json");
    let listed = report["listed"].as_array().unwrap();
    let lines: Vec<_> = listed
        .iter()
        .map(|item| item["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [2, 3, 4], "plain files have no templates in strings");
    assert!(listed.iter().all(|item| item["kind"] == "placeholder"));
    assert!(listed.iter().all(|item| item["needs_decision"] == true));
    let text = shell.ok("import plain old --directory again");
    assert!(
        text.contains("\nto decide:\n  old/001.sql:2: INSERT INTO a VALUES (?): "),
        "{text}"
    );
    assert!(
        text.contains("\n  decide: edit the files in old, remove again, "),
        "{text}"
    );
}

#[test]
fn templates_of_goose_in_strings_are_placeholders() {
    let sql = "-- +goose Up\n-- +goose ENVSUB ON\nCREATE TABLE a (a);\n\
               INSERT INTO a VALUES ('${NAME}');\n";
    let shell = shell(&[("old/1_a.sql", sql)]);
    let report = shell.json("import old --json");
    assert_eq!(report["listed"][0]["kind"], "placeholder");
    assert_eq!(report["listed"][0]["line"], 4);
}

#[test]
fn comment_that_looks_like_a_directive_is_escaped() {
    let sql = "-- @param a\nCREATE TABLE a (a);\n-- @downgrade\nCREATE TABLE b (b);";
    let (_, file) = imported(sql);
    assert!(
        file.starts_with("-- Migration.\n-- : @param a\n-- @revises base\n"),
        "{file}"
    );
    assert!(upgrade(&file).contains("\n-- : @downgrade\n"), "{file}");
}

#[test]
fn directive_in_the_first_comment_is_taken_over() {
    let sql = "-- @function shout(1)\nCREATE TABLE a (a DEFAULT (shout('a')));";
    let (shell, file) = imported(sql);
    assert!(file.contains("-- @function shout(1)\n"), "{file}");
    shell.ok("check migrations --all");
}

#[test]
fn open_comment_is_closed_and_open_quote_is_an_error() {
    let (_, file) = imported("CREATE TABLE a (a); /* the end");
    assert!(file.ends_with("/* the end*/\n"), "{file}");
    let shell = shell(&[("old/001.sql", "CREATE TABLE a (a);\nSELECT 'b;\n")]);
    let (code, error) = failure(&shell, "import plain old");
    assert_eq!(code, 1);
    assert!(
        error.contains("old/001.sql:2: a quote is opened"),
        "{error}"
    );
}

#[test]
fn file_that_is_not_utf8_is_an_error() {
    let shell = shell(&[]);
    std::fs::create_dir(shell.path("old")).unwrap();
    std::fs::write(shell.path("old/001.sql"), [0xff, 0xfe]).unwrap();
    let (code, error) = failure(&shell, "import plain old");
    assert_eq!(code, 1);
    assert!(
        error.contains("old/001.sql: the file is not UTF-8"),
        "{error}"
    );
}
