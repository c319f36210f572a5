//! The schema of a managed database: drift, schema checks, and the check after each migration.

use std::fs;
use std::time::Duration;

use revchain::rusqlite::Connection;
use revchain::{Conflict, ErrorKind, OnDrift, Outcome, SchemaCheck};

use crate::support::{
    Fixture, Recorder, TOKENS, chain_with_unproven_revision, ids, merged_chain, unmanaged,
};

#[test]
fn added_index_and_view_show_how_to_drop_them() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch("CREATE INDEX \"by user\" ON audit_logs (user_id); CREATE VIEW v AS SELECT 1")
        .unwrap();
    let help = TOKENS.open(fixture.db()).unwrap_err().help().unwrap();
    let undo = help
        .lines()
        .find_map(|line| line.strip_prefix("find out who made the change, then undo it: "));
    db.execute_batch(undo.unwrap()).unwrap();
    assert!(TOKENS.check(&db).unwrap().is_same(), "{help}");
    // A table can have rows, so the help does not advise its drop.
    db.execute_batch("CREATE TABLE extra (a); DROP INDEX idx_audit_user_timestamp")
        .unwrap();
    let help = TOKENS.open(fixture.db()).unwrap_err().help().unwrap();
    assert!(!help.contains("DROP"), "{help}");
    assert!(help.contains("\nfind out who made the change, then undo it, or restore a backup\n"));
}

#[test]
fn change_can_be_kept_as_the_help_says() {
    let first = ("CREATE TABLE a (b);", "DROP TABLE a;");
    let second = ("CREATE TABLE c (d);", "DROP TABLE c;");
    let keep = (
        "CREATE INDEX IF NOT EXISTS by_hand ON a (b); CREATE TABLE IF NOT EXISTS e (f);",
        "DROP TABLE e; DROP INDEX by_hand;",
    );
    // The database is at the head, or behind it.
    for revision in ["002", "001"] {
        let fixture = Fixture::new();
        let chain = fixture.proven(&[first, second]);
        let mut db = Connection::open(fixture.db()).unwrap();
        chain.migrator().upgrade_to(&mut db, revision).unwrap();
        db.execute_batch("CREATE INDEX by_hand ON a (b); CREATE TABLE e (f)")
            .unwrap();
        let help = chain.open(fixture.db()).unwrap_err().help().unwrap();
        assert!(
            help.contains("write it as a migration with IF NOT EXISTS, and apply that migration"),
            "{help}"
        );
        let chain = fixture.proven(&[first, second, keep]);
        assert_eq!(chain.open(fixture.db()).unwrap_err().code(), "drifted");
        let migrator = chain.migrator().on_drift(OnDrift::Warn);
        migrator.upgrade(&mut db).unwrap();
        chain.open(fixture.db()).unwrap();
        // SQLite has no IF NOT EXISTS for a column.
        db.execute_batch("ALTER TABLE a ADD COLUMN g").unwrap();
        let help = chain.open(fixture.db()).unwrap_err().help().unwrap();
        assert!(!help.contains("IF NOT EXISTS"), "{help}");
    }
}

#[test]
fn drifted_database_is_rejected_with_the_difference() {
    let fixture = Fixture::new();
    let mut db = Connection::open(fixture.db()).unwrap();
    for revision in ["005", "009"] {
        TOKENS.migrator().upgrade_to(&mut db, revision).unwrap();
        db.execute_batch("ALTER TABLE audit_logs ADD COLUMN ip TEXT")
            .unwrap();
        let before = fs::read(fixture.db()).unwrap();
        let error = TOKENS.upgrade(&mut db).unwrap_err();
        match error.conflict() {
            Some(Conflict::Drifted {
                revision: at, diff, ..
            }) => {
                assert_eq!(
                    (at.as_str(), diff.to_string().as_str()),
                    (revision, "+ audit_logs.ip TEXT")
                );
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            TOKENS
                .migrator()
                .downgrade_to(&mut db, "001")
                .unwrap_err()
                .conflict(),
            Some(Conflict::Drifted { .. })
        ));
        assert_eq!(TOKENS.open(fixture.db()).unwrap_err().code(), "drifted");
        assert_eq!(fs::read(fixture.db()).unwrap(), before);
        // Inspection still works on a drifted database.
        assert_eq!(
            TOKENS
                .migrator()
                .current(&db)
                .unwrap()
                .map(|current| current.id()),
            Some(revision)
        );
        db.execute_batch("ALTER TABLE audit_logs DROP COLUMN ip")
            .unwrap();
        assert!(
            TOKENS.check(&db).unwrap().is_same(),
            "text left behind by DROP COLUMN is no difference"
        );
    }
}

