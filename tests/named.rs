//! Several chains in one database: each has its own history and its own marker, and looks at its own tables only.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Place, TOKENS, count, is_sound};
use revchain::rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use revchain::rusqlite::{Connection, OpenFlags};
use revchain::{Migrations, OnDrift, Origin, Outcome, embed_migrations};

static BILLING: Migrations = embed_migrations!("tests/chains/billing", name = "billing");
/// The same chain under another name has the same tables: nobody would do that, but each must say so.
static SHIPPING: Migrations = embed_migrations!("tests/chains/billing", image = false, name = "shipping");

fn report(migrations: &Migrations, db: &mut Connection) -> (Outcome, Option<String>) {
    let report = migrations.upgrade(db).unwrap();
    (report.outcome, report.to)
}

fn at(revision: &str) -> Option<String> {
    Some(revision.to_owned())
}

/// What SQLite reads while a database is brought to the head.
fn tables_read(migrations: &Migrations, db: &mut Connection) -> Vec<String> {
    let ((outcome, _), mut tables) = common::read_by(db, |db| report(migrations, db));
    assert_eq!(outcome, Outcome::UpToDate);
    tables.dedup();
    tables
}

#[test]
fn chains_share_a_database_in_whatever_order_they_come() {
    for first in [&TOKENS, &BILLING] {
        let second = if first.name().is_none() { &BILLING } else { &TOKENS };
        let place = Place::new();
        let mut db = first.open(place.db()).unwrap();
        assert_eq!(second.upgrade(&mut db).unwrap().outcome, Outcome::New);
        for _ in 0..2 {
            assert_eq!(report(&TOKENS, &mut db), (Outcome::UpToDate, at("009")));
            assert_eq!(report(&BILLING, &mut db), (Outcome::UpToDate, at("003")));
        }
        assert_eq!(TOKENS.history(&db).unwrap().len(), 9);
        assert_eq!(BILLING.history(&db).unwrap().len(), 3);
        assert!(TOKENS.check(&db).unwrap().is_none());
        assert!(BILLING.check(&db).unwrap().is_none());
        // One goes, the other stays.
        TOKENS.downgrade_to(&mut db, "base").unwrap();
        assert_eq!(report(&BILLING, &mut db), (Outcome::UpToDate, at("003")));
        assert_eq!(report(&TOKENS, &mut db), (Outcome::Upgraded, at("009")));
        BILLING.downgrade_to(&mut db, "001").unwrap();
        assert_eq!(BILLING.pending(&db).unwrap().len(), 2);
        assert_eq!(TOKENS.current(&db).unwrap(), TOKENS.head());
        assert_eq!(report(&BILLING, &mut db), (Outcome::Upgraded, at("003")));
        assert!(is_sound(&place.db()));
    }
}

#[test]
fn at_the_head_a_chain_without_a_name_reads_no_table_and_one_with_a_name_reads_a_row() {
    let mut db = TOKENS.open_in_memory().unwrap();
    BILLING.upgrade(&mut db).unwrap();
    TOKENS.upgrade(&mut db).unwrap();
    BILLING.upgrade(&mut db).unwrap();
    for _ in 0..2 {
        assert_eq!(tables_read(&TOKENS, &mut db), [""; 0]);
        assert_eq!(tables_read(&BILLING, &mut db), ["revchain_markers"]);
    }
    // By its key.
    let plan = "EXPLAIN QUERY PLAN SELECT marker FROM main.revchain_markers WHERE name = 'billing'";
    let how: String = db.query_row(plan, [], |row| row.get(3)).unwrap();
    assert!(how.starts_with("SEARCH"), "{how}");
}

#[test]
fn a_chain_with_a_name_leaves_user_version_alone() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("PRAGMA user_version = 42").unwrap();
    BILLING.upgrade(&mut db).unwrap();
    assert_eq!(count(&db, "PRAGMA user_version"), 42);
    assert_eq!(tables_read(&BILLING, &mut db), ["revchain_markers"]);
}

#[test]
fn what_changes_a_table_of_one_chain_is_drift_of_that_chain_alone() {
    for (ddl, tokens, billing) in [
        ("CREATE TABLE others (a)", true, true),
        ("DROP INDEX invoices_by_customer", true, false),
        ("ALTER TABLE invoices ADD COLUMN mine", true, false),
        ("DROP TRIGGER no_payment_is_negative", true, false),
        ("CREATE TABLE payments (a)", true, false),
        ("CREATE INDEX mine ON app_passwords (user_id)", false, true),
        ("CREATE TRIGGER mine AFTER INSERT ON invoices BEGIN DELETE FROM app_passwords; END", true, false),
    ] {
        let mut db = BILLING.open_in_memory().unwrap();
        TOKENS.upgrade(&mut db).unwrap();
        db.execute_batch(ddl).unwrap();
        for (migrations, is_sound) in [(&TOKENS, tokens), (&BILLING, billing)] {
            let result = migrations.upgrade(&mut db);
            assert_eq!(result.is_ok(), is_sound, "{ddl}: {result:?}");
            assert_eq!(migrations.check(&db).unwrap().is_none(), is_sound, "{ddl}");
            if let Err(error) = result {
                assert_eq!(error.code(), "drifted");
                // Nor is it forgotten, or marked as sound.
                let warn = migrations.options().on_drift(OnDrift::Warn);
                warn.upgrade(&mut db).unwrap();
                assert_eq!(migrations.upgrade(&mut db).unwrap_err().code(), "drifted", "{ddl}");
            }
        }
    }
}

