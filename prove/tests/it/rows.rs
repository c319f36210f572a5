//! Sample rows: losses, and statements that fail with rows.

use revchain_prove::Scope;

use crate::support::{COLUMNS, Directory, T, assert_one_defect, assert_proven, rebuild, summaries};

#[test]
fn rebuild_that_loses_rows_is_rejected() {
    for copy in [
        "INSERT OR IGNORE INTO new SELECT 1, a, b FROM t",
        "INSERT INTO new (id) VALUES (1)",
        "INSERT INTO new SELECT * FROM t LIMIT 1",
        "INSERT INTO new SELECT DISTINCT t.id, t.a, t.b FROM t JOIN u ON u.t = t.id",
        "INSERT INTO new SELECT id, a, b FROM t WHERE a = 'x'",
        "INSERT INTO new SELECT min(id), a, b FROM t GROUP BY a, b",
    ] {
        let first = (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE u (t);",
            "DROP TABLE u; DROP TABLE t;",
        );
        let upgrade = |header: &str| format!("{header}{}", rebuild(COLUMNS, copy));
        let lost = "rows-lost 002:";
        let found = summaries(&[first, (&upgrade(""), "")]);
        assert!(
            !found.is_empty() && found.iter().all(|found| found.starts_with(lost)),
            "{copy}: {found:?}"
        );
        let declared = upgrade("@destroys t they are not needed\n");
        assert_proven(&[first, (&declared, "")]);
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
fn explicit_delete_excuses_only_its_rows() {
    let first = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        "DROP TABLE t;",
    );
    let delete = "DELETE FROM t WHERE a = 'x' OR a IS NULL;\n";
    let keeps = rebuild(COLUMNS, "INSERT INTO new SELECT * FROM t");
    assert_proven(&[first, (&format!("{delete}{keeps}"), "")]);
    let loses = rebuild(COLUMNS, "INSERT INTO new SELECT * FROM t LIMIT 1");
    assert_one_defect(
        &[first, (&format!("{delete}{loses}"), "")],
        "rows-lost 002:7",
        &["loses", "rows of `t`"],
    );
    // A DELETE from the copy names the same rows.
    let copy = "INSERT INTO new SELECT * FROM t;\nDELETE FROM new WHERE a = 'x'";
    assert_proven(&[first, (&rebuild(COLUMNS, copy), "")]);
}

#[test]
fn added_not_null_column_fails_with_rows() {
    let add = (
        "ALTER TABLE t ADD COLUMN c TEXT NOT NULL;",
        "ALTER TABLE t DROP COLUMN c;",
    );
    assert_one_defect(
        &[T, add],
        "fails-on-rows 002:4",
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
        "fails-on-rows 002:4",
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
        "fails-on-rows 002:6",
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
            "CREATE TABLE t (a TEXT NOT NULL, b INTEGER GENERATED ALWAYS AS (abs(a || 'x')) STORED NOT NULL CHECK (b = 5));
             CREATE TRIGGER never BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'never'); END;",
            "DROP TABLE t;",
        ),
        (
            "ALTER TABLE t ADD COLUMN c TEXT NOT NULL DEFAULT 'x';",
            "ALTER TABLE t DROP COLUMN c;",
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
