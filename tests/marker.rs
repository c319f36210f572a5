//! The marker in `user_version`: an open at the head reads the header and nothing else, and whatever is not as it was then
//! sends it the long way round.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::{Place, count, ids};
use revchain::rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use revchain::rusqlite::{Connection, OpenFlags};
use revchain::{Conflict, Migrations, OnAhead, OnDrift, Options, Outcome, Target, embed_migrations};

static TOKENS: Migrations = embed_migrations!("migrations");

fn user_version(db: &Connection) -> i64 {
    count(db, "PRAGMA user_version")
}

fn is_marked(db: &Connection) -> bool {
    user_version(db) < -1_000_000_000
}

/// What an upgrade asks SQLite for.
fn asked(db: &mut Connection, migrations: &Migrations) -> Vec<String> {
    asked_for(db, migrations, Target::Head)
}

fn asked_for(db: &mut Connection, migrations: &Migrations, target: Target) -> Vec<String> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let authorizer = move |context: AuthContext<'_>| {
        seen.lock().unwrap().push(match context.action {
            AuthAction::Pragma { pragma_name, pragma_value: None } => pragma_name.to_owned(),
            // rusqlite has no name for the end of one.
            AuthAction::Transaction { .. } => "transaction".to_owned(),
            other => format!("{other:?}"),
        });
        Authorization::Allow
    };
    // Some versions of rusqlite give a result here, others nothing.
    #[allow(clippy::let_unit_value)]
    let _ = db.authorizer(Some(authorizer));
    migrations.upgrade_to(db, target).unwrap();
    #[allow(clippy::let_unit_value)]
    let _ = db.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    let asked = asked.lock().unwrap();
    asked.clone()
}

/// The setting of the connection, and the header in one transaction.
const AT_HEAD: [&str; 5] = ["busy_timeout", "transaction", "user_version", "schema_version", "transaction"];

#[test]
fn at_the_head_the_header_is_read_and_no_table() {
    let place = Place::new();
    drop(TOKENS.open(place.db()).unwrap());
    let mut db = Connection::open(place.db()).unwrap();
    assert!(is_marked(&db));
    assert_eq!(asked(&mut db, &TOKENS), AT_HEAD);
    assert_eq!(asked_for(&mut db, &TOKENS, "009".into()), AT_HEAD, "by its name, too");
    let report = TOKENS.upgrade(&mut db).unwrap();
    assert_eq!((report.outcome, report.to.as_deref()), (Outcome::UpToDate, Some("009")));
}

#[test]
fn each_change_of_the_schema_from_outside_is_noticed() {
    for ddl in [
        "CREATE TABLE x (a)",
        "DROP INDEX idx_audit_user_timestamp",
        "ALTER TABLE audit_logs ADD COLUMN x",
        "ALTER TABLE audit_logs RENAME TO x",
        "CREATE VIEW x AS SELECT 1",
        "CREATE TRIGGER x AFTER INSERT ON audit_logs BEGIN SELECT 1; END",
        "DROP TABLE document_paths",
    ] {
        let place = Place::new();
        TOKENS.open(place.db()).unwrap().execute_batch(ddl).unwrap();
        assert_eq!(TOKENS.open(place.db()).unwrap_err().code(), "drifted", "{ddl}");
    }
}

#[test]
fn a_pending_revision_is_never_skipped() {
    let place = Place::new();
    for head in 1..=6 {
        let chain = place.tables(head);
        let db = chain.open(place.db()).unwrap();
        assert_eq!(ids(&db).len(), head);
        assert!(is_marked(&db));
    }
    // Nor one that only changes rows, after which the schema is the same.
    let steps =
        [("CREATE TABLE t1 (a);", "DROP TABLE t1;"), ("INSERT INTO t1 VALUES (1);", "DELETE FROM t1;")];
    let other = Place::new();
    drop(other.chain(&steps[..1]).open(other.db()).unwrap());
    let db = other.chain(&steps).open(other.db()).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM t1"), 1);
}

#[test]
fn a_user_version_that_means_something_else_is_never_written() {
    for own in [1, 5, -1, 4711, i64::from(i32::MAX), i64::from(i32::MIN)] {
        let place = Place::new();
        let mut db = Connection::open(place.db()).unwrap();
        db.execute_batch(&format!("PRAGMA user_version = {own}")).unwrap();
        TOKENS.upgrade(&mut db).unwrap();
        assert_eq!(user_version(&db), own);
        assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
        TOKENS.downgrade_to(&mut db, "-1").unwrap();
        TOKENS.stamp(&mut db, "009").unwrap();
        assert_eq!(user_version(&db), own);
    }
    // Nor one that a migration sets.
    let place = Place::new();
    let chain = place.proven(&[(
        "PRAGMA user_version = 7; CREATE TABLE a (b);",
        "DROP TABLE a; PRAGMA user_version = 0;",
    )]);
    let mut db = chain.open(place.db()).unwrap();
    assert_eq!(user_version(&db), 7);
    assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn what_moves_the_schema_version_and_not_the_schema_costs_one_look() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    for sql in ["VACUUM", "ANALYZE", "CREATE TABLE x (a); DROP TABLE x"] {
        db.execute_batch(sql).unwrap();
        assert_ne!(asked(&mut db, &TOKENS), AT_HEAD, "{sql}");
        assert_eq!(asked(&mut db, &TOKENS), AT_HEAD, "{sql}");
    }
}