#[test]
fn no_pending_revision_is_skipped() {
    let mut db = TOKENS.open_in_memory().unwrap();
    for revision in ["001", "002"] {
        BILLING.upgrade_to(&mut db, revision).unwrap();
        // Whatever was moved meanwhile.
        db.execute_batch("CREATE TABLE x (a); DROP TABLE x").unwrap();
        let here = BILLING.upgrade_to(&mut db, revision).unwrap();
        assert_eq!(here.outcome, Outcome::UpToDate);
        assert!(!BILLING.pending(&db).unwrap().is_empty());
    }
    assert_eq!(report(&BILLING, &mut db), (Outcome::Upgraded, at("003")));
}

#[test]
fn a_database_from_before_the_migrations_is_recognised_by_the_chains_own_tables() {
    let mut db = TOKENS.open_in_memory().unwrap();
    let upgrade = |place: usize| BILLING.revisions()[place].upgrade().sql();
    db.execute_batch(upgrade(0)).unwrap();
    db.execute_batch(upgrade(1)).unwrap();
    let report = BILLING.upgrade(&mut db).unwrap();
    assert_eq!((report.outcome, report.stamped.len(), report.applied.len()), (Outcome::Adopted, 2, 1));
    assert_eq!(report.to.as_deref(), Some("003"));
    assert!(TOKENS.check(&db).unwrap().is_none());

    // One that is nearly there is told what is different, of its own tables.
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer TEXT, cents INTEGER NOT NULL)")
        .unwrap();
    let error = BILLING.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "unrecognized");
    let text = error.to_string();
    assert!(
        text.contains("the nearest is 001") && text.contains("invoices.customer: TEXT NOT NULL → TEXT"),
        "{text}"
    );
    assert!(!text.contains("app_passwords"), "{text}");
}

#[test]
fn the_image_of_a_chain_with_a_name_has_its_history_and_marker() {
    let mut db = BILLING.open_in_memory().unwrap();
    assert_eq!(tables_read(&BILLING, &mut db), ["revchain_markers"]);
    let history = BILLING.history(&db).unwrap();
    // Versions of rusqlite that cannot copy it run the chain.
    let origin =
        if revchain::rusqlite::version_number() >= 3_049_000 { Origin::Image } else { Origin::Upgrade };
    assert!(history.iter().all(|stamp| stamp.origin == origin));
    assert_eq!(SHIPPING.history(&db).unwrap(), []);
    assert_eq!(TOKENS.history(&db).unwrap(), []);
}

#[test]
fn a_chain_that_has_another_name_now_is_told_so() {
    let mut db = BILLING.open_in_memory().unwrap();
    for request in ["upgrade", "pending", "downgrade", "check"] {
        let error = match request {
            "upgrade" => SHIPPING.upgrade(&mut db).map(drop),
            "pending" => SHIPPING.pending(&db).map(drop),
            "check" => SHIPPING.check(&db).map(drop),
            _ => SHIPPING.downgrade_to(&mut db, "base").map(drop),
        };
        let error = error.unwrap_err();
        assert_eq!(error.code(), "other-name", "{request}");
        assert!(error.to_string().contains("under the name `billing`"), "{error}");
    }
    // As the error says.
    db.execute_batch("ALTER TABLE revchain_history_billing RENAME TO revchain_history_shipping").unwrap();
    assert_eq!(report(&SHIPPING, &mut db), (Outcome::UpToDate, at("003")));
    // One that had none yet.
    let mut db = Connection::open_in_memory().unwrap();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/billing");
    Migrations::from_directory(directory).unwrap().upgrade_to(&mut db, "002").unwrap();
    let error = BILLING.upgrade(&mut db).unwrap_err();
    assert!(
        error.to_string().contains("kept without a name in this database, in the table revchain_history\n"),
        "{error}"
    );
    db.execute_batch("ALTER TABLE revchain_history RENAME TO revchain_history_billing").unwrap();
    assert_eq!(report(&BILLING, &mut db), (Outcome::Upgraded, at("003")));
}

