//! Several chains in one database: each chain has its own history, marker and tables.

use std::fs;

use revchain::rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use revchain::rusqlite::{Connection, OpenFlags, version_number};
use revchain::{Event, Migrations, OnDrift, Origin, Outcome, embed_migrations};
use revchain_prove::migrations_from_directory;

use crate::support::{
    BILLING, Fixture, TOKENS, authorize, clear_authorizer, count, dump, is_sound, read_by,
};

/// The chain of [`BILLING`] under another name.
static SHIPPING: Migrations =
    embed_migrations!("tests/chains/billing", snapshot = false, name = "shipping");

fn outcome_and_target(migrations: &Migrations, db: &mut Connection) -> (Outcome, Option<String>) {
    let report = migrations.upgrade(db).unwrap();
    (report.outcome, report.to)
}

fn revision(id: &str) -> Option<String> {
    Some(id.to_owned())
}

/// Returns the tables that SQLite reads during an upgrade at head.
fn tables_read(migrations: &Migrations, db: &mut Connection) -> Vec<String> {
    let ((outcome, _), mut tables) = read_by(db, |db| outcome_and_target(migrations, db));
    assert_eq!(outcome, Outcome::UpToDate);
    tables.dedup();
    tables
}

#[test]
fn chains_share_a_database_in_any_order() {
    for first in [&TOKENS, &BILLING] {
        let second = if first.name().is_none() {
            &BILLING
        } else {
            &TOKENS
        };
        let fixture = Fixture::new();
        let mut db = first.open(fixture.db()).unwrap();
        assert_eq!(second.upgrade(&mut db).unwrap().outcome, Outcome::New);
        for _ in 0..2 {
            assert_eq!(
                outcome_and_target(&TOKENS, &mut db),
                (Outcome::UpToDate, revision("009"))
            );
            assert_eq!(
                outcome_and_target(&BILLING, &mut db),
                (Outcome::UpToDate, revision("003"))
            );
        }
        assert_eq!(TOKENS.migrator().history(&db).unwrap().len(), 9);
        assert_eq!(BILLING.migrator().history(&db).unwrap().len(), 3);
        for chain in [&TOKENS, &BILLING] {
            let chains = chain.migrator().chains(&db).unwrap();
            assert_eq!(chains, [None, Some("billing".to_owned())]);
        }
        assert!(TOKENS.check(&db).unwrap().is_same());
        assert!(BILLING.check(&db).unwrap().is_same());
        // A downgrade of one chain does not affect the other.
        TOKENS.migrator().downgrade_to(&mut db, "base").unwrap();
        assert_eq!(
            outcome_and_target(&BILLING, &mut db),
            (Outcome::UpToDate, revision("003"))
        );
        assert_eq!(
            outcome_and_target(&TOKENS, &mut db),
            (Outcome::Upgraded, revision("009"))
        );
        BILLING.migrator().downgrade_to(&mut db, "001").unwrap();
        assert_eq!(BILLING.migrator().pending(&db).unwrap().len(), 2);
        assert_eq!(TOKENS.migrator().current(&db).unwrap(), TOKENS.head());
        assert_eq!(
            outcome_and_target(&BILLING, &mut db),
            (Outcome::Upgraded, revision("003"))
        );
        assert!(is_sound(&fixture.db()));
    }
}

#[test]
fn open_at_head_reads_at_most_one_marker_row() {
    let mut db = TOKENS.open_in_memory().unwrap();
    BILLING.upgrade(&mut db).unwrap();
    TOKENS.upgrade(&mut db).unwrap();
    BILLING.upgrade(&mut db).unwrap();
    for _ in 0..2 {
        assert_eq!(tables_read(&TOKENS, &mut db), [""; 0]);
        assert_eq!(tables_read(&BILLING, &mut db), ["revchain_markers"]);
    }
    // SQLite finds the marker row by its key.
    let plan = "EXPLAIN QUERY PLAN SELECT marker FROM main.revchain_markers WHERE name = 'billing'";
    let how: String = db.query_row(plan, [], |row| row.get(3)).unwrap();
    assert!(how.starts_with("SEARCH"), "{how}");
}

