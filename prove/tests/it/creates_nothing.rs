//! `CREATE … IF NOT EXISTS` of an object that exists already.

use crate::support::{T, assert_one_defect, assert_proven, summaries};

/// A table with an index, a view and a trigger.
const NOTES: (&str, &str) = (
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT);
     CREATE INDEX by_title ON notes (title);
     CREATE VIEW titles AS SELECT title FROM notes;
     CREATE TRIGGER no_title AFTER INSERT ON notes BEGIN SELECT 1; END;",
    "DROP VIEW titles; DROP TABLE notes;",
);

#[test]
fn skipped_table_with_a_new_column_is_a_defect() {
    assert_one_defect(
        &[
            NOTES,
            (
                "CREATE TABLE IF NOT EXISTS Notes (id INTEGER PRIMARY KEY, title TEXT, colour TEXT);",
                "SELECT 1;",
            ),
        ],
        "creates-nothing 002:4",
        &[
            "the table `notes` exists with another definition",
            "+ notes.colour TEXT",
            "`revchain new --rebuild notes` writes a rebuild",
            "| CREATE TABLE IF NOT EXISTS Notes",
            "|              ^^^^^^^^^^^^^\n",
        ],
    );
}

#[test]
fn skipped_object_of_each_kind_is_a_defect() {
    for (sql, words) in [
        (
            "CREATE UNIQUE INDEX IF NOT EXISTS by_title ON notes (title);",
            ["UNIQUE ON notes (title)", "`DROP INDEX by_title`"],
        ),
        (
            "CREATE INDEX IF NOT EXISTS main.by_title ON notes (id);",
            ["index by_title", "`DROP INDEX by_title`"],
        ),
        (
            "CREATE VIEW IF NOT EXISTS titles AS SELECT id, title FROM notes;",
            ["view titles", "`DROP VIEW titles`"],
        ),
        (
            "CREATE TRIGGER IF NOT EXISTS no_title AFTER INSERT ON notes BEGIN SELECT 2; END;",
            ["trigger no_title", "`DROP TRIGGER no_title`"],
        ),
        (
            "CREATE TABLE IF NOT EXISTS titles (title TEXT);",
            [
                "the view `titles`",
                "drop or rename the view `titles` first",
            ],
        ),
        (
            "CREATE VIEW IF NOT EXISTS notes AS SELECT 1 AS id;",
            [
                "the table `notes`",
                "drop or rename the table `notes` first",
            ],
        ),
        (
            "CREATE VIRTUAL TABLE IF NOT EXISTS notes USING fts5(title);",
            ["the table `notes`", "rebuild"],
        ),
        (
            "CREATE TABLE IF NOT EXISTS notes AS SELECT 1 AS id;",
            ["the table `notes`", "rebuild"],
        ),
    ] {
        assert_one_defect(
            &[NOTES, (sql, "SELECT 1;")],
            "creates-nothing 002:4",
            &words,
        );
    }
}

#[test]
fn skipped_statement_with_the_same_meaning_is_accepted() {
    for sql in [
        "create table if not exists \"notes\" (id integer not null primary key, title TEXT /* of a note */);",
        "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, title TEXT);",
        "CREATE INDEX IF NOT EXISTS By_Title ON notes (\"title\");",
        "CREATE VIEW IF NOT EXISTS titles AS SELECT title FROM notes;",
        "CREATE TRIGGER IF NOT EXISTS no_title AFTER INSERT ON notes FOR EACH ROW BEGIN SELECT 1; END;",
        "CREATE TEMP TABLE IF NOT EXISTS notes (other TEXT); DROP TABLE temp.notes;",
        "DROP INDEX IF EXISTS no_such_index;",
    ] {
        assert_proven(&[NOTES, (sql, "SELECT 1;")]);
    }
}

#[test]
fn definition_is_that_at_the_statement() {
    let old = "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);";
    let new = "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT);";
    let add = "ALTER TABLE t ADD COLUMN c TEXT;";
    let drop = "ALTER TABLE t DROP COLUMN c;";
    assert_proven(&[T, (&format!("{old}\n{add}\n{new}"), drop)]);
    let found = summaries(&[T, (&format!("{add}\n{old}"), drop)]);
    assert_eq!(found, ["creates-nothing 002:5"]);
    let found = summaries(&[T, (&format!("{new}\n{add}"), drop)]);
    assert_eq!(found, ["creates-nothing 002:4"]);
}

#[test]
fn advice_for_a_skipped_statement_is_accepted() {
    assert_proven(&[
        NOTES,
        (
            "ALTER TABLE notes ADD COLUMN colour TEXT;",
            "ALTER TABLE notes DROP COLUMN colour;",
        ),
        (
            "DROP VIEW titles; CREATE VIEW titles AS SELECT id, title FROM notes;",
            "DROP VIEW titles; CREATE VIEW titles AS SELECT title FROM notes;",
        ),
        (
            "DROP INDEX by_title; CREATE INDEX by_title ON notes (title, id);",
            "DROP INDEX by_title; CREATE INDEX by_title ON notes (title);",
        ),
    ]);
}

#[test]
fn rejected_definition_causes_no_further_defect() {
    let found = summaries(&[
        ("CREATE TABLE t (a) WITHOUT ROWI;", "DROP TABLE t;"),
        ("CREATE TABLE IF NOT EXISTS t (a, b);", "DROP TABLE t;"),
        ("CREATE TABLE IF NOT EXISTS t (a, c);", "SELECT 1;"),
    ]);
    assert_eq!(found, ["sql-error 001:4"]);
}
