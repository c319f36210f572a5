//! Several defects in one chain: each is reported, unless it follows from another.

use crate::support::{T, summaries};

const LOSES: &str = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
INSERT INTO new (id, a) SELECT id, a FROM u;
DROP TABLE u;
ALTER TABLE new RENAME TO u;";

const U: (&str, &str) = (
    "CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
    "DROP TABLE u;",
);

#[test]
fn failing_downgrade_hides_no_later_defect() {
    let failing = (
        "ALTER TABLE u ADD COLUMN c;",
        "ALTER TABLE u DROP COLUMN d;",
    );
    let again = LOSES
        .replace("b TEXT);", "b TEXT, c);")
        .replace("(id, a) SELECT id, a", "(id, a, c) SELECT id, a, c");
    let found = summaries(&[U, failing, (&again, "")]);
    assert_eq!(found, ["sql-error 002:6", "rows-lost 003:6"]);
}

#[test]
fn key_that_does_not_fit_hides_no_later_defect() {
    let mismatch = (
        "CREATE TABLE p (a, b); CREATE TABLE c (p REFERENCES p (a));",
        "DROP TABLE c; DROP TABLE p;",
    );
    let family = (
        "CREATE TABLE q (id INTEGER PRIMARY KEY);\nCREATE TABLE d (q REFERENCES q (id));\nINSERT INTO d VALUES (7);",
        "DROP TABLE d; DROP TABLE q;",
    );
    let found = summaries(&[mismatch, family, U, (LOSES, "")]);
    assert_eq!(
        found,
        [
            "foreign-key-violation 001:4",
            "foreign-key-violation 002:6",
            "rows-lost 004:6"
        ]
    );
}

#[test]
fn forbidden_statement_hides_no_defect_of_the_same_file() {
    for forbidden in [
        "PRAGMA synchronous = OFF;",
        "COMMIT;",
        "VACUUM;",
        "INSERT INTO t VALUES (?, 'a', 'b');",
    ] {
        let upgrade = format!("{forbidden}\n{LOSES}\nUPDATE nothing SET a = 1;");
        let found = summaries(&[T, U, (&upgrade, "")]);
        assert_eq!(found.len(), 3, "{forbidden}: {found:?}");
        assert!(found.contains(&"rows-lost 003:7".to_owned()), "{found:?}");
        assert!(found.contains(&"sql-error 003:10".to_owned()), "{found:?}");
    }
}

#[test]
fn consequence_of_a_defect_is_not_reported() {
    let broken = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT;",
        "DROP TABLE t;",
    );
    let found = summaries(&[broken, ("UPDATE t SET a = 'x'; DROP TABLE t;", "")]);
    assert_eq!(found, ["sql-error 001:4"]);
}
