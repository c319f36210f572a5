//! The files of each tool.

use serde_json::{Value, json};

use super::{failure, migration, shell, written};
use crate::support::Shell;

/// Imports `old`, which must be detected as the files of `tool`.
fn detected(shell: &Shell, tool: &str) -> Value {
    let report = shell.json("import old --json");
    assert_eq!(report["tool"], tool, "{report}");
    // The import must be a chain that a build accepts.
    shell.ok("check migrations");
    report
}

/// Returns the `@was` lines of a report as `version` or `version empty`.
fn was(report: &Value) -> Vec<String> {
    let revisions = report["revisions"].as_array().unwrap();
    let was = revisions
        .iter()
        .flat_map(|one| one["was"].as_array().unwrap());
    was.map(|was| {
        let empty = if was["empty"] == json!(true) {
            " empty"
        } else {
            ""
        };
        format!("{}{empty}", was["version"].as_str().unwrap())
    })
    .collect()
}

#[test]
fn sqlx_is_detected_by_its_mark_and_keeps_dates() {
    let shell = shell(&[
        (
            "old/20240105093000_add_users.up.sql",
            "-- Who.\nCREATE TABLE users (a);",
        ),
        ("old/20240105093000_add_users.down.sql", "DROP TABLE users;"),
        (
            "old/20240212140500_tags.sql",
            "-- no-transaction\nCREATE TABLE tags (a);",
        ),
    ]);
    let report = detected(&shell, "sqlx");
    let files = [
        "20240105_0930_20240105093000_add_users.sql",
        "20240212_1405_20240212140500_tags.sql",
        "revchain.lock",
    ];
    assert_eq!(written(&shell), files);
    assert_eq!(
        migration(&shell, files[0]),
        "-- Who.\n-- @revises base\n-- @was sqlx:20240105093000\n\n-- @upgrade\n\
         CREATE TABLE users (a);\n\n-- @downgrade\nDROP TABLE users;\n"
    );
    assert_eq!(
        migration(&shell, files[1]),
        "-- Tags.\n-- @revises 20240105093000\n-- @was sqlx:20240212140500\n\
         -- @irreversible no downgrade was written for sqlx\n\n-- @upgrade\n\
         CREATE TABLE tags (a);\n"
    );
    assert_eq!(report["made_up_dates"], 0);
    assert_eq!(report["listed"][0]["kind"], "no-transaction");
    assert_eq!(report["listed"][0]["line"], 1);
}

#[test]
fn refinery_records_numbers_without_zeros() {
    let shell = shell(&[
        ("old/V01__add_users.sql", "CREATE TABLE users (a);"),
        ("old/U3__tags.sql", "CREATE TABLE tags (a);"),
        ("old/mod.rs", ""),
    ]);
    let report = detected(&shell, "refinery");
    assert_eq!(was(&report), ["1", "3"]);
    assert_eq!(report["head"], "3");
    assert_eq!(report["revisions"][0]["revision"], "01");
}

#[test]
fn rusqlite_migration_records_user_version() {
    let shell = shell(&[
        (
            "old/01-add-users/up.sql",
            "CREATE TABLE users (a); PRAGMA user_version = 1;",
        ),
        ("old/01-add-users/down.sql", "DROP TABLE users;"),
        ("old/02-tags/up.sql", "CREATE TABLE tags (a);"),
    ]);
    let report = detected(&shell, "rusqlite_migration");
    assert_eq!(report["removed"]["own_table"], 1);
    let text = migration(&shell, "20000101_0000_01_add_users.sql");
    assert!(text.contains("-- @was user_version:1\n"), "{text}");
    assert!(
        text.ends_with("-- @downgrade\nDROP TABLE users;\n"),
        "{text}"
    );
}

#[test]
fn gap_in_numbers_of_rusqlite_migration_is_an_error() {
    let shell = shell(&[
        ("old/01-a/up.sql", "CREATE TABLE a (a);"),
        ("old/03-b/up.sql", "CREATE TABLE b (a);"),
    ]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 1);
    assert!(
        error.contains("old/03-b/up.sql: the number must be 2"),
        "{error}"
    );
}

#[test]
fn diesel_removes_dashes_and_reads_metadata() {
    let directory = "old/2024-01-05-093000_add_users";
    let shell = shell(&[
        (
            &format!("{directory}/up.sql"),
            "-- Your SQL goes here\nCREATE TABLE users (a);",
        ),
        (&format!("{directory}/down.sql"), "DROP TABLE users;"),
        (
            &format!("{directory}/metadata.toml"),
            "run_in_transaction = false\n",
        ),
        ("old/.keep", ""),
    ]);
    let report = detected(&shell, "diesel");
    assert_eq!(was(&report), ["20240105093000"]);
    assert_eq!(
        report["listed"][0]["path"],
        format!("{directory}/metadata.toml")
    );
    let text = migration(&shell, "20240105_0930_20240105093000_add_users.sql");
    assert!(text.starts_with("-- Add users.\n"), "{text}");
    assert!(!text.contains("goes here"), "{text}");
}

