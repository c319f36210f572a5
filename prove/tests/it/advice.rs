//! The help for statements that SQLite rejects.

use crate::support::{T, assert_one_defect, summaries};

/// A table with an index, a view and a trigger.
const COMMITS: (&str, &str) = (
    "CREATE TABLE Commits (id INTEGER PRIMARY KEY, author TEXT);
     CREATE INDEX by_author ON Commits (author);
     CREATE VIEW authors AS SELECT author FROM Commits;
     CREATE TRIGGER no_author AFTER INSERT ON Commits BEGIN SELECT 1; END;",
    "DROP VIEW authors; DROP TABLE Commits;",
);

#[track_caller]
fn assert_help(sql: &str, help: &str) {
    assert_one_defect(&[COMMITS, (sql, "SELECT 1;")], "sql-error 002:4", &[help]);
}

#[test]
fn misspelled_keyword_gets_a_suggestion() {
    for (sql, keyword) in [
        ("CREATE TABEL t (a);", "TABLE"),
        ("CREATE UNQIUE INDEX i ON Commits (author);", "UNIQUE"),
        ("DELETE FORM Commits;", "FROM"),
        ("SELECT * FROM Commits WHER id = 1;", "WHERE"),
        ("ALTER TABLE Commits RENAM TO c;", "RENAME"),
        ("ALTER TABLE Commits DROP COLUM author;", "COLUMN"),
    ] {
        assert_help(sql, &format!("help: did you mean `{keyword}`?"));
    }
    assert_help(
        "CREATE TABLE t (a INTEGER b TEXT,);",
        "look for a missing comma",
    );
}

#[test]
fn missing_object_suggests_one_that_exists() {
    for (sql, name) in [
        ("INSERT INTO comits (author) VALUES ('x');", "Commits"),
        ("DROP TABLE comits;", "Commits"),
        ("DROP INDEX by_autor;", "by_author"),
        ("DROP VIEW author;", "authors"),
        ("DROP TRIGGER no_autor;", "no_author"),
        ("ALTER TABLE committs RENAME TO c;", "Commits"),
        ("INSERT INTO Commits (auther) VALUES ('x');", "author"),
        ("ALTER TABLE Commits DROP COLUMN auther;", "author"),
        ("UPDATE Commits SET auther = 1;", "author"),
    ] {
        assert_help(sql, &format!("help: did you mean `{name}`?"));
    }
}

#[test]
fn object_of_the_same_script_is_suggested() {
    assert_one_defect(
        &[(
            "CREATE TABLE notes (a);\nINSERT INTO note VALUES (1);",
            "DROP TABLE notes;",
        )],
        "sql-error 001:5",
        &["did you mean `notes`?"],
    );
}

#[test]
fn table_that_is_gone_already_is_not_suggested() {
    assert_one_defect(
        &[
            T,
            (
                "@destroys t nobody reads it\nDROP TABLE t;\nINSERT INTO t (a) VALUES ('x');",
                "",
            ),
        ],
        "sql-error 002:7",
        &["drops or renames `t`"],
    );
}

#[test]
fn view_that_breaks_a_rename_is_dropped_and_made_again() {
    let help = "drop the view `v` before, and create it again at the end of the script";
    let upgrade = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT, b TEXT);\n\
                   INSERT INTO new SELECT * FROM t;\nDROP TABLE t;\nALTER TABLE new RENAME TO t;";
    let view = ("CREATE VIEW v AS SELECT a FROM t;", "DROP VIEW v;");
    assert_one_defect(
        &[T, view, (upgrade, "SELECT 1;")],
        "sql-error 003:7",
        &[help],
    );
    let fixed = format!("DROP VIEW v;\n{upgrade}\n{}", view.0);
    assert_eq!(summaries(&[T, view, (&fixed, "SELECT 1;")]), [""; 0]);
}

#[test]
fn each_dropped_column_is_shown_at_its_statement() {
    assert_eq!(
        summaries(&[
            ("CREATE TABLE t (a, b, c, d);", "DROP TABLE t;"),
            (
                "ALTER TABLE t DROP COLUMN a;\nALTER TABLE t RENAME b TO e;\n\
                 ALTER TABLE t DROP COLUMN e;\nALTER TABLE t DROP COLUMN c;",
                "",
            ),
        ]),
        [
            "undeclared-destruction 002:5",
            "undeclared-destruction 002:7",
            "undeclared-destruction 002:8",
        ]
    );
}

#[test]
fn advised_drop_of_a_forgotten_index_is_quoted() {
    let upgrade = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT, b TEXT);\n\
                   INSERT INTO new (id, a, b) SELECT id, a, b FROM t;\nDROP TABLE t;\n\
                   ALTER TABLE new RENAME TO t;";
    let index = (
        "CREATE INDEX \"by-a b\" ON t (a);",
        "DROP INDEX \"by-a b\";",
    );
    assert_one_defect(
        &[T, index, (upgrade, "")],
        "forgotten-in-rebuild 003:7",
        &["`DROP INDEX \"by-a b\"`"],
    );
    let dropped = format!("DROP INDEX \"by-a b\";\n{upgrade}");
    assert_eq!(summaries(&[T, index, (&dropped, "")]), [""; 0]);
}

#[test]
fn object_of_another_kind_is_named() {
    for (sql, help) in [
        ("DROP TABLE authors;", "write `DROP VIEW authors`"),
        ("DROP VIEW Commits;", "write `DROP TABLE Commits`"),
        ("DROP INDEX Commits;", "name an index: `Commits` is a table"),
        (
            "INSERT INTO by_author VALUES (1);",
            "name a table: `by_author` is an index",
        ),
    ] {
        assert_help(sql, &format!("help: {help}"));
    }
}

#[test]
fn missing_name_without_a_similar_one_lists_the_names() {
    for (sql, help) in [
        (
            "DROP TABLE zebra;",
            "name one of the tables: Commits, authors",
        ),
        ("DROP INDEX zebra;", "name one of the indexes: by_author"),
        (
            "UPDATE Commits SET zebra = 1;",
            "name one of the columns: id, author",
        ),
    ] {
        assert_help(sql, &format!("help: {help}"));
    }
}

#[test]
fn second_object_of_a_name_gets_another_name() {
    for (sql, name) in [
        ("CREATE TABLE commits (a);", "commits"),
        ("CREATE INDEX by_author ON Commits (id);", "by_author"),
        ("CREATE VIEW authors AS SELECT 1;", "authors"),
        ("CREATE INDEX Commits ON Commits (id);", "Commits"),
        (
            "CREATE TABLE c (a); ALTER TABLE c RENAME TO Commits;",
            "Commits",
        ),
    ] {
        let help = format!("drop or rename the other `{name}` first");
        assert_help(sql, &help);
    }
    assert_help(
        "ALTER TABLE Commits ADD COLUMN author TEXT;",
        "help: choose another name: the table has this column already",
    );
}

#[test]
fn column_of_a_key_is_dropped_by_a_rebuild() {
    assert_help(
        "ALTER TABLE Commits DROP COLUMN id;",
        "help: rebuild the table without the column: `revchain new --rebuild TABLE`",
    );
}
