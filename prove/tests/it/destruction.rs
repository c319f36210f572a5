//! Tables and columns that a revision destroys, and `@destroys`.

use crate::support::{T, assert_one_defect, assert_proven, rebuild};

#[test]
fn renamed_table_or_column_is_not_destroyed() {
    assert_proven(&[
        T,
        ("ALTER TABLE t RENAME TO u;", "ALTER TABLE u RENAME TO t;"),
        (
            "ALTER TABLE u RENAME COLUMN a TO aa;",
            "ALTER TABLE u RENAME COLUMN aa TO a;",
        ),
        (
            "ALTER TABLE u RENAME aa TO a; ALTER TABLE u RENAME TO \"a name\";",
            "ALTER TABLE 'a name' RENAME TO u; ALTER TABLE u RENAME a TO aa;",
        ),
        (
            "CREATE TABLE w (a, b); ALTER TABLE \"a name\" RENAME TO t; ALTER TABLE w RENAME TO \"a name\";",
            "DROP TABLE [a name]; ALTER TABLE t RENAME TO [a name];",
        ),
    ]);
}

#[test]
fn column_left_out_of_a_rebuild_must_be_declared() {
    const LESS: &str = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT);\nINSERT INTO new SELECT id, a FROM t;\nDROP TABLE t;\nALTER TABLE new RENAME TO t;";
    assert_one_defect(
        &[T, (LESS, "")],
        "undeclared-destruction 002:7",
        &["t.b", "`-- @destroys t.b REASON`", "takes its place"],
    );
    assert_proven(&[T, (&format!("@destroys t.b nobody reads it\n{LESS}"), "")]);
}

#[test]
fn dropped_table_or_column_must_be_declared() {
    assert_one_defect(
        &[T, ("DROP TABLE t;", "")],
        "undeclared-destruction 002:5",
        &["`-- @destroys t REASON`"],
    );
    assert_one_defect(
        &[T, ("ALTER TABLE t DROP COLUMN b;", "")],
        "undeclared-destruction 002:5",
        &["`-- @destroys t.b REASON`"],
    );
    assert_one_defect(
        &[
            ("CREATE TABLE \"a t\" (a, \"b c\");", "DROP TABLE \"a t\";"),
            ("ALTER TABLE [a t] DROP [b c];", ""),
        ],
        "undeclared-destruction 002:5",
        &["`-- @destroys \"a t\".\"b c\" REASON`"],
    );
    assert_one_defect(
        &[
            T,
            (
                "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME b TO c; ALTER TABLE u DROP c;",
                "",
            ),
        ],
        "undeclared-destruction 002:5",
        &["t.b"],
    );
    assert_proven(&[
        T,
        ("@destroys T it is empty\nDROP TABLE IF EXISTS main.t;", ""),
    ]);
    assert_proven(&[
        T,
        (
            "@destroys t.b it is empty\n@destroys \"T\".\"A\" so is it\nALTER TABLE t DROP b; ALTER TABLE t DROP a;",
            "",
        ),
    ]);
    // A table that the revision itself created contains no data of a user.
    assert_proven(&[
        T,
        (
            "CREATE TABLE s (a); DROP TABLE s; DROP TABLE IF EXISTS s;",
            "SELECT 1;",
        ),
    ]);
}

#[test]
fn drop_of_what_no_revision_created_must_be_declared() {
    for drop in [
        "DROP TABLE IF EXISTS legacy;",
        "DROP VIEW IF EXISTS main.legacy;",
    ] {
        assert_one_defect(
            &[T, (drop, "SELECT 1;")],
            "undeclared-destruction 002:4",
            &[
                "which no revision has created",
                "`-- @destroys legacy REASON`",
            ],
        );
        let declared = format!("@destroys legacy version 1 of the program made it\n{drop}");
        assert_proven(&[T, (&declared, "SELECT 1;")]);
    }
    // A leftover of an interrupted rebuild has the name of the new table.
    assert_proven(&[
        T,
        (
            "DROP TABLE IF EXISTS new; CREATE TABLE new (a); DROP TABLE IF EXISTS temp.other;",
            "DROP TABLE new;",
        ),
        (
            "ALTER TABLE new RENAME TO other;",
            "ALTER TABLE other RENAME TO new;",
        ),
        ("DROP TABLE IF EXISTS new;", "SELECT 1;"),
    ]);
}

#[test]
fn destroys_without_destruction_is_rejected() {
    assert_one_defect(
        &[
            T,
            (
                "@destroys t.b it is not\nCREATE TABLE u (a);",
                "DROP TABLE u;",
            ),
        ],
        "destroys-nothing 002:3",
        &["remove the line"],
    );
    assert_one_defect(
        &[
            T,
            (
                "@destroys tt it is called otherwise\n@destroys t it is so\nDROP TABLE t;",
                "",
            ),
        ],
        "destroys-nothing 002:3",
        &["did you mean `t`?"],
    );
    assert_one_defect(
        &[
            ("CREATE TABLE t (a, amount);", "DROP TABLE t;"),
            (
                "@destroys t.amount it is\n@destroys t.amonut it is not\nALTER TABLE t DROP amount;",
                "",
            ),
        ],
        "destroys-nothing 002:4",
        &["did you mean `t.amount`?"],
    );
}

#[test]
fn partial_copy_of_a_column_does_not_preserve_it() {
    let copied = "INSERT INTO t (a) SELECT b FROM t; ALTER TABLE t DROP COLUMN b;";
    assert_one_defect(
        &[T, (copied, "")],
        "undeclared-destruction 002:5",
        &["`t.b`"],
    );
    // The text of two columns is NULL if one of them is NULL.
    let joined = rebuild(
        "id INTEGER PRIMARY KEY, a TEXT, c TEXT",
        "INSERT INTO new (id, a, c) SELECT id, a, a||b FROM t",
    );
    assert_one_defect(
        &[T, (&joined, "")],
        "rows-lost 002:6",
        &[
            "loses values of `t.b`: `t.c` is NULL in some rows",
            "coalesce",
        ],
    );
    let moved = rebuild(
        "id INTEGER PRIMARY KEY, a TEXT, c TEXT",
        "INSERT INTO new (id, a, c) SELECT id, a, t.b FROM t",
    );
    assert_proven(&[T, (&moved, "")]);
}

#[test]
fn destroys_is_accepted_for_statements_that_change_rows() {
    for change in [
        "DELETE FROM t",
        "UPDATE t SET a = NULL",
        "UPDATE OR IGNORE t SET a = NULL",
        "REPLACE INTO t (id) VALUES (1)",
        "INSERT OR REPLACE INTO t (id) VALUES (1)",
        "WITH x AS (SELECT 1) INSERT OR REPLACE INTO t (id) SELECT * FROM x",
        "WITH x AS (SELECT 1) DELETE FROM t WHERE id IN x",
    ] {
        assert_proven(&[T, (&format!("@destroys t it is time\n{change};"), "")]);
    }
    for other in [
        "INSERT INTO t (id) VALUES (1)",
        "INSERT INTO t (id) VALUES (1) ON CONFLICT DO UPDATE SET a = 1",
    ] {
        assert_one_defect(
            &[T, (&format!("@destroys t it is time\n{other};"), "")],
            "destroys-nothing 002:3",
            &[],
        );
    }
}
