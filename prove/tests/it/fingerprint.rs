//! Fingerprints of the proven schemas.

use revchain_core::schema::Schema;
use revchain_prove::{Scope, migrations_from_directory};
use rusqlite::Connection;

use crate::support::{Directory, T, merge};

#[test]
fn merge_has_one_fingerprint_for_either_branch_order() {
    let (b, c) = (
        "ALTER TABLE t ADD COLUMN b TEXT;",
        "ALTER TABLE t ADD COLUMN c TEXT;",
    );
    let fingerprint = |first: &str, second: &str| {
        let [first, second] = [first, second].map(|sql| format!("@revises 001\n{sql}"));
        let chain = Directory::of(&merge(
            (&first, ""),
            (&second, ""),
            ("@revises 002 003\nSELECT 1;", ""),
        ));
        chain
            .prove(Scope::All)
            .into_chain()
            .unwrap()
            .head()
            .unwrap()
            .fingerprint()
            .copied()
            .unwrap()
    };
    assert_eq!(fingerprint(b, c), fingerprint(c, b));
    assert_ne!(
        fingerprint(b, c),
        fingerprint(b, &c.replace("TEXT", "BLOB"))
    );
}

#[test]
fn fingerprint_equals_that_of_a_real_database() {
    let directory = Directory::of(&[
        T,
        ("INSERT INTO t (a) VALUES ('x');", "DELETE FROM t;"),
        (
            "ALTER TABLE t RENAME COLUMN b TO c; CREATE VIRTUAL TABLE f USING fts5(a);",
            "DROP TABLE f; ALTER TABLE t RENAME COLUMN c TO b;",
        ),
    ]);
    let migrations = migrations_from_directory(&directory.0).unwrap();
    let mut connection = Connection::open_in_memory().unwrap();
    for revision in migrations.revisions() {
        migrations
            .migrator()
            .upgrade_to(&mut connection, revision.id())
            .unwrap();
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
            .unwrap();
        let texts = statement.query_map([], |row| row.get(0)).unwrap();
        let texts = texts.collect::<Result<Vec<String>, _>>().unwrap();
        let there = Schema::read(texts.iter().map(String::as_str)).fingerprint();
        assert_eq!(revision.fingerprint(), Some(&there), "{}", revision.id());
    }
    let fingerprints: Vec<_> = migrations
        .revisions()
        .iter()
        .map(|revision| revision.fingerprint().unwrap())
        .collect();
    assert_eq!(fingerprints[0], fingerprints[1]);
    assert_ne!(fingerprints[1], fingerprints[2]);
}

#[test]
fn unknown_schema_has_no_fingerprint_from_there_on() {
    let has = |second: &str| {
        let directory = Directory::of(&[T, (second, ""), ("CREATE TABLE u (a);", "DROP TABLE u;")]);
        let chain = directory.prove(Scope::All).into_chain().unwrap();
        chain
            .revisions()
            .iter()
            .map(|revision| revision.fingerprint().is_some())
            .collect::<Vec<_>>()
    };
    let unproven = "@unproven the program registers it\n";
    assert_eq!(
        has(&format!("{unproven}CREATE VIRTUAL TABLE v USING vec0(a);")),
        [true, false, false]
    );
    // Rows are not part of a schema.
    assert_eq!(
        has(&format!("{unproven}UPDATE t SET a = slug(a);")),
        [true, true, true]
    );
}
