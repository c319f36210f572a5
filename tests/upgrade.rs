//! What is found in a database, and what happens to it: the table of "Run time", on real files.

#![allow(clippy::unwrap_used)]

mod common;

use std::cell::RefCell;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Place, TOKENS, count, ids, schema};
use revchain::rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use revchain::rusqlite::{Connection, OpenFlags, TransactionBehavior};
use revchain::{Conflict, ErrorKind, Event, Migrations, Origin, Outcome, Request, Target, embed_migrations};

#[test]
fn a_new_database_is_built() {
    let place = Place::new();
    let mut db = Connection::open(place.db()).unwrap();
    let report = TOKENS.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::New);
    assert_eq!((report.from, report.to.as_deref()), (None, Some("009")));
    let applied: Vec<_> = report.applied.iter().map(|applied| applied.revision.as_str()).collect();
    assert_eq!(applied, ["001", "002", "003", "004", "005", "006", "007", "008", "009"]);
    assert_eq!(ids(&db), applied);
    assert_eq!(count(&db, "SELECT count(*) FROM document_paths"), 0);
}

#[test]
fn open_gives_a_connection_at_the_head() {
    let place = Place::new();
    let db = TOKENS.open(place.db()).unwrap();
    assert_eq!(TOKENS.current(&db).unwrap(), TOKENS.head());
    assert_eq!(TOKENS.pending(&db).unwrap(), Vec::<&revchain::Revision>::new());
    drop(db);
    let db = TOKENS.open(place.db()).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM revchain_history"), 9);
}

#[test]
fn a_database_in_memory_is_at_the_head() {
    let db = TOKENS.open_in_memory().unwrap();
    assert_eq!(TOKENS.current(&db).unwrap().unwrap().id(), "009");
}

/// A row of each table that came after 001, and the revision since which it can be there.
const ROWS_OF_LATER_TABLES: [(&str, &str); 5] = [
    (
        "002",
        "INSERT INTO app_passwords (user_id, encrypted_password, created_at, updated_at) VALUES ('ada', x'01', 1, 2)",
    ),
    ("003", "INSERT INTO login_flow_sessions VALUES ('ada', x'02', 'u', NULL, 1, 2)"),
    ("005", "INSERT INTO browser_sessions VALUES ('s', 'ada', 1, 2)"),
    ("007", "INSERT INTO usage_events VALUES ('e', '2026-06-07', 'calls', 3, NULL)"),
    ("008", "INSERT INTO batch_ocr_jobs VALUES ('ada', 'd', 'file', 'e', 'j', 1)"),
];

#[test]
fn an_older_database_is_upgraded_with_its_rows() {
    for old in ["001", "002", "003", "004", "005", "006", "007", "008"] {
        let place = Place::new();
        let mut db = Connection::open(place.db()).unwrap();
        TOKENS.upgrade_to(&mut db, old).unwrap();
        db.execute_batch(
            "INSERT INTO refresh_tokens (user_id, encrypted_token, created_at, updated_at) VALUES ('ada', x'00ff', 1, 2);
             INSERT INTO audit_logs (timestamp, event, user_id) VALUES (1, 'stored', 'ada'), (2, 'read', 'ada');
             INSERT INTO registered_webhooks (webhook_id, preset_id, created_at) VALUES (7, 'notes', 1.5);
             INSERT INTO oauth_sessions (session_id, client_redirect_uri, created_at, expires_at) VALUES ('s', 'u', 1, 2);",
        )
        .unwrap();
        for (since, sql) in ROWS_OF_LATER_TABLES {
            if old >= since {
                db.execute_batch(sql).unwrap();
            }
        }
        drop(db);
        let mut db = Connection::open(place.db()).unwrap();
        let report = TOKENS.upgrade(&mut db).unwrap();
        assert_eq!((report.outcome, report.from.as_deref()), (Outcome::Upgraded, Some(old)));
        assert_eq!(report.to.as_deref(), Some("009"));
        let kept = |sql: &str| count(&db, sql);
        assert_eq!(
            kept(
                "SELECT count(*) FROM refresh_tokens WHERE encrypted_token = x'00ff' AND flow_type = 'hybrid'"
            ),
            1
        );
        assert_eq!(kept("SELECT count(*) FROM audit_logs"), 2);
        assert_eq!(kept("SELECT count(*) FROM registered_webhooks WHERE created_at = 1.5"), 1);
        assert_eq!(kept("SELECT count(*) FROM oauth_sessions WHERE nonce IS NULL"), 1);
        for (since, sql) in ROWS_OF_LATER_TABLES {
            let table = sql.split(' ').nth(2).unwrap();
            assert_eq!(
                kept(&format!("SELECT count(*) FROM {table}")),
                i64::from(old >= since),
                "{table} from {old}"
            );
        }
        assert_eq!(schema(&db), schema(&TOKENS.open_in_memory().unwrap()), "from {old}");
    }
}

