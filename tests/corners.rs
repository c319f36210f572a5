//! Corners that somebody with fresh eyes found: where chains share a file, files lie in the way, others write meanwhile.

#![allow(clippy::unwrap_used)]

mod common;

use std::thread;
use std::time::Duration;

use common::{Place, TOKENS, count};
use revchain::rusqlite::Connection;
use revchain::{ErrorKind, Migrations, Origin, Outcome, embed_migrations};
use revchain_runtime::build_image;

static BILLING: Migrations = embed_migrations!("tests/chains/billing", name = "billing");

/// The proof compares what changed as if nothing else were there, where "A" is a string; in the whole, it is a name.
#[test]
fn a_proven_downgrade_is_not_refused_for_a_string_in_double_quotes() {
    let place = Place::new();
    let migrations = place.proven(&[
        (
            "CREATE TABLE other (a); CREATE TABLE cards (drawer, no);
             CREATE VIEW kinds AS SELECT drawer FROM cards WHERE drawer = \"A\";",
            "DROP VIEW kinds; DROP TABLE cards; DROP TABLE other;",
        ),
        ("ALTER TABLE cards RENAME COLUMN no TO number;", "ALTER TABLE cards RENAME COLUMN number TO no;"),
    ]);
    let mut db = migrations.open_in_memory().unwrap();
    migrations.downgrade_to(&mut db, "001").unwrap();
}

/// SQLite writes strings in double quotes anew, in all of the schema, when anybody renames a column.
#[test]
fn a_rename_in_one_chain_is_no_drift_of_another() {
    let (one, two) = (Place::new(), Place::new());
    let first = one.proven(&[(
        "CREATE TABLE other (a); CREATE TABLE cards (drawer);
         CREATE VIEW kinds AS SELECT drawer FROM cards WHERE drawer = \"A\";",
        "DROP VIEW kinds; DROP TABLE cards; DROP TABLE other;",
    )]);
    let second = two.proven(&[
        ("CREATE TABLE mine (x);", "DROP TABLE mine;"),
        ("ALTER TABLE mine RENAME COLUMN x TO y;", "ALTER TABLE mine RENAME COLUMN y TO x;"),
    ]);
    let second = second.named("second").unwrap();
    let mut db = first.open_in_memory().unwrap();
    second.upgrade(&mut db).unwrap();
    first.upgrade(&mut db).unwrap();
}

/// The same, in a chain of the repository.
#[test]
fn every_proven_downgrade_runs_one_by_one() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/everything");
    let migrations = Migrations::from_directory(directory).unwrap();
    let mut db = migrations.open_in_memory().unwrap();
    migrations.downgrade_to(&mut db, "025").unwrap();
    migrations.downgrade_to(&mut db, "024").unwrap();
}

#[test]
fn a_file_that_is_none_of_ours_is_not_removed() {
    let place = Place::new();
    let other = Connection::open(place.path("app.db-revchain")).unwrap();
    other.execute_batch("CREATE TABLE precious (a); INSERT INTO precious VALUES (1)").unwrap();
    drop(other);
    drop(TOKENS.open(place.db()).unwrap());
    assert_eq!(place.files(), ["app.db", "app.db-revchain"]);
}

#[test]
fn a_forgotten_name_does_not_fork_the_history() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/billing");
    let unnamed = Migrations::from_directory(directory).unwrap();
    let mut db = Connection::open_in_memory().unwrap();
    BILLING.upgrade_to(&mut db, "002").unwrap();
    let error = unnamed.upgrade(&mut db).unwrap_err().to_string();
    assert!(error.contains("billing"), "{error}");
    assert_eq!(BILLING.upgrade(&mut db).unwrap().outcome, Outcome::Upgraded);
}

#[test]
fn rows_of_one_chain_that_violate_a_key_do_not_hinder_another() {
    let mut db = BILLING.open_in_memory().unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO receipts VALUES (99, 5)").unwrap();
    let place = Place::new();
    let other = place.proven(&[("CREATE TABLE mine (a);", "DROP TABLE mine;")]).named("other").unwrap();
    other.upgrade(&mut db).unwrap();
}

#[test]
fn a_connection_that_only_queries_waits_for_a_writer_too() {
    for migrations in [&TOKENS, &BILLING] {
        let place = Place::new();
        drop(migrations.open(place.db()).unwrap());
        let other = Connection::open(place.db()).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let writer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            other.execute_batch("COMMIT").unwrap();
        });
        let mut db = Connection::open(place.db()).unwrap();
        db.execute_batch("PRAGMA query_only = ON").unwrap();
        let result = migrations.upgrade(&mut db);
        writer.join().unwrap();
        assert_eq!(result.unwrap().outcome, Outcome::UpToDate);
    }
}

#[test]
fn what_is_only_called_like_a_history_makes_no_database_shared() {
    for sql in [
        "CREATE TABLE revchain_history_backup AS SELECT * FROM revchain_history",
        "CREATE INDEX revchain_history_by_origin ON revchain_history (origin)",
        "CREATE VIEW revchain_history_view AS SELECT 1",
    ] {
        let mut db = TOKENS.open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE extra (a)").unwrap();
        db.execute_batch(sql).unwrap();
        assert!(TOKENS.upgrade(&mut db).is_err(), "{sql}");
    }
}

#[test]
fn two_chains_whose_ids_are_the_same_are_told_of_names() {
    let (one, two) = (Place::new(), Place::new());
    let mut db = one.proven(&[("CREATE TABLE a (a);", "DROP TABLE a;")]).open_in_memory().unwrap();
    let other = two.proven(&[("CREATE TABLE b (a);", "DROP TABLE b;")]);
    let error = other.upgrade(&mut db).unwrap_err().to_string();
    assert!(error.contains("another chain") && error.contains("name = "), "{error}");
}

