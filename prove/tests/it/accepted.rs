//! Valid chains that a stricter proof would reject. Each pattern occurs in practice.

use crate::support::{T, assert_proven, rebuild};

#[test]
fn search_index_recreated_from_its_table_is_accepted() {
    for options in [
        "",
        ", content = 't', content_rowid = 'id'",
        ", content = ''",
    ] {
        let make = |tokenizer: &str| {
            format!(
                "CREATE VIRTUAL TABLE f USING fts5(a, b{options}{tokenizer}); INSERT INTO f (rowid, a, b) SELECT id, a, b FROM t;"
            )
        };
        let again = format!("DROP TABLE f; {}", make(", tokenize = 'porter'"));
        let back = format!("DROP TABLE f; {}", make(""));
        assert_proven(&[T, (&make(""), "DROP TABLE f;"), (&again, &back)]);
    }
}

#[test]
fn rebuild_that_converts_values_is_accepted() {
    for expression in [
        "unixepoch(a)",
        "CASE a WHEN 'open' THEN 1 WHEN 'closed' THEN 2 END",
        "json_extract(CASE WHEN json_valid(a) THEN a END, '$.x')",
    ] {
        let copy = format!("INSERT INTO new SELECT id, {expression}, b FROM t");
        assert_proven(&[
            T,
            (
                &rebuild("id INTEGER PRIMARY KEY, a INTEGER, b TEXT", &copy),
                "",
            ),
        ]);
    }
}

#[test]
fn table_named_like_a_virtual_table_is_accepted() {
    assert_proven(&[
        (
            "CREATE VIRTUAL TABLE docs USING fts5(body); CREATE VIRTUAL TABLE words USING fts5vocab('docs', 'row');
             CREATE TABLE words_seen (id INTEGER PRIMARY KEY, w TEXT); CREATE TABLE s (w REFERENCES words_seen (id));",
            "DROP TABLE s; DROP TABLE words_seen; DROP TABLE words; DROP TABLE docs;",
        ),
        ("@destroys words_seen.w nobody reads it\nALTER TABLE words_seen DROP COLUMN w;", "ALTER TABLE words_seen ADD COLUMN w TEXT;"),
    ]);
}

#[test]
fn external_content_table_is_accepted() {
    assert_proven(&[(
        "CREATE TABLE docs_content (id INTEGER PRIMARY KEY, body TEXT);
             CREATE VIRTUAL TABLE docs USING fts5(body, content = 'docs_content', content_rowid = 'id');
             CREATE TABLE tags (doc INTEGER REFERENCES docs_content (id), tag TEXT);",
        "DROP TABLE tags; DROP TABLE docs; DROP TABLE docs_content;",
    )]);
}

#[test]
fn quoted_and_unquoted_names_are_accepted() {
    assert_proven(&[
        (
            "CREATE TABLE t (filter TEXT, \"left\" INTEGER, \"window\"); CREATE INDEX i ON t (\"filter\", \"left\", \"window\");",
            "DROP TABLE t;",
        ),
        (
            "DROP INDEX i;",
            "CREATE INDEX i ON t (filter, left, window);",
        ),
    ]);
}

#[test]
fn rebuild_of_an_append_only_table_is_accepted() {
    let triggers =
        "CREATE TRIGGER ro AFTER DELETE ON t BEGIN SELECT RAISE(ABORT, 'append only'); END;
        CREATE TRIGGER rw BEFORE UPDATE ON t BEGIN SELECT RAISE(ABORT, 'append only'); END;";
    let table = format!("{} {triggers}", T.0);
    let again = rebuild(
        "id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT",
        "INSERT INTO new SELECT id, coalesce(a, ''), b FROM t",
    );
    assert_proven(&[(&table, T.1), (&format!("{again} {triggers}"), "")]);
}

#[test]
fn split_and_joined_tables_are_accepted() {
    assert_proven(&[
        T,
        (
            "@destroys t.b now in u\nCREATE TABLE u (t INTEGER PRIMARY KEY REFERENCES t (id), b TEXT);
             INSERT INTO u SELECT id, b FROM t WHERE b IS NOT NULL; ALTER TABLE t DROP COLUMN b;",
            "ALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = (SELECT b FROM u WHERE u.t = t.id); DROP TABLE u;",
        ),
        (
            "@destroys u now in t\nALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = (SELECT b FROM u WHERE u.t = t.id); DROP TABLE u;",
            "CREATE TABLE u (t INTEGER PRIMARY KEY REFERENCES t (id), b TEXT);
             INSERT INTO u SELECT id, b FROM t WHERE b IS NOT NULL; ALTER TABLE t DROP COLUMN b;",
        ),
    ]);
}

#[test]
fn renumbered_keys_are_accepted() {
    assert_proven(&[
        ("CREATE TABLE p (id TEXT PRIMARY KEY NOT NULL); CREATE TABLE c (id TEXT PRIMARY KEY NOT NULL, p TEXT NOT NULL REFERENCES p (id));", "DROP TABLE c; DROP TABLE p;"),
        (
            "CREATE TABLE p2 (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE); INSERT INTO p2 (uuid) SELECT id FROM p;
             CREATE TABLE c2 (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, p INTEGER NOT NULL REFERENCES p2 (id));
             INSERT INTO c2 (uuid, p) SELECT c.id, p2.id FROM c JOIN p2 ON p2.uuid = c.p;
             DROP TABLE c; DROP TABLE p; ALTER TABLE p2 RENAME TO p; ALTER TABLE c2 RENAME TO c;",
            "CREATE TABLE p2 (id TEXT PRIMARY KEY NOT NULL); INSERT INTO p2 SELECT uuid FROM p;
             CREATE TABLE c2 (id TEXT PRIMARY KEY NOT NULL, p TEXT NOT NULL REFERENCES p2 (id));
             INSERT INTO c2 SELECT c.uuid, p.uuid FROM c JOIN p ON p.id = c.p;
             DROP TABLE c; DROP TABLE p; ALTER TABLE p2 RENAME TO p; ALTER TABLE c2 RENAME TO c;",
        ),
    ]);
}

/// A row without a rowid is recognized by its values, and generated values are not expected.
#[test]
fn change_of_generated_columns_without_rowid_is_accepted() {
    let create =
        "CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT, g TEXT AS (lower(a))) WITHOUT ROWID;";
    for change in [
        "DELETE FROM t;",
        "UPDATE t SET a = 'unknown' WHERE a IS NULL OR a = '';",
    ] {
        assert_proven(&[(create, "DROP TABLE t;"), (change, "")]);
    }
}
