//! Downgrades: each restores the schema, and the upgrade runs again after it.

use crate::support::{T, assert_one_defect, assert_proven, merge};

#[test]
fn upgrade_that_fails_after_the_downgrade_is_rejected() {
    assert_one_defect(
        &[
            ("CREATE TABLE t (id INTEGER PRIMARY KEY);", "DROP TABLE t;"),
            ("INSERT INTO t VALUES (1);", "SELECT 'nothing is deleted';"),
        ],
        "sql-error 002:4",
        &[
            "when it runs again after the downgrade",
            "UNIQUE constraint failed: t.id",
        ],
    );
    assert_proven(&[
        ("CREATE TABLE t (id INTEGER PRIMARY KEY);", "DROP TABLE t;"),
        ("INSERT INTO t VALUES (1);", "DELETE FROM t WHERE id = 1;"),
    ]);
}

#[test]
fn downgrade_that_does_not_restore_is_rejected() {
    assert_one_defect(
        &[T, ("CREATE INDEX i ON t (a);", "SELECT 1;")],
        "downgrade-does-not-restore 002:6",
        &["+ index i ON t (a)"],
    );
    assert_one_defect(
        &[
            T,
            (
                "ALTER TABLE t ADD COLUMN c;",
                "ALTER TABLE t DROP COLUMN c;\nCREATE TABLE left_over (a);",
            ),
        ],
        "downgrade-does-not-restore 002:7",
        &["+ table left_over (a)"],
    );
    // The spelling of a definition does not matter.
    assert_proven(&[
        (
            "CREATE TABLE t (a TEXT DEFAULT ('x'), b, PRIMARY KEY (a)); CREATE VIEW v AS SELECT a FROM t;",
            "DROP VIEW v; DROP TABLE t;",
        ),
        (
            "@destroys t it is made again\nDROP VIEW v; DROP TABLE t;",
            "create table \"T\" ([a] text primary key default 'x', `b`); CREATE VIEW v AS select \"a\" from \"t\";",
        ),
    ]);
}

#[test]
fn table_restored_by_create_as_select_is_rejected() {
    assert_one_defect(
        &[
            (
                "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x');\nCREATE INDEX i ON t (b);",
                "DROP TABLE t;",
            ),
            (
                "ALTER TABLE t ADD COLUMN c TEXT;",
                "CREATE TABLE s AS SELECT a, b FROM t;\nDROP TABLE t;\nALTER TABLE s RENAME TO t;",
            ),
        ],
        "downgrade-does-not-restore 002:8",
        &[
            "t.a: INTEGER PRIMARY KEY → INT",
            "t.b: TEXT NOT NULL DEFAULT 'x' → TEXT",
            "- index i ON t (b)",
            "AS SELECT",
        ],
    );
}

#[test]
fn downgrade_that_loses_all_rows_is_rejected() {
    let back = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT, b TEXT);\nINSERT INTO new SELECT id, a, b FROM t WHERE 0;\nDROP TABLE t;\nALTER TABLE new RENAME TO t;";
    assert_one_defect(
        &[T, ("ALTER TABLE t ADD COLUMN c TEXT;", back)],
        "rows-lost 002:7",
        &["the downgrade of 002"],
    );
    assert_proven(&[
        T,
        (
            "ALTER TABLE t ADD COLUMN c TEXT;",
            &back.replace("WHERE 0", ""),
        ),
    ]);
}

#[test]
fn downgrade_that_fails_with_rows_is_rejected() {
    assert_one_defect(
        &[
            (
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL);",
                "DROP TABLE t;",
            ),
            (
                "@destroys t.a nobody reads it\nALTER TABLE t DROP COLUMN a;",
                "ALTER TABLE t ADD COLUMN a TEXT NOT NULL;",
            ),
        ],
        "fails-on-rows 002:7",
        &["the downgrade of 002", "where the table has rows"],
    );
}

#[test]
fn column_order_is_free_after_a_merge() {
    let left = (
        "@revises 001\nALTER TABLE t ADD COLUMN b TEXT;",
        "ALTER TABLE t DROP COLUMN b;",
    );
    let right = (
        "@revises 001\nALTER TABLE t ADD COLUMN c TEXT;",
        "ALTER TABLE t DROP COLUMN c;",
    );
    let merge_of = |last| merge(left, right, last);
    assert_proven(&merge_of((
        "@revises 002 003\nCREATE INDEX i ON t (b, c);",
        "DROP INDEX i;",
    )));
    let other_order =
        "CREATE TABLE new (a INTEGER PRIMARY KEY, c TEXT, b TEXT); INSERT INTO new SELECT a, c, b FROM t;
        DROP TABLE t; ALTER TABLE new RENAME TO t;";
    assert_proven(&merge_of((
        "@revises 002 003\nALTER TABLE t ADD COLUMN d;",
        other_order,
    )));
    // Before a merge, the order of columns counts. The type always counts.
    assert_one_defect(
        &[
            (
                "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c TEXT);",
                "DROP TABLE t;",
            ),
            ("ALTER TABLE t ADD COLUMN d;", other_order),
        ],
        "downgrade-does-not-restore 002:7",
        &["in the order"],
    );
    let other_type = other_order.replace("c TEXT", "c BLOB");
    assert_one_defect(
        &merge_of(("@revises 002 003\nALTER TABLE t ADD COLUMN d;", &other_type)),
        "downgrade-does-not-restore 004:7",
        &["t.c: TEXT → BLOB"],
    );
}
