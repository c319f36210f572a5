//! Constraints that a rebuild loses, and `@loosens`.

use crate::support::{assert_one_defect, assert_proven, defects, rebuild, summaries};

const ALL: &str = "INSERT INTO new SELECT * FROM t";
const PLAIN: &str = "id INTEGER PRIMARY KEY, a TEXT, b TEXT";

/// Asserts that a rebuild loses a constraint of `t`, and that the advised line is accepted.
#[track_caller]
fn assert_lost(old: &str, new: &str, declaration: &str) {
    let table = format!("CREATE TABLE p (x INTEGER PRIMARY KEY); CREATE TABLE t ({old};");
    let old_end = old.rsplit_once(')').unwrap().1;
    assert!(old_end.is_empty() || old_end.starts_with(' '), "{old}");
    let upgrade =
        format!("CREATE TABLE new ({new};\n{ALL};\nDROP TABLE t;\nALTER TABLE new RENAME TO t;");
    assert_one_defect(
        &[(&table, ""), (&upgrade, "")],
        "loosened-in-rebuild 002:5",
        &[&format!("`-- @loosens {declaration} REASON`")],
    );
    let declared = format!("@loosens {declaration} it is meant\n{upgrade}");
    assert_proven(&[(&table, ""), (&declared, "")]);
    let words: Vec<&str> = declaration.split(' ').collect();
    let other = if words[1] == "strict" {
        "key"
    } else {
        "strict"
    };
    let wrong = format!("@loosens {} {other} it is meant\n{upgrade}", words[0]);
    let mut kinds = summaries(&[(&table, ""), (&wrong, "")]);
    kinds.sort();
    assert_eq!(
        kinds,
        ["loosened-in-rebuild 002:6", "loosens-nothing 002:3"]
    );
}

/// Asserts that a rebuild of `t` is accepted.
#[track_caller]
fn assert_kept(old: &str, new: &str) {
    let table = format!("CREATE TABLE p (x INTEGER PRIMARY KEY); CREATE TABLE t ({old};");
    let upgrade =
        format!("CREATE TABLE new ({new};\n{ALL};\nDROP TABLE t;\nALTER TABLE new RENAME TO t;");
    let found = defects(&[(&table, ""), (&upgrade, "")]);
    let found: Vec<String> = found
        .iter()
        .filter(|defect| defect.kind().name().contains("loosened"))
        .map(ToString::to_string)
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn constraint_that_a_rebuild_loses_is_rejected() {
    let plain = format!("{PLAIN})");
    let with = |a: &str| format!("id INTEGER PRIMARY KEY, a {a}, b TEXT)");
    for (old, declaration) in [
        (with("TEXT NOT NULL"), "t.a not-null"),
        (with("TEXT UNIQUE"), "t.a unique"),
        (with("TEXT CHECK (a <> 'x')"), "t.a check"),
        (with("TEXT DEFAULT 'x'"), "t.a default"),
        (with("TEXT COLLATE NOCASE"), "t.a collate"),
        (with("TEXT REFERENCES p (x)"), "t.a references"),
        (format!("{PLAIN}, UNIQUE (a, b))"), "t unique"),
        (format!("{PLAIN}, CHECK (a <> b))"), "t check"),
        (
            "id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b TEXT)".to_owned(),
            "t.id autoincrement",
        ),
        (format!("{PLAIN}) STRICT"), "t strict"),
    ] {
        assert_lost(&old, &plain, declaration);
    }
    // The key stays, with the collation of its column.
    assert_lost(
        &with("TEXT UNIQUE COLLATE NOCASE"),
        &with("TEXT UNIQUE"),
        "t.a collate",
    );
    assert_lost(
        "id INTEGER NOT NULL, a TEXT PRIMARY KEY, b TEXT)",
        "id INTEGER NOT NULL, a TEXT, b TEXT)",
        "t.a key",
    );
    assert_lost(
        &with("TEXT REFERENCES p (x) ON DELETE CASCADE"),
        &with("TEXT REFERENCES p (x)"),
        "t.a references",
    );
    assert_lost(
        &with("TEXT REFERENCES p (x) DEFERRABLE INITIALLY DEFERRED"),
        &with("TEXT REFERENCES p (x)"),
        "t.a references",
    );
}

#[test]
fn changed_constraint_is_not_missed() {
    let with = |a: &str| format!("id INTEGER PRIMARY KEY, a {a}, b TEXT)");
    for (old, new) in [
        (
            with("TEXT CHECK (a IN ('x', 'y'))"),
            with("TEXT CHECK (a IN ('x', 'y', 'z'))"),
        ),
        (
            with("TEXT CONSTRAINT c CHECK (a <> 'x')"),
            with("TEXT CHECK (a <> 'x')"),
        ),
        (with("TEXT DEFAULT 'x'"), with("TEXT DEFAULT 'y'")),
        (
            with("TEXT REFERENCES p (x) ON DELETE CASCADE"),
            with("TEXT REFERENCES p (x) ON DELETE SET NULL"),
        ),
        (format!("{PLAIN}, UNIQUE (a, b))"), with("TEXT UNIQUE")),
        (
            "id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE, b TEXT)".to_owned(),
            "id INTEGER NOT NULL UNIQUE, a TEXT NOT NULL PRIMARY KEY, b TEXT)".to_owned(),
        ),
        (
            "id INTEGER NOT NULL PRIMARY KEY, a TEXT, b TEXT)".to_owned(),
            format!("{PLAIN})"),
        ),
        (
            "id TEXT NOT NULL PRIMARY KEY, a TEXT, b TEXT)".to_owned(),
            "id TEXT PRIMARY KEY, a TEXT, b TEXT) WITHOUT ROWID".to_owned(),
        ),
    ] {
        assert_kept(&old, &new);
    }
}

#[test]
fn constraint_of_a_dropped_column_is_not_missed() {
    assert_proven(&[
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a <> ''), b TEXT, UNIQUE (a, b));",
            "",
        ),
        (
            "@destroys t.a nobody reads it\nCREATE TABLE new (id INTEGER PRIMARY KEY, b TEXT);
             INSERT INTO new SELECT id, b FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;",
            "",
        ),
    ]);
}

