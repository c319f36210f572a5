//! Databases that were never managed, or by another tool, and those that somebody has changed: recognised by their
//! schema, or refused with what is different.

#![allow(clippy::unwrap_used)]

mod common;

use std::cell::RefCell;
use std::fs;
use std::time::Duration;

use common::{Place, count, ids};
use revchain::rusqlite::Connection;
use revchain::{Conflict, ErrorKind, Migrations, OnDrift, Origin, Outcome, embed_migrations};

static TOKENS: Migrations = embed_migrations!("migrations");

/// The token store before it had migrations: 001's tables as it made them, with comments and other white space.
const BEFORE_MIGRATIONS: &str = include_str!("before_migrations.sql");

/// A database that has what the token store has at `revision`, and no history.
fn unmanaged(revision: &str) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    TOKENS.upgrade_to(&mut db, revision).unwrap();
    db.execute_batch("DROP TABLE revchain_history").unwrap();
    db
}

#[test]
fn each_revision_that_changes_the_schema_has_a_fingerprint_of_its_own() {
    let fingerprints: Vec<_> =
        TOKENS.revisions().iter().map(|revision| *revision.fingerprint().unwrap()).collect();
    for (place, fingerprint) in fingerprints.iter().enumerate() {
        let same: Vec<_> = (0..9).filter(|&other| fingerprints[other] == *fingerprint).collect();
        // 004 only changes rows.
        assert_eq!(same, if [2, 3].contains(&place) { vec![2, 3] } else { vec![place] });
    }
}

#[test]
fn a_database_from_before_the_migrations_is_recognised_stamped_and_upgraded() {
    let place = Place::new();
    let db = Connection::open(place.db()).unwrap();
    db.execute_batch(BEFORE_MIGRATIONS).unwrap();
    db.execute_batch(
        "INSERT INTO registered_webhooks (webhook_id, preset_id, created_at) VALUES (7, 'notes', 1.5)",
    )
    .unwrap();
    drop(db);
    let mut db = Connection::open(place.db()).unwrap();
    let events = RefCell::new(Vec::new());
    let options = TOKENS.options().on_event(|event| events.borrow_mut().push(event.to_string()));
    let report = options.upgrade(&mut db).unwrap();
    assert!(events.borrow().contains(&"adopted 001".to_owned()), "{events:?}");
    assert_eq!((report.outcome, &report.stamped[..]), (Outcome::Adopted, &["001".to_owned()][..]));
    assert_eq!((report.applied.len(), report.to.as_deref()), (8, Some("009")));
    assert!(report.to_string().starts_with("adopted at 001, then upgraded to 009"), "{report}");
    let origins: Vec<_> = TOKENS.history(&db).unwrap().iter().map(|stamp| stamp.origin).collect();
    assert_eq!((origins[0], origins[1]), (Origin::Adopt, Origin::Upgrade));
    assert_eq!(count(&db, "SELECT count(*) FROM registered_webhooks"), 1);
    assert!(TOKENS.check(&db).unwrap().is_none());
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn every_revision_that_can_be_told_from_the_others_is_recognised() {
    for revision in ["001", "002", "005", "006", "007", "008", "009"] {
        let mut db = unmanaged(revision);
        let report = TOKENS.upgrade(&mut db).unwrap();
        assert_eq!(report.outcome, Outcome::Adopted, "{revision}");
        assert_eq!(report.stamped.last().map(String::as_str), Some(revision));
        assert_eq!(ids(&db).len(), 9);
    }
}

#[test]
fn what_was_adopted_is_rolled_back_with_an_upgrade_that_fails() {
    let place = Place::new();
    let chain = place.proven(&[
        ("CREATE TABLE a (b UNIQUE);", "DROP TABLE a;"),
        ("INSERT INTO a VALUES (1);", "DELETE FROM a WHERE b = 1;"),
        ("CREATE TABLE c (d);", "DROP TABLE c;"),
    ]);
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE a (b UNIQUE); INSERT INTO a VALUES (1)").unwrap();
    // Told that it is at 001, where the row was not there yet.
    let error = chain.options().adopt_as("001").upgrade(&mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Statement(_)), "{error}");
    assert_eq!(
        count(&db, "SELECT count(*) FROM sqlite_master WHERE type = 'table'"),
        1,
        "no history is left"
    );
    let report = chain.options().adopt_as("002").upgrade(&mut db).unwrap();
    assert_eq!((report.stamped.len(), report.applied.len()), (2, 1));
}

