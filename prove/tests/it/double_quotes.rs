//! Strings in double quotes.

use revchain_prove::Scope;

use crate::support::{Directory, T, assert_one_defect, assert_proven, rebuild, sorted, summary};

#[test]
fn string_in_double_quotes_is_rejected() {
    for (upgrade, words) in [
        (
            "UPDATE t SET a = \"cod\";",
            ["\"cod\"", "write 'cod' for a string"],
        ),
        (
            "UPDATE t SET a = 'x' WHERE b = \"it's\";",
            ["\"it's\"", "write 'it''s'"],
        ),
        (
            "INSERT INTO t VALUES (1, \"x y\", 'b');",
            ["\"x y\"", "write 'x y'"],
        ),
        (
            "CREATE TABLE u (a TEXT CHECK (a <> \"x\"));",
            ["\"x\"", "write 'x'"],
        ),
        (
            "CREATE INDEX i ON t (a) WHERE b <> \"gone\";",
            ["\"gone\"", "write 'gone'"],
        ),
        (
            "CREATE VIEW v AS SELECT id, \"cod\" FROM t;",
            ["\"cod\"", "write 'cod'"],
        ),
        (
            "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = \"now\"; END;",
            ["\"now\"", "write 'now'"],
        ),
    ] {
        assert_one_defect(&[T, (upgrade, "")], "double-quoted-string 002:5", &words);
    }
    assert_one_defect(
        &[T, ("UPDATE t SET a = \"new\" WHERE b = \"waiting\";", "")],
        "double-quoted-string 002:5",
        &["reads them as strings: ", "\"new\"", "\"waiting\""],
    );
    let copy = "INSERT INTO new SELECT \"id\", \"a\", \"bb\" FROM t";
    let found = Directory::of(&[T, (&rebuild("id, a TEXT, b TEXT", copy), "")]);
    let found = sorted(found.prove(Scope::All));
    assert!(
        found
            .iter()
            .any(|defect| summary(defect) == "double-quoted-string 002:6"),
        "{found:?}"
    );
    assert_one_defect(
        &[
            T,
            (
                "CREATE TABLE u (a);",
                "UPDATE t SET a = \"cod\"; DROP TABLE u;",
            ),
        ],
        "double-quoted-string 002:6",
        &["the downgrade of 002"],
    );
}

#[test]
fn quoted_name_is_accepted() {
    assert_proven(&[
        (
            "CREATE TABLE \"a t\" (id INTEGER PRIMARY KEY, \"b c\" TEXT DEFAULT 'x');",
            "DROP TABLE \"a t\";",
        ),
        (
            "UPDATE \"a t\" SET \"b c\" = upper(\"b c\"); CREATE VIEW \"v\" AS SELECT \"b c\" AS \"d\" FROM \"a t\";",
            "DROP VIEW \"v\";",
        ),
    ]);
}

#[test]
fn string_of_a_locked_revision_is_not_reported() {
    let directory = Directory::of(&[
        (
            "CREATE TABLE t (a TEXT CHECK (a <> \"x\"), b TEXT);",
            "DROP TABLE t;",
        ),
        (
            "ALTER TABLE t RENAME COLUMN \"b\" TO \"c\";",
            "ALTER TABLE t RENAME COLUMN c TO b;",
        ),
    ]);
    directory.lock(&["001"]);
    let found = sorted(directory.prove(Scope::Unlocked));
    assert!(found.is_empty(), "{found:?}");
}
