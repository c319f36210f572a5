//! `current`, `pending`, `history`, `check` and `plan`: they never write or wait, and read one
//! state of the database. The stored format of the history is stable.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use revchain::rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use revchain::rusqlite::{Connection, TransactionBehavior};
use revchain::{Origin, Outcome, Request, Revision, Target};

use crate::support::{Fixture, TOKENS, authorize, clear_authorizer, count, ids, unmanaged};

#[test]
fn inspection_never_writes() {
    let fixture = Fixture::new();
    let db = Connection::open(fixture.db()).unwrap();
    let is_base = |db: &Connection| TOKENS.migrator().current(db).unwrap().is_none();
    assert!(is_base(&db));
    assert_eq!(TOKENS.migrator().pending(&db).unwrap().len(), 9);
    assert_eq!(TOKENS.migrator().history(&db).unwrap(), []);
    let plan = TOKENS
        .migrator()
        .plan(&db, Request::Upgrade(Target::Head))
        .unwrap();
    assert_eq!(
        (plan.from(), plan.to(), plan.upgrades().count()),
        (None, Some("009"), 9)
    );
    assert_eq!((plan.stamps().count(), plan.reverts().count()), (0, 0));
    assert_eq!(fs::metadata(fixture.db()).unwrap().len(), 0);
    db.execute_batch("CREATE TABLE users (a)").unwrap();
    assert!(is_base(&db));
    TOKENS.migrator().pending(&db).unwrap_err();
}

#[test]
fn plan_lists_stamps_upgrades_and_reverts() {
    let mut db = unmanaged("007");
    let migrator = TOKENS.migrator();
    let upgrade = Request::Upgrade(Target::Head);
    let plan = migrator.plan(&db, upgrade.clone()).unwrap();
    assert_eq!((plan.request(), plan.is_empty()), (&upgrade, false));
    assert_eq!((plan.from(), plan.to()), (None, Some("009")));
    let stamped: Vec<_> = plan.stamps().map(Revision::id).collect();
    assert_eq!(stamped, ["001", "002", "003", "004", "005", "006", "007"]);
    let upgraded: Vec<_> = plan.upgrades().map(Revision::id).collect();
    assert_eq!(upgraded, ["008", "009"]);
    assert_eq!(plan.reverts().count(), 0);
    migrator.apply(&mut db, plan).unwrap();
    assert!(migrator.plan(&db, upgrade).unwrap().is_empty());
    let downgrade = Request::Downgrade("007".into());
    let plan = migrator.plan(&db, downgrade).unwrap();
    assert_eq!((plan.from(), plan.to()), (Some("009"), Some("007")));
    let reverted: Vec<_> = plan.reverts().map(Revision::id).collect();
    assert_eq!(reverted, ["009", "008"]);
    assert_eq!((plan.stamps().count(), plan.upgrades().count()), (0, 0));
}

#[test]
fn inspection_does_not_wait_for_a_writer() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    // The transactions of the program itself take the write lock at once.
    db.set_transaction_behavior(TransactionBehavior::Immediate);
    let writer = Connection::open(fixture.db()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let migrator = TOKENS.migrator().busy_timeout(Duration::ZERO);
    assert_eq!(migrator.current(&db).unwrap(), TOKENS.head());
    assert_eq!(migrator.history(&db).unwrap().len(), 9);
    assert!(migrator.check(&db).unwrap().is_same());
    assert_eq!(
        migrator.upgrade(&mut db).unwrap().outcome,
        Outcome::UpToDate
    );
}

/// The authorizer lets another connection build the database right before the second query.
#[test]
fn pending_reads_one_state_of_the_database() {
    let fixture = Fixture::new();
    let mut db = Connection::open(fixture.db()).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    let (queries, path) = (AtomicUsize::new(0), fixture.db());
    let authorizer = move |context: AuthContext<'_>| {
        if matches!(context.action, AuthAction::Select)
            && queries.fetch_add(1, Ordering::Relaxed) == 1
        {
            drop(TOKENS.open(&path).unwrap());
        }
        Authorization::Allow
    };
    authorize(&mut db, authorizer);
    assert_eq!(TOKENS.migrator().pending(&db).unwrap().len(), 9);
    assert_eq!(TOKENS.migrator().pending(&db).unwrap().len(), 0);
}

/// The authorizer lets another connection upgrade between the history and the schema query.
#[test]
fn history_and_schema_are_read_from_one_state() {
    let checks: [fn(&mut Connection) -> bool; 2] = [
        |db| TOKENS.migrator().upgrade_to(db, "008").unwrap().outcome == Outcome::UpToDate,
        |db| TOKENS.check(db).unwrap().is_same(),
    ];
    for check in checks {
        let fixture = Fixture::new();
        let mut db = Connection::open(fixture.db()).unwrap();
        db.pragma_update(None, "journal_mode", "wal").unwrap();
        TOKENS.migrator().upgrade_to(&mut db, "008").unwrap();
        let (queries, path) = (AtomicUsize::new(0), fixture.db());
        let authorizer = move |context: AuthContext<'_>| {
            if matches!(context.action, AuthAction::Select)
                && queries.fetch_add(1, Ordering::Relaxed) == 2
            {
                drop(TOKENS.open(&path).unwrap());
            }
            Authorization::Allow
        };
        authorize(&mut db, authorizer);
        assert!(check(&mut db));
        assert_eq!(ids(&db).len(), 9, "the other connection has upgraded");
    }
}

#[test]
fn inspection_works_inside_a_transaction() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch("BEGIN").unwrap();
    assert_eq!(TOKENS.migrator().current(&db).unwrap(), TOKENS.head());
    assert_eq!(TOKENS.migrator().pending(&db).unwrap().len(), 0);
    assert_eq!(TOKENS.migrator().history(&db).unwrap().len(), 9);
    assert!(!db.is_autocommit());
}