#[test]
fn a_schema_of_several_revisions_is_refused_and_they_are_named_until_the_options_say_which() {
    let mut db = unmanaged("004");
    let error = TOKENS.upgrade(&mut db).unwrap_err();
    match error.conflict() {
        Some(Conflict::Ambiguous { revisions, .. }) => assert_eq!(revisions, &["003", "004"]),
        other => panic!("{other:?}"),
    }
    assert!(
        error.to_string().contains("003, 004") && error.to_string().contains(".adopt_as(\"004\")"),
        "{error}"
    );
    let report = TOKENS.options().adopt_as("004").upgrade(&mut db).unwrap();
    assert_eq!((report.stamped.len(), report.applied.len()), (4, 5));
    // It says nothing of a database that is recognised without it, and a baseline says it outright.
    let mut other = unmanaged("002");
    assert_eq!(TOKENS.options().adopt_as("004").upgrade(&mut other).unwrap().stamped.len(), 2);
    let mut third = unmanaged("003");
    assert_eq!(TOKENS.options().baseline("003").upgrade(&mut third).unwrap().stamped.len(), 3);
}

#[test]
fn a_schema_that_no_revision_has_is_refused_with_the_nearest_and_the_difference() {
    let mut db = unmanaged("005");
    db.execute_batch(
        "DROP INDEX idx_browser_sessions_user; ALTER TABLE audit_logs ADD COLUMN ip TEXT; CREATE TABLE notes (a)",
    )
    .unwrap();
    let tables = "SELECT count(*) FROM sqlite_master";
    let before = count(&db, tables);
    let error = TOKENS.upgrade(&mut db).unwrap_err();
    match error.conflict() {
        Some(Conflict::Unrecognized { nearest, diff, .. }) => {
            assert_eq!(nearest.as_deref(), Some("005"));
            let lines: Vec<_> = diff.lines().collect();
            assert_eq!(
                lines,
                [
                    "+ audit_logs.ip TEXT",
                    "- index idx_browser_sessions_user ON browser_sessions (user_id)",
                    "+ table notes (a)"
                ]
            );
        }
        other => panic!("{other:?}"),
    }
    let text = error.to_string();
    assert!(text.contains("the nearest is 005") && text.contains("\n    + audit_logs.ip TEXT\n"), "{text}");
    assert_eq!(count(&db, tables), before);
    // What belongs to another program can be left out, and nothing else stands in the way then.
    db.execute_batch("CREATE INDEX idx_browser_sessions_user ON browser_sessions (user_id); ALTER TABLE audit_logs DROP COLUMN ip")
        .unwrap();
    TOKENS.upgrade(&mut db).unwrap_err();
    let report = TOKENS.options().ignore_tables(["note*"]).upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::Adopted);
    assert!(TOKENS.options().ignore_tables(["notes"]).check(&db).unwrap().is_none());
}

