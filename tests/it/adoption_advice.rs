//! The nearest revision, the advice for a schema that no revision has, and other orders of columns.

use revchain::rusqlite::Connection;
use revchain::{Adopt, Conflict, Error, Migrations, Origin, Outcome, SchemaCheck};

use crate::support::{Fixture, chain_with_unproven_revision, count, dump, ids};

fn database(sql: &str) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(sql).unwrap();
    db
}

/// Returns the nearest revision that the error names.
#[track_caller]
fn nearest(error: &Error) -> &str {
    match error.conflict() {
        Some(Conflict::Unrecognized { nearest, .. }) => nearest.as_deref().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// C2: each of 001 to 003 differs from the file in one table.
#[test]
fn revision_with_the_fewest_differences_is_nearest() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[
        ("CREATE TABLE t (a TEXT);", "DROP TABLE t;"),
        (
            "ALTER TABLE t ADD COLUMN b TEXT;",
            "ALTER TABLE t DROP COLUMN b;",
        ),
        (
            "ALTER TABLE t ADD COLUMN c TEXT;",
            "ALTER TABLE t DROP COLUMN c;",
        ),
    ]);
    let mut db = database("CREATE TABLE t (a TEXT NOT NULL)");
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(nearest(&error), "001");
    let text = format!("{error:#}");
    assert!(
        text.contains("the nearest is 001:\n    t.a: TEXT → TEXT NOT NULL\n"),
        "{text}"
    );
    assert!(
        !text.contains("unchecked") && !text.contains("adopt-as"),
        "{text}"
    );
    let mut db = database("CREATE TABLE t (a TEXT NOT NULL, b TEXT, c TEXT)");
    assert_eq!(nearest(&chain.upgrade(&mut db).unwrap_err()), "003");
}

/// A table that is missing as a whole weighs more than a few columns.
#[test]
fn missing_table_counts_its_columns() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[
        ("CREATE TABLE s (x);", "DROP TABLE s;"),
        ("CREATE TABLE t (a, b, c, d, e);", "DROP TABLE t;"),
        (
            "ALTER TABLE t ADD COLUMN f;",
            "ALTER TABLE t DROP COLUMN f;",
        ),
    ]);
    let mut db = database("CREATE TABLE s (x); CREATE TABLE t (a INT, b INT, c INT, d, e)");
    assert_eq!(nearest(&chain.upgrade(&mut db).unwrap_err()), "002");
}

/// C5: nothing is known of the schemas from 002 on, so 001 is no advice.
#[test]
fn unproven_revision_is_named_with_the_way_out() {
    let fixture = Fixture::new();
    let chain =
        chain_with_unproven_revision(&fixture, "CREATE INDEX i ON t (norm(a));", "DROP INDEX i;");
    let mut db = database("CREATE TABLE t (a TEXT, b)");
    let error = chain.upgrade(&mut db).unwrap_err();
    let text = format!("{error:#}");
    for part in [
        "the schemas of the chain are unknown from 002 on",
        "replace `@unproven` in 002 by `@function`",
        "002 or a later one: `stamp -r REVISION`",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(!text.contains("unchecked"), "{text}");
    // The advice works.
    chain.migrator().stamp(&mut db, "002").unwrap();
    assert_eq!(ids(&db), ["001", "002"]);
}

/// C6: a table of the chain cannot be ignored.
#[test]
fn ignored_table_of_the_chain_is_named() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[
        ("CREATE TABLE t (a);", "DROP TABLE t;"),
        (
            "CREATE TABLE x_rates (a); CREATE INDEX i ON x_rates (a);",
            "DROP TABLE x_rates;",
        ),
    ]);
    let migrator = chain.migrator().ignore_tables(["x_*"]);
    let assert_named = |error: Error| {
        assert_eq!(error.code(), "ignored-own", "{error}");
        assert_eq!(
            error.to_string(),
            "the settings ignore tables that the chain makes, and that 002 has: x_rates"
        );
        assert_eq!(
            error.help().unwrap(),
            "remove the tables from .ignore_tables([…]) or --ignore-tables"
        );
    };
    let sql = "CREATE TABLE t (a); CREATE TABLE x_rates (a); CREATE INDEX i ON x_rates (a);";
    let mut unmanaged = database(sql);
    let at_head = migrator.clone().adopt(Adopt::at("head"));
    assert_named(at_head.upgrade(&mut unmanaged).unwrap_err());
    let mut managed = database("");
    chain.upgrade(&mut managed).unwrap();
    managed.execute_batch("PRAGMA user_version = 0").unwrap();
    assert_named(migrator.check(&managed).unwrap_err());
    assert_named(migrator.upgrade(&mut managed).unwrap_err());
    // A table of another program is still ignored.
    managed.execute_batch("CREATE TABLE y_rates (a)").unwrap();
    let migrator = chain.migrator().ignore_tables(["y_*"]);
    assert_eq!(
        migrator.upgrade(&mut managed).unwrap().outcome,
        Outcome::UpToDate
    );
}