/// Programs of every version read and write this table.
#[test]
fn stored_history_format_is_stable() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().stamp(&mut db, "001").unwrap();
    chain.upgrade(&mut db).unwrap();
    let layout = "SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk, ', ')
                  FROM pragma_table_xinfo('revchain_history')";
    let layout: String = db.query_row(layout, [], |row| row.get(0)).unwrap();
    assert_eq!(
        layout,
        "revision TEXT 1 1, checksum TEXT 1 0, origin TEXT 1 0, applied_at INTEGER 1 0, \
         duration_us INTEGER 1 0, program TEXT 0 0, summary TEXT 0 0, compatible INTEGER 0 0, \
         revises TEXT 0 0, upgrade_checksum TEXT 0 0, downgrade TEXT 0 0, irreversible TEXT 0 0, \
         code TEXT 0 0"
    );
    for (revision, origin) in chain.revisions().iter().zip(["stamp", "upgrade"]) {
        let checksum: String = revision
            .checksum()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let stored = format!(
            "SELECT count(*) FROM revchain_history
             WHERE revision = '{}' AND checksum = '{checksum}' AND origin = '{origin}'",
            revision.id()
        );
        assert_eq!(count(&db, &stored), 1, "{stored}");
    }
    let origins: Vec<_> = chain
        .migrator()
        .history(&db)
        .unwrap()
        .iter()
        .map(|stamp| stamp.origin.to_string())
        .collect();
    assert_eq!(origins, ["stamp", "upgrade"]);
    db.execute_batch(
        "UPDATE revchain_history SET applied_at = 1767225600123, duration_us = 1234567",
    )
    .unwrap();
    let stamp = &chain.migrator().history(&db).unwrap()[1];
    assert_eq!(
        stamp.applied_at.duration_since(UNIX_EPOCH).unwrap(),
        Duration::from_millis(1_767_225_600_123)
    );
    assert_eq!(stamp.duration, Duration::from_micros(1_234_567));
}

#[test]
fn history_records_time_origin_and_duration() {
    let fixture = Fixture::new();
    let before = SystemTime::now() - Duration::from_millis(1);
    let db = fixture
        .chain(&[("CREATE TABLE a (b);", "DROP TABLE a;")])
        .open(fixture.db())
        .unwrap();
    let history = TOKENS.migrator().history(&db).unwrap();
    assert_eq!(
        (
            history.len(),
            history[0].revision.as_str(),
            history[0].origin
        ),
        (1, "001", Origin::Upgrade)
    );
    assert!(history[0].applied_at >= before && history[0].applied_at <= SystemTime::now());
    assert!(history[0].duration.as_micros() > 0 && history[0].checksum.len() == 64);
}

#[test]
fn newer_history_columns_and_origins_are_accepted() {
    let fixture = Fixture::new();
    let chain = fixture.tables(3);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "002").unwrap();
    db.execute_batch(
        "ALTER TABLE revchain_history ADD COLUMN machine TEXT;
         UPDATE revchain_history SET origin = 'newer'",
    )
    .unwrap();
    chain.upgrade(&mut db).unwrap();
    let origins: Vec<_> = chain
        .migrator()
        .history(&db)
        .unwrap()
        .into_iter()
        .map(|stamp| stamp.origin)
        .collect();
    assert_eq!(origins, [Origin::Unknown, Origin::Unknown, Origin::Upgrade]);
}

/// Development versions stored this word.
#[test]
fn origin_image_is_read_as_snapshot() {
    let db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("UPDATE revchain_history SET origin = 'image'")
        .unwrap();
    let history = TOKENS.migrator().history(&db).unwrap();
    assert_eq!(history.len(), 9);
    assert!(history.iter().all(|entry| entry.origin == Origin::Snapshot));
}

#[test]
fn unauthorized_history_column_is_an_error() {
    let mut db = TOKENS.open_in_memory().unwrap();
    let authorizer = |context: AuthContext<'_>| match context.action {
        AuthAction::Read {
            column_name: "program",
            ..
        } => Authorization::Deny,
        _ => Authorization::Allow,
    };
    authorize(&mut db, authorizer);
    let error = TOKENS.migrator().history(&db).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains("program is prohibited"), "{text}");
    clear_authorizer(&mut db);
    assert_eq!(
        TOKENS.migrator().history(&db).unwrap().len(),
        TOKENS.revisions().len()
    );
}

#[test]
fn long_text_of_the_history_is_shortened() {
    let db = TOKENS.open_in_memory().unwrap();
    for (text, expected) in [
        ("x".repeat(400), "x".repeat(400)),
        // The limit is inside a character.
        (
            format!("x{}", "ä".repeat(200)),
            format!("x{}…", "ä".repeat(199)),
        ),
    ] {
        let sql = "UPDATE revchain_history SET summary = ?1";
        db.execute(sql, [text]).unwrap();
        let history = TOKENS.migrator().history(&db).unwrap();
        assert_eq!(history[0].summary.as_ref(), Some(&expected));
    }
}

#[test]
fn unknown_history_rows_are_read_up_to_a_limit() {
    let db = TOKENS.open_in_memory().unwrap();
    db.execute_batch(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
         INSERT INTO revchain_history (revision, checksum, origin, applied_at, duration_us)
             SELECT 'x' || i, '', 'upgrade', 0, 0 FROM n",
    )
    .unwrap();
    assert_eq!(TOKENS.migrator().history(&db).unwrap().len(), 9 + 1000);
}