#[test]
fn a_baseline_that_is_not_true_is_refused_with_the_difference_unless_insisted_on() {
    let mut db = unmanaged("001");
    db.execute_batch("CREATE INDEX mine ON audit_logs (event)").unwrap();
    let error = TOKENS.options().baseline("001").upgrade(&mut db).unwrap_err();
    match error.conflict() {
        Some(Conflict::BaselineDiffers { revision, diff, .. }) => {
            assert_eq!(revision, "001");
            assert_eq!(diff.to_string(), "+ index mine ON audit_logs (event)");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(error.code(), "baseline-differs");
    let report = TOKENS.options().baseline_unchecked("001").upgrade(&mut db).unwrap();
    assert_eq!((report.outcome, report.applied.len()), (Outcome::Stamped, 8));
    // It opens again, too.
    let again = TOKENS.options().baseline_unchecked("001").upgrade(&mut db).unwrap();
    assert_eq!(again.outcome, Outcome::UpToDate);
    assert_eq!(TOKENS.check(&db).unwrap().diff.unwrap().to_string(), "+ index mine ON audit_logs (event)");
}

/// Databases that these tools made, with their own tables in them; see the README beside them.
#[test]
fn a_database_that_another_tool_managed_until_yesterday_moves_over() {
    for tool in ["alembic", "refinery", "sqlx", "diesel", "rusqlite_migration"] {
        let place = Place::new();
        fs::copy(format!("{}/tests/fixtures/peers/{tool}.db", env!("CARGO_MANIFEST_DIR")), place.db())
            .unwrap();
        let mut db = Connection::open(place.db()).unwrap();
        let rows = |db: &Connection| {
            count(
                db,
                "SELECT (SELECT count(*) FROM refresh_tokens) + (SELECT count(*) FROM app_passwords) + (SELECT count(*) FROM browser_sessions)",
            )
        };
        let before = rows(&db);
        let own_version = count(&db, "PRAGMA user_version");
        let report = TOKENS.upgrade(&mut db).unwrap_or_else(|error| panic!("{tool}: {error}"));
        assert_eq!(report.outcome, Outcome::Adopted, "{tool}");
        assert_eq!((report.stamped.len(), report.applied.len()), (5, 4), "{tool}");
        assert_eq!(rows(&db), before, "{tool}");
        if own_version != 0 {
            assert_eq!(count(&db, "PRAGMA user_version"), own_version, "{tool}");
        }
        assert!(before > 0);
        assert!(TOKENS.check(&db).unwrap().is_none(), "{tool}");
    }
}

#[test]
fn the_empty_database_of_another_tool_is_a_new_one() {
    for table in
        ["alembic_version", "refinery_schema_history", "_sqlx_migrations", "__diesel_schema_migrations"]
    {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(&format!("CREATE TABLE {table} (a)")).unwrap();
        assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::New, "{table}");
        assert!(TOKENS.check(&db).unwrap().is_none());
    }
}

#[test]
fn a_drifted_database_is_neither_upgraded_nor_opened_and_the_difference_is_shown() {
    let place = Place::new();
    let mut db = Connection::open(place.db()).unwrap();
    for revision in ["005", "009"] {
        TOKENS.upgrade_to(&mut db, revision).unwrap();
        db.execute_batch("ALTER TABLE audit_logs ADD COLUMN ip TEXT").unwrap();
        let before = fs::read(place.db()).unwrap();
        let error = TOKENS.upgrade(&mut db).unwrap_err();
        match error.conflict() {
            Some(Conflict::Drifted { revision: at, diff, .. }) => {
                assert_eq!((at.as_str(), diff.to_string().as_str()), (revision, "+ audit_logs.ip TEXT"));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            TOKENS.downgrade_to(&mut db, "001").unwrap_err().conflict(),
            Some(Conflict::Drifted { .. })
        ));
        assert_eq!(TOKENS.open(place.db()).unwrap_err().code(), "drifted");
        assert_eq!(fs::read(place.db()).unwrap(), before);
        // What only looks still does, and a stamp says where the database is whatever its schema.
        assert_eq!(TOKENS.current(&db).unwrap().map(|current| current.id()), Some(revision));
        db.execute_batch("ALTER TABLE audit_logs DROP COLUMN ip").unwrap();
        assert!(TOKENS.check(&db).unwrap().is_none(), "what DROP COLUMN leaves behind does not matter");
    }
}

#[test]
fn drift_is_told_and_gone_on_with_if_the_options_say_so() {
    let mut db = Connection::open_in_memory().unwrap();
    TOKENS.upgrade_to(&mut db, "008").unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let events = std::cell::RefCell::new(Vec::new());
    let options = TOKENS
        .options()
        .on_drift(OnDrift::Warn)
        .on_event(|event| events.borrow_mut().push(event.to_string()));
    assert_eq!(options.upgrade(&mut db).unwrap().applied.len(), 1);
    assert_eq!(events.borrow()[0], "the schema is no longer that of 008: `check` shows what is different");
    events.borrow_mut().clear();
    assert_eq!(options.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert_eq!(events.borrow().len(), 1);
}

#[test]
fn what_does_not_matter_to_sqlite_is_no_drift() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch(
        "ANALYZE; ALTER TABLE audit_logs RENAME TO other; ALTER TABLE other RENAME TO audit_logs;
         ALTER TABLE audit_logs RENAME COLUMN event TO happening; ALTER TABLE audit_logs RENAME COLUMN happening TO \"event\";
         DROP INDEX idx_audit_user_timestamp; CREATE INDEX IDX_audit_user_timestamp on [audit_logs]( \"user_id\" /* who */ , timestamp asc);
         CREATE TABLE _litestream_seq (id)",
    )
    .unwrap();
    assert_eq!(TOKENS.check(&db).unwrap().to_string(), "the schema is that of 009");
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn check_says_what_is_different_and_never_writes() {
    let place = Place::new();
    let db = TOKENS.open(place.db()).unwrap();
    db.execute_batch(
        "DROP INDEX idx_webhooks_preset; DROP TABLE document_paths; CREATE VIEW v AS SELECT 1 AS one",
    )
    .unwrap();
    let before = fs::read(place.db()).unwrap();
    let drift = TOKENS.check(&db).unwrap();
    assert_eq!(drift.revision.as_deref(), Some("009"));
    assert_eq!(
        drift.to_string(),
        "the schema is no longer that of 009:\n    \
         - table document_paths (doc_type, doc_id, user_id, file_path, updated_at)\n    \
         - index idx_webhooks_preset ON registered_webhooks (preset_id)\n    \
         + view v AS SELECT 1 AS one"
    );
    assert_eq!(fs::read(place.db()).unwrap(), before);
    let nothing = Connection::open_in_memory().unwrap();
    assert!(TOKENS.check(&nothing).unwrap().is_none());
    nothing.execute_batch("CREATE TABLE a (b)").unwrap();
    assert_eq!(TOKENS.check(&nothing).unwrap_err().code(), "unrecognized");
    // One that an upgrade would adopt is as it should be.
    let adoptable = TOKENS.check(&unmanaged("002")).unwrap();
    assert_eq!((adoptable.revision.as_deref(), adoptable.is_none()), (Some("002"), true));
}

#[test]
fn a_chain_that_was_not_proven_can_be_checked_all_the_same() {
    let place = Place::new();
    let chain = place.tables(3);
    let db = chain.open_in_memory().unwrap();
    assert!(chain.check(&db).unwrap().is_none());
    db.execute_batch("DROP TABLE t2").unwrap();
    assert_eq!(chain.check(&db).unwrap().diff.unwrap().to_string(), "- table t2 (a)");
}

#[test]
fn an_upgrade_that_makes_another_schema_than_in_the_proof_is_rolled_back() {
    let place = Place::new();
    // The table is there already, which the history, stamped at base, does not know.
    let chain = place.proven(&[("CREATE TABLE IF NOT EXISTS a (b TEXT);", "DROP TABLE a;")]);
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE a (b INTEGER)").unwrap();
    chain.stamp(&mut db, "base").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    match error.kind() {
        ErrorKind::WrongSchema { revision, diff, .. } => {
            assert_eq!((revision.as_str(), diff.to_string().as_str()), ("001", "a.b: TEXT → INTEGER"));
        }
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().contains("so nothing was changed:\n    a.b: TEXT → INTEGER\n"), "{error}");
    assert_eq!(ids(&db).len(), 0);
}

/// Two branches that both add a column to one table, merged: each database has them in the order of its own history.
fn merged(place: &Place) -> Migrations {
    let directory = place.path("merged");
    fs::create_dir(&directory).unwrap();
    for (day, id, revises, upgrade, downgrade) in [
        (1, "001", "base", "CREATE TABLE t (a);", "DROP TABLE t;"),
        (2, "002", "001", "ALTER TABLE t ADD COLUMN b;", "ALTER TABLE t DROP COLUMN b;"),
        (3, "003", "001", "ALTER TABLE t ADD COLUMN c;", "ALTER TABLE t DROP COLUMN c;"),
        (4, "004", "002 003", "CREATE TABLE u (v);", "DROP TABLE u;"),
        (5, "005", "004", "CREATE TABLE w (x);", "DROP TABLE w;"),
    ] {
        let text =
            format!("-- A.\n-- @revises {revises}\n-- @upgrade\n{upgrade}\n-- @downgrade\n{downgrade}\n");
        fs::write(directory.join(format!("202601{day:02}_0000_{id}_x.sql")), text).unwrap();
    }
    Migrations::from_directory(&directory).unwrap()
}

#[test]
fn databases_from_both_sides_of_a_merge_are_at_its_head() {
    let place = Place::new();
    let chain = merged(&place);
    for branch in ["002", "003"] {
        let mut db = Connection::open_in_memory().unwrap();
        chain.upgrade_to(&mut db, branch).unwrap();
        for (target, applied) in [("004", 2), ("005", 1)] {
            let report = chain.upgrade_to(&mut db, target).unwrap();
            assert_eq!(
                (report.to.as_deref(), report.applied.len()),
                (Some(target), applied),
                "from {branch}"
            );
            assert!(chain.check(&db).unwrap().is_none(), "from {branch}");
        }
        assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    }
}

#[test]
fn a_database_without_a_history_is_recognised_behind_a_merge_from_either_side() {
    let place = Place::new();
    let chain = merged(&place);
    for (branch, head) in [("002", "004"), ("003", "004"), ("002", "005"), ("003", "005")] {
        let mut db = Connection::open_in_memory().unwrap();
        chain.upgrade_to(&mut db, branch).unwrap();
        chain.upgrade_to(&mut db, head).unwrap();
        db.execute_batch("DROP TABLE revchain_history").unwrap();
        let report = chain.upgrade(&mut db).unwrap();
        assert_eq!(report.stamped.last().map(String::as_str), Some(head), "from {branch}");
    }
}

#[test]
fn behind_a_merge_the_order_of_columns_is_no_difference() {
    let place = Place::new();
    let chain = merged(&place);
    let mut db = Connection::open_in_memory().unwrap();
    chain.upgrade_to(&mut db, "003").unwrap();
    chain.upgrade(&mut db).unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    match chain.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Drifted { diff, .. }) => assert_eq!(diff.to_string(), "+ table mine (a)"),
        other => panic!("{other:?}"),
    }
    db.execute_batch("DROP TABLE revchain_history").unwrap();
    match chain.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Unrecognized { nearest, diff, .. }) => {
            assert_eq!((nearest.as_deref(), diff.to_string().as_str()), (Some("005"), "+ table mine (a)"));
        }
        other => panic!("{other:?}"),
    }
}

