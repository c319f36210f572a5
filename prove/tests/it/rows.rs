//! Sample rows: losses, and statements that fail with rows.

use revchain_prove::Scope;

use crate::support::{COLUMNS, Directory, T, assert_one_defect, assert_proven, rebuild};

#[test]
fn rebuild_that_loses_rows_is_rejected() {
    let lost = "rows-lost 002:7";
    for copy in [
        "INSERT INTO new SELECT t.id, t.a, t.b FROM t JOIN u ON u.t = t.id",
        "INSERT OR IGNORE INTO new SELECT 1, a, b FROM t",
        "INSERT INTO new (id) VALUES (1)",
        "INSERT INTO new SELECT * FROM t LIMIT 1",
    ] {
        let chain = |header: &str| {
            let upgrade = format!("{header}{}", rebuild(COLUMNS, copy));
            let first = (
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE u (t);",
                "DROP TABLE u; DROP TABLE t;",
            );
            (first.0, first.1, upgrade)
        };
        let (up, down, second) = chain("");
        assert_one_defect(&[(up, down), (&second, "")], lost, &["@destroys t REASON"]);
        let (up, down, second) = chain("@destroys t they are not needed\n");
        assert_proven(&[(up, down), (&second, "")]);
        // An explicit DELETE declares the loss as well.
        let (up, down, second) = chain("DELETE FROM t WHERE id NOT IN (SELECT t FROM u);\n");
        assert_proven(&[(up, down), (&second, "")]);
    }
    assert_proven(&[
        T,
        (&rebuild(COLUMNS, "INSERT INTO new SELECT * FROM t"), ""),
    ]);
    assert_proven(&[
        T,
        (
            &rebuild(
                COLUMNS,
                "INSERT INTO new SELECT t.* FROM t LEFT JOIN t u ON u.id = -t.id",
            ),
            "",
        ),
    ]);
}

#[test]
fn added_not_null_column_fails_with_rows() {
    let add = (
        "ALTER TABLE t ADD COLUMN c TEXT NOT NULL;",
        "ALTER TABLE t DROP COLUMN c;",
    );
    assert_one_defect(
        &[T, add],
        "sql-error 002:4",
        &["fails where the table has rows", "DEFAULT"],
    );
    assert_one_defect(
        &[
            T,
            (
                "ALTER TABLE t ADD COLUMN c DEFAULT CURRENT_TIMESTAMP;",
                "ALTER TABLE t DROP COLUMN c;",
            ),
        ],
        "sql-error 002:4",
        &["non-constant default"],
    );
    assert_proven(&[
        T,
        (
            "ALTER TABLE t ADD COLUMN c TEXT NOT NULL DEFAULT '';",
            add.1,
        ),
    ]);
    assert_proven(&[
        T,
        (
            "DELETE FROM t; ALTER TABLE t ADD COLUMN c TEXT NOT NULL;",
            add.1,
        ),
    ]);
    assert_proven(&[(
        "CREATE TABLE t (a); ALTER TABLE t ADD COLUMN c TEXT NOT NULL;",
        "DROP TABLE t;",
    )]);
    assert_one_defect(
        &[
            T,
            (
                &rebuild(
                    "id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT NOT NULL",
                    "INSERT INTO new (id, a, b) SELECT id, a, b FROM t",
                ),
                "",
            ),
        ],
        "sql-error 002:6",
        &["NOT NULL constraint failed: new.c"],
    );
}

#[test]
fn failure_with_and_without_rows_is_one_defect() {
    assert_one_defect(
        &[
            T,
            (
                "ALTER TABLE t ADD COLUMN c TEXT NOT NULL UNIQUE;",
                "ALTER TABLE t DROP COLUMN c;",
            ),
        ],
        "sql-error 002:4",
        &["Cannot add a UNIQUE column"],
    );
}

#[test]
fn table_without_sample_rows_has_a_note() {
    let directory = Directory::of(&[
        (
            "CREATE TABLE t (a TEXT NOT NULL CHECK (length(a) = 300));",
            "DROP TABLE t;",
        ),
        (
            &rebuild("a TEXT NOT NULL", "INSERT INTO new SELECT a FROM t"),
            "",
        ),
    ]);
    let loaded = directory.prove(Scope::All);
    assert!(loaded.defects.is_empty());
    assert!(
        loaded.notes.len() == 1 && loaded.notes[0].contains("`t`"),
        "{:?}",
        loaded.notes
    );
}