/// The output of `alembic upgrade head --sql`, with a branch and a merge.
const ALEMBIC: &str = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);

-- Running upgrade  -> a1

CREATE TABLE a (a);

INSERT INTO alembic_version (version_num) VALUES ('a1') RETURNING version_num;

-- Running upgrade a1 -> b2

CREATE TABLE b (a);

UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';

-- Running upgrade a1 -> c3

CREATE TABLE c (a);

INSERT INTO alembic_version (version_num) VALUES ('c3');

-- Running upgrade b2, c3 -> d4

DELETE FROM alembic_version WHERE alembic_version.version_num = 'b2';

UPDATE alembic_version SET version_num='d4' WHERE alembic_version.version_num = 'c3';

-- Running upgrade d4 -> e5

UPDATE alembic_version SET version_num='e5' WHERE alembic_version.version_num = 'd4';
";

#[test]
fn alembic_keeps_branches_and_merges() {
    let shell = shell(&[("old/upgrade.sql", ALEMBIC)]);
    let report = detected(&shell, "alembic");
    assert_eq!(was(&report), ["a1", "b2", "c3", "d4", "e5 empty"]);
    assert_eq!(report["revisions"][3]["revises"], json!(["b2", "c3"]));
    assert_eq!(report["removed"]["own_table"], 7);
    assert_eq!(
        shell.json("import old/upgrade.sql --json")["written"],
        false
    );
}

#[test]
fn alembic_takes_downgrades_names_and_dates() {
    let upgrade = "-- Running upgrade  -> a1\n\nCREATE TABLE a (a);\n";
    let downgrade = "-- Running downgrade a1 -> \n\nDROP TABLE a;\n";
    let script = "\"\"\"add a\n\nCreate Date: 2024-01-05 09:30:00.000000\n\"\"\"\n";
    let shell = shell(&[
        ("old/up.sql", upgrade),
        ("old/down.sql", downgrade),
        ("old/versions/a1_add_a.py", script),
    ]);
    detected(&shell, "alembic");
    let text = migration(&shell, "20240105_0930_a1_add_a.sql");
    assert!(text.ends_with("-- @downgrade\nDROP TABLE a;\n"), "{text}");
}

#[test]
fn sql_above_the_first_alembic_step_belongs_to_it() {
    let text =
        "BEGIN;\n\nATTACH 'x' AS x;\n\n-- Running upgrade  -> a1\n\nVACUUM;\nCREATE TABLE a (a);\n";
    let shell = shell(&[("old/upgrade.sql", text)]);
    let report = detected(&shell, "alembic");
    let lines = ["attach", "vacuum"].map(|kind| {
        let listed = report["listed"].as_array().unwrap();
        listed.iter().find(|item| item["kind"] == kind).unwrap()["line"].clone()
    });
    assert_eq!(lines, [json!(3), json!(7)]);
    assert_eq!(report["removed"]["transactions"], 1);
}

#[test]
fn alembic_scripts_without_output_are_explained() {
    let shell = shell(&[("old/versions/a1_add_a.py", "revision = 'a1'\n")]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 2);
    assert!(error.contains("alembic upgrade head --sql"), "{error}");
}

#[test]
fn golang_migrate_reads_seconds_as_dates() {
    let shell = shell(&[
        ("old/1706788800_add_users.up.sql", "CREATE TABLE users (a);"),
        ("old/1706788800_add_users.down.sql", "DROP TABLE users;"),
    ]);
    let report = shell.json("import golang-migrate old --json");
    assert_eq!(was(&report), ["1706788800"]);
    assert_eq!(written(&shell)[0], "20240201_1200_1706788800_add_users.sql");
}

#[test]
fn goose_is_split_at_its_marks() {
    let text = "-- +goose Up
-- +goose StatementBegin
CREATE TABLE users (a);
CREATE TRIGGER t AFTER INSERT ON users BEGIN DELETE FROM users; END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE users;
";
    let shell = shell(&[
        ("old/00001_add_users.sql", text),
        (
            "old/00002_tags.sql",
            "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE tags (a);",
        ),
    ]);
    let report = detected(&shell, "goose");
    assert_eq!(was(&report), ["1", "2"]);
    assert_eq!(report["listed"][0]["text"], "-- +goose NO TRANSACTION");
    let text = migration(&shell, "20000101_0000_00001_add_users.sql");
    assert!(!text.contains("goose S"), "{text}");
    assert!(
        text.ends_with("END;\n\n-- @downgrade\nDROP TABLE users;\n"),
        "{text}"
    );
}

