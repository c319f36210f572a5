//! Statements that fail on the rows of users, and `@assumes`.

use crate::support::{FAMILY, assert_one_defect, assert_proven, defects, rebuild, summaries};

/// Asserts that an upgrade from the table `t` fails on rows, and that the advised line is accepted.
#[track_caller]
fn assert_fails(table: &str, upgrade: &str, title: &str, assumption: &str) {
    let found = defects(&[(table, ""), (upgrade, "")]);
    let [defect] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(defect.kind().name(), "fails-on-rows", "{defect}");
    let text = defect.to_string();
    assert!(text.contains(title), "{text}");
    assert!(
        text.contains(&format!("`-- @assumes {assumption} REASON`")),
        "{text}"
    );
    let upgrade = format!("@assumes {assumption} the program checks it\n{upgrade}");
    assert_proven(&[(table, ""), (&upgrade, "")]);
}

#[test]
fn new_constraint_over_existing_rows_is_rejected() {
    let columns = "id INTEGER PRIMARY KEY, a TEXT, b TEXT";
    let table = format!("CREATE TABLE t ({columns});");
    let copy = "INSERT INTO new SELECT id, a, b FROM t";
    let again = |a: &str| rebuild(&columns.replace("a TEXT", a), copy);
    assert_fails(
        &table,
        "CREATE UNIQUE INDEX i ON t (a);",
        "UNIQUE constraint failed: t.a",
        "t(a) unique",
    );
    assert_fails(
        &table,
        "CREATE UNIQUE INDEX i ON t (a, b);",
        "UNIQUE constraint failed",
        "t(a, b) unique",
    );
    assert_fails(
        &table,
        &again("a TEXT UNIQUE"),
        "UNIQUE constraint failed: new.a",
        "t(a) unique",
    );
    assert_fails(
        &table,
        &again("a TEXT NOT NULL"),
        "NOT NULL constraint failed: new.a",
        "t(a) not-null",
    );
    assert_fails(
        &table,
        &again("a TEXT CHECK (a IN ('x', 'y'))"),
        "CHECK constraint failed",
        "t(a) check",
    );
    let strict = again("a INTEGER").replace("b TEXT);", "b TEXT) STRICT;");
    assert_fails(
        &table,
        &strict,
        "cannot store TEXT value in INTEGER column new.a",
        "t(a) values",
    );
    let parents = format!("CREATE TABLE p (id TEXT PRIMARY KEY); {table}");
    let key = again("a TEXT REFERENCES p (id)");
    assert_fails(
        &parents,
        &key,
        "leaves rows whose foreign keys point at nothing",
        "t(a) references",
    );
}

#[test]
fn rows_that_the_script_deals_with_do_not_fail() {
    let columns = "id INTEGER PRIMARY KEY, a TEXT, b TEXT";
    let table = (&*format!("CREATE TABLE t ({columns});"), "");
    let copy = "INSERT INTO new SELECT id, a, b FROM t";
    let again = |a: &str| rebuild(&columns.replace("a TEXT", a), copy);
    for upgrade in [
        "DELETE FROM t WHERE id NOT IN (SELECT min(id) FROM t GROUP BY a);
         CREATE UNIQUE INDEX i ON t (a);"
            .to_owned(),
        format!(
            "UPDATE t SET a = '' WHERE a IS NULL;\n{}",
            again("a TEXT NOT NULL")
        ),
        format!(
            "DELETE FROM t WHERE a IS NULL;\n{}",
            again("a TEXT NOT NULL")
        ),
        format!(
            "UPDATE t SET a = 'x' WHERE a NOT IN ('x', 'y');\n{}",
            again("a TEXT CHECK (a IN ('x', 'y'))")
        ),
    ] {
        assert_proven(&[table, (&upgrade, "")]);
    }
}

#[test]
fn new_unique_column_with_a_default_is_rejected() {
    assert_one_defect(
        &[
            ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);", ""),
            (
                "ALTER TABLE t ADD COLUMN slug TEXT NOT NULL DEFAULT '';\nCREATE UNIQUE INDEX i ON t (slug);",
                "",
            ),
        ],
        "fails-on-rows 002:6",
        &[
            "UNIQUE constraint failed: t.slug",
            "first give each of these rows another value",
        ],
    );
}

