//! `testing::at`: a database at a revision, with sample rows.

use std::fs;

use revchain::rusqlite::Connection;
use revchain::{Conflict, Migrations, testing};
use revchain_prove::migrations_from_directory;

use super::support::{Fixture, TOKENS, count, ids, rows};

/// Builds a chain with a family of tables, a table that takes no rows, and a revision that adds a
/// child of two parents.
fn family(fixture: &Fixture) -> Migrations {
    let directory = fixture.path("family");
    fs::create_dir(&directory).unwrap();
    for (id, revises, upgrade, downgrade) in [
        (
            "001",
            "base",
            "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
             CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parents (id), twin INTEGER REFERENCES children);
             CREATE TABLE closed (a);
             CREATE TRIGGER closed_insert BEFORE INSERT ON closed BEGIN SELECT raise(ABORT, 'closed'); END;
             INSERT INTO parents VALUES (1, 'first');",
            "DROP TABLE closed; DROP TABLE children; DROP TABLE parents;",
        ),
        (
            "002",
            "001",
            "CREATE TABLE visits (child INTEGER NOT NULL REFERENCES children, host INTEGER NOT NULL REFERENCES parents, PRIMARY KEY (child, host)) WITHOUT ROWID;",
            "DROP TABLE visits;",
        ),
    ] {
        let text = format!(
            "-- A.\n-- @revises {revises}\n-- @upgrade\n{upgrade}\n-- @downgrade\n{downgrade}\n"
        );
        fs::write(directory.join(format!("20260101_0{id}_{id}_x.sql")), text).unwrap();
    }
    migrations_from_directory(&directory).unwrap()
}

fn violations(db: &Connection) -> i64 {
    count(db, "SELECT count(*) FROM pragma_foreign_key_check")
}

#[test]
fn database_at_a_revision_has_rows_in_each_table() {
    let fixture = Fixture::new();
    let chain = family(&fixture);
    let mut db = testing::at(&chain, "001").unwrap();
    assert_eq!(ids(&db), ["001"]);
    assert!(count(&db, "SELECT count(*) FROM parents") > 1);
    assert!(count(&db, "SELECT count(*) FROM children") > 0);
    assert!(
        count(&db, "SELECT count(*) FROM closed") > 0,
        "a trigger rejects each row, so the rows are inserted without triggers"
    );
    assert_eq!(violations(&db), 0);
    let parents = count(&db, "SELECT count(*) FROM parents");
    chain.upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM parents"), parents);
    let db = testing::at(&chain, "head").unwrap();
    assert!(count(&db, "SELECT count(*) FROM visits") > 0);
    assert_eq!(violations(&db), 0);
}

#[test]
fn each_revision_of_a_real_chain_upgrades_with_sample_rows() {
    for revision in TOKENS.revisions() {
        let mut db = testing::at(&TOKENS, revision.id()).unwrap();
        assert!(count(&db, "SELECT count(*) FROM refresh_tokens") > 0);
        TOKENS.upgrade(&mut db).unwrap();
    }
}

#[test]
fn same_revision_has_the_same_sample_rows() {
    let fixture = Fixture::new();
    let chain = family(&fixture);
    let [first, second] = [(); 2].map(|()| rows(&testing::at(&chain, "001").unwrap()));
    assert_eq!(first, second);
}

#[test]
fn foreign_keys_stay_as_rusqlite_sets_them() {
    let setting = "PRAGMA foreign_keys";
    let plain = Connection::open_in_memory().unwrap();
    let db = testing::at(&TOKENS, "001").unwrap();
    assert_eq!(count(&db, setting), count(&plain, setting));
    assert!(db.is_autocommit());
}

#[test]
fn unknown_revision_is_a_conflict() {
    let error = testing::at(&TOKENS, "999").unwrap_err();
    assert!(
        matches!(error.conflict(), Some(Conflict::UnknownTarget { .. })),
        "{error}"
    );
}
