//! Statements that need the application, and `@unproven`.

use crate::support::{T, assert_one_defect, assert_proven};

#[test]
fn unproven_statement_of_the_application_is_skipped() {
    for (name, create, drop) in [
        (
            "no such function",
            "CREATE INDEX i ON t (slug(a));",
            "DROP INDEX i;",
        ),
        (
            "no such module",
            "CREATE VIRTUAL TABLE v USING vec0(a float[3]);",
            "DROP TABLE v;",
        ),
        (
            "no such collation sequence",
            "CREATE TABLE s (a TEXT COLLATE swedish PRIMARY KEY);",
            "DROP TABLE s;",
        ),
        (
            "no such tokenizer",
            "CREATE VIRTUAL TABLE f USING fts5(a, tokenize = 'jieba');",
            "DROP TABLE f;",
        ),
        ("no such function", "UPDATE t SET a = slug(a);", "SELECT 1;"),
    ] {
        assert_one_defect(
            &[T, (create, drop)],
            "sql-error 002:4",
            &[
                name,
                "if the program registers it, declare that in the header: `-- @",
            ],
        );
        let unproven = format!("@unproven the program registers it\n{create}");
        assert_proven(&[
            T,
            (&unproven, drop),
            ("CREATE TABLE after (a);", "DROP TABLE after;"),
        ]);
    }
    // Later revisions cannot see a table that the proof skipped.
    assert_proven(
        &[
            (
                "@unproven the program registers vec0\nCREATE VIRTUAL TABLE v USING vec0(a);",
                "DROP TABLE v;",
            ),
            (
                "INSERT INTO v VALUES (1); CREATE TRIGGER g AFTER INSERT ON v BEGIN SELECT 1; END;",
                "DELETE FROM v;",
            ),
            ("@destroys v it is not there\nDROP TABLE v;", ""),
        ][..2],
    );
    // The proof checks all other statements.
    assert_one_defect(
        &[(
            "@unproven the program registers slug\nCREATE TABLE t (a, b AS (slug(a)));\nCREATE TABLE u (a;",
            "DROP TABLE t;",
        )],
        "sql-error 001:6",
        &[],
    );
    assert_one_defect(
        &[
            T,
            (
                "@unproven the program registers slug\nUPDATE t SET a = slug(a);\nCREATE TABLE u (a);",
                "SELECT 1;",
            ),
        ],
        "downgrade-does-not-restore 002:8",
        &["+ table u"],
    );
}

#[test]
fn needless_unproven_directive_is_rejected() {
    assert_one_defect(
        &[("@unproven it is hard\nCREATE TABLE t (a);", "DROP TABLE t;")],
        "needlessly-unproven 001:3",
        &["remove the line"],
    );
    assert_proven(&[
        T,
        (
            "@unproven only the downgrade needs it\nUPDATE t SET a = upper(a);",
            "UPDATE t SET a = slug(a);",
        ),
    ]);
}

#[test]
fn unproven_table_function_is_skipped() {
    let series = "SELECT value FROM generate_series(1, 10)";
    assert_proven(&[
        T,
        (
            &format!("@unproven the program registers it\nINSERT INTO t (a) {series};"),
            "DELETE FROM t;",
        ),
    ]);
    assert_proven(&[(
        &format!("@unproven the program registers it\nCREATE VIEW v AS {series};"),
        "DROP VIEW v;",
    )]);
}