#[test]
fn sql_above_the_first_section_is_an_error() {
    let text = "-- Comment.\nCREATE TABLE a (a);\n-- +goose Up\nCREATE TABLE b (a);\n";
    let shell = shell(&[("old/1_a.sql", text)]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 1);
    assert!(
        error.contains("old/1_a.sql: SQL is above the first section"),
        "{error}"
    );
    let twice = "-- migrate:up\nCREATE TABLE a (a);\n-- migrate:up\n";
    let shell = self::shell(&[("old/1_a.sql", twice)]);
    let error = failure(&shell, "import old").1;
    assert!(
        error.contains("old/1_a.sql:3: this section begins twice"),
        "{error}"
    );
}

#[test]
fn dbmate_is_split_at_its_marks() {
    let text = "-- migrate:up transaction:false
CREATE TABLE users (a);

-- migrate:down
DROP TABLE users;
";
    let shell = shell(&[("old/20240105093000_add_users.sql", text)]);
    let report = detected(&shell, "dbmate");
    assert_eq!(was(&report), ["20240105093000"]);
    assert_eq!(report["listed"][0]["kind"], "no-transaction");
    assert_eq!(report["revisions"][0]["irreversible"], Value::Null);
}

#[test]
fn plain_files_count_in_user_version() {
    let shell = shell(&[
        ("old/1-add-users.sql", "CREATE TABLE users (a);"),
        ("old/2.sql", "CREATE TABLE tags (a);"),
        ("old/10 more.sql", ""),
    ]);
    let report = detected(&shell, "plain");
    // 1, 2 and 10 are no count.
    assert_eq!(was(&report), [""; 0]);
    std::fs::remove_dir_all(shell.path("migrations")).unwrap();
    std::fs::rename(shell.path("old/10 more.sql"), shell.path("old/003.sql")).unwrap();
    assert_eq!(was(&detected(&shell, "plain")), ["1", "2", "3 empty"]);
    let text = shell.ok("import old --directory again");
    assert!(
        text.contains("does not count them in user_version"),
        "{text}"
    );
}

#[test]
fn ambiguous_files_are_a_usage_error() {
    let shell = shell(&[("old/0001_add_users.sql", "CREATE TABLE users (a);")]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 2);
    let expected = "error: old: these can be the files of sqlx or plain
help: name the tool: revchain import sqlx old
help: name the tool: revchain import plain old";
    assert_eq!(error, expected);
    shell.ok("import sqlx old");
    assert_eq!(written(&shell).len(), 2);
}

#[test]
fn times_as_numbers_are_of_sqlx() {
    let file = (
        "old/20240105093000_add_users.sql",
        "CREATE TABLE users (a);",
    );
    detected(&shell(&[file]), "sqlx");
    let mixed = shell(&[file, ("old/1_a.sql", "CREATE TABLE a (a);")]);
    assert!(failure(&mixed, "import old").1.contains("sqlx or plain"));
}

#[test]
fn up_and_down_files_are_ambiguous() {
    let shell = shell(&[
        ("old/1_a.up.sql", "CREATE TABLE a (a);"),
        ("old/1_a.down.sql", "DROP TABLE a;"),
    ]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 2);
    assert!(error.contains("of sqlx or golang-migrate\n"), "{error}");
}

#[test]
fn unknown_files_are_a_usage_error() {
    let shell = shell(&[("old/schema.sql", "CREATE TABLE a (a);")]);
    let (code, error) = failure(&shell, "import old");
    assert_eq!(code, 2);
    assert!(error.contains("not the files of a known tool"), "{error}");
    assert_eq!(failure(&shell, "import missing").0, 1);
    assert_eq!(failure(&shell, "import sqlx old").0, 1);
}

#[test]
fn second_file_of_a_version_is_an_error() {
    let shell = shell(&[
        ("old/1_a.sql", "CREATE TABLE a (a);"),
        ("old/001_b.sql", "CREATE TABLE b (a);"),
    ]);
    let (code, error) = failure(&shell, "import sqlx old");
    assert_eq!(code, 1);
    assert!(
        error.contains("old/1_a.sql: the version 1 is also that of old/001_b.sql"),
        "{error}"
    );
}

#[test]
fn rest_of_the_line_of_a_mark_is_no_sql() {
    let marks = [
        ("sqlx", "-- no-transaction; DELETE FROM a;\n"),
        (
            "goose",
            "-- +goose NO TRANSACTION; DELETE FROM a;\n-- +goose Up\n",
        ),
        (
            "dbmate",
            "-- migrate:up transaction:false; DELETE FROM a;\n",
        ),
    ];
    for (tool, mark) in marks {
        let first = match tool {
            "goose" => "-- +goose Up\nCREATE TABLE a (a);",
            "dbmate" => "-- migrate:up\nCREATE TABLE a (a);",
            _ => "CREATE TABLE a (a);",
        };
        let second = format!("{mark}CREATE TABLE b (b);");
        let shell = shell(&[("old/1_a.sql", first), ("old/2_b.sql", &second)]);
        shell.ok(&format!("import {tool} old"));
        let text = migration(&shell, "20000102_0000_2_b.sql");
        assert!(text.contains("CREATE TABLE b"), "{tool}: {text}");
        assert!(!text.contains("DELETE"), "{tool}: {text}");
    }
}