#[test]
fn stored_column_on_a_table_with_rows_is_rejected() {
    assert_one_defect(
        &[
            ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);", ""),
            ("ALTER TABLE t ADD COLUMN g TEXT AS (lower(a)) STORED;", ""),
        ],
        "fails-on-rows 002:5",
        &["cannot add a STORED column", "make the column VIRTUAL"],
    );
}

#[test]
fn deleted_parents_leave_their_children() {
    assert_one_defect(
        &[FAMILY, ("DELETE FROM p;", "SELECT 1;")],
        "fails-on-rows 002:4",
        &["ON DELETE CASCADE", "do nothing"],
    );
    assert_proven(&[FAMILY, ("DELETE FROM c; DELETE FROM p;", "SELECT 1;")]);
}

#[test]
fn ignored_rows_are_lost_unless_assumed_away() {
    let table = ("CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT);", "");
    let upgrade = rebuild(
        "id INTEGER PRIMARY KEY, email TEXT NOT NULL",
        "INSERT OR IGNORE INTO new SELECT id, email FROM t",
    );
    assert_one_defect(
        &[table, (&upgrade, "")],
        "rows-lost 002:6",
        &["loses 5 of 15 rows of `t`", "email = NULL"],
    );
    let upgrade = format!("@assumes t(email) not-null the program checks it\n{upgrade}");
    assert_proven(&[table, (&upgrade, "")]);
}

#[test]
fn assumption_that_changes_nothing_is_rejected() {
    let table = ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);", "");
    for (assumption, words) in [
        ("t(a) unique", "accepts all rows without it"),
        ("t(b) unique", "has no column `b`"),
        ("tt(a) unique", "did you mean `t`?"),
    ] {
        let upgrade = format!("@assumes {assumption} so it is\nUPDATE t SET a = upper(a);");
        assert_one_defect(&[table, (&upgrade, "")], "assumes-nothing 002:3", &[words]);
    }
}

#[test]
fn assumption_with_a_missing_name_is_not_used() {
    let table = "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT);";
    let index = "CREATE UNIQUE INDEX u ON notes (title);";
    for (assumption, words) in [
        ("notes(titel) unique", "did you mean `title`?"),
        ("notes(title, b) unique", "has no column `b`"),
        ("notes(titel) values", "did you mean `title`?"),
        ("notes(titel) check", "did you mean `title`?"),
        ("notes(titel) not-null", "did you mean `title`?"),
        ("notes(titel) references", "did you mean `title`?"),
        ("note(title) unique", "did you mean `notes`?"),
    ] {
        let upgrade = format!("@assumes {assumption} x\n{index}");
        let found = defects(&[(table, ""), (&upgrade, "")]);
        let kinds: Vec<&str> = found.iter().map(|defect| defect.kind().name()).collect();
        assert_eq!(
            kinds,
            ["assumes-nothing", "fails-on-rows"],
            "{assumption}: {found:?}"
        );
        let text = found[0].to_string();
        assert!(text.contains(words), "{text}");
    }
    // A revision that touches no existing table has no trials.
    for (assumption, words) in [
        ("notes(titel) unique", "did you mean `title`?"),
        ("notes(title) unique", "accepts all rows without it"),
    ] {
        let upgrade = format!("@assumes {assumption} x\nCREATE TABLE u (id INTEGER PRIMARY KEY);");
        assert_one_defect(
            &[(table, ""), (&upgrade, "")],
            "assumes-nothing 002:3",
            &[words],
        );
    }
    let generated = table.replace("body TEXT", "body TEXT, low TEXT AS (lower(title))");
    let index = "@assumes notes(low) unique x\nCREATE UNIQUE INDEX u ON notes (low);";
    assert_proven(&[(&generated, ""), (index, "")]);
}

