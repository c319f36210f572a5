//! The reach of a script: a request fails before anything runs if a pending script can touch a
//! table that is not the chain's own.

use revchain::error::Owner;
use revchain::rusqlite::Connection;
use revchain::{Error, ErrorKind, Migrations};

use crate::support::{BILLING, Fixture, TOKENS, count, ids};

/// Upgrades a database at 001, and returns the error. Fails if anything was changed.
fn rejected(migrations: &Migrations, db: &mut Connection) -> Error {
    let version = count(db, "PRAGMA main.schema_version");
    let error = migrations.upgrade(db).unwrap_err();
    assert_eq!(ids(db), ["001"]);
    assert_eq!(count(db, "PRAGMA main.schema_version"), version);
    error
}

fn owner(error: &Error) -> (&str, &Owner) {
    let ErrorKind::NotOwned(error) = error.kind() else {
        panic!("{error:?}")
    };
    (&error.table, &error.owner)
}

/// Returns a database at 001 with an attached database, which has the tables `a` and `cache`.
fn with_attached(chain: &Migrations) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch(
        "ATTACH ':memory:' AS other; CREATE TABLE other.a (b); CREATE TABLE other.cache (b);
         INSERT INTO other.cache VALUES (1); CREATE INDEX other.i ON cache (b);",
    )
    .unwrap();
    db
}

const START: (&str, &str) = ("CREATE TABLE a (b);", "DROP TABLE a;");

#[test]
fn table_of_an_attached_database_is_not_touched() {
    for script in [
        "DROP TABLE IF EXISTS cache;",
        "DROP INDEX IF EXISTS i;",
        "DELETE FROM cache;",
        "INSERT INTO a SELECT b FROM cache;",
        "CREATE TABLE t AS SELECT b FROM a, cache;",
        "UPDATE a SET b = 1 WHERE b IN cache;",
        "ALTER TABLE cache RENAME TO a2;",
        "CREATE TABLE cache (b); DROP TABLE cache; DROP TABLE IF EXISTS cache;",
        "DROP TABLE a; SELECT * FROM a;",
        "ALTER TABLE a RENAME TO c; INSERT INTO a VALUES (1);",
        "CREATE INDEX i ON a (b); DROP INDEX i; DROP INDEX IF EXISTS i;",
    ] {
        let fixture = Fixture::new();
        let chain = fixture.chain(&[START, (script, "SELECT 1;")]);
        let mut db = with_attached(&chain);
        let error = rejected(&chain, &mut db);
        assert_eq!(error.code(), "not-owned", "{script}");
        let attached = Owner::Attached("other".to_owned());
        assert_eq!(owner(&error).1, &attached, "{script}");
        assert_eq!(count(&db, "SELECT count(*) FROM other.cache"), 1);
        db.execute_batch("DETACH other").unwrap();
    }
}

#[test]
fn attached_database_does_not_matter_otherwise() {
    for script in [
        "INSERT INTO a VALUES (1);",
        "DROP TABLE IF EXISTS main.cache;",
        "CREATE TABLE cache (b); INSERT INTO cache SELECT * FROM a; DROP TABLE cache;",
        "CREATE TABLE IF NOT EXISTS cache (b); DELETE FROM cache;",
        "CREATE TABLE t (cache); INSERT INTO t SELECT b AS cache FROM a;",
        "WITH cache AS (SELECT 1) INSERT INTO a SELECT * FROM cache;",
        "CREATE VIEW v AS SELECT b FROM a; CREATE INDEX i ON a (b); DROP INDEX i;",
        "CREATE TEMP TABLE cache AS SELECT * FROM a; DROP TABLE cache;",
        "ALTER TABLE a RENAME TO cache; DELETE FROM cache;",
    ] {
        let fixture = Fixture::new();
        let chain = fixture.chain(&[START, (script, "SELECT 1;")]);
        let mut db = with_attached(&chain);
        let result = chain.upgrade(&mut db);
        result.unwrap_or_else(|error| panic!("{script}: {error:?}"));
        assert_eq!(
            count(&db, "SELECT count(*) FROM other.cache"),
            1,
            "{script}"
        );
    }
}

#[test]
fn error_shows_the_name_and_the_ways_out() {
    let fixture = Fixture::new();
    let script = "-- clean up\nDROP TABLE IF EXISTS\n  cache;";
    let chain = fixture.chain(&[START, (script, "SELECT 1;")]);
    let mut db = with_attached(&chain);
    let text = format!("{:#}", rejected(&chain, &mut db));
    let directory = fixture.path("migrations").display().to_string();
    let expected = "\
the upgrade of 002 names `cache`, which only the attached database `other` has
  MIGRATIONS/20260101_0001_002_step.sql:6:3
  |
6 |   cache;
  |   ^^^^^
nothing was changed
help: detach the database before the request: DETACH other
help: or name the schema in the migration: main.cache
more: run `revchain explain not-owned`";
    assert_eq!(text.replace(&directory, "MIGRATIONS"), expected);
}

