//! Downgrades from the schemas before and after an upgrade.

use revchain_prove::generate::{WrittenDowngrade, write_downgrade};

use super::{Chain, chains};

#[test]
fn downgrade_of_each_random_revision_is_proven() {
    let chains = (0..60).map(Chain::random);
    let count: usize = chains.map(|chain| chain.assert_downgrades_prove()).sum();
    assert!(count > 60, "{count} revisions");
}

#[test]
fn downgrade_of_each_revision_of_each_chain_is_proven() {
    let chains = chains();
    let count: usize = chains.iter().map(Chain::assert_downgrades_prove).sum();
    assert!(count > 15, "{count} revisions");
}

/// Returns the downgrade of the second of two revisions.
#[track_caller]
fn written(first: &str, second: &str) -> WrittenDowngrade {
    let chain = Chain::of(&[(first, ""), (second, "")]);
    let written = write_downgrade(&chain.load()).unwrap();
    let defects = chain.with_downgrade(&written.script).defects_of_head();
    assert!(defects.is_empty(), "{}\n\n{defects}", written.script);
    written
}

#[test]
fn changed_constraint_is_restored_by_a_rebuild() {
    let written = written(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT CHECK (a <> ''));
        CREATE VIEW v AS SELECT a FROM t;",
        "DROP VIEW v;
        CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b TEXT CHECK (b <> a));
        INSERT INTO n (id, a) SELECT id, a FROM t WHERE a <> '' OR a IS NULL;
        DELETE FROM sqlite_sequence WHERE name = 'n';
        INSERT INTO sqlite_sequence SELECT 'n', seq FROM sqlite_sequence WHERE name = 't';
        DROP TABLE t; ALTER TABLE n RENAME TO t;
        CREATE VIEW v AS SELECT a FROM t;",
    );
    assert!(
        written
            .script
            .starts_with("DROP VIEW v;\n\nCREATE TABLE new_t (id"),
        "{}",
        written.script
    );
    assert!(
        written.script.contains("SELECT id, a FROM t;"),
        "{}",
        written.script
    );
    assert!(written.notes.is_empty(), "{:?}", written.notes);
}

#[test]
fn dropped_columns_come_back_in_their_order() {
    let written = written(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT NOT NULL, c DEFAULT 3, d TEXT);",
        "@destroys t.a old\n@destroys t.b old\n@destroys t.c old
        ALTER TABLE t DROP COLUMN a; ALTER TABLE t DROP COLUMN b; ALTER TABLE t DROP COLUMN c;",
    );
    let copy = "INSERT INTO new_t (id, a, b, d)\nSELECT id, '', 0, d FROM t;";
    assert!(written.script.contains(copy), "{}", written.script);
    let values = [
        "the values of t.a",
        "the values of t.b",
        "the values of t.c",
    ];
    assert_eq!(written.notes, values);
    let comment = "-- Replace '', which stands for the values of t.a.";
    assert!(written.script.contains(comment), "{}", written.script);
}

#[test]
fn last_column_that_was_dropped_is_added() {
    let first = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT DEFAULT 3 /* x */);";
    let second = "@destroys t.b old\nALTER TABLE t DROP COLUMN b;";
    let added = written(first, second);
    let alter = "-- Restore the values of t.b below, if they are kept elsewhere.\n\
                 ALTER TABLE t ADD COLUMN b INT DEFAULT 3;";
    assert_eq!(added.script, alter);
    // SQLite rejects these defaults in a table with rows.
    for default in ["CURRENT_TIMESTAMP", "current_date", "(1 + 2)"] {
        let first = first.replace("DEFAULT 3", &format!("DEFAULT {default}"));
        assert!(
            written(&first, second)
                .script
                .contains("SELECT id, a FROM t;")
        );
    }
}

#[test]
fn renames_are_taken_back() {
    let first =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE u (t REFERENCES t);
        CREATE VIEW v AS SELECT a, b FROM t; CREATE INDEX i ON t (a);";
    let swapped = written(
        first,
        "ALTER TABLE t RENAME COLUMN a TO x; ALTER TABLE t RENAME COLUMN b TO a;
        ALTER TABLE t RENAME COLUMN x TO b; ALTER TABLE t RENAME TO \"new t\";",
    );
    let expected = "ALTER TABLE \"new t\" RENAME TO t;\n\nALTER TABLE t RENAME COLUMN b TO x;\n\n\
                    ALTER TABLE t RENAME COLUMN a TO b;\n\nALTER TABLE t RENAME COLUMN x TO a;";
    assert_eq!(swapped.script, expected);
    let reused = written(
        first,
        "ALTER TABLE t RENAME TO archive; CREATE TABLE t (id INTEGER PRIMARY KEY, other TEXT);",
    );
    assert!(
        reused
            .script
            .ends_with("DROP TABLE t;\n\nALTER TABLE archive RENAME TO t;"),
        "{}",
        reused.script
    );
}

#[test]
fn dropped_objects_come_back() {
    let written = written(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
        CREATE INDEX i ON t (a);
        CREATE VIEW v AS SELECT a FROM t;
        CREATE TRIGGER on_v INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE a = old.a; END;
        CREATE VIRTUAL TABLE s USING fts5(a, content='t', content_rowid='id');",
        "@destroys s old\nDROP VIEW v; DROP INDEX i; DROP TABLE s; CREATE VIEW w AS SELECT a FROM t;
        CREATE TRIGGER on_w INSTEAD OF DELETE ON w BEGIN DELETE FROM t WHERE a = old.a; END;",
    );
    let lines: Vec<&str> = written.script.lines().collect();
    let expected = [
        "DROP VIEW w;",
        "CREATE INDEX i ON t (a);",
        "CREATE VIEW v AS SELECT a FROM t;",
        "CREATE TRIGGER on_v INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE a = old.a; END;",
        "CREATE VIRTUAL TABLE s USING fts5(a, content='t', content_rowid='id');",
        "INSERT INTO s (s) VALUES ('rebuild');",
    ];
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected);
    assert!(written.notes.is_empty(), "{:?}", written.notes);
}