#[test]
fn one_failing_table_does_not_hide_another() {
    let first = "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT);
                 CREATE TABLE b (id INTEGER PRIMARY KEY, x TEXT, y TEXT);";
    let second = "ALTER TABLE a ADD COLUMN c TEXT NOT NULL;
        CREATE TABLE n (id INTEGER PRIMARY KEY, x TEXT, y TEXT);
        INSERT INTO n (id, x) SELECT id, x FROM b;
        DROP TABLE b; ALTER TABLE n RENAME TO b;";
    let found = summaries(&[(first, ""), (second, "")]);
    assert_eq!(found, ["fails-on-rows 002:5", "rows-lost 002:7"]);
}

#[test]
fn count_up_to_a_value_ends() {
    let tables = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, plays INTEGER); CREATE TABLE n (x INTEGER);",
        "",
    );
    let counts = |limit: &str| {
        format!(
            "INSERT INTO n WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c {limit}) SELECT x FROM c;"
        )
    };
    let limited = counts("WHERE x < (SELECT max(plays) FROM t)");
    assert_proven(&[tables, (&limited, "")]);
    assert_one_defect(
        &[tables, (&counts(""), "")],
        "runs-too-long 002:5",
        &["does not end"],
    );
}

#[test]
fn join_without_conditions_gets_advice_about_joins() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE n (x INTEGER);";
    let join = "INSERT INTO n SELECT count(*) FROM t a, t b, t c, t d, t e, t f, t g, t h;";
    assert_one_defect(
        &[(table, ""), (join, "")],
        "runs-too-long 002:5",
        &["give each table of the join a condition"],
    );
}

#[test]
fn partial_unique_index_over_live_rows_is_rejected() {
    for condition in ["deleted_at IS NULL", "deleted_at IS NOT NULL"] {
        assert_fails(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT, deleted_at TEXT);",
            &format!("CREATE UNIQUE INDEX i ON t (email) WHERE {condition};"),
            "UNIQUE constraint failed: t.email",
            "t(email) unique",
        );
    }
}

#[test]
fn new_column_whose_check_rejects_rows_is_rejected() {
    for column in [
        "c INTEGER DEFAULT 0 CHECK (c > 0)",
        "c INTEGER CHECK (c IS NOT NULL OR a <> b)",
    ] {
        let upgrade = format!("ALTER TABLE t ADD COLUMN {column};");
        let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);";
        let found = summaries(&[(table, ""), (&upgrade, "")]);
        assert_eq!(found, ["fails-on-rows 002:5"], "{column}");
    }
}

#[test]
fn check_that_sample_rows_violate_already_is_not_reported() {
    let check = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a IS strftime('%Y-%m-%dT%H:%M:%SZ', a)));";
    let again = rebuild(
        "id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a IS strftime('%Y-%m-%dT%H:%M:%SZ', a)), b TEXT",
        "INSERT INTO new (id, a) SELECT id, a FROM t",
    );
    assert_proven(&[(check, ""), (&again, "")]);
}

#[test]
fn texts_that_differ_in_case_or_blanks_can_become_equal() {
    let columns = "id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE";
    let table = format!("CREATE TABLE t ({columns});");
    for upgrade in [
        "UPDATE t SET a = lower(a);",
        "UPDATE t SET a = trim(a);",
        "CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE);",
        "CREATE UNIQUE INDEX i ON t (lower(a));",
        &rebuild(
            &format!("{columns} COLLATE NOCASE"),
            "INSERT INTO new SELECT id, a FROM t",
        ),
    ] {
        assert_fails(&table, upgrade, "UNIQUE constraint failed", "t(a) values");
    }
    let without_case = table.replace("UNIQUE", "UNIQUE COLLATE NOCASE");
    assert_proven(&[(&without_case, ""), ("UPDATE t SET a = lower(a);", "")]);
    assert_proven(&[(&table, ""), ("UPDATE t SET a = a || 'x';", "")]);
}