#[test]
fn a_file_that_cannot_be_written_needs_no_write() {
    let place = Place::new();
    drop(BILLING.open(place.db()).unwrap());
    for setup in ["SELECT 1", "DELETE FROM revchain_markers"] {
        Connection::open(place.db()).unwrap().execute_batch(setup).unwrap();
        let before = fs::read(place.db()).unwrap();
        let mut reader = Connection::open_with_flags(place.db(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert_eq!(BILLING.upgrade(&mut reader).unwrap().outcome, Outcome::UpToDate);
        assert_eq!(fs::read(place.db()).unwrap(), before);
    }
}

#[test]
fn a_lost_marker_is_made_again() {
    for sql in [
        "DROP TABLE revchain_markers",
        "DELETE FROM revchain_markers",
        "UPDATE revchain_markers SET marker = 0",
    ] {
        let mut db = BILLING.open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        assert_eq!(report(&BILLING, &mut db), (Outcome::UpToDate, at("003")));
        assert_eq!(tables_read(&BILLING, &mut db), ["revchain_markers"], "{sql}");
    }
}

#[test]
fn where_something_else_has_the_name_of_the_markers_there_are_none_and_all_else_is_well() {
    for sql in [
        "CREATE VIEW revchain_markers AS SELECT 'billing' AS name, 7 AS marker",
        "CREATE TABLE revchain_markers (name TEXT PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE t (a); CREATE INDEX revchain_markers ON t (a)",
    ] {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        assert_eq!(report(&BILLING, &mut db), (Outcome::New, at("003")), "{sql}");
        assert_eq!(report(&BILLING, &mut db), (Outcome::UpToDate, at("003")), "{sql}");
        BILLING.downgrade_to(&mut db, "002").unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

#[test]
fn a_marker_that_may_not_be_written_is_an_error_and_nothing_is_changed() {
    for is_there in [false, true] {
        let place = Place::new();
        let mut db = Connection::open(place.db()).unwrap();
        BILLING.upgrade_to(&mut db, "001").unwrap();
        if !is_there {
            db.execute_batch("DROP TABLE revchain_markers").unwrap();
        }
        let before = common::dump(&db, "SELECT * FROM sqlite_master");
        let authorizer = move |context: AuthContext<'_>| match context.action {
            AuthAction::CreateTable { table_name: "revchain_markers" } => Authorization::Deny,
            AuthAction::Insert { table_name: "revchain_markers" } => Authorization::Deny,
            _ => Authorization::Allow,
        };
        // Some versions of rusqlite give a result here, others nothing.
        #[allow(clippy::let_unit_value)]
        let _ = db.authorizer(Some(authorizer));
        let error = BILLING.upgrade(&mut db).unwrap_err();
        assert!(error.to_string().contains("writing the marker"), "{is_there}: {error}");
        #[allow(clippy::let_unit_value)]
        let _ = db.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
        assert_eq!(common::dump(&db, "SELECT * FROM sqlite_master"), before);
        assert_eq!(BILLING.current(&db).unwrap().map(|revision| revision.id()), Some("001"));
    }
}

#[test]
fn a_name_can_be_given_at_run_time_and_is_checked() {
    let read =
        || Migrations::from_directory(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/billing")).unwrap();
    let named = read().named("billing").unwrap();
    let mut db = BILLING.open_in_memory().unwrap();
    assert_eq!(named.name(), Some("billing"));
    assert_eq!(report(&named, &mut db), (Outcome::UpToDate, at("003")));
    for name in ["", "Billing", "a-b", "a b", "ä", "x\"", &"x".repeat(33)] {
        let error = read().named(name).unwrap_err();
        assert_eq!(error.code(), "bad-name");
        assert!(error.to_string().contains("1 to 32 characters a-z, 0-9 and _"), "{error}");
    }
    let longest = read().named(&"x".repeat(32)).unwrap();
    assert_eq!(longest.history(&longest.open_in_memory().unwrap()).unwrap().len(), 3);
}

#[test]
fn two_chains_without_a_name_are_told_to_have_one() {
    let mut db = TOKENS.open_in_memory().unwrap();
    let place = Place::new();
    let other = place.proven(&[("CREATE TABLE t (a);", "DROP TABLE t;")]);
    // It has an id in common.
    assert_eq!(other.upgrade(&mut db).unwrap_err().code(), "ahead");
    fs::rename(
        place.path("migrations/20260101_0000_001_step.sql"),
        place.path("migrations/20260101_0000_x1_step.sql"),
    )
    .unwrap();
    let other = Migrations::from_directory(place.path("migrations")).unwrap();
    let error = other.upgrade(&mut db).unwrap_err().to_string();
    assert!(error.contains("another chain") && error.contains("name = "), "{error}");
}