#[test]
fn temporary_trigger_is_rejected() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[START, ("INSERT INTO a VALUES (1);", "SELECT 1;")]);
    let mut db = with_attached(&chain);
    let trigger = |on: &str| {
        format!("CREATE TEMP TRIGGER r BEFORE INSERT ON {on} BEGIN SELECT RAISE(IGNORE); END")
    };
    for on in ["main.a", "a"] {
        db.execute_batch("DROP TRIGGER IF EXISTS temp.r").unwrap();
        db.execute_batch(&trigger(on)).unwrap();
        let error = rejected(&chain, &mut db);
        assert_eq!(error.code(), "temporary-triggers", "{on}");
    }
    let error = rejected(&chain, &mut db);
    assert_eq!(
        format!("{error:#}"),
        "temporary triggers could change the rows of migrations: r\n\
         help: upgrade before the triggers are created, or drop them first\n\
         more: run `revchain explain temporary-triggers`"
    );
    // A trigger on another table does not fire.
    db.execute_batch("DROP TRIGGER r; CREATE TABLE main.mine (b)")
        .unwrap();
    db.execute_batch(&trigger("other.a").replace(" r ", " s "))
        .unwrap();
    db.execute_batch(&trigger("mine")).unwrap();
    let migrator = chain.migrator().ignore_tables(["mine"]);
    migrator.upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM main.a"), 1);
}

#[test]
fn ignored_table_is_not_touched() {
    for script in [
        "DROP TABLE IF EXISTS legacy_cache;",
        "DROP TABLE main.LEGACY_cache;",
        "INSERT INTO legacy_cache VALUES (1);",
        "WITH x AS (SELECT 1) DELETE FROM legacy_cache;",
        "ALTER TABLE legacy_cache ADD COLUMN c;",
        "DROP INDEX legacy_index;",
        "CREATE TABLE legacy_new (b);",
    ] {
        let fixture = Fixture::new();
        let chain = fixture.chain(&[START, (script, "SELECT 1;")]);
        let mut db = Connection::open_in_memory().unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        db.execute_batch(
            "CREATE TABLE legacy_cache (b); CREATE INDEX legacy_index ON legacy_cache (b)",
        )
        .unwrap();
        let migrator = chain.migrator().ignore_tables(["legacy_*"]);
        let error = migrator.upgrade(&mut db).unwrap_err();
        assert_eq!(owner(&error).1, &Owner::Ignored, "{script}");
        assert_eq!(ids(&db), ["001"]);
        let help = error.help().unwrap();
        assert_eq!(
            help,
            "remove the table from .ignore_tables([…]) or --ignore-tables"
        );
    }
    let fixture = Fixture::new();
    let script = "INSERT INTO a SELECT b FROM legacy_cache;";
    let chain = fixture.chain(&[START, (script, "SELECT 1;")]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("CREATE TABLE legacy_cache (b)").unwrap();
    let migrator = chain.migrator().ignore_tables(["legacy_*"]);
    migrator.upgrade(&mut db).unwrap();
}

#[test]
fn table_of_another_chain_is_not_touched() {
    for script in [
        "DROP TABLE IF EXISTS invoices;",
        "DELETE FROM invoices;",
        "DROP INDEX invoices_by_customer;",
        "ALTER TABLE invoices RENAME TO mine;",
        "ALTER TABLE a RENAME TO c; DELETE FROM invoices;",
        "CREATE TEMP TABLE invoices (b); DROP TABLE invoices; DELETE FROM invoices;",
    ] {
        let fixture = Fixture::new();
        let chain = fixture.chain(&[START, (script, "SELECT 1;")]);
        let mut db = Connection::open_in_memory().unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        BILLING.upgrade(&mut db).unwrap();
        let error = rejected(&chain, &mut db);
        assert_eq!(owner(&error).1, &Owner::OtherChain, "{script}");
        assert!(BILLING.check(&db).unwrap().is_same());
    }
}

#[test]
fn table_that_a_script_makes_is_its_own() {
    let start = (
        "CREATE TABLE a (b INTEGER PRIMARY KEY AUTOINCREMENT);",
        "DROP TABLE a;",
    );
    let temporary = "CREATE TEMP TABLE invoices (b); INSERT INTO invoices VALUES (1);
        DROP TABLE invoices; UPDATE sqlite_sequence SET seq = 7 WHERE name = 'a';";
    let rebuild = "CREATE TABLE old (b); INSERT INTO old SELECT b FROM a; DROP TABLE a;
        ALTER TABLE old RENAME TO a;";
    let fixture = Fixture::new();
    let chain = fixture.chain(&[start, (temporary, rebuild)]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    BILLING.upgrade(&mut db).unwrap();
    chain.upgrade(&mut db).unwrap();
    chain.migrator().downgrade_to(&mut db, "001").unwrap();
    assert!(BILLING.check(&db).unwrap().is_same());
}

#[test]
fn declared_destruction_of_a_leftover_is_accepted() {
    let destroys =
        |table: &str| format!("-- @destroys {table} a leftover\nDROP TABLE IF EXISTS {table};");
    for (table, is_accepted) in [("leftover", true), ("invoices", false)] {
        let fixture = Fixture::new();
        let chain = fixture.chain(&[START, (&destroys(table), "SELECT 1;")]);
        let mut db = Connection::open_in_memory().unwrap();
        chain.migrator().upgrade_to(&mut db, "001").unwrap();
        BILLING.upgrade(&mut db).unwrap();
        db.execute_batch("CREATE TABLE leftover (a)").unwrap();
        let result = chain.upgrade(&mut db);
        assert_eq!(result.is_ok(), is_accepted, "{table}: {result:?}");
        let help = result.err().and_then(|error| error.help());
        assert!(help.is_none_or(|help| help.starts_with("rename the table of this chain")));
    }
}

#[test]
fn chains_that_share_a_database_reach_their_own_tables() {
    let mut db = TOKENS.open_in_memory().unwrap();
    BILLING.upgrade(&mut db).unwrap();
    TOKENS.migrator().downgrade_to(&mut db, "base").unwrap();
    BILLING.migrator().downgrade_to(&mut db, "base").unwrap();
    TOKENS.upgrade(&mut db).unwrap();
    BILLING.upgrade(&mut db).unwrap();
}
