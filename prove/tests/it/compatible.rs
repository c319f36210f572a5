//! Changes that break older programs or not, and `@compatible`.

use crate::support::{FAMILY, T, assert_one_defect, assert_proven, defects};

/// An older program still works after each of these revisions.
#[test]
fn additions_are_compatible() {
    let compatible = |upgrade: &str, downgrade: &str| {
        assert_proven(&[T, FAMILY, (&format!("@compatible\n{upgrade}"), downgrade)]);
    };
    compatible(
        "CREATE TABLE x (a NOT NULL, b UNIQUE, CHECK (a > b));",
        "DROP TABLE x;",
    );
    compatible("CREATE VIEW x AS SELECT a FROM t;", "DROP VIEW x;");
    compatible("CREATE INDEX x ON t (a);", "DROP INDEX x;");
    compatible(
        "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM c WHERE id = new.id; END;",
        "DROP TRIGGER x;",
    );
    for column in [
        "n",
        "n INTEGER NOT NULL DEFAULT 0",
        "n INTEGER DEFAULT 1 CHECK (n > 0)",
        "n INTEGER REFERENCES p (id)",
        "n AS (a || b)",
        "n TEXT NOT NULL GENERATED ALWAYS AS ('x') VIRTUAL",
    ] {
        compatible(
            &format!("ALTER TABLE t ADD COLUMN {column};"),
            "ALTER TABLE t DROP COLUMN n;",
        );
    }
    compatible(
        "ALTER TABLE t ADD COLUMN n; CREATE UNIQUE INDEX x ON t (n);",
        "DROP INDEX x; ALTER TABLE t DROP COLUMN n;",
    );
    compatible(
        "INSERT INTO t (a) VALUES ('x');",
        "DELETE FROM t WHERE a = 'x';",
    );
    // A weaker constraint is compatible.
    compatible(
        "@loosens c.p_id not-null children without a parent are new\nCREATE TABLE n (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE); INSERT INTO n SELECT * FROM c; DROP TABLE c; ALTER TABLE n RENAME TO c;",
        "CREATE TABLE n (id INTEGER PRIMARY KEY, p_id INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE); INSERT INTO n SELECT * FROM c WHERE p_id IS NOT NULL; DROP TABLE c; ALTER TABLE n RENAME TO c;",
    );
}

#[test]
fn change_that_breaks_older_programs_is_not_compatible() {
    let incompatible = |upgrade: &str, downgrade: &str, words: &str| {
        assert_one_defect(
            &[T, (&format!("@compatible\n{upgrade}"), downgrade)],
            "incompatible 002:3",
            &[
                "`@compatible`: programs that do not know 002 fail after it",
                words,
            ],
        );
    };
    let rebuilt = |table: &str| {
        format!(
            "CREATE TABLE n {table}; INSERT INTO n (id, a, b) SELECT id, a, b FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;"
        )
    };
    let back = rebuilt("(id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
    incompatible(
        "@destroys t it is over\nDROP TABLE t;",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        "- table t",
    );
    incompatible(
        "@destroys t.b it is over\nALTER TABLE t DROP COLUMN b;",
        "ALTER TABLE t ADD COLUMN b TEXT;",
        "- t.b TEXT",
    );
    incompatible(
        "ALTER TABLE t RENAME TO u;",
        "ALTER TABLE u RENAME TO t;",
        "- table t",
    );
    incompatible(
        "ALTER TABLE t RENAME COLUMN a TO c;",
        "ALTER TABLE t RENAME COLUMN c TO a;",
        "- t.a TEXT",
    );
    incompatible(
        "@assumes t(a) unique the program checks it\nCREATE UNIQUE INDEX x ON t (a);",
        "DROP INDEX x;",
        "+ index x UNIQUE ON t (a)",
    );
    incompatible(
        "@assumes t(a, b) values the program checks it\nCREATE UNIQUE INDEX x ON t (coalesce(b, a)) WHERE b > 0;",
        "DROP INDEX x;",
        "+ index x",
    );
    incompatible(
        &rebuilt("(id INTEGER PRIMARY KEY, a TEXT, b TEXT) STRICT"),
        &back,
        "no options → STRICT",
    );
    incompatible(
        &format!(
            "@assumes t(a, b) check the program checks it\n{}",
            rebuilt("(id INTEGER PRIMARY KEY, a TEXT, b TEXT, CHECK (a <> b))")
        ),
        &back,
        "+ t CHECK",
    );
}

#[test]
fn new_required_value_is_not_compatible() {
    // An older program writes no `n`, and can write NULL to `a`.
    for (table, line) in [
        (
            "(id INTEGER PRIMARY KEY, a TEXT, b TEXT, n INTEGER NOT NULL)",
            "+ t.n INTEGER NOT NULL",
        ),
        (
            "(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT, n INTEGER)",
            "t.a: TEXT → TEXT NOT NULL",
        ),
    ] {
        let upgrade = format!(
            "@compatible\nCREATE TABLE n {table}; INSERT INTO n (id, a, b, n) SELECT id, coalesce(a, ''), b, 0 FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;"
        );
        let downgrade = "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO n SELECT id, a, b FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;";
        let defects = defects(&[T, (&upgrade, downgrade)]);
        let incompatible = defects
            .iter()
            .find(|defect| defect.kind().name() == "incompatible");
        assert!(
            incompatible.is_some_and(|defect| defect.to_string().contains(line)),
            "{defects:?}"
        );
    }
    // Programs read a view like a table.
    assert_one_defect(
        &[
            T,
            ("CREATE VIEW v AS SELECT a FROM t;", "DROP VIEW v;"),
            (
                "@compatible\nDROP VIEW v;",
                "CREATE VIEW v AS SELECT a FROM t;",
            ),
        ],
        "incompatible 003:3",
        &["- view v"],
    );
}