#[test]
fn drift_is_reported_without_waiting() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let other = Connection::open(fixture.db()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let migrator = TOKENS.migrator().busy_timeout(Duration::ZERO);
    assert_eq!(migrator.upgrade(&mut db).unwrap_err().code(), "drifted");
}

#[test]
fn drift_warning_does_not_stop_an_upgrade() {
    let mut db = Connection::open_in_memory().unwrap();
    TOKENS.migrator().upgrade_to(&mut db, "008").unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let events = Recorder::new();
    let migrator = TOKENS
        .migrator()
        .on_drift(OnDrift::Warn)
        .on_event(|event| events.record(event));
    assert_eq!(migrator.upgrade(&mut db).unwrap().applied.len(), 1);
    assert_eq!(
        events.take()[0],
        "the schema differs from that of 008: `check` shows the differences"
    );
    assert_eq!(
        migrator.upgrade(&mut db).unwrap().outcome,
        Outcome::UpToDate
    );
    assert_eq!(events.take().len(), 1);
}

#[test]
fn equivalent_schema_is_no_drift() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch(
        "ANALYZE; ALTER TABLE audit_logs RENAME TO other; ALTER TABLE other RENAME TO audit_logs;
         ALTER TABLE audit_logs RENAME COLUMN event TO happening;
         ALTER TABLE audit_logs RENAME COLUMN happening TO \"event\";
         DROP INDEX idx_audit_user_timestamp;
         CREATE INDEX IDX_audit_user_timestamp on [audit_logs](
                                                  \"user_id\" /* who */ , timestamp asc);
         CREATE TABLE _litestream_seq (id, seq)",
    )
    .unwrap();
    assert_eq!(
        TOKENS.check(&db).unwrap().to_string(),
        "the schema is that of 009"
    );
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn invalid_utf8_in_an_ignored_table_is_accepted() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    db.execute_batch(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_master SET sql = CAST(sql || x'2d2dff' AS TEXT) WHERE name = 'theirs';
         PRAGMA writable_schema = OFF",
    )
    .unwrap();
    let migrator = TOKENS.migrator().ignore_tables(["theirs"]);
    assert_eq!(
        migrator.upgrade(&mut db).unwrap().outcome,
        Outcome::UpToDate
    );
}

#[test]
fn drift_error_names_the_matching_revision() {
    let mut db = TOKENS.open_in_memory().unwrap();
    TOKENS.migrator().stamp(&mut db, "005").unwrap();
    let error = TOKENS.upgrade(&mut db).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the history says 005, but the schema is that of 009:\n"),
        "{error}"
    );
    TOKENS.migrator().stamp(&mut db, "009").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn edit_is_reported_before_drift() {
    let fixture = Fixture::new();
    let step = |upgrade| fixture.proven(&[(upgrade, "DROP TABLE a;")]);
    drop(step("CREATE TABLE a (b);").open(fixture.db()).unwrap());
    let mut db = Connection::open(fixture.db()).unwrap();
    assert_eq!(
        step("CREATE TABLE a (c);")
            .upgrade(&mut db)
            .unwrap_err()
            .code(),
        "edited"
    );
}

