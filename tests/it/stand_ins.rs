//! Chains that were proven with stand-ins, on connections that have the program's own objects.

use std::fs;

use revchain::rusqlite::functions::FunctionFlags;
use revchain::rusqlite::vtab::csvtab;
use revchain::rusqlite::{Connection, Result};
use revchain::{ErrorKind, Migrations, SchemaCheck};
use revchain_prove::build_snapshot;

use crate::support::{Fixture, count, ids};

const T: (&str, &str) = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);",
    "DROP TABLE t;",
);

const SLUG: (&str, &str) = (
    "-- @function slug(1)\n-- @collation reverse\n\
     INSERT INTO t (a) VALUES ('A b');\n\
     ALTER TABLE t ADD COLUMN slug TEXT AS (slug(a));\n\
     CREATE INDEX t_by_slug ON t (slug COLLATE reverse);",
    "DROP INDEX t_by_slug;\nALTER TABLE t DROP COLUMN slug;\nDELETE FROM t;",
);

/// Opens a database in memory, and registers the objects of the program.
fn connection() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("slug", 1, flags, |context| -> Result<String> {
        Ok(context.get::<String>(0)?.to_lowercase().replace(' ', "-"))
    })
    .unwrap();
    db.create_collation("reverse", |a: &str, b: &str| b.cmp(a))
        .unwrap();
    csvtab::load_module(&db).unwrap();
    db
}

/// Returns the differences from the schema of the revision.
fn differences(migrations: &Migrations, db: &Connection) -> String {
    match migrations.check(db).unwrap() {
        SchemaCheck::Drifted { diff, .. } => diff.to_string(),
        check => panic!("{check}"),
    }
}

#[test]
fn chain_runs_with_the_functions_of_the_program() {
    let fixture = Fixture::new();
    let migrations = fixture.proven(&[T, SLUG]);
    let mut db = connection();
    migrations.upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM t WHERE slug = 'a-b'"), 1);
    assert!(migrations.check(&db).unwrap().is_same());
    db.execute_batch("ALTER TABLE t ADD COLUMN extra").unwrap();
    assert_eq!(differences(&migrations, &db), "+ t.extra");
    db.execute_batch("ALTER TABLE t DROP COLUMN extra").unwrap();
    migrations.migrator().downgrade_to(&mut db, "001").unwrap();
    assert!(migrations.check(&db).unwrap().is_same());
}

#[test]
fn missing_function_of_the_program_changes_nothing() {
    let fixture = Fixture::new();
    let migrations = fixture.proven(&[T, SLUG]);
    let mut db = Connection::open_in_memory().unwrap();
    fixture.proven(&[T]).upgrade(&mut db).unwrap();
    let error = migrations.upgrade(&mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Statement(_)), "{error}");
    let text = format!("{error:#}");
    assert!(
        text.contains("no such collation sequence: reverse"),
        "{text}"
    );
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn snapshot_contains_no_value_of_a_stand_in() {
    let fixture = Fixture::new();
    assert_eq!(build_snapshot(&fixture.proven(&[T, SLUG])), None);
    // A view computes nothing while the chain runs.
    let view = (
        "-- @function slug(1)\nCREATE VIEW v AS SELECT slug(a) AS slug FROM t;",
        "DROP VIEW v;",
    );
    assert!(build_snapshot(&fixture.proven(&[T, view])).is_some());
}

#[test]
fn chain_runs_with_the_module_of_the_program() {
    let fixture = Fixture::new();
    let file = fixture.path("cities.csv");
    fs::write(&file, "name,country\nLyon,France\n").unwrap();
    let create = format!(
        "-- @module csv\nCREATE VIRTUAL TABLE cities USING csv(filename='{}', header=yes);\n\
         INSERT INTO t (a) SELECT name FROM cities WHERE country = 'France';",
        file.display()
    );
    let migrations = fixture.proven(&[T, (&create, "DROP TABLE cities;\nDELETE FROM t;")]);
    let mut db = connection();
    migrations.upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM t WHERE a = 'Lyon'"), 1);
    assert!(migrations.check(&db).unwrap().is_same());
    let rename = "ALTER TABLE cities RENAME TO towns";
    db.execute_batch(rename).unwrap();
    let found = differences(&migrations, &db);
    assert!(found.starts_with("- table cities USING csv("), "{found}");
    assert!(found.contains("\n+ table towns USING csv("), "{found}");
    db.execute_batch("ALTER TABLE towns RENAME TO cities")
        .unwrap();
    // Many modules make such tables for themselves.
    db.execute_batch(
        "CREATE TABLE cities_vocab (id INTEGER PRIMARY KEY, word);
         CREATE INDEX cities_vocab_index ON cities_vocab (word);",
    )
    .unwrap();
    assert!(migrations.check(&db).unwrap().is_same());
    db.execute_batch("DROP TABLE cities_vocab").unwrap();
    migrations.migrator().downgrade_to(&mut db, "001").unwrap();
    assert!(migrations.check(&db).unwrap().is_same());
}
