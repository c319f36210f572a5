//! Table rebuilds.

use crate::support::{COLUMNS, FAMILY, T, assert_one_defect, assert_proven, rebuild};

#[test]
fn table_rebuild_is_accepted() {
    const WIDER: &str = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT);
        INSERT INTO new SELECT id, coalesce(a, ''), b FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;";
    const BACK: &str = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
        INSERT INTO new SELECT * FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;";
    assert_proven(&[T, (WIDER, BACK)]);
    const ASIDE: &str =
        "ALTER TABLE t RENAME TO old; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT);
        INSERT INTO t SELECT id, coalesce(a, ''), b FROM old; DROP TABLE old;";
    const ASIDE_BACK: &str =
        "ALTER TABLE t RENAME TO old; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
        INSERT INTO t SELECT * FROM old; DROP TABLE old;";
    assert_proven(&[T, (ASIDE, ASIDE_BACK)]);
    const BY_BACKUP: &str = "CREATE TEMP TABLE backup AS SELECT * FROM t; DROP TABLE t;
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT);
        INSERT INTO t SELECT id, coalesce(a, ''), b FROM backup; DROP TABLE backup;";
    assert_proven(&[T, (BY_BACKUP, BACK)]);
}

#[test]
fn rebuild_of_a_parent_table_is_accepted() {
    assert_proven(&[
        FAMILY,
        (
            "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT NOT NULL); INSERT INTO new SELECT id, coalesce(a, '') FROM p;
             DROP TABLE p; ALTER TABLE new RENAME TO p;",
            "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO new SELECT id, a FROM p;
             DROP TABLE p; ALTER TABLE new RENAME TO p;",
        ),
    ]);
}

#[test]
fn rebuild_that_forgets_a_column_is_rejected() {
    let forgets = rebuild(COLUMNS, "INSERT INTO new (id, a) SELECT id, a FROM t");
    assert_one_defect(
        &[T, (&forgets, "")],
        "rows-lost 002:6",
        &["`t.b`", "@destroys t.b REASON"],
    );
    assert_proven(&[T, (&format!("@destroys t.b it begins anew\n{forgets}"), "")]);
    assert_proven(&[
        T,
        (
            &rebuild(
                COLUMNS,
                "INSERT INTO new (id, a, b) SELECT id, a, upper(b) FROM t",
            ),
            "",
        ),
    ]);
}

#[test]
fn rebuild_that_forgets_an_index_or_trigger_is_rejected() {
    const ALL: &str = "INSERT INTO new SELECT * FROM t";
    let upgrade = |columns: &str, rest: &str| format!("{}\n{rest}", rebuild(columns, ALL));
    let forgotten = |on: &str, again: &str, expected: &str| {
        let first = format!("{} {on}", T.0);
        assert_one_defect(
            &[(&first, T.1), (&upgrade(COLUMNS, again), "")],
            "forgotten-in-rebuild 002:7",
            &[expected],
        );
    };
    forgotten(
        "CREATE INDEX i ON t (a);",
        "",
        "the index `i` that was on it is gone",
    );
    forgotten(
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;",
        "",
        "the trigger `r` that was on it is gone",
    );
    // An index that existed before is not a replacement, nor is an index of another column.
    forgotten(
        "CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, b);",
        "CREATE INDEX j ON t (a, b);",
        "the index `i`",
    );
    forgotten(
        "CREATE INDEX i ON t (a);",
        "CREATE INDEX j ON t (b);",
        "the index `i`",
    );
    forgotten("CREATE UNIQUE INDEX i ON t (a, b);", "", "the index `i`");
    for (on, columns, again) in [
        (
            "CREATE INDEX i ON t (a);",
            COLUMNS,
            "CREATE INDEX i ON t (b);",
        ),
        (
            "CREATE INDEX i ON t (a);",
            COLUMNS,
            "CREATE INDEX j ON t (a);",
        ),
        (
            "CREATE INDEX i ON t (a);",
            COLUMNS,
            "CREATE INDEX j ON t (a, b) WHERE b > 1;",
        ),
        // A constraint replaces an index.
        (
            "CREATE UNIQUE INDEX i ON t (a);",
            "id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT",
            "",
        ),
        (
            "CREATE UNIQUE INDEX i ON t (a, b);",
            "id INTEGER PRIMARY KEY, a TEXT, b TEXT, UNIQUE (a, b)",
            "",
        ),
    ] {
        assert_proven(&[
            (&format!("{} {on}", T.0), T.1),
            (&upgrade(columns, again), ""),
        ]);
    }
    // An index that was dropped explicitly is not forgotten.
    let first = format!("{} CREATE INDEX i ON t (a);", T.0);
    assert_proven(&[
        (&first, T.1),
        (&format!("DROP INDEX i; {}", rebuild(COLUMNS, ALL)), ""),
    ]);
}