#[test]
fn renames_are_followed_to_lost_constraints() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL);";
    let lost = |upgrade: &str, line: &str| {
        assert_one_defect(
            &[(table, ""), (upgrade, "")],
            &format!("loosened-in-rebuild 002:{line}"),
            &["`-- @loosens t.a not-null REASON`"],
        );
    };
    lost(
        "ALTER TABLE t RENAME TO old;\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
         INSERT INTO t SELECT * FROM old; DROP TABLE old;",
        "6",
    );
    lost(
        "ALTER TABLE t RENAME COLUMN a TO c;\nCREATE TABLE n (id INTEGER PRIMARY KEY, c TEXT);
         INSERT INTO n SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;",
        "6",
    );
    lost(
        "CREATE TABLE n (id INTEGER PRIMARY KEY, c TEXT);
         INSERT INTO n (id, c) SELECT id, a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;",
        "5",
    );
    lost(
        "CREATE TABLE n (id INTEGER PRIMARY KEY, c TEXT);
         INSERT INTO n SELECT id, a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;",
        "5",
    );
}

#[test]
fn foreign_key_to_a_renamed_parent_is_not_missed() {
    assert_proven(&[
        (
            "CREATE TABLE p (x INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER REFERENCES p (x));",
            "",
        ),
        (
            "ALTER TABLE p RENAME TO q; CREATE TABLE new (id INTEGER PRIMARY KEY, a INTEGER REFERENCES q (x));
             INSERT INTO new SELECT * FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;",
            "",
        ),
    ]);
}

#[test]
fn table_made_by_select_loses_all_constraints() {
    let found = summaries(&[
        (
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE DEFAULT 'x', grp INTEGER CHECK (grp > 0));",
            "",
        ),
        (
            "CREATE TABLE n AS SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users;",
            "",
        ),
    ]);
    let lost = found
        .iter()
        .filter(|summary| summary.starts_with("loosened-in-rebuild"));
    assert_eq!(lost.count(), 5, "{found:?}");
}

#[test]
fn loosens_that_names_nothing_is_rejected() {
    let table = format!("CREATE TABLE t ({PLAIN});");
    for (declaration, problem) in [
        ("t.a unique", "no rebuild in 002 loses such a UNIQUE"),
        ("t.aa unique", "the table `t` has no such column"),
        ("tt key", "there is no such table"),
    ] {
        let upgrade = format!("@loosens {declaration} why\n{}", rebuild(PLAIN, ALL));
        assert_one_defect(
            &[(&table, ""), (&upgrade, "")],
            "loosens-nothing 002:3",
            &[problem, "remove the line"],
        );
    }
}