#[test]
fn a_database_from_a_version_without_markers_gets_one() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    db.execute_batch("PRAGMA user_version = 0").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert!(is_marked(&db));
    assert_eq!(asked(&mut db, &TOKENS), AT_HEAD);
}

#[test]
fn a_restored_backup_is_where_it_was_then() {
    let place = Place::new();
    drop(place.tables(2).open(place.db()).unwrap());
    fs::copy(place.db(), place.path("backup.db")).unwrap();
    let chain = place.tables(4);
    drop(chain.open(place.db()).unwrap());
    fs::copy(place.path("backup.db"), place.db()).unwrap();
    let mut db = Connection::open(place.db()).unwrap();
    assert_eq!(chain.upgrade(&mut db).unwrap().applied.len(), 2);
}

/// What is counted of the tables that an upgrade by one revision reads: with the marker at the revision before it, and without.
fn with_and_without_marker(count: impl Fn(&[String]) -> usize) -> (usize, usize) {
    let place = Place::new();
    let steps = [("CREATE TABLE t (a);", "DROP TABLE t;"), ("CREATE TABLE u (a);", "DROP TABLE u;")];
    let chain = place.proven(&steps);
    let counted = |db: &mut Connection| {
        let (report, read) = common::read_by(db, |db| chain.upgrade(db).unwrap());
        assert_eq!(report.applied.len(), 1);
        count(&read)
    };
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    let with = counted(&mut db);
    chain.downgrade_to(&mut db, "001").unwrap();
    db.execute_batch("PRAGMA user_version = 0").unwrap();
    (with, counted(&mut db))
}

#[test]
fn where_a_marker_holds_an_upgrade_does_not_ask_what_the_schema_was() {
    // Only the texts of the schema are read so: what has the columns `sql` and `tbl_name`.
    let (with, without) = with_and_without_marker(|read| {
        read.windows(2).filter(|pair| *pair == ["sqlite_master", "sqlite_master"]).count()
    });
    assert!(with < without);
}

#[test]
fn a_history_that_somebody_changed_is_looked_at_where_the_marker_says_something_else() {
    let mut db = Connection::open_in_memory().unwrap();
    TOKENS.upgrade_to(&mut db, "005").unwrap();
    // The marker says 005, the rows say 004, and the schema is not that of 004.
    db.execute_batch("DELETE FROM revchain_history WHERE revision = '005'").unwrap();
    let error = TOKENS.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "drifted", "{error}");
}

#[test]
fn where_a_marker_says_that_something_is_pending_the_history_is_read_once() {
    let (with, without) =
        with_and_without_marker(|read| read.iter().filter(|table| *table == "revchain_history").count());
    assert!(with < without);
}

#[test]
fn an_upgrade_that_stops_before_the_head_marks_nothing_anew() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE x (a); DROP TABLE x").unwrap();
    let before = user_version(&db);
    TOKENS.upgrade_to(&mut db, "005").unwrap();
    assert_eq!(user_version(&db), before);
    TOKENS.upgrade(&mut db).unwrap();
    assert_ne!(user_version(&db), before);
}

#[test]
fn the_rows_of_a_history_are_read_in_the_order_in_which_they_were_written() {
    let mut db = TOKENS.open_in_memory().unwrap();
    // From such an index, SQLite would take them in another.
    db.execute_batch("CREATE INDEX revchain_i ON revchain_history (revision DESC, checksum)").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    TOKENS.downgrade_to(&mut db, "008").unwrap();
    assert_eq!(TOKENS.history(&db).unwrap().last().unwrap().revision, "008");
}

#[test]
fn what_another_build_has_reverted_is_pending() {
    let place = Place::new();
    let chain = place.tables(4);
    drop(chain.open(place.db()).unwrap());
    let mut db = Connection::open(place.db()).unwrap();
    // This one knows no more than the first three, and could not have reverted the fourth.
    chain.downgrade_to(&mut db, "003").unwrap();
    let older = place.tables(3);
    assert_eq!(asked(&mut db, &older), AT_HEAD, "it is at the head of the older one");
    assert_eq!(place.tables(4).upgrade(&mut db).unwrap().applied.len(), 1);
    let error = place.tables(3).upgrade(&mut db).unwrap_err();
    assert!(matches!(error.conflict(), Some(Conflict::Ahead { .. })), "{error}");
}