#[test]
fn named_chain_keeps_user_version() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("PRAGMA user_version = 42").unwrap();
    let migrator = BILLING.migrator().on_event(|event| {
        assert!(!matches!(event, Event::UserVersionKept { .. }));
    });
    migrator.upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "PRAGMA user_version"), 42);
    assert_eq!(tables_read(&BILLING, &mut db), ["revchain_markers"]);
}

#[test]
fn schema_change_is_drift_of_the_owning_chain_only() {
    for (ddl, tokens, billing) in [
        ("CREATE TABLE others (a)", true, true),
        ("DROP INDEX invoices_by_customer", true, false),
        ("ALTER TABLE invoices ADD COLUMN mine", true, false),
        ("DROP TRIGGER no_payment_is_negative", true, false),
        ("CREATE TABLE payments (a)", true, false),
        ("CREATE INDEX mine ON app_passwords (user_id)", false, true),
        (
            "CREATE TRIGGER mine AFTER INSERT ON invoices BEGIN DELETE FROM app_passwords; END",
            true,
            false,
        ),
    ] {
        let mut db = BILLING.open_in_memory().unwrap();
        TOKENS.upgrade(&mut db).unwrap();
        db.execute_batch(ddl).unwrap();
        for (migrations, is_sound) in [(&TOKENS, tokens), (&BILLING, billing)] {
            let result = migrations.upgrade(&mut db);
            assert_eq!(result.is_ok(), is_sound, "{ddl}: {result:?}");
            assert_eq!(migrations.check(&db).unwrap().is_same(), is_sound, "{ddl}");
            if let Err(error) = result {
                assert_eq!(error.code(), "drifted");
                // A warning neither resolves the drift nor writes a marker.
                let warn = migrations.migrator().on_drift(OnDrift::Warn);
                warn.upgrade(&mut db).unwrap();
                assert_eq!(
                    migrations.upgrade(&mut db).unwrap_err().code(),
                    "drifted",
                    "{ddl}"
                );
            }
        }
    }
}

#[test]
fn pending_revision_of_a_named_chain_is_not_skipped() {
    let mut db = TOKENS.open_in_memory().unwrap();
    for revision in ["001", "002"] {
        BILLING.migrator().upgrade_to(&mut db, revision).unwrap();
        // The schema version moves meanwhile.
        db.execute_batch("CREATE TABLE x (a); DROP TABLE x")
            .unwrap();
        let here = BILLING.migrator().upgrade_to(&mut db, revision).unwrap();
        assert_eq!(here.outcome, Outcome::UpToDate);
        assert!(!BILLING.migrator().pending(&db).unwrap().is_empty());
    }
    assert_eq!(
        outcome_and_target(&BILLING, &mut db),
        (Outcome::Upgraded, revision("003"))
    );
}

#[test]
fn named_chain_is_adopted_by_its_own_tables() {
    let mut db = TOKENS.open_in_memory().unwrap();
    let upgrade = |index: usize| BILLING.revisions()[index].upgrade().sql();
    db.execute_batch(upgrade(0)).unwrap();
    db.execute_batch(upgrade(1)).unwrap();
    let report = BILLING.upgrade(&mut db).unwrap();
    assert_eq!(
        (report.outcome, report.stamped.len(), report.applied.len()),
        (Outcome::Adopted, 2, 1)
    );
    assert_eq!(report.to.as_deref(), Some("003"));
    assert!(TOKENS.check(&db).unwrap().is_same());

    // The error for a similar schema only shows the tables of the chain.
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch(
        "CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer TEXT, cents INTEGER NOT NULL)",
    )
    .unwrap();
    let error = BILLING.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "unrecognized");
    let text = error.to_string();
    assert!(
        text.contains("the nearest is 001")
            && text.contains("invoices.customer: TEXT NOT NULL → TEXT"),
        "{text}"
    );
    assert!(!text.contains("app_passwords"), "{text}");
}