/// What is embedded is made of lists, and read from them at run time.
#[test]
fn what_a_directory_says_is_embedded_word_for_word() {
    static LABELS: Migrations = embed_migrations!("tests/chains/labels");
    // Tests run where their package is, from where the macro names the files.
    let read = Migrations::from_directory("tests/chains/labels").unwrap();
    assert_eq!(LABELS.revisions(), read.revisions());
    let compatible = LABELS.revisions().iter().filter(|revision| revision.is_compatible());
    assert_eq!(compatible.map(|revision| revision.id()).collect::<Vec<_>>(), ["002", "004"]);
    let destroys = LABELS.revisions().iter().map(|revision| revision.destroys().len());
    assert_eq!(destroys.collect::<Vec<_>>(), [0, 0, 1, 0, 2]);
}

#[test]
fn at_the_head_nothing_is_done() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    let before = fs::read(place.db()).unwrap();
    let report = TOKENS.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::UpToDate);
    assert_eq!((report.from.as_deref(), report.to.as_deref()), (Some("009"), Some("009")));
    assert_eq!(fs::read(place.db()).unwrap(), before);
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let place = Place::new();
    let newer = place.tables(5);
    drop(newer.open(place.db()).unwrap());
    let before = fs::read(place.db()).unwrap();
    let older = place.tables(3);
    let error = older.open(place.db()).unwrap_err();
    match error.conflict() {
        Some(Conflict::Ahead { unknown, head, related, .. }) => {
            let ids: Vec<_> = unknown.iter().map(|newer| newer.revision.as_str()).collect();
            assert_eq!((ids, head.as_str(), *related), (vec!["004", "005"], "003", true));
        }
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().contains("app.db: the database is ahead of this program"), "{error}");
    assert_eq!(format!("{error:?}"), error.to_string(), "a main that returns it shows it");
    assert_eq!(fs::read(place.db()).unwrap(), before);
    // What it has can still be shown.
    let db = Connection::open(place.db()).unwrap();
    assert_eq!(older.history(&db).unwrap().len(), 5);
}

#[test]
fn the_database_of_another_chain_is_told_apart_from_a_newer_one() {
    let place = Place::new();
    drop(place.tables(2).open(place.db()).unwrap());
    let error = {
        let text =
            "-- A.\n-- @revises base\n-- @upgrade\nCREATE TABLE x (a);\n-- @downgrade\nDROP TABLE x;\n";
        let directory = place.path("other");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("20260101_0000_abc_x.sql"), text).unwrap();
        revchain::Migrations::from_directory(&directory).unwrap().open(place.db()).unwrap_err()
    };
    assert!(matches!(error.conflict(), Some(Conflict::Ahead { related: false, .. })), "{error}");
    assert_eq!(error.code(), "ahead");
    assert!(error.to_string().contains("another chain"), "{error}");
    // What its revisions are is known all the same.
    let Some(Conflict::Ahead { unknown, .. }) = error.conflict() else { panic!("{error}") };
    assert_eq!(unknown.len(), 2);
    assert!(unknown.iter().all(|newer| newer.summary.is_some()), "{unknown:?}");
}

#[test]
fn a_history_that_may_not_be_read_is_an_error_and_not_taken_for_one_of_fewer_columns() {
    #[allow(unused_mut, reason = "some versions of rusqlite want it to set the authorizer")]
    let mut db = TOKENS.open_in_memory().unwrap();
    let authorizer = |context: AuthContext<'_>| match context.action {
        AuthAction::Read { column_name: "program", .. } => Authorization::Deny,
        _ => Authorization::Allow,
    };
    // Some versions of rusqlite give a result here, others nothing.
    #[allow(clippy::let_unit_value)]
    let _ = db.authorizer(Some(authorizer));
    let error = TOKENS.history(&db).unwrap_err();
    assert!(error.to_string().contains("program is prohibited"), "{error}");
    #[allow(clippy::let_unit_value)]
    let _ = db.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    assert_eq!(TOKENS.history(&db).unwrap().len(), TOKENS.revisions().len());
}