/// A chain that makes a table, and then changes it.
fn people(fixture: &Fixture) -> Migrations {
    fixture.proven(&[
        (
            "CREATE TABLE people (id INTEGER PRIMARY KEY, first TEXT, last TEXT);",
            "DROP TABLE people;",
        ),
        (
            "CREATE INDEX by_last ON people (last);",
            "DROP INDEX by_last;",
        ),
        (
            "ALTER TABLE people ADD COLUMN born INTEGER;",
            "ALTER TABLE people DROP COLUMN born;",
        ),
    ])
}

const REORDERED: &str = "CREATE TABLE people (last TEXT, id INTEGER PRIMARY KEY, first TEXT);
    INSERT INTO people (id, first, last) VALUES (1, 'Ada', 'Lovelace');
    CREATE INDEX by_last ON people (last);";

#[test]
fn other_order_of_columns_is_advised_to_be_ignored() {
    let fixture = Fixture::new();
    let chain = people(&fixture);
    for adopt in [Adopt::Detect, Adopt::at("002")] {
        let mut db = database(REORDERED);
        let error = chain.migrator().adopt(adopt).upgrade(&mut db).unwrap_err();
        let help = error.help().unwrap();
        assert!(
            help.contains(".ignore_column_order(true) or --ignore-column-order"),
            "{help}"
        );
    }
    // A different column is not a matter of order.
    let mut db = database("CREATE TABLE people (last TEXT, id INTEGER PRIMARY KEY, first INT)");
    let help = chain.upgrade(&mut db).unwrap_err().help().unwrap();
    assert!(!help.contains("column_order"), "{help}");
}

/// The history remembers the order, so no later check reports it.
#[test]
fn other_order_of_columns_is_accepted_for_ever() {
    let fixture = Fixture::new();
    let chain = people(&fixture);
    for adopt in [Adopt::Detect, Adopt::at("002")] {
        let mut db = database(REORDERED);
        let migrator = chain.migrator().adopt(adopt).ignore_column_order(true);
        let report = migrator.upgrade(&mut db).unwrap();
        assert_eq!(report.stamped, ["001", "002"]);
        assert_eq!(report.applied.len(), 1);
        assert_eq!(
            dump(&db, "SELECT id, first, last FROM people"),
            "Integer(1) Ada Lovelace \n"
        );
        let history = chain.migrator().history(&db).unwrap();
        let origins: Vec<Origin> = history.iter().map(|entry| entry.origin).collect();
        let reordered = Origin::AdoptReordered;
        assert_eq!(origins, [reordered, reordered, Origin::Upgrade]);
        // None of these has the setting.
        assert!(chain.check(&db).unwrap().is_same());
        assert_ne!(count(&db, "PRAGMA user_version"), 0, "no marker");
        db.execute_batch("PRAGMA user_version = 0").unwrap();
        assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
        chain.migrator().downgrade_to(&mut db, "002").unwrap();
        chain.upgrade(&mut db).unwrap();
    }
}

#[test]
fn stamp_of_a_reordered_database_keeps_the_order() {
    let fixture = Fixture::new();
    let chain = people(&fixture);
    let mut db = database(REORDERED);
    let migrator = chain.migrator().ignore_column_order(true);
    migrator.stamp(&mut db, "001").unwrap();
    chain.migrator().stamp(&mut db, "002").unwrap();
    let origins = chain.migrator().history(&db).unwrap();
    assert!(
        origins
            .iter()
            .all(|entry| entry.origin == Origin::AdoptReordered)
    );
    assert!(chain.check(&db).unwrap().is_same());
}

#[test]
fn drift_of_a_reordered_database_is_still_found() {
    let fixture = Fixture::new();
    let chain = people(&fixture);
    let mut db = database(REORDERED);
    chain
        .migrator()
        .ignore_column_order(true)
        .upgrade(&mut db)
        .unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    match chain.check(&db).unwrap() {
        SchemaCheck::Drifted { diff, .. } => {
            assert_eq!(diff.to_string(), "+ table mine (a)");
        }
        other => panic!("{other}"),
    }
    assert_eq!(chain.upgrade(&mut db).unwrap_err().code(), "drifted");
}

/// Another database of the same program still has to have the order of the chain.
#[test]
fn order_of_a_managed_database_is_not_ignored() {
    let fixture = Fixture::new();
    let chain = people(&fixture);
    let mut db = Connection::open_in_memory().unwrap();
    chain.upgrade(&mut db).unwrap();
    db.execute_batch(
        "DROP TABLE people;
         CREATE TABLE people (last TEXT, id INTEGER PRIMARY KEY, first TEXT, born INTEGER);
         CREATE INDEX by_last ON people (last);",
    )
    .unwrap();
    let migrator = chain.migrator().ignore_column_order(true);
    assert_eq!(migrator.upgrade(&mut db).unwrap_err().code(), "drifted");
}