#[test]
fn text_that_is_no_json_is_rejected_where_it_is_read() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, doc TEXT, a TEXT);";
    for upgrade in [
        "UPDATE t SET a = json_extract(doc, '$.a');",
        "UPDATE t SET a = doc ->> 'a';",
        "CREATE TABLE m AS SELECT t.id, j.value FROM t, json_each(t.doc) AS j;",
        "CREATE INDEX i ON t (json_extract(doc, '$.a'));",
        "CREATE INDEX i ON t (doc ->> '$.a');",
        "ALTER TABLE t ADD COLUMN b TEXT AS (doc ->> 'b'); CREATE INDEX i ON t (b);",
    ] {
        assert_fails(table, upgrade, "malformed JSON", "t(doc) values");
    }
    let read = "UPDATE t SET a = doc ->> 'a';";
    for guarded in [
        "UPDATE t SET a = doc ->> 'a' WHERE json_valid(doc);",
        "UPDATE t SET a = CASE WHEN json_valid(doc) THEN doc ->> 'a' END;",
    ] {
        assert_proven(&[(table, ""), (guarded, "")]);
    }
    for checked in [
        "doc TEXT CHECK (json_valid(doc))",
        "doc TEXT NOT NULL DEFAULT '{}'",
        "doc JSON",
    ] {
        let table = table.replace("doc TEXT", checked);
        assert_proven(&[(&table, ""), (read, "")]);
    }
}

#[test]
fn loss_is_found_in_the_rows_that_an_assumption_leaves() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, doc TEXT, a TEXT);
        CREATE TABLE u (id INTEGER PRIMARY KEY, doc TEXT);";
    let upgrade = "@assumes t(doc) values only the program writes it
        @assumes u(doc) values only the program writes it
        ALTER TABLE u ADD COLUMN a TEXT; UPDATE u SET a = doc ->> 'a';
        CREATE TABLE new (id INTEGER PRIMARY KEY, doc TEXT, a TEXT);
        INSERT INTO new SELECT id, doc ->> '$', a FROM t;
        DROP TABLE t; ALTER TABLE new RENAME TO t;"
        .replace("        @", "@");
    assert_proven(&[(table, ""), (&upgrade, "")]);
    let constant = upgrade.replace("doc ->> '$', a", "doc ->> '$', 'a'");
    assert_one_defect(
        &[(table, ""), (&constant, "")],
        "rows-lost 002:9",
        &["values of `t.a`"],
    );
}

#[test]
fn update_or_replace_loses_the_replaced_rows() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE);";
    let upgrade = "UPDATE OR REPLACE t SET a = lower(a);";
    assert_one_defect(
        &[(table, ""), (upgrade, "")],
        "rows-lost 002:5",
        &["`t`", "OR REPLACE"],
    );
    assert_proven(&[(table, ""), ("UPDATE t SET id = id + 1000;", "")]);
}

/// Returns a rebuild with `UNIQUE` of a table with a counter, as `new --rebuild` writes it.
fn unique_notebooks(copied: &str) -> String {
    format!(
        "CREATE TABLE new (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, color TEXT);
INSERT INTO new ({copied}) SELECT {copied} FROM notebooks;
DELETE FROM sqlite_sequence WHERE name = 'new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'new', seq FROM sqlite_sequence WHERE name = 'notebooks';
DROP TABLE notebooks;
ALTER TABLE new RENAME TO notebooks;"
    )
}

const NOTEBOOKS: &str = "CREATE TABLE notebooks (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, color TEXT);";

#[test]
fn failing_copy_hides_no_forgotten_column() {
    let upgrade = unique_notebooks("id, name");
    let found = summaries(&[(NOTEBOOKS, ""), (&upgrade, "")]);
    assert_eq!(found, ["rows-lost 002:6", "fails-on-rows 002:6"]);
}

#[test]
fn duplicates_that_get_the_id_as_a_suffix_are_accepted() {
    // The recipe of the page `fails-on-rows`.
    let upgrade = format!(
        "UPDATE notebooks SET name = name || ' ' || id
WHERE id NOT IN (SELECT min(id) FROM notebooks GROUP BY name)
   OR name IN (SELECT name || ' ' || id FROM notebooks);
{}",
        unique_notebooks("id, name, color")
    );
    assert_proven(&[(NOTEBOOKS, ""), (&upgrade, "")]);
}
