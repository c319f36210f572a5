//! Foreign keys, and rows without a parent.

use crate::support::{FAMILY, assert_one_defect, assert_proven, summaries};

#[test]
fn rows_of_a_broken_parent_table_are_not_reported() {
    let found = summaries(&[
        (
            "CREATE TABLE p (id INTEGER PRIMARY KEY;\nCREATE TABLE c (p_id REFERENCES p (id));",
            "DROP TABLE c; DROP TABLE p;",
        ),
        ("INSERT INTO p VALUES (1);", "DELETE FROM p;"),
        ("INSERT INTO c VALUES (1);", "DELETE FROM c;"),
    ]);
    assert_eq!(found, ["sql-error 001:4"]);
}

#[test]
fn inserted_rows_must_have_parents() {
    assert_one_defect(
        &[
            FAMILY,
            ("INSERT INTO c (p_id) VALUES (7);", "DELETE FROM c;"),
        ],
        "foreign-key-violation 002:4",
        &["c, row 1: (p_id) has no match in p"],
    );
    assert_proven(&[
        FAMILY,
        (
            "INSERT INTO c (p_id) VALUES (7); INSERT INTO p (id) VALUES (7);",
            "DELETE FROM c; DELETE FROM p;",
        ),
    ]);
    assert_one_defect(
        &[
            FAMILY,
            (
                "INSERT INTO p (id) VALUES (7); INSERT INTO c (p_id) VALUES (7);",
                "DELETE FROM c;\nDELETE FROM p;",
            ),
            ("DELETE FROM c;", "INSERT INTO c (p_id) VALUES (8);"),
        ],
        "foreign-key-violation 003:6",
        &["the downgrade of 003"],
    );
}

#[test]
fn violation_is_reported_once_at_its_revision() {
    let found = summaries(&[
        (
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p_id REFERENCES p (id));\nINSERT INTO c VALUES (1);",
            "DROP TABLE c; DROP TABLE p;",
        ),
        ("CREATE TABLE u (a);", "DROP TABLE u;"),
        ("CREATE TABLE w (a);", "DROP TABLE w;"),
    ]);
    assert_eq!(found, ["foreign-key-violation 001:5"]);
}

#[test]
fn key_to_a_table_missing_at_the_head_is_rejected() {
    assert_one_defect(
        &[
            (
                "CREATE TABLE parents (id INTEGER PRIMARY KEY);",
                "DROP TABLE parents;",
            ),
            (
                "CREATE TABLE c (p REFERENCES parent (id));",
                "DROP TABLE c;",
            ),
        ],
        "foreign-key-violation 002:4",
        &["`c.p` references `parent`", "did you mean `parents`?"],
    );
    // A key of two columns is one defect, and two keys are two defects.
    let (table, down) = (
        "CREATE TABLE c (a, b, FOREIGN KEY (a, b) REFERENCES nobody (x, y));",
        "DROP TABLE c;",
    );
    assert_one_defect(
        &[(table, down)],
        "foreign-key-violation 001:4",
        &["`c.a` references `nobody`"],
    );
    let table = "CREATE TABLE c (a REFERENCES nobody (x), b REFERENCES nobody (y));";
    assert_eq!(summaries(&[(table, down)]).len(), 2);
    assert_proven(&[
        (
            "CREATE TABLE c (p REFERENCES parent (id));",
            "DROP TABLE c;",
        ),
        (
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);",
            "DROP TABLE parent;",
        ),
    ]);
}

#[test]
fn key_to_a_column_that_is_not_a_key_is_rejected() {
    assert_one_defect(
        &[
            (
                "CREATE TABLE p (id INTEGER PRIMARY KEY, a);\nCREATE TABLE c (p REFERENCES p (a));",
                "DROP TABLE c; DROP TABLE p;",
            ),
            ("CREATE TABLE u (a);", "DROP TABLE u;"),
        ],
        "foreign-key-violation 001:5",
        &["foreign key mismatch - \"c\" referencing \"p\""],
    );
}

#[test]
fn renaming_the_parent_in_a_rebuild_is_rejected() {
    let found = summaries(&[
        FAMILY,
        (
            "ALTER TABLE p RENAME TO old; CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT NOT NULL);
             INSERT INTO p SELECT id, coalesce(a, '') FROM old; DROP TABLE old;",
            "",
        ),
    ]);
    assert_eq!(found, ["foreign-key-violation 002:5"]);
}

#[test]
fn rebuild_that_renumbers_parents_is_rejected() {
    assert_one_defect(
        &[
            FAMILY,
            (
                "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT);\nINSERT INTO new (a) SELECT a FROM p;\nDROP TABLE p;\nALTER TABLE new RENAME TO p;",
                "",
            ),
        ],
        "foreign-key-violation 002:8",
        &["the upgrade of 002", "(p_id) has no match in p"],
    );
}
