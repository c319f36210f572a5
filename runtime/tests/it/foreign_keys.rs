//! The foreign keys of a database and their violations, as the proof reads them.

use revchain_runtime::internal::{foreign_keys, violations, violations_in};
use revchain_runtime::rusqlite::Connection;

/// Returns a database with a row that violates a key in `child`, and two in `other`.
fn database() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(
        "PRAGMA foreign_keys = OFF;
         CREATE TABLE p (a INTEGER PRIMARY KEY, b, c, UNIQUE (b, c));
         CREATE TABLE child (x REFERENCES p, y, z, FOREIGN KEY (y, z) REFERENCES p (b, c));
         CREATE TABLE other (x REFERENCES p);
         INSERT INTO child VALUES (NULL, 1, 2);
         INSERT INTO other VALUES (3), (4);",
    )
    .unwrap();
    db
}

#[test]
fn key_of_two_columns_is_one_key() {
    let keys = foreign_keys(&database()).unwrap();
    let keys: Vec<_> = keys
        .iter()
        .map(|key| (&*key.table, &*key.parent, key.columns.len()))
        .collect();
    assert_eq!(
        keys,
        [("child", "p", 2), ("child", "p", 1), ("other", "p", 1)]
    );
}

#[test]
fn violations_are_found_in_all_tables_or_in_one() {
    let db = database();
    assert_eq!(violations(&db).unwrap().count, 3);
    let found = violations_in(&db, "child").unwrap();
    assert_eq!(found.count, 1);
    assert_eq!(found.first[0].columns, ["y", "z"]);
}