#[test]
fn snapshot_of_a_named_chain_has_history_and_marker() {
    let mut db = BILLING.open_in_memory().unwrap();
    assert_eq!(tables_read(&BILLING, &mut db), ["revchain_markers"]);
    let history = BILLING.migrator().history(&db).unwrap();
    // Older versions of rusqlite cannot load a snapshot, so they run the chain.
    let origin = if version_number() >= 3_049_000 {
        Origin::Snapshot
    } else {
        Origin::Upgrade
    };
    assert!(history.iter().all(|stamp| stamp.origin == origin));
    assert_eq!(SHIPPING.migrator().history(&db).unwrap(), []);
    assert_eq!(TOKENS.migrator().history(&db).unwrap(), []);
}

#[test]
fn renamed_chain_is_rejected_with_help() {
    let mut db = BILLING.open_in_memory().unwrap();
    for request in ["upgrade", "pending", "downgrade", "check"] {
        let error = match request {
            "upgrade" => SHIPPING.upgrade(&mut db).map(drop),
            "pending" => SHIPPING.migrator().pending(&db).map(drop),
            "check" => SHIPPING.check(&db).map(drop),
            _ => SHIPPING.migrator().downgrade_to(&mut db, "base").map(drop),
        };
        let error = error.unwrap_err();
        assert_eq!(error.code(), "other-name", "{request}");
        assert!(
            error
                .to_string()
                .ends_with("has the name `billing` in this database"),
            "{error}"
        );
    }
    // The fix from the help text works.
    db.execute_batch("ALTER TABLE revchain_history_billing RENAME TO revchain_history_shipping")
        .unwrap();
    assert_eq!(
        outcome_and_target(&SHIPPING, &mut db),
        (Outcome::UpToDate, revision("003"))
    );
    // The same for a chain that had no name before.
    let mut db = Connection::open_in_memory().unwrap();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/billing");
    migrations_from_directory(directory)
        .unwrap()
        .migrator()
        .upgrade_to(&mut db, "002")
        .unwrap();
    let error = BILLING.upgrade(&mut db).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the history of this chain has no name in this database"),
        "{error}"
    );
    let help = error.help().unwrap();
    assert!(
        help.ends_with("ALTER TABLE revchain_history RENAME TO revchain_history_<name>"),
        "{help}"
    );
    db.execute_batch("ALTER TABLE revchain_history RENAME TO revchain_history_billing")
        .unwrap();
    assert_eq!(
        outcome_and_target(&BILLING, &mut db),
        (Outcome::Upgraded, revision("003"))
    );
}

#[test]
fn forgotten_name_does_not_fork_the_history() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/billing");
    let unnamed = migrations_from_directory(directory).unwrap();
    let mut db = Connection::open_in_memory().unwrap();
    BILLING.migrator().upgrade_to(&mut db, "002").unwrap();
    let error = unnamed.upgrade(&mut db).unwrap_err().to_string();
    assert!(error.contains("billing"), "{error}");
    assert_eq!(BILLING.upgrade(&mut db).unwrap().outcome, Outcome::Upgraded);
}