#[test]
fn a_revision_edited_after_it_was_applied_is_refused_but_a_comment_is_no_edit() {
    let place = Place::new();
    drop(place.chain(&[("CREATE TABLE a (b);", "DROP TABLE a;")]).open(place.db()).unwrap());
    let commented = place.chain(&[("-- why\r\nCREATE  TABLE a /* this */ (b)\r\n;;", "DROP TABLE a")]);
    drop(commented.open(place.db()).unwrap());
    let edited = place.chain(&[("CREATE TABLE a (b, c);", "DROP TABLE a;")]);
    let error = edited.open(place.db()).unwrap_err();
    assert!(matches!(error.conflict(), Some(Conflict::Edited { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains("001 was edited after") && text.contains("20260101_0000_001_step.sql"), "{text}");
    // Stamping says that the database is right, and mends it.
    let mut db = Connection::open(place.db()).unwrap();
    let report = edited.stamp(&mut db, "head").unwrap();
    assert_eq!((report.outcome, report.stamped), (Outcome::Stamped, vec!["001".to_owned()]));
    assert_eq!(edited.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn tables_without_a_history_are_refused_and_the_error_says_what_to_do() {
    let place = Place::new();
    let db = Connection::open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE users (a); CREATE TABLE notes (a)").unwrap();
    drop(db);
    let before = fs::read(place.db()).unwrap();
    let error = TOKENS.open(place.db()).unwrap_err();
    assert!(
        matches!(error.conflict(), Some(Conflict::Unrecognized { tables, .. }) if tables == &["notes", "users"]),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains("ignore_tables")
            && text.contains("baseline_unchecked")
            && text.contains("notes, users"),
        "{text}"
    );
    assert_eq!(fs::read(place.db()).unwrap(), before);
}

#[test]
fn a_database_with_only_a_view_or_a_table_named_like_sqlites_own_is_not_new() {
    for sql in ["CREATE VIEW sqlites AS SELECT 1 AS x", "CREATE TABLE sqlites (a)"] {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        let error = TOKENS.upgrade(&mut db).unwrap_err();
        assert!(
            matches!(error.conflict(), Some(Conflict::Unrecognized { tables, .. }) if tables == &["sqlites"]),
            "{error}"
        );
    }
}

/// The token store before it had migrations: 001's tables as it made them, with comments and other white space.
const BEFORE_MIGRATIONS: &str = include_str!("before_migrations.sql");

#[test]
fn the_first_revision_is_the_schema_from_before_the_migrations() {
    let before = Connection::open_in_memory().unwrap();
    before.execute_batch(BEFORE_MIGRATIONS).unwrap();
    let mut first = Connection::open_in_memory().unwrap();
    TOKENS.upgrade_to(&mut first, "001").unwrap();
    let unspaced = |schema: String| schema.split_whitespace().collect::<String>();
    assert_eq!(unspaced(schema(&before)), unspaced(schema(&first)));
}

#[test]
fn a_database_from_before_the_migrations_is_stamped_and_upgraded_in_one_call() {
    let place = Place::new();
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch(BEFORE_MIGRATIONS).unwrap();
    db.execute_batch(
        "INSERT INTO registered_webhooks (webhook_id, preset_id, created_at) VALUES (7, 'notes', 1.5)",
    )
    .unwrap();
    let stored: String = db
        .query_row("SELECT sql FROM sqlite_master WHERE name = 'refresh_tokens'", [], |row| row.get(0))
        .unwrap();
    let report = TOKENS.options().baseline("001").upgrade(&mut db).unwrap();
    assert_eq!((report.outcome, report.stamped), (Outcome::Stamped, vec!["001".to_owned()]));
    assert_eq!((report.applied.len(), report.to.as_deref()), (8, Some("009")));
    let history = TOKENS.history(&db).unwrap();
    assert_eq!((history[0].origin, history[1].origin), (Origin::Stamp, Origin::Upgrade));
    assert_eq!(count(&db, "SELECT count(*) FROM registered_webhooks"), 1);
    let now: String = db
        .query_row("SELECT sql FROM sqlite_master WHERE name = 'refresh_tokens'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(now, stored, "the tables of the baseline are not touched");
    // The baseline is not asked for again.
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn a_baseline_and_its_upgrade_are_one_transaction() {
    let place = Place::new();
    let chain = place
        .chain(&[("CREATE TABLE a (b);", "DROP TABLE a;"), ("INSERT INTO nowhere VALUES (1);", "SELECT 1;")]);
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE a (b)").unwrap();
    chain.options().baseline("001").upgrade(&mut db).unwrap_err();
    assert_eq!(count(&db, "SELECT count(*) FROM sqlite_master"), 1, "neither a history nor a stamp is left");
}

#[test]
fn a_baseline_is_not_used_for_a_new_database() {
    let place = Place::new();
    let mut db = Connection::open(place.db()).unwrap();
    let report = TOKENS.options().baseline("003").upgrade(&mut db).unwrap();
    assert_eq!((report.outcome, report.applied.len()), (Outcome::New, 9));
}

#[test]
fn a_baseline_at_base_applies_all_beside_the_tables_of_others() {
    let place = Place::new();
    let chain = place.tables(2);
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE of_others (a)").unwrap();
    let report = chain.options().baseline("base").upgrade(&mut db).unwrap();
    assert_eq!(report.applied.len(), 2);
    // The same, said once by hand.
    let mut db = Connection::open(place.path("other.db")).unwrap();
    db.execute_batch("CREATE TABLE of_others (a)").unwrap();
    chain.stamp(&mut db, "base").unwrap();
    assert_eq!(chain.upgrade(&mut db).unwrap().applied.len(), 2);
}

#[test]
fn a_stamp_records_and_runs_nothing() {
    let place = Place::new();
    let chain = place.tables(4);
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE t1 (a); CREATE TABLE t2 (a)").unwrap();
    let report = chain.stamp(&mut db, "002").unwrap();
    assert_eq!((report.outcome, report.applied.len()), (Outcome::Stamped, 0));
    assert_eq!(ids(&db), ["001", "002"]);
    assert_eq!(count(&db, "SELECT count(*) FROM sqlite_master WHERE name LIKE 't_'"), 2);
    chain.upgrade(&mut db).unwrap();
    chain.stamp(&mut db, "003").unwrap();
    assert_eq!(ids(&db), ["001", "002", "003"]);
    assert_eq!(count(&db, "SELECT count(*) FROM t4"), 0);
}

#[test]
fn up_down_and_up_again_gives_the_same_schema() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    let head = schema(&db);
    let report = TOKENS.downgrade_to(&mut db, "base").unwrap();
    assert_eq!((report.outcome, report.to), (Outcome::Downgraded, None));
    assert_eq!(report.reverted.first().unwrap().revision, "009");
    // All that is left is SQLite's own table for AUTOINCREMENT, and the history, which is empty.
    let left =
        "SELECT count(*) FROM sqlite_master WHERE tbl_name NOT IN ('sqlite_sequence', 'revchain_history')";
    assert_eq!(count(&db, left), 0);
    assert_eq!(ids(&db), Vec::<String>::new());
    TOKENS.upgrade(&mut db).unwrap();
    assert_eq!(schema(&db), head);
}

#[test]
fn each_downgrade_gives_back_the_schema_of_the_revision_before() {
    let mut db = TOKENS.open_in_memory().unwrap();
    for revision in TOKENS.revisions().iter().rev() {
        TOKENS.downgrade_to(&mut db, "-1").unwrap();
        let mut fresh = Connection::open_in_memory().unwrap();
        TOKENS.upgrade_to(&mut fresh, revision.revises().next().unwrap_or("base")).unwrap();
        if revision.id() != "001" {
            assert_eq!(schema(&db), schema(&fresh), "below {}", revision.id());
        }
    }
}

#[test]
fn targets_are_head_base_revisions_and_steps() {
    let place = Place::new();
    let chain = place.tables(5);
    let mut db = Connection::open(place.db()).unwrap();
    let mut at = |request: &str, target: &str| {
        let report = match request {
            "up" => chain.upgrade_to(&mut db, target),
            _ => chain.downgrade_to(&mut db, target),
        };
        report.map(|report| report.to).map_err(|error| error.to_string())
    };
    assert_eq!(at("up", "+2"), Ok(Some("002".into())));
    assert_eq!(at("up", "004"), Ok(Some("004".into())));
    assert_eq!(at("up", "001"), Ok(Some("004".into())), "what is beyond stays");
    assert_eq!(at("down", "-1"), Ok(Some("003".into())));
    assert_eq!(at("down", "001"), Ok(Some("001".into())));
    assert_eq!(at("up", "head"), Ok(Some("005".into())));
    assert!(at("up", "+1").unwrap_err().contains("nothing is pending"));
    assert!(at("down", "-6").unwrap_err().contains("-6 goes below base: 5 applied"));
    assert!(at("up", "-1").unwrap_err().contains("downgrade"));
    assert!(at("up", "0005").unwrap_err().contains("did you mean 005?"));
    assert_eq!(at("down", "base"), Ok(None));
    assert!(at("down", "-1").unwrap_err().contains("nothing to revert"));
    assert!(at("down", "003").unwrap_err().contains("use `upgrade`"));
    assert!(at("down", "head").unwrap_err().contains("use `upgrade`"));
}

#[test]
fn an_irreversible_revision_stops_a_downgrade_before_anything_runs() {
    let place = Place::new();
    let directory = place.path("m");
    fs::create_dir(&directory).unwrap();
    let file = |name: &str, text: &str| fs::write(directory.join(name), text).unwrap();
    file(
        "20260101_0000_1_a.sql",
        "-- A.\n-- @revises base\n-- @upgrade\nCREATE TABLE a (x);\n-- @downgrade\nDROP TABLE a;\n",
    );
    file(
        "20260102_0000_2_b.sql",
        "-- B.\n-- @revises 1\n-- @irreversible the old hashes are gone\n-- @upgrade\nCREATE TABLE b (x);\n",
    );
    file(
        "20260103_0000_3_c.sql",
        "-- C.\n-- @revises 2\n-- @upgrade\nCREATE TABLE c (x);\n-- @downgrade\nDROP TABLE c;\n",
    );
    let chain = revchain::Migrations::from_directory(&directory).unwrap();
    let mut db = chain.open(place.db()).unwrap();
    let before = fs::read(place.db()).unwrap();
    let error = chain.downgrade_to(&mut db, "base").unwrap_err();
    assert!(matches!(error.conflict(), Some(Conflict::Irreversible { revision, .. }) if revision == "2"));
    assert!(error.to_string().contains("the old hashes are gone"), "{error}");
    assert_eq!(fs::read(place.db()).unwrap(), before);
    assert_eq!(chain.downgrade_to(&mut db, "2").unwrap().reverted.len(), 1);
}

#[test]
fn a_merge_takes_databases_of_both_branches_along() {
    let place = Place::new();
    let directory = place.path("m");
    fs::create_dir(&directory).unwrap();
    let file = |id: &str, day: u8, revises: &str| {
        let text = format!(
            "-- {id}.\n-- @revises {revises}\n-- @upgrade\nCREATE TABLE {id} (x);\n-- @downgrade\nDROP TABLE {id};\n"
        );
        fs::write(directory.join(format!("202601{day:02}_0000_{id}_x.sql")), text).unwrap();
    };
    file("a", 1, "base");
    file("b", 2, "a");
    let left = revchain::Migrations::from_directory(&directory).unwrap();
    fs::rename(directory.join("20260102_0000_b_x.sql"), place.path("b.sql")).unwrap();
    file("c", 3, "a");
    let right = revchain::Migrations::from_directory(&directory).unwrap();
    fs::rename(place.path("b.sql"), directory.join("20260102_0000_b_x.sql")).unwrap();
    file("d", 4, "b c");
    let merged = revchain::Migrations::from_directory(&directory).unwrap();
    for (name, branch, pending) in [("left.db", &left, ["c", "d"]), ("right.db", &right, ["b", "d"])] {
        let mut db = branch.open(place.path(name)).unwrap();
        let report = merged.upgrade(&mut db).unwrap();
        let applied: Vec<_> = report.applied.iter().map(|applied| applied.revision.as_str()).collect();
        assert_eq!(applied, pending);
        assert_eq!(merged.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
        merged.downgrade_to(&mut db, "b").unwrap();
        assert_eq!(merged.current(&db).unwrap().unwrap().id(), "b");
        assert_eq!(count(&db, "SELECT count(*) FROM sqlite_master WHERE name IN ('c', 'd')"), 0);
    }
}

#[test]
fn a_read_only_database_opens_at_the_head_and_says_what_is_pending_behind_it() {
    let place = Place::new();
    let (old, new) = (place.tables(2), place.tables(4));
    drop(old.open(place.db()).unwrap());
    let read_only = || Connection::open_with_flags(place.db(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    assert_eq!(old.upgrade(&mut read_only()).unwrap().outcome, Outcome::UpToDate);
    let error = new.upgrade(&mut read_only()).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::ReadOnly { pending, .. } if pending == &["003", "004"]),
        "{error}"
    );
    assert!(error.to_string().contains("003, 004"), "{error}");
    assert_eq!(new.pending(&read_only()).unwrap().len(), 2);
    let error = new.stamp(&mut read_only(), "001").unwrap_err();
    assert!(error.to_string().contains("read-only, and this would change it"), "{error}");
}

#[test]
fn what_cannot_be_read_before_it_is_written_is_not_told_as_a_change() {
    let place = Place::new();
    let chain = place.tables(2);
    let db = chain.open(place.db()).unwrap();
    // A writer that dies while it writes leaves a journal, by which the next has to put back what was there.
    db.execute_batch(
        "PRAGMA cache_size = 1; BEGIN; CREATE TABLE x (a); INSERT INTO x VALUES (zeroblob(100000));",
    )
    .unwrap();
    let left = place.path("left.db");
    fs::copy(place.db(), &left).unwrap();
    fs::copy(place.path("app.db-journal"), place.path("left.db-journal")).unwrap();
    let mut db = Connection::open_with_flags(&left, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Sqlite { .. }), "{error}");
    assert!(error.to_string().contains("reading the history"), "{error}");
    drop(db);
    assert_eq!(chain.upgrade(&mut Connection::open(left).unwrap()).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn what_only_looks_never_writes() {
    let place = Place::new();
    let db = Connection::open(place.db()).unwrap();
    let is_base = |db: &Connection| TOKENS.current(db).unwrap().is_none();
    assert!(is_base(&db));
    assert_eq!(TOKENS.pending(&db).unwrap().len(), 9);
    assert_eq!(TOKENS.history(&db).unwrap(), []);
    let plan = TOKENS.plan(&db, &Request::Upgrade(Target::Head)).unwrap();
    assert_eq!((plan.from, plan.to, plan.steps.len()), (None, Some(8), 10));
    assert_eq!(fs::metadata(place.db()).unwrap().len(), 0);
    db.execute_batch("CREATE TABLE users (a)").unwrap();
    assert!(is_base(&db));
    TOKENS.pending(&db).unwrap_err();
}

#[test]
fn who_only_looks_waits_for_nobody_who_writes() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    // What the program begins itself is to lock at once.
    db.set_transaction_behavior(TransactionBehavior::Immediate);
    let writer = Connection::open(place.db()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let options = TOKENS.options().lock_timeout(Duration::ZERO);
    assert_eq!(options.current(&db).unwrap(), TOKENS.head());
    assert_eq!(options.history(&db).unwrap().len(), 9);
    assert!(options.check(&db).unwrap().is_none());
    assert_eq!(options.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

/// Does to the file what nobody else could time so well: another connection builds the database just before the
/// second query of `db` is run.
#[test]
fn what_only_looks_sees_one_state_of_the_database() {
    let place = Place::new();
    #[allow(unused_mut, reason = "some versions of rusqlite want it to set the authorizer")]
    let mut db = Connection::open(place.db()).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    let (queries, path) = (AtomicUsize::new(0), place.db());
    let authorizer = move |context: AuthContext<'_>| {
        if matches!(context.action, AuthAction::Select) && queries.fetch_add(1, Ordering::Relaxed) == 1 {
            drop(TOKENS.open(&path).unwrap());
        }
        Authorization::Allow
    };
    // Some versions of rusqlite give a result here, others nothing.
    #[allow(clippy::let_unit_value)]
    let _ = db.authorizer(Some(authorizer));
    assert_eq!(TOKENS.pending(&db).unwrap().len(), 9);
    assert_eq!(TOKENS.pending(&db).unwrap().len(), 0);
}

/// The same, where another connection upgrades between the reading of the history and that of the schema.
#[test]
fn history_and_schema_are_those_of_one_moment() {
    let looks: [fn(&mut Connection) -> bool; 2] = [
        |db| TOKENS.upgrade_to(db, "008").unwrap().outcome == Outcome::UpToDate,
        |db| TOKENS.check(db).unwrap().is_none(),
    ];
    for look in looks {
        let place = Place::new();
        let mut db = Connection::open(place.db()).unwrap();
        db.pragma_update(None, "journal_mode", "wal").unwrap();
        TOKENS.upgrade_to(&mut db, "008").unwrap();
        let (queries, path) = (AtomicUsize::new(0), place.db());
        let authorizer = move |context: AuthContext<'_>| {
            if matches!(context.action, AuthAction::Select) && queries.fetch_add(1, Ordering::Relaxed) == 2 {
                drop(TOKENS.open(&path).unwrap());
            }
            Authorization::Allow
        };
        // Some versions of rusqlite give a result here, others nothing.
        #[allow(clippy::let_unit_value)]
        let _ = db.authorizer(Some(authorizer));
        assert!(look(&mut db));
        assert_eq!(ids(&db).len(), 9, "the other has upgraded");
    }
}

#[test]
fn a_transaction_of_the_callers_may_look() {
    let place = Place::new();
    let db = TOKENS.open(place.db()).unwrap();
    db.execute_batch("BEGIN").unwrap();
    assert_eq!(TOKENS.current(&db).unwrap(), TOKENS.head());
    assert_eq!(TOKENS.pending(&db).unwrap().len(), 0);
    assert_eq!(TOKENS.history(&db).unwrap().len(), 9);
    assert!(!db.is_autocommit());
}

/// Programs of every version read and write it.
#[test]
fn what_is_stored_in_the_history_does_not_change() {
    let place = Place::new();
    let chain = place.tables(2);
    let mut db = Connection::open(place.db()).unwrap();
    chain.stamp(&mut db, "001").unwrap();
    chain.upgrade(&mut db).unwrap();
    let layout = "SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk, ', ')
                  FROM pragma_table_xinfo('revchain_history')";
    let layout: String = db.query_row(layout, [], |row| row.get(0)).unwrap();
    assert_eq!(
        layout,
        "revision TEXT 1 1, checksum TEXT 1 0, origin TEXT 1 0, applied_at INTEGER 1 0, duration_us INTEGER 1 0, \
         program TEXT 0 0, summary TEXT 0 0, compatible INTEGER 0 0, revises TEXT 0 0, upgrade_checksum TEXT 0 0, \
         downgrade TEXT 0 0, irreversible TEXT 0 0"
    );
    for (revision, origin) in chain.revisions().iter().zip(["stamp", "upgrade"]) {
        let checksum: String = revision.checksum().iter().map(|byte| format!("{byte:02x}")).collect();
        let stored = format!(
            "SELECT count(*) FROM revchain_history WHERE revision = '{}' AND checksum = '{checksum}' AND origin = '{origin}'",
            revision.id()
        );
        assert_eq!(count(&db, &stored), 1, "{stored}");
    }
    let origins: Vec<_> = chain.history(&db).unwrap().iter().map(|stamp| stamp.origin.to_string()).collect();
    assert_eq!(origins, ["stamp", "upgrade"]);
    db.execute_batch("UPDATE revchain_history SET applied_at = 1767225600123, duration_us = 1234567")
        .unwrap();
    let stamp = &chain.history(&db).unwrap()[1];
    assert_eq!(
        stamp.applied_at.duration_since(std::time::UNIX_EPOCH).unwrap(),
        Duration::from_millis(1_767_225_600_123)
    );
    assert_eq!(stamp.duration, Duration::from_micros(1_234_567));
}

#[test]
fn the_history_says_when_how_and_how_long() {
    let place = Place::new();
    let before = std::time::SystemTime::now() - std::time::Duration::from_millis(1);
    let db = place.chain(&[("CREATE TABLE a (b);", "DROP TABLE a;")]).open(place.db()).unwrap();
    let history = TOKENS.history(&db).unwrap();
    assert_eq!((history.len(), history[0].revision.as_str(), history[0].origin), (1, "001", Origin::Upgrade));
    assert!(history[0].applied_at >= before && history[0].applied_at <= std::time::SystemTime::now());
    assert!(history[0].duration.as_micros() > 0 && history[0].checksum.len() == 64);
}

#[test]
fn events_come_in_order_and_commit_comes_last() {
    let place = Place::new();
    let chain = place.tables(2);
    let events = RefCell::new(Vec::new());
    let on_event = |event: &Event<'_>| {
        let text = event.to_string();
        events.borrow_mut().push(text.split(" (").next().unwrap().to_owned());
    };
    drop(chain.options().on_event(on_event).open(place.db()).unwrap());
    assert_eq!(
        events.take(),
        [
            "base → 002, 2 to do",
            "upgrading to 001: Step 1.",
            "upgraded to 001",
            "upgrading to 002: Step 2.",
            "upgraded to 002",
            "committed at 002"
        ]
    );
    drop(chain.options().on_event(on_event).open(place.db()).unwrap());
    assert_eq!(events.take(), Vec::<String>::new(), "at the head nothing happens");
}

#[test]
fn callbacks_are_called_in_the_order_in_which_they_were_given() {
    let place = Place::new();
    let chain = place.tables(1);
    let calls = RefCell::new(Vec::new());
    let tell = |who| {
        let calls = &calls;
        move |event: &Event<'_>| {
            if let Event::Committed { .. } = event {
                calls.borrow_mut().push(who);
            }
        }
    };
    drop(chain.options().on_event(tell("first")).on_event(tell("second")).open(place.db()).unwrap());
    assert_eq!(calls.take(), ["first", "second"]);
}

#[test]
fn a_downgrade_and_a_stamp_tell_each_revision_and_report_it() {
    let place = Place::new();
    let chain = place.tables(3);
    let mut db = chain.open(place.db()).unwrap();
    let events = RefCell::new(Vec::new());
    let options = chain.options().on_event(|event| {
        events.borrow_mut().push(event.to_string().split(" (").next().unwrap().to_owned());
    });
    let report = options.downgrade_to(&mut db, "002").unwrap();
    assert_eq!(
        events.take(),
        ["003 → 002, 1 to do", "downgrading 003: Step 3.", "downgraded 003", "committed at 002"]
    );
    assert!(
        report.to_string().starts_with("downgraded from 003 to 002: 1 revision reverted in "),
        "{report}"
    );
    let report = options.stamp(&mut db, "base").unwrap();
    assert_eq!(
        events.take(),
        ["002 → base, 2 to do", "removed the stamp of 002", "removed the stamp of 001", "committed at base"]
    );
    assert_eq!(report.unstamped, ["002", "001"]);
    assert_eq!(report.to_string(), "stamped at base: 2 revisions no longer recorded, nothing run");
    let report = options.stamp(&mut db, "002").unwrap();
    assert_eq!(events.take(), ["base → 002, 2 to do", "stamped 001", "stamped 002", "committed at 002"]);
    assert_eq!(report.stamped, ["001", "002"]);
    assert_eq!(report.to_string(), "stamped at 002: 2 revisions recorded, nothing run");
}

#[test]
fn a_report_says_in_a_sentence_what_was_done() {
    let place = Place::new();
    let chain = place.tables(3);
    let mut db = Connection::open(place.db()).unwrap();
    let said = |report: revchain::Report| report.to_string().split(" in ").next().unwrap().to_owned();
    let options = chain.options();
    assert_eq!(said(options.upgrade_to(&mut db, "001").unwrap()), "new database at 001: 1 revision applied");
    let upgraded = said(options.upgrade(&mut db).unwrap());
    assert_eq!(upgraded, "upgraded from 001 to 003: 2 revisions applied");
    assert_eq!(said(options.upgrade(&mut db).unwrap()), "at 003, nothing to do");
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE t1 (a)").unwrap();
    let adopted = said(chain.options().baseline("001").upgrade(&mut db).unwrap());
    assert_eq!(adopted, "stamped at 001, then upgraded to 003: 2 revisions applied");
    let outcomes =
        [Outcome::New, Outcome::UpToDate, Outcome::Stamped, Outcome::Upgraded, Outcome::Downgraded];
    assert_eq!(outcomes.map(Outcome::name), ["new", "up-to-date", "stamped", "upgraded", "downgraded"]);
}

#[test]
fn a_temporary_table_does_not_stand_for_the_history() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    db.execute_batch("CREATE TEMP TABLE revchain_history (revision, checksum)").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert_eq!(TOKENS.history(&db).unwrap().len(), 9);
    // A stamp runs no SQL of a migration, so temporary tables are not in its way.
    TOKENS.stamp(&mut db, "base").unwrap();
    TOKENS.stamp(&mut db, "002").unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM main.revchain_history"), 2);
    assert_eq!(count(&db, "SELECT count(*) FROM temp.revchain_history"), 0);
}

#[test]
fn a_connection_that_may_only_query_is_told_what_is_pending() {
    let place = Place::new();
    let chain = place.tables(2);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("PRAGMA query_only = ON").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "read-only");
    assert!(matches!(error.kind(), ErrorKind::ReadOnly { pending, .. } if pending == &["002"]), "{error}");
}

#[test]
fn what_was_planned_is_done_or_nothing_is() {
    let place = Place::new();
    let chain = place.tables(4);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "002").unwrap();
    let request = Request::Downgrade("001".into());
    let plan = chain.plan(&db, &request).unwrap();
    chain.upgrade(&mut Connection::open(place.db()).unwrap()).unwrap();
    let error = chain.options().carry_out(&mut db, &request, &plan).unwrap_err();
    assert!(matches!(error.conflict(), Some(Conflict::Changed)), "{error}");
    assert_eq!(ids(&db).len(), 4);
    let plan = chain.plan(&db, &request).unwrap();
    assert_eq!(chain.options().carry_out(&mut db, &request, &plan).unwrap().reverted.len(), 3);
    // Also where another has done it.
    let error = chain.options().carry_out(&mut db, &request, &plan).unwrap_err();
    assert!(matches!(error.conflict(), Some(Conflict::Changed)), "{error}");
    let request = Request::Upgrade(Target::Head);
    let plan = chain.plan(&db, &request).unwrap();
    chain.upgrade(&mut Connection::open(place.db()).unwrap()).unwrap();
    let error = chain.options().carry_out(&mut db, &request, &plan).unwrap_err();
    assert!(matches!(error.conflict(), Some(Conflict::Changed)), "{error}");
}

#[test]
fn what_a_newer_version_wrote_into_the_history_can_be_read() {
    let place = Place::new();
    let chain = place.tables(3);
    let mut db = Connection::open(place.db()).unwrap();
    chain.upgrade_to(&mut db, "002").unwrap();
    db.execute_batch(
        "ALTER TABLE revchain_history ADD COLUMN machine TEXT; UPDATE revchain_history SET origin = 'newer'",
    )
    .unwrap();
    chain.upgrade(&mut db).unwrap();
    let origins: Vec<_> = chain.history(&db).unwrap().into_iter().map(|stamp| stamp.origin).collect();
    assert_eq!(origins, [Origin::Unknown, Origin::Unknown, Origin::Upgrade]);
}

#[test]
fn no_name_in_a_database_steers_the_terminal() {
    let place = Place::new();
    let db = Connection::open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE \"a\u{1b}[31m\" (b)").unwrap();
    let error = TOKENS.open(place.db()).unwrap_err();
    assert!(error.to_string().contains("a\\u{1b}[31m"), "{error}");
    let db = TOKENS.open(place.path("ahead.db")).unwrap();
    db.execute_batch(
        "INSERT INTO revchain_history (revision, checksum, origin, applied_at, duration_us, program, summary)
         VALUES ('\u{1b}]0;x', '', '', 0, 0, '\u{1b}[31m', '\u{7}')",
    )
    .unwrap();
    let error = TOKENS.current(&db).unwrap_err();
    assert!(error.to_string().contains("\\u{1b}]0;x") && !error.to_string().contains('\u{1b}'), "{error}");
}

#[test]
fn something_else_of_the_historys_name_is_an_error() {
    let place = Place::new();
    for (file, sql) in [
        ("view.db", "CREATE VIEW revchain_history AS SELECT 1 AS x"),
        ("case.db", "CREATE TABLE REVCHAIN_HISTORY (x)"),
    ] {
        Connection::open(place.path(file)).unwrap().execute_batch(sql).unwrap();
        let error = TOKENS.open(place.path(file)).unwrap_err();
        assert!(error.to_string().contains("reading the history failed"), "{error}");
    }
}

#[test]
fn a_file_that_is_no_database_is_an_error() {
    let place = Place::new();
    fs::write(place.db(), "not a database, but long enough to have a header of its own".repeat(20)).unwrap();
    let error = TOKENS.open(place.db()).unwrap_err();
    assert!(error.to_string().ends_with("this is no SQLite database, or it is encrypted"), "{error}");
    let error = TOKENS.open(place.path("no/such/folder/app.db")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Open { .. }));
    assert_eq!(error.code(), "open");
    assert!(error.to_string().ends_with("cannot be opened: its folder does not exist"), "{error}");
    let error = TOKENS.open(place.path("")).unwrap_err();
    assert!(error.to_string().ends_with("cannot be opened: it is a directory"), "{error}");
    // A file is in the way. Neither of those explains that, so it is left to SQLite.
    let error = TOKENS.open(place.path("app.db/app.db")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Open { reason: None, .. }), "{error}");
}