#[test]
fn a_marker_that_cannot_be_read_is_written_anew() {
    for value in ["'x'", "9999999999", "7"] {
        let mut db = BILLING.open_in_memory().unwrap();
        db.execute_batch(&format!("UPDATE revchain_markers SET marker = {value}")).unwrap();
        BILLING.downgrade_to(&mut db, "002").unwrap_or_else(|error| panic!("{value}: {error}"));
    }
}

#[test]
fn what_another_build_of_sqlite_answers_otherwise_is_in_no_image() {
    for value in [
        "SELECT sqlite_compileoption_get(0)",
        "SELECT compile_options FROM pragma_compile_options",
        "SELECT file FROM pragma_database_list",
        "VALUES (fts5_source_id())",
    ] {
        let place = Place::new();
        let upgrade = format!("CREATE TABLE t (a); INSERT INTO t {value};");
        assert!(build_image(&place.proven(&[(&upgrade, "DROP TABLE t;")])).is_none(), "{value}");
    }
}

#[test]
fn an_image_that_is_not_at_the_head_is_not_laid_down() {
    let place = Place::new();
    let steps = [("CREATE TABLE t (a);", "DROP TABLE t;"), ("CREATE TABLE u (a);", "DROP TABLE u;")];
    let image = build_image(&place.proven(&steps[..1])).unwrap().leak();
    let chain = place.proven(&steps).chain().clone();
    let embedded =
        Migrations::embedded("migrations", "", "", chain.revisions().to_vec().leak(), chain.window, image);
    let db = embedded.open(place.db()).unwrap();
    assert!(embedded.history(&db).unwrap().iter().all(|stamp| stamp.origin == Origin::Upgrade));
}

#[test]
fn what_a_sequence_counts_and_the_text_of_the_mark() {
    for (upgrade, has_image) in [
        // Rows that were there and are gone leave a row in sqlite_sequence, which tells no moment.
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, at DEFAULT CURRENT_TIMESTAMP);
             INSERT INTO t (id) VALUES (7); DELETE FROM t;",
            true,
        ),
        ("CREATE TABLE t (a); INSERT INTO t VALUES ('Srevch');", false),
    ] {
        let place = Place::new();
        assert_eq!(
            build_image(&place.proven(&[(upgrade, "DROP TABLE t;")])).is_some(),
            has_image,
            "{upgrade}"
        );
    }
}

#[test]
fn the_tables_of_a_chain_with_a_name_are_its_own_when_it_comes_first() {
    // No other history is there yet; what else is there is none of its business all the same.
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE somebodys (a)").unwrap();
    assert_eq!(BILLING.upgrade(&mut db).unwrap().outcome, Outcome::New);
    assert!(BILLING.check(&db).unwrap().is_none());
}

#[test]
fn ignored_tables_are_ignored_by_chains_with_names() {
    let mut db = BILLING.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE payments (mine)").unwrap();
    assert_eq!(BILLING.upgrade(&mut db).unwrap_err().code(), "drifted");
    let ignoring = BILLING.options().ignore_tables(["payments"]);
    assert_eq!(ignoring.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn while_a_revision_is_pending_the_schema_is_not_read_before() {
    let mut db = BILLING.open_in_memory().unwrap();
    BILLING.downgrade_to(&mut db, "002").unwrap();
    // Vouched for by the marker: one reading of the schema, after the upgrade, and not two.
    let reads = |db: &mut Connection| {
        let (_, tables) = common::read_by(db, |db| BILLING.pending(db).unwrap().len());
        tables.iter().filter(|table| *table == "sqlite_master").count()
    };
    let vouched = reads(&mut db);
    db.execute_batch("CREATE TABLE x (a); DROP TABLE x").unwrap();
    assert!(reads(&mut db) > vouched);
}

#[test]
fn a_file_that_comes_to_be_there_is_not_replaced() {
    // As fast as they can, one makes a database by itself and the other lays one down.
    for _ in 0..200 {
        let place = Place::new();
        let path = place.db();
        let maker = thread::spawn(move || {
            let db = Connection::open(path).unwrap();
            db.busy_timeout(Duration::from_secs(20)).unwrap();
            db.execute_batch("CREATE TABLE IF NOT EXISTS mine (a); INSERT INTO mine VALUES (1)").unwrap();
        });
        let opened = TOKENS.open(place.db());
        maker.join().unwrap();
        match opened {
            Ok(_) => {}
            Err(error) => assert!(matches!(error.kind(), ErrorKind::Conflict(_)), "{error}"),
        }
        let db = Connection::open(place.db()).unwrap();
        assert_eq!(count(&db, "SELECT count(*) FROM mine"), 1, "what was written is lost");
    }
}

#[test]
fn an_open_waits_no_longer_than_it_is_told() {
    let place = Place::new();
    let other = TOKENS.open(place.db()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let start = std::time::Instant::now();
    let options = TOKENS.options().lock_timeout(Duration::from_millis(100));
    assert!(options.open(place.db()).is_err());
    let mut db = Connection::open(place.db()).unwrap();
    assert!(options.upgrade(&mut db).is_err());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_name_in_other_letters_is_the_same_table() {
    let place = Place::new();
    let steps = [("CREATE TABLE Notes (a);", "DROP TABLE notes;")];
    let migrations = place.proven(&steps).named("cased").unwrap();
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE NOTES (a)").unwrap();
    assert_eq!(migrations.upgrade(&mut db).unwrap().outcome, Outcome::Adopted);
}