#[test]
fn database_in_the_right_order_is_adopted_as_usual() {
    let fixture = Fixture::new();
    let chain = people(&fixture);
    let mut db = database("CREATE TABLE people (id INTEGER PRIMARY KEY, first TEXT, last TEXT)");
    let migrator = chain.migrator().ignore_column_order(true);
    migrator.upgrade(&mut db).unwrap();
    assert_eq!(migrator.history(&db).unwrap()[0].origin, Origin::Adopt);
}

#[test]
fn exact_order_is_preferred_to_the_same_columns() {
    let fixture = Fixture::new();
    let rebuild = |columns: &str| {
        format!(
            "CREATE TABLE n ({columns}); INSERT INTO n (a, b) SELECT a, b FROM t;
             DROP TABLE t; ALTER TABLE n RENAME TO t;"
        )
    };
    let chain = fixture.proven(&[
        ("CREATE TABLE t (a TEXT, b TEXT);", "DROP TABLE t;"),
        (&rebuild("b TEXT, a TEXT"), &rebuild("a TEXT, b TEXT")),
    ]);
    let mut db = database("CREATE TABLE t (b TEXT, a TEXT)");
    let migrator = chain.migrator().ignore_column_order(true);
    assert_eq!(migrator.upgrade(&mut db).unwrap().stamped, ["001", "002"]);
}

/// The values would go to other columns than in the proof.
#[test]
fn script_that_moves_values_by_position_is_rejected() {
    let rebuild =
        "CREATE TABLE n (id INTEGER PRIMARY KEY, first TEXT, last TEXT NOT NULL DEFAULT '');
                   INSERT INTO n SELECT * FROM people; DROP TABLE people;
                   ALTER TABLE n RENAME TO people;";
    let insert = "INSERT INTO people VALUES (7, 'Grace', 'Hopper');";
    let by_name = "INSERT INTO people (id, first, last) VALUES (7, 'Grace', 'Hopper');";
    let other =
        "CREATE TABLE o (a); INSERT INTO o VALUES (1); INSERT INTO o SELECT id FROM people;";
    let distinct = "CREATE TABLE o (a, b, c);
                    INSERT INTO o (a, b, c) SELECT DISTINCT * FROM people;";
    let list = "CREATE TABLE o (a, b, c, d);
                INSERT INTO o (a, b, c, d) SELECT 1, * FROM people;";
    let update = "UPDATE people SET (id, first, last) =
                  (SELECT * FROM people AS p WHERE p.id = people.id);";
    let renamed = "ALTER TABLE people RENAME TO old; INSERT INTO old VALUES (7, 'Grace', 'Hopper');
                   ALTER TABLE old RENAME TO people;";
    let view = "CREATE VIEW v AS SELECT * FROM people; CREATE TABLE o (a, b, c);
                INSERT INTO o (a, b, c) SELECT v.* FROM v;";
    for (script, is_accepted) in [
        (rebuild, false),
        (insert, false),
        (distinct, false),
        (list, false),
        (update, false),
        (renamed, false),
        (view, false),
        (by_name, true),
        (other, true),
    ] {
        let fixture = Fixture::new();
        let create = "CREATE TABLE people (id INTEGER PRIMARY KEY, first TEXT, last TEXT);";
        let chain = fixture.chain_locked(&[create, script]);
        let sql = "CREATE TABLE people (last TEXT, id INTEGER PRIMARY KEY, first TEXT);
                   INSERT INTO people VALUES ('Lovelace', 1, 'Ada');";
        let mut db = database(sql);
        let migrator = chain
            .migrator()
            .adopt(Adopt::at("001"))
            .ignore_column_order(true);
        let result = migrator.upgrade(&mut db);
        if is_accepted {
            result.unwrap();
        } else {
            let error = result.unwrap_err();
            assert_eq!(error.code(), "moves-by-position", "{script}: {error}");
            assert_eq!(
                count(
                    &db,
                    "SELECT count(*) FROM sqlite_master WHERE name LIKE 'revchain%'"
                ),
                0
            );
        }
        let ada = "SELECT id, first, last FROM people WHERE id = 1";
        assert_eq!(dump(&db, ada), "Integer(1) Ada Lovelace \n");
    }
}

#[test]
fn downgrade_that_moves_values_by_position_is_rejected() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[
        (
            "CREATE TABLE people (id INTEGER PRIMARY KEY, first TEXT, last TEXT);",
            "DROP TABLE people;",
        ),
        (
            "CREATE TABLE names (first TEXT, last TEXT);
             INSERT INTO names (first, last) SELECT first, last FROM people;",
            "DELETE FROM people; INSERT INTO people SELECT NULL, first, last FROM names; DROP TABLE names;",
        ),
    ]);
    let mut db = database("CREATE TABLE people (last TEXT, id INTEGER PRIMARY KEY, first TEXT)");
    let migrator = chain.migrator().ignore_column_order(true);
    migrator.upgrade(&mut db).unwrap();
    let error = chain.migrator().downgrade_to(&mut db, "001").unwrap_err();
    assert_eq!(error.code(), "moves-by-position", "{error}");
    assert_eq!(ids(&db), ["001", "002"]);
}