#[test]
fn an_edited_revision_is_found_behind_the_marker() {
    let place = Place::new();
    drop(place.chain(&[("CREATE TABLE a (b);", "DROP TABLE a;")]).open(place.db()).unwrap());
    let edited = place.chain(&[("CREATE TABLE a (c);", "DROP TABLE a;")]);
    assert_eq!(edited.open(place.db()).unwrap_err().code(), "edited");
}

#[test]
fn a_stamp_says_where_the_database_is_also_to_the_marker() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    TOKENS.stamp(&mut db, "003").unwrap();
    assert!(!is_marked(&db), "its schema is not that of 003");
    assert_eq!(TOKENS.upgrade(&mut db).unwrap_err().code(), "drifted");
    TOKENS.stamp(&mut db, "009").unwrap();
    assert!(is_marked(&db));
    TOKENS.stamp(&mut db, "base").unwrap();
    assert!(!is_marked(&db));
}

#[test]
fn a_database_that_has_drifted_is_not_marked() {
    let mut db = Connection::open_in_memory().unwrap();
    TOKENS.upgrade_to(&mut db, "008").unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let warn = TOKENS.options().on_drift(OnDrift::Warn);
    warn.upgrade(&mut db).unwrap();
    assert!(!is_marked(&db));
    warn.upgrade(&mut db).unwrap();
    assert!(!is_marked(&db));
    assert_eq!(TOKENS.upgrade(&mut db).unwrap_err().code(), "drifted");
}

#[test]
fn a_file_that_cannot_be_written_needs_no_write() {
    let place = Place::new();
    let db = TOKENS.open(place.db()).unwrap();
    for setup in ["SELECT 1", "PRAGMA user_version = 0"] {
        db.execute_batch(setup).unwrap();
        let before = fs::read(place.db()).unwrap();
        let mut reader = Connection::open_with_flags(place.db(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert_eq!(TOKENS.upgrade(&mut reader).unwrap().outcome, Outcome::UpToDate);
        assert_eq!(fs::read(place.db()).unwrap(), before);
    }
}

#[test]
fn a_build_that_knows_less_does_not_speak_for_one_that_knows_more() {
    let place = Place::new();
    let steps = [("CREATE TABLE t (a TEXT);", "DROP TABLE t;")];
    let (unproven, proven) = (place.chain(&steps), place.proven(&steps));
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE t (a INTEGER)").unwrap();
    unproven.stamp(&mut db, "001").unwrap();
    assert!(is_marked(&db));
    assert_eq!(unproven.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert_eq!(proven.upgrade(&mut db).unwrap_err().code(), "drifted");
}

#[test]
fn what_was_left_out_of_the_schema_is_not_left_out_for_others() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    let options = TOKENS.options().ignore_tables(["theirs"]);
    assert_eq!(options.upgrade(&mut db).unwrap().outcome, Outcome::New);
    assert_eq!(options.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert!(!is_marked(&db));
    assert_eq!(TOKENS.upgrade(&mut db).unwrap_err().code(), "drifted");
}

#[test]
fn the_marker_lets_no_open_transaction_pass() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("BEGIN").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap_err().code(), "in-transaction");
}

#[test]
fn a_branch_without_the_merge_is_not_marked() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui/chains/merge");
    let unproven = Migrations::from_directory_unproven(directory).unwrap();
    let mut db = Connection::open_in_memory().unwrap();
    unproven.upgrade_to(&mut db, "006").unwrap();
    assert!(!is_marked(&db), "its history lacks 005, which stands before 006");
    unproven.upgrade(&mut db).unwrap();
    assert!(is_marked(&db));
}

/// SQLite calls the hook where a transaction that could write ends, also if it has written nothing.
#[test]
fn where_there_is_no_marker_to_be_written_no_write_lock_is_taken() {
    let cases: [(&str, Options<'_>); 3] = [
        ("CREATE TABLE theirs (a); PRAGMA user_version = 0", TOKENS.options().ignore_tables(["theirs"])),
        ("PRAGMA user_version = 7", TOKENS.options()),
        ("CREATE TABLE mine (a)", TOKENS.options().on_drift(OnDrift::Warn)),
    ];
    for (sql, options) in cases {
        let mut db = TOKENS.open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        let commits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&commits);
        #[allow(clippy::let_unit_value)]
        let _ = db.commit_hook(Some(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        }));
        assert_eq!(options.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate, "{sql}");
        assert_eq!(commits.load(Ordering::Relaxed), 0, "{sql}");
    }
}

#[test]
fn that_newer_revisions_may_be_taken_back_costs_an_upgrade_nothing() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    let options = TOKENS.options().on_ahead(OnAhead::Downgrade);
    let (report, tables) = common::read_by(&mut db, |db| options.upgrade(db).unwrap());
    assert_eq!((report.outcome, tables), (Outcome::UpToDate, Vec::new()));
}