#[test]
fn misspelled_loosens_suggests_a_lost_constraint() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT NOT NULL);";
    let columns = "id INTEGER PRIMARY KEY, email TEXT";
    let upgrade = format!("@loosens t.emial not-null why\n{}", rebuild(columns, ALL));
    let found = defects(&[(table, ""), (&upgrade, "")]);
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    let help = "did you mean `t.email not-null`?";
    assert!(found.iter().any(|text| text.contains(help)), "{found:?}");
}

#[test]
fn unique_index_that_comes_back_without_unique_is_rejected() {
    let table = format!("CREATE TABLE t ({PLAIN}); CREATE UNIQUE INDEX i ON t (a);");
    let upgrade = format!("{} CREATE INDEX i ON t (a);", rebuild(PLAIN, ALL));
    assert_one_defect(
        &[(&table, ""), (&upgrade, "")],
        "loosened-in-rebuild 002:5",
        &["`-- @loosens t.a unique REASON`"],
    );
    let upgrade = format!("{} CREATE INDEX j ON t (a);", rebuild(PLAIN, ALL));
    assert_one_defect(
        &[(&table, ""), (&upgrade, "")],
        "loosened-in-rebuild 002:5",
        &["`-- @loosens t.a unique REASON`"],
    );
}

#[test]
fn index_that_comes_back_without_its_where_is_rejected() {
    let table = format!("CREATE TABLE t ({PLAIN}); CREATE INDEX i ON t (a) WHERE b IS NULL;");
    let upgrade = format!("{} CREATE INDEX i ON t (a);", rebuild(PLAIN, ALL));
    assert_one_defect(
        &[(&table, ""), (&upgrade, "")],
        "forgotten-in-rebuild 002:7",
        &["comes back without its `WHERE b IS NULL`"],
    );
    assert_proven(&[(&table, ""), (&format!("DROP INDEX i; {upgrade}"), "")]);
}

#[test]
fn index_that_a_new_key_begins_with_is_not_missed() {
    assert_proven(&[
        (
            "CREATE TABLE t (s TEXT NOT NULL, p TEXT NOT NULL, UNIQUE (p, s)); CREATE INDEX i ON t (s);",
            "",
        ),
        (
            "CREATE TABLE new (s TEXT NOT NULL, p TEXT NOT NULL, PRIMARY KEY (s, p));
             INSERT INTO new SELECT * FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;",
            "",
        ),
    ]);
}

#[test]
fn view_that_does_not_come_back_is_rejected() {
    let first = format!("CREATE TABLE t ({PLAIN}); CREATE VIEW v AS SELECT a FROM t;");
    let upgrade = format!("DROP VIEW v;\n{}", rebuild(PLAIN, ALL));
    assert_one_defect(
        &[(&first, ""), (&upgrade, "")],
        "forgotten-in-rebuild 002:5",
        &["the view `v`", "`-- @destroys v REASON`"],
    );
    assert_proven(&[
        (&first, ""),
        (&format!("@destroys v nobody reads it\n{upgrade}"), ""),
    ]);
    assert_proven(&[
        (&first, ""),
        (&format!("{upgrade} CREATE VIEW v AS SELECT b FROM t;"), ""),
    ]);
    assert_proven(&[(&first, ""), ("DROP VIEW v;", "")]);
    assert_proven(&[
        (&first, ""),
        ("@destroys v nobody reads it\nDROP VIEW v;", ""),
    ]);
}

#[test]
fn trigger_of_a_view_that_is_made_anew_is_rejected() {
    const TRIGGER: &str =
        "CREATE TRIGGER r INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (new.a); END;";
    let first = format!("CREATE TABLE t ({PLAIN}); CREATE VIEW v AS SELECT a FROM t; {TRIGGER}");
    let again = "DROP VIEW v; CREATE VIEW v AS SELECT a, b FROM t;";
    assert_one_defect(
        &[(&first, ""), (again, "")],
        "forgotten-in-rebuild 002:5",
        &["the trigger `r`"],
    );
    assert_proven(&[(&first, ""), (&format!("{again} {TRIGGER}"), "")]);
    assert_proven(&[(&first, ""), (&format!("DROP TRIGGER r; {again}"), "")]);
}