#[test]
fn check_reports_differences_without_writing() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch(
        "DROP INDEX idx_webhooks_preset; DROP TABLE document_paths; CREATE VIEW v AS SELECT 1 AS one",
    )
    .unwrap();
    let before = fs::read(fixture.db()).unwrap();
    let check = TOKENS.check(&db).unwrap();
    assert_eq!(check.revision(), Some("009"));
    assert_eq!(
        check.to_string(),
        "the schema differs from that of 009:\n    \
         - table document_paths (doc_type, doc_id, user_id, file_path, updated_at)\n    \
         - index idx_webhooks_preset ON registered_webhooks (preset_id)\n    \
         + view v AS SELECT 1 AS one"
    );
    assert_eq!(fs::read(fixture.db()).unwrap(), before);
    let nothing = Connection::open_in_memory().unwrap();
    assert!(TOKENS.check(&nothing).unwrap().is_same());
    nothing.execute_batch("CREATE TABLE a (b)").unwrap();
    assert_eq!(TOKENS.check(&nothing).unwrap_err().code(), "unrecognized");
    // A database that an upgrade would adopt matches its revision.
    let adoptable = TOKENS.check(&unmanaged("002")).unwrap();
    assert_eq!(
        (adoptable.revision(), adoptable.is_same()),
        (Some("002"), true)
    );
}

#[test]
fn unproven_chain_can_be_checked() {
    let fixture = Fixture::new();
    let chain = fixture.tables(3);
    let db = chain.open_in_memory().unwrap();
    assert!(chain.check(&db).unwrap().is_same());
    db.execute_batch("DROP TABLE t2").unwrap();
    assert_eq!(
        chain.check(&db).unwrap().diff().unwrap().to_string(),
        "- table t2 (a)"
    );
}

#[test]
fn unproven_chain_is_checked_without_ignored_tables() {
    let fixture = Fixture::new();
    let chain = fixture.tables(1);
    let db = chain.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert_eq!(
        chain.check(&db).unwrap().diff().unwrap().to_string(),
        "+ table theirs (a)"
    );
    assert!(
        chain
            .migrator()
            .ignore_tables(["theirs"])
            .check(&db)
            .unwrap()
            .is_same()
    );
}

#[test]
fn upgrade_to_an_unexpected_schema_is_rolled_back() {
    let fixture = Fixture::new();
    // The table exists, but the history is stamped at base.
    let chain = fixture.proven(&[("CREATE TABLE IF NOT EXISTS a (b TEXT);", "DROP TABLE a;")]);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE a (b INTEGER)").unwrap();
    chain.migrator().stamp(&mut db, "base").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    match error.kind() {
        ErrorKind::WrongSchema { revision, diff, .. } => {
            assert_eq!(
                (revision.as_str(), diff.to_string().as_str()),
                ("001", "a.b: TEXT → INTEGER")
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(
        error
            .to_string()
            .ends_with("to 001; rolled back:\n    a.b: TEXT → INTEGER"),
        "{error}"
    );
    assert_eq!(ids(&db).len(), 0);
}

/// An ignored table already has an index of that name, so the downgrade does not create the index.
#[test]
fn downgrade_to_an_unexpected_schema_is_rolled_back() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[
        (
            "CREATE TABLE a (b); CREATE INDEX i ON a (b);",
            "DROP TABLE a;",
        ),
        ("DROP INDEX i;", "CREATE INDEX IF NOT EXISTS i ON a (b);"),
    ]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.upgrade(&mut db).unwrap();
    db.execute_batch("CREATE TABLE theirs (b); CREATE INDEX i ON theirs (b)")
        .unwrap();
    let error = chain
        .migrator()
        .ignore_tables(["theirs"])
        .downgrade_to(&mut db, "001")
        .unwrap_err();
    match error.kind() {
        ErrorKind::WrongSchema { revision, diff, .. } => {
            assert_eq!(
                (revision.as_str(), diff.to_string().as_str()),
                ("001", "- index i ON a (b)")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(ids(&db), ["001", "002"]);
}

#[test]
fn upgrade_that_ignores_a_table_of_the_chain_is_rolled_back() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[
        ("CREATE TABLE a (b);", "DROP TABLE a;"),
        ("CREATE TABLE c (d);", "DROP TABLE c;"),
    ]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    let migrator = chain.migrator().ignore_tables(["a"]);
    let error = migrator.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "ignored-own", "{error}");
    assert_eq!(ids(&db), ["001"]);
}

#[test]
fn databases_of_both_branches_match_the_merge() {
    let fixture = Fixture::new();
    let chain = merged_chain(&fixture);
    for branch in ["002", "003"] {
        let mut db = Connection::open_in_memory().unwrap();
        chain.migrator().upgrade_to(&mut db, branch).unwrap();
        for (target, applied) in [("004", 2), ("005", 1)] {
            let report = chain.migrator().upgrade_to(&mut db, target).unwrap();
            assert_eq!(
                (report.to.as_deref(), report.applied.len()),
                (Some(target), applied),
                "from {branch}"
            );
            assert!(chain.check(&db).unwrap().is_same(), "from {branch}");
        }
        assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    }
}

#[test]
fn column_order_after_a_merge_is_no_difference() {
    let fixture = Fixture::new();
    let chain = merged_chain(&fixture);
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "003").unwrap();
    chain.upgrade(&mut db).unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    match chain.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Drifted { diff, .. }) => assert_eq!(diff.to_string(), "+ table mine (a)"),
        other => panic!("{other:?}"),
    }
    db.execute_batch("DROP TABLE revchain_history").unwrap();
    match chain.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Unrecognized { nearest, diff, .. }) => {
            assert_eq!(
                (nearest.as_deref(), diff.to_string().as_str()),
                (Some("005"), "+ table mine (a)")
            );
        }
        other => panic!("{other:?}"),
    }
}