#[test]
fn read_only_file_at_head_is_opened() {
    let fixture = Fixture::new();
    drop(BILLING.open(fixture.db()).unwrap());
    for setup in ["SELECT 1", "DELETE FROM revchain_markers"] {
        Connection::open(fixture.db())
            .unwrap()
            .execute_batch(setup)
            .unwrap();
        let before = fs::read(fixture.db()).unwrap();
        let mut reader =
            Connection::open_with_flags(fixture.db(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert_eq!(
            BILLING.upgrade(&mut reader).unwrap().outcome,
            Outcome::UpToDate
        );
        assert_eq!(fs::read(fixture.db()).unwrap(), before);
    }
}

#[test]
fn lost_marker_is_rewritten() {
    for sql in [
        "DROP TABLE revchain_markers",
        "DELETE FROM revchain_markers",
        "UPDATE revchain_markers SET marker = 0",
    ] {
        let mut db = BILLING.open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        assert_eq!(
            outcome_and_target(&BILLING, &mut db),
            (Outcome::UpToDate, revision("003"))
        );
        assert_eq!(
            tables_read(&BILLING, &mut db),
            ["revchain_markers"],
            "{sql}"
        );
    }
}

#[test]
fn unreadable_marker_does_not_fail_a_downgrade() {
    for value in ["'x'", "9999999999", "7"] {
        let mut db = BILLING.open_in_memory().unwrap();
        db.execute_batch(&format!("UPDATE revchain_markers SET marker = {value}"))
            .unwrap();
        BILLING
            .migrator()
            .downgrade_to(&mut db, "002")
            .unwrap_or_else(|error| panic!("{value}: {error}"));
    }
}

#[test]
fn valid_marker_of_a_named_chain_saves_a_schema_read() {
    let mut db = BILLING.open_in_memory().unwrap();
    BILLING.migrator().downgrade_to(&mut db, "002").unwrap();
    // A valid marker vouches for the schema, so `pending` reads it less often.
    let reads = |db: &mut Connection| {
        let (_, tables) = read_by(db, |db| BILLING.migrator().pending(db).unwrap().len());
        tables
            .iter()
            .filter(|table| *table == "sqlite_master")
            .count()
    };
    let vouched = reads(&mut db);
    db.execute_batch("CREATE TABLE x (a); DROP TABLE x")
        .unwrap();
    assert!(reads(&mut db) > vouched);
}

#[test]
fn foreign_object_named_like_the_markers_is_tolerated() {
    for sql in [
        "CREATE VIEW revchain_markers AS SELECT 'billing' AS name, 7 AS marker",
        "CREATE TABLE revchain_markers (name TEXT PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE t (a); CREATE INDEX revchain_markers ON t (a)",
    ] {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        assert_eq!(
            outcome_and_target(&BILLING, &mut db),
            (Outcome::New, revision("003")),
            "{sql}"
        );
        assert_eq!(
            outcome_and_target(&BILLING, &mut db),
            (Outcome::UpToDate, revision("003")),
            "{sql}"
        );
        BILLING
            .migrator()
            .downgrade_to(&mut db, "002")
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

#[test]
fn unauthorized_marker_write_changes_nothing() {
    for is_there in [false, true] {
        let fixture = Fixture::new();
        let mut db = Connection::open(fixture.db()).unwrap();
        BILLING.migrator().upgrade_to(&mut db, "001").unwrap();
        if !is_there {
            db.execute_batch("DROP TABLE revchain_markers").unwrap();
        }
        let before = dump(&db, "SELECT * FROM sqlite_master");
        let authorizer = move |context: AuthContext<'_>| match context.action {
            AuthAction::CreateTable {
                table_name: "revchain_markers",
            } => Authorization::Deny,
            AuthAction::Insert {
                table_name: "revchain_markers",
            } => Authorization::Deny,
            _ => Authorization::Allow,
        };
        authorize(&mut db, authorizer);
        let error = BILLING.upgrade(&mut db).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("writing the history or the marker failed"),
            "{is_there}: {error}"
        );
        clear_authorizer(&mut db);
        assert_eq!(dump(&db, "SELECT * FROM sqlite_master"), before);
        assert_eq!(
            BILLING
                .migrator()
                .current(&db)
                .unwrap()
                .map(|revision| revision.id()),
            Some("001")
        );
    }
}

#[test]
fn name_given_at_run_time_is_validated() {
    let read = || {
        migrations_from_directory(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/billing"))
            .unwrap()
    };
    let named = read().named("billing").unwrap();
    let mut db = BILLING.open_in_memory().unwrap();
    assert_eq!(named.name(), Some("billing"));
    assert_eq!(
        outcome_and_target(&named, &mut db),
        (Outcome::UpToDate, revision("003"))
    );
    for name in ["", "Billing", "a-b", "a b", "ä", "x\"", &"x".repeat(33)] {
        let error = read().named(name).unwrap_err();
        assert_eq!(error.code(), "bad-name");
        assert_eq!(
            error.help().unwrap(),
            "use 1 to 32 characters a-z, 0-9 and _"
        );
    }
    let longest = read().named(&"x".repeat(32)).unwrap();
    assert_eq!(
        longest
            .migrator()
            .history(&longest.open_in_memory().unwrap())
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn second_unnamed_chain_is_rejected_with_help() {
    let mut db = TOKENS.open_in_memory().unwrap();
    let fixture = Fixture::new();
    let other = fixture.proven(&[("CREATE TABLE t (a);", "DROP TABLE t;")]);
    // The chains share an id.
    let error = other.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "edited");
    let help = error.help().unwrap();
    assert!(
        help.contains("\nif another chain made this database: ") && !help.contains("redo"),
        "{help}"
    );
    fs::rename(
        fixture.path("migrations/20260101_0000_001_step.sql"),
        fixture.path("migrations/20260101_0000_x1_step.sql"),
    )
    .unwrap();
    let other = migrations_from_directory(fixture.path("migrations")).unwrap();
    let error = format!("{:#}", other.upgrade(&mut db).unwrap_err());
    assert!(
        error.contains("another chain") && error.contains("name = "),
        "{error}"
    );
}

#[test]
fn chains_with_equal_ids_are_rejected_with_help() {
    let (one, two) = (Fixture::new(), Fixture::new());
    let mut db = one
        .proven(&[("CREATE TABLE a (a);", "DROP TABLE a;")])
        .open_in_memory()
        .unwrap();
    let other = two.proven(&[("CREATE TABLE b (a);", "DROP TABLE b;")]);
    let error = format!("{:#}", other.upgrade(&mut db).unwrap_err());
    assert!(
        error.contains("another chain") && error.contains("name = "),
        "{error}"
    );
}

/// SQLite rewrites every string in double quotes of the schema when a column is renamed.
#[test]
fn column_rename_is_no_drift_of_another_chain() {
    let (one, two) = (Fixture::new(), Fixture::new());
    let first = one.proven_after_a_lock(&[(
        "CREATE TABLE other (a); CREATE TABLE cards (drawer);
         CREATE VIEW kinds AS SELECT drawer FROM cards WHERE drawer = \"A\";",
        "DROP VIEW kinds; DROP TABLE cards; DROP TABLE other;",
    )]);
    let second = two.proven(&[
        ("CREATE TABLE mine (x);", "DROP TABLE mine;"),
        (
            "ALTER TABLE mine RENAME COLUMN x TO y;",
            "ALTER TABLE mine RENAME COLUMN y TO x;",
        ),
    ]);
    let second = second.named("second").unwrap();
    let mut db = first.open_in_memory().unwrap();
    second.upgrade(&mut db).unwrap();
    first.upgrade(&mut db).unwrap();
}

#[test]
fn violations_of_one_chain_do_not_block_another() {
    let mut db = BILLING.open_in_memory().unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO receipts VALUES (99, 5)")
        .unwrap();
    let fixture = Fixture::new();
    let other = fixture
        .proven(&[("CREATE TABLE mine (a);", "DROP TABLE mine;")])
        .named("other")
        .unwrap();
    other.upgrade(&mut db).unwrap();
}

#[test]
fn history_like_name_does_not_make_a_database_shared() {
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
fn first_named_chain_ignores_foreign_tables() {
    // A named chain ignores foreign tables even without another history.
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE somebodys (a)").unwrap();
    assert_eq!(BILLING.upgrade(&mut db).unwrap().outcome, Outcome::New);
    assert!(BILLING.check(&db).unwrap().is_same());
}

#[test]
fn named_chain_honors_ignored_tables() {
    let mut db = BILLING.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE payments (mine)").unwrap();
    assert_eq!(BILLING.upgrade(&mut db).unwrap_err().code(), "drifted");
    let ignoring = BILLING.migrator().ignore_tables(["payments"]);
    assert_eq!(
        ignoring.upgrade(&mut db).unwrap().outcome,
        Outcome::UpToDate
    );
}
