//! The image: a new database in memory is a copy of what the build has made, and no different from one that ran the chain.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Place, count, ids};
use revchain::rusqlite::Connection;
use revchain::rusqlite::types::Value;
use revchain::{Migrations, Origin, Outcome, embed_migrations};
use revchain_runtime::build_image;

static TOKENS: Migrations = embed_migrations!("migrations");
static MOMENT: Migrations = embed_migrations!("tests/chains/moment");
static DESTROYS: Migrations = embed_migrations!("tests/ui/chains/destroys");
static MERGE: Migrations = embed_migrations!("tests/ui/chains/merge");
static WITHOUT: Migrations = embed_migrations!("migrations", image = false);

fn rows(db: &Connection, table: &str) -> Vec<Vec<Value>> {
    let columns = if table == "revchain_history" { "revision, checksum" } else { "*" };
    let mut statement =
        db.prepare(&format!("SELECT {columns} FROM \"{}\"", table.replace('"', "\"\""))).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect()).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Whether rusqlite can copy an image: it can since 0.34, which came with this SQLite.
fn can_copy() -> bool {
    revchain::rusqlite::version_number() >= 3_049_000
}

fn is_image(db: &Connection) -> bool {
    TOKENS.history(db).unwrap().iter().all(|stamp| stamp.origin == Origin::Image)
}

#[test]
fn a_copy_of_the_image_is_what_the_chain_makes() {
    for (migrations, has_image) in [(&TOKENS, true), (&DESTROYS, true), (&MERGE, true), (&MOMENT, false)] {
        let copy = migrations.open_in_memory().unwrap();
        assert_eq!(is_image(&copy), has_image && can_copy(), "{}", migrations.directory());
        let mut made = Connection::open_in_memory().unwrap();
        migrations.upgrade(&mut made).unwrap();
        assert_eq!(common::schema(&copy), common::schema(&made));
        let mut names = made.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
        for table in names.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            let table = table.unwrap();
            if has_image {
                assert_eq!(rows(&copy, &table), rows(&made, &table), "{table}");
            }
        }
        assert!(migrations.check(&copy).unwrap().is_none());
        assert_eq!(ids(&copy), ids(&made));
        assert_eq!(
            count(&copy, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
            0
        );
    }
}

#[test]
fn a_copy_is_a_database_like_any_other() {
    let mut db = TOKENS.open_in_memory().unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert_eq!(TOKENS.current(&db).unwrap(), TOKENS.head());
    TOKENS.downgrade_to(&mut db, "base").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().applied.len(), 9);
    // Each has its own.
    let other = TOKENS.open_in_memory().unwrap();
    other.execute("INSERT INTO schema_version VALUES (1, 2.0)", []).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM schema_version"), 0);
    other
        .execute_batch(
            "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 5000)
             INSERT INTO usage_events SELECT n, n, hex(zeroblob(500)), n, NULL FROM i",
        )
        .unwrap();
    assert_eq!(count(&other, "SELECT count(*) FROM usage_events"), 5000);
    for setting in ["page_size", "encoding", "auto_vacuum", "foreign_keys"] {
        let value = |db: &Connection| -> Value {
            db.query_row(&format!("PRAGMA {setting}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!(value(&other), value(&Connection::open_in_memory().unwrap()), "{setting}");
    }
}

#[test]
fn it_can_be_left_out() {
    let db = WITHOUT.open_in_memory().unwrap();
    assert!(!is_image(&db));
    assert_eq!(ids(&db).len(), 9);
}

#[test]
fn a_chain_has_an_image_unless_a_row_may_tell_when_it_was_made() {
    for (upgrade, has_image) in [
        ("CREATE TABLE t (a DEFAULT CURRENT_TIMESTAMP);", true),
        ("CREATE TABLE t (a); INSERT INTO t VALUES ('random'), (1); ANALYZE;", true),
        ("CREATE TABLE t (a DEFAULT Current_Timestamp, b); INSERT INTO t (b) VALUES (1);", false),
        ("CREATE TABLE t (a); INSERT INTO t VALUES (random());", false),
        ("CREATE TABLE t (a); INSERT INTO t VALUES (\"random\"());", false),
        ("CREATE TABLE t (a); INSERT INTO t VALUES ([Julianday]('now'));", false),
        ("CREATE VIRTUAL TABLE t USING fts5(a); INSERT INTO t VALUES (hex(RandomBlob(8)));", false),
        // A copy of it would not be found to be at the head.
        ("CREATE TABLE t (a); PRAGMA user_version = 7;", false),
    ] {
        let place = Place::new();
        let downgrade = "DROP TABLE t; PRAGMA user_version = 0;";
        assert_eq!(build_image(&place.proven(&[(upgrade, downgrade)])).is_some(), has_image, "{upgrade}");
    }
}

#[test]
fn every_build_makes_the_same_image() {
    let images = [(); 5].map(|()| build_image(&TOKENS).unwrap());
    assert!(images.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_image_of_another_chain_is_not_taken() {
    let place = Place::new();
    let steps = [("CREATE TABLE t (a);", "DROP TABLE t;"), ("CREATE TABLE u (a);", "DROP TABLE u;")];
    let image = build_image(&place.proven(&steps[..1])).unwrap().leak();
    let chain = place.proven(&steps).chain().clone();
    let revisions = chain.revisions().to_vec().leak();
    let embedded = Migrations::embedded("migrations", "", revisions, chain.window, image);
    assert_eq!(ids(&embedded.open_in_memory().unwrap()), ["001", "002"]);
}