/// SQLite takes a name in double quotes for a string where nothing has it. What other tools keep, or SQLite, or revchain,
/// must not make it one that is.
#[test]
fn a_string_in_double_quotes_stays_one_whatever_stands_beside_the_schema() {
    let place = Place::new();
    let view = "CREATE TABLE t (a, b); CREATE VIEW v AS SELECT * FROM t WHERE a IN (\"origin\", \"stat\", \"success\", \"theirs\");";
    let chain = place.proven(&[(view, "DROP VIEW v; DROP TABLE t;")]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.upgrade(&mut db).unwrap();
    db.execute_batch("INSERT INTO t VALUES (1, 2); CREATE INDEX i ON t (a); ANALYZE; DROP INDEX i").unwrap();
    assert!(chain.check(&db).unwrap().is_none());
    let mut sqlx = Connection::open_in_memory().unwrap();
    sqlx.execute_batch(view).unwrap();
    sqlx.execute_batch("CREATE TABLE _sqlx_migrations (success); CREATE TABLE their_own (theirs)").unwrap();
    let report = chain.options().ignore_tables(["their_*"]).upgrade(&mut sqlx).unwrap();
    assert_eq!(report.outcome, Outcome::Adopted);
}

/// 001 makes a table, the upgrade of 002 needs a function of the program's, and 003 follows.
fn unproven(place: &Place, upgrade: &str, downgrade: &str) -> Migrations {
    let directory = place.path("unproven");
    fs::create_dir(&directory).unwrap();
    for (day, id, revises, header, upgrade, downgrade) in [
        (1, "001", "base", "", "CREATE TABLE t (a TEXT);", "DROP TABLE t;"),
        (2, "002", "001", "-- @unproven the program registers norm()\n", upgrade, downgrade),
        (3, "003", "002", "", "CREATE TABLE u (a);", "DROP TABLE u;"),
    ] {
        let text = format!(
            "-- A.\n-- @revises {revises}\n{header}-- @upgrade\n{upgrade}\n-- @downgrade\n{downgrade}\n"
        );
        fs::write(directory.join(format!("202601{day:02}_0000_{id}_x.sql")), text).unwrap();
    }
    Migrations::from_directory(&directory).unwrap()
}

#[test]
fn what_only_the_program_can_run_leaves_the_schema_unknown_and_is_no_drift() {
    let place = Place::new();
    let chain = unproven(&place, "CREATE INDEX i ON t (norm(a));", "DROP INDEX i;");
    let known: Vec<_> = chain.revisions().iter().map(|revision| revision.fingerprint().is_some()).collect();
    assert_eq!(known, [true, false, false]);
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE t (a TEXT)").unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    // Without the function, the rest does not run, and says so.
    assert_eq!(chain.upgrade(&mut db).unwrap_err().code(), "statement");
    chain.stamp(&mut db, "003").unwrap();
    let drift = chain.check(&db).unwrap();
    assert!(drift.is_none() && drift.diff.is_none());
    assert_eq!(drift.to_string(), "the schema of 003 is not known: not all of the chain could be proven");
    assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn a_misspelt_revision_to_adopt_as_is_told() {
    let mut db = unmanaged("004");
    let error = TOKENS.options().adopt_as("4").upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "unknown-target");
    // Of several in one group, the newest counts.
    let report = TOKENS.options().adopt_as("003").adopt_as("004").upgrade(&mut db).unwrap();
    assert_eq!(report.stamped.len(), 4);
}

#[test]
fn bytes_that_are_no_utf8_do_not_keep_a_database_from_being_read() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    db.execute_batch("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = CAST(sql || x'2d2dff' AS TEXT) WHERE name = 'theirs'; PRAGMA writable_schema = OFF").unwrap();
    let options = TOKENS.options().ignore_tables(["theirs"]);
    assert_eq!(options.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn a_downgrade_of_a_database_that_an_upgrade_would_adopt_says_so() {
    let error = TOKENS.downgrade_to(&mut unmanaged("006"), "-1").unwrap_err();
    assert_eq!(
        error.to_string().lines().nth(1),
        Some("help: its schema is that of 006: an upgrade records that, and goes on from there")
    );
}

#[test]
fn a_schema_of_another_revision_than_the_history_says_is_named() {
    let mut db = TOKENS.open_in_memory().unwrap();
    TOKENS.stamp(&mut db, "005").unwrap();
    let error = TOKENS.upgrade(&mut db).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the history says that the database is at 005, and its schema is that of 009"),
        "{error}"
    );
    TOKENS.stamp(&mut db, "009").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn where_the_chain_cannot_be_run_to_its_end_the_nearest_is_one_from_before() {
    let place = Place::new();
    let chain = unproven(&place, "CREATE INDEX i ON t (norm(a));", "DROP INDEX i;");
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE t (a TEXT, b)").unwrap();
    match chain.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Unrecognized { nearest, diff, .. }) => {
            assert_eq!((nearest.as_deref(), diff.to_string().as_str()), (Some("001"), "+ t.b"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_only_the_program_can_do_to_rows_does_not_hide_what_is_different() {
    let place = Place::new();
    let chain = unproven(&place, "UPDATE t SET a = norm(a);", "UPDATE t SET a = '';");
    let mut db = Connection::open_in_memory().unwrap();
    chain.upgrade_to(&mut db, "001").unwrap();
    chain.stamp(&mut db, "002").unwrap();
    chain.upgrade(&mut db).unwrap();
    assert!(chain.check(&db).unwrap().is_none());
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    assert_eq!(chain.check(&db).unwrap().diff.unwrap().to_string(), "+ table mine (a)");
}

#[test]
fn of_revisions_that_are_equally_near_the_newest_is_shown() {
    let mut db = unmanaged("003");
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    match TOKENS.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Unrecognized { nearest, .. }) => assert_eq!(nearest.as_deref(), Some("004")),
        other => panic!("{other:?}"),
    }
    // The same where the history says something else.
    db.execute_batch("DROP TABLE mine").unwrap();
    TOKENS.stamp(&mut db, "005").unwrap();
    match TOKENS.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Drifted { is_of, .. }) => assert_eq!(is_of.as_deref(), Some("004")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_table_in_other_letters_is_near_all_the_same() {
    let place = Place::new();
    let chain = place.proven(&[("CREATE TABLE users (a, b);", "DROP TABLE users;")]);
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE Users (a)").unwrap();
    match chain.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Unrecognized { nearest, .. }) => assert_eq!(nearest.as_deref(), Some("001")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_an_edit_and_a_drift_the_edit_is_told_first() {
    let place = Place::new();
    let step = |upgrade| place.proven(&[(upgrade, "DROP TABLE a;")]);
    drop(step("CREATE TABLE a (b);").open(place.db()).unwrap());
    let mut db = Connection::open(place.db()).unwrap();
    assert_eq!(step("CREATE TABLE a (c);").upgrade(&mut db).unwrap_err().code(), "edited");
}

#[test]
fn a_baseline_at_base_is_checked_like_any_other() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let options = TOKENS.options().baseline("base");
    match options.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::BaselineDiffers { revision, diff, .. }) => {
            assert_eq!((revision.as_str(), diff.to_string().as_str()), ("base", "+ table mine (a)"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(options.ignore_tables(["mine"]).upgrade(&mut db).unwrap().applied.len(), 9);
}

#[test]
fn of_two_baselines_the_last_counts_and_so_does_whether_it_is_checked() {
    let mut db = unmanaged("002");
    let options = TOKENS.options().baseline_unchecked("001").baseline("001");
    assert_eq!(options.upgrade(&mut db).unwrap_err().code(), "baseline-differs");
}

#[test]
fn a_baseline_that_is_taken_on_trust_tells_that_the_schema_is_another() {
    let mut db = unmanaged("001");
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let events = std::cell::RefCell::new(Vec::new());
    let options = TOKENS
        .options()
        .baseline_unchecked("001")
        .on_event(|event| events.borrow_mut().push(event.to_string()));
    options.upgrade(&mut db).unwrap();
    assert_eq!(events.borrow()[0], "the schema is no longer that of 001: `check` shows what is different");
}

#[test]
fn options_that_name_several_things_may_be_given_several_times() {
    let mut db = unmanaged("004");
    db.execute_batch("CREATE TABLE one (a); CREATE TABLE two (a)").unwrap();
    let options = TOKENS.options().ignore_tables(["one"]).ignore_tables(["two"]);
    let report = options.adopt_as("004").adopt_as("001").upgrade(&mut db).unwrap();
    assert_eq!((report.stamped.len(), report.applied.len()), (4, 5));
}

#[test]
fn what_is_ignored_is_ignored_by_a_check_of_a_chain_that_was_not_proven_too() {
    let place = Place::new();
    let chain = place.tables(1);
    let db = chain.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert_eq!(chain.check(&db).unwrap().diff.unwrap().to_string(), "+ table theirs (a)");
    assert!(chain.options().ignore_tables(["theirs"]).check(&db).unwrap().is_none());
}

/// The index is there already, on a table that does not count, and so the downgrade does not make it again.
#[test]
fn a_downgrade_that_makes_another_schema_than_in_the_proof_is_rolled_back() {
    let place = Place::new();
    let chain = place.proven(&[
        ("CREATE TABLE a (b); CREATE INDEX i ON a (b);", "DROP TABLE a;"),
        ("DROP INDEX i;", "CREATE INDEX IF NOT EXISTS i ON a (b);"),
    ]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.upgrade(&mut db).unwrap();
    db.execute_batch("CREATE TABLE theirs (b); CREATE INDEX i ON theirs (b)").unwrap();
    let error = chain.options().ignore_tables(["theirs"]).downgrade_to(&mut db, "001").unwrap_err();
    match error.kind() {
        ErrorKind::WrongSchema { revision, diff, .. } => {
            assert_eq!((revision.as_str(), diff.to_string().as_str()), ("001", "- index i ON a (b)"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(ids(&db), ["001", "002"]);
}

#[test]
fn a_drifted_database_is_refused_without_waiting_for_anybody() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let other = Connection::open(place.db()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let options = TOKENS.options().lock_timeout(Duration::ZERO);
    assert_eq!(options.upgrade(&mut db).unwrap_err().code(), "drifted");
}