/// SQLite reads an unknown name in double quotes as a string.
/// Tables of SQLite, revchain and other tools must not turn the string into a column name.
#[test]
fn string_in_double_quotes_is_no_drift_beside_other_tables() {
    let fixture = Fixture::new();
    let view = "CREATE TABLE t (a, b);
                CREATE VIEW v AS SELECT * FROM t WHERE a IN (\"origin\", \"stat\", \"success\", \"theirs\");";
    let chain = fixture.proven_after_a_lock(&[(view, "DROP VIEW v; DROP TABLE t;")]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.upgrade(&mut db).unwrap();
    db.execute_batch("INSERT INTO t VALUES (1, 2); CREATE INDEX i ON t (a); ANALYZE; DROP INDEX i")
        .unwrap();
    assert!(chain.check(&db).unwrap().is_same());
    let mut sqlx = Connection::open_in_memory().unwrap();
    sqlx.execute_batch(view).unwrap();
    sqlx.execute_batch(
        "CREATE TABLE _sqlx_migrations (version, description, installed_on, success, checksum,
           execution_time);
         CREATE TABLE their_own (theirs)",
    )
    .unwrap();
    let report = chain
        .migrator()
        .ignore_tables(["their_*"])
        .upgrade(&mut sqlx)
        .unwrap();
    assert_eq!(report.outcome, Outcome::Adopted);
}

#[test]
fn unproven_revision_leaves_the_schema_unknown() {
    let fixture = Fixture::new();
    let chain =
        chain_with_unproven_revision(&fixture, "CREATE INDEX i ON t (norm(a));", "DROP INDEX i;");
    let known: Vec<_> = chain
        .revisions()
        .iter()
        .map(|revision| revision.fingerprint().is_some())
        .collect();
    assert_eq!(known, [true, false, false]);
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE t (a TEXT)").unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    // Without the function, 002 fails.
    assert_eq!(chain.upgrade(&mut db).unwrap_err().code(), "statement");
    chain.migrator().stamp(&mut db, "003").unwrap();
    let check = chain.check(&db).unwrap();
    assert!(matches!(check, SchemaCheck::Unknown { .. }) && check.diff().is_none());
    assert_eq!(
        check.to_string(),
        "the schema of 003 is not known: not all of the chain could be proven"
    );
    assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn unproven_row_change_does_not_hide_drift() {
    let fixture = Fixture::new();
    let chain = chain_with_unproven_revision(
        &fixture,
        "UPDATE t SET a = norm(a);",
        "UPDATE t SET a = '';",
    );
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    chain.migrator().stamp(&mut db, "002").unwrap();
    chain.upgrade(&mut db).unwrap();
    assert!(chain.check(&db).unwrap().is_same());
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    assert_eq!(
        chain.check(&db).unwrap().diff().unwrap().to_string(),
        "+ table mine (a)"
    );
}
