//! Databases without a history: adopted by their schema or at a given revision, or rejected with
//! the difference.

use std::fs;

use revchain::rusqlite::Connection;
use revchain::{Adopt, Conflict, ErrorKind, Origin, Outcome, Request, Target};

use crate::support::{
    BEFORE_MIGRATIONS, Fixture, Recorder, TOKENS, chain_with_unproven_revision, count, ids,
    merged_chain, schema, unmanaged,
};

#[test]
fn each_schema_change_has_its_own_fingerprint() {
    let fingerprints: Vec<_> = TOKENS
        .revisions()
        .iter()
        .map(|revision| *revision.fingerprint().unwrap())
        .collect();
    for (index, fingerprint) in fingerprints.iter().enumerate() {
        let same: Vec<_> = (0..9)
            .filter(|&other| fingerprints[other] == *fingerprint)
            .collect();
        // 004 only changes rows, so it shares the schema of 003.
        assert_eq!(
            same,
            if [2, 3].contains(&index) {
                vec![2, 3]
            } else {
                vec![index]
            }
        );
    }
}

#[test]
fn tables_without_a_history_are_rejected_with_help() {
    let fixture = Fixture::new();
    let db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE users (a); CREATE TABLE notes (a)")
        .unwrap();
    drop(db);
    let before = fs::read(fixture.db()).unwrap();
    let error = TOKENS.open(fixture.db()).unwrap_err();
    assert!(
        matches!(error.conflict(), Some(Conflict::Unrecognized { tables, .. }) if tables == &["notes", "users"]),
        "{error}"
    );
    let text = format!("{error:#}");
    assert!(
        text.contains(".ignore_tables([…])")
            && !text.contains("unchecked")
            && text.contains("notes, users"),
        "{text}"
    );
    assert_eq!(fs::read(fixture.db()).unwrap(), before);
}

#[test]
fn view_or_sqlite_like_table_is_not_a_new_database() {
    for sql in [
        "CREATE VIEW sqlites AS SELECT 1 AS x",
        "CREATE TABLE sqlites (a)",
    ] {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        let error = TOKENS.upgrade(&mut db).unwrap_err();
        assert!(
            matches!(error.conflict(), Some(Conflict::Unrecognized { tables, .. }) if tables == &["sqlites"]),
            "{error}"
        );
    }
}

#[test]
fn first_revision_equals_the_unmanaged_schema() {
    let before = Connection::open_in_memory().unwrap();
    before.execute_batch(BEFORE_MIGRATIONS).unwrap();
    let mut first = Connection::open_in_memory().unwrap();
    TOKENS.migrator().upgrade_to(&mut first, "001").unwrap();
    let unspaced = |schema: String| schema.split_whitespace().collect::<String>();
    assert_eq!(unspaced(schema(&before)), unspaced(schema(&first)));
}

#[test]
fn unmanaged_database_is_adopted_and_upgraded() {
    let fixture = Fixture::new();
    let db = Connection::open(fixture.db()).unwrap();
    db.execute_batch(BEFORE_MIGRATIONS).unwrap();
    db.execute_batch(
        "INSERT INTO registered_webhooks (webhook_id, preset_id, created_at) VALUES (7, 'notes', 1.5)",
    )
    .unwrap();
    drop(db);
    let mut db = Connection::open(fixture.db()).unwrap();
    let events = Recorder::new();
    let migrator = TOKENS.migrator().on_event(|event| events.record(event));
    let report = migrator.upgrade(&mut db).unwrap();
    let events = events.take();
    assert!(events.contains(&"adopted 001".to_owned()), "{events:?}");
    assert_eq!(
        (report.outcome, &report.stamped[..]),
        (Outcome::Adopted, &["001".to_owned()][..])
    );
    assert_eq!(
        (report.applied.len(), report.to.as_deref()),
        (8, Some("009"))
    );
    assert!(
        report
            .to_string()
            .starts_with("adopted at 001, then upgraded to 009"),
        "{report}"
    );
    let origins: Vec<_> = TOKENS
        .migrator()
        .history(&db)
        .unwrap()
        .iter()
        .map(|stamp| stamp.origin)
        .collect();
    assert_eq!((origins[0], origins[1]), (Origin::Adopt, Origin::Upgrade));
    assert_eq!(count(&db, "SELECT count(*) FROM registered_webhooks"), 1);
    assert!(TOKENS.check(&db).unwrap().is_same());
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn every_distinct_revision_is_adopted() {
    for revision in ["001", "002", "005", "006", "007", "008", "009"] {
        let mut db = unmanaged(revision);
        let report = TOKENS.upgrade(&mut db).unwrap();
        assert_eq!(report.outcome, Outcome::Adopted, "{revision}");
        assert_eq!(report.stamped.last().map(String::as_str), Some(revision));
        assert_eq!(ids(&db).len(), 9);
    }
}

#[test]
fn failed_upgrade_rolls_back_the_adoption() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[
        ("CREATE TABLE a (b UNIQUE);", "DROP TABLE a;"),
        ("INSERT INTO a VALUES (1);", "DELETE FROM a WHERE b = 1;"),
        ("CREATE TABLE c (d);", "DROP TABLE c;"),
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE a (b UNIQUE); INSERT INTO a VALUES (1)")
        .unwrap();
    // At 001 the row would not exist yet, so 002 fails.
    let error = chain
        .migrator()
        .adopt(Adopt::detect_preferring(["001"]))
        .upgrade(&mut db)
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Statement(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("\nrolled back: the database has no history, as before"),
        "{error}"
    );
    assert_eq!(
        error.help().unwrap(),
        "correct the rows in the database, or in the migration before the statement\n\
         until then, run the version of the program from before the adoption"
    );
    assert_eq!(
        count(
            &db,
            "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
        ),
        1,
        "no history table is left"
    );
    let report = chain
        .migrator()
        .adopt(Adopt::detect_preferring(["002"]))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!((report.stamped.len(), report.applied.len()), (2, 1));
}

#[test]
fn ambiguous_schema_requires_a_choice() {
    let mut db = unmanaged("004");
    let error = TOKENS.upgrade(&mut db).unwrap_err();
    match error.conflict() {
        Some(Conflict::Ambiguous { revisions, .. }) => assert_eq!(revisions, &["003", "004"]),
        other => panic!("{other:?}"),
    }
    let text = error.to_string();
    assert!(
        text.contains("have its schema\n  003  Add scopes"),
        "{text}"
    );
    assert!(text.contains("\n  004  Turn the separator"), "{text}");
    let help = error.help().unwrap();
    assert!(
        help.contains("`upgrade --adopt-as REVISION`") && !help.contains("004"),
        "{help}"
    );
    let report = TOKENS
        .migrator()
        .adopt(Adopt::detect_preferring(["004"]))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!((report.stamped.len(), report.applied.len()), (4, 5));
    // The choice does not affect an unambiguous schema, and a baseline needs no choice.
    let mut other = unmanaged("002");
    assert_eq!(
        TOKENS
            .migrator()
            .adopt(Adopt::detect_preferring(["004"]))
            .upgrade(&mut other)
            .unwrap()
            .stamped
            .len(),
        2
    );
    let mut third = unmanaged("003");
    assert_eq!(
        TOKENS
            .migrator()
            .adopt(Adopt::at("003"))
            .upgrade(&mut third)
            .unwrap()
            .stamped
            .len(),
        3
    );
}

#[test]
fn unknown_preferred_revision_is_an_error() {
    let mut db = unmanaged("004");
    let error = TOKENS
        .migrator()
        .adopt(Adopt::detect_preferring(["4"]))
        .upgrade(&mut db)
        .unwrap_err();
    assert_eq!(error.code(), "unknown-target");
    // The newest choice of an ambiguous group wins.
    let report = TOKENS
        .migrator()
        .adopt(Adopt::detect_preferring(["003", "004"]))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!(report.stamped.len(), 4);
}

#[test]
fn unrecognized_schema_shows_the_nearest_revision() {
    let mut db = unmanaged("005");
    db.execute_batch(
        "DROP INDEX idx_browser_sessions_user; ALTER TABLE audit_logs ADD COLUMN ip TEXT;
         CREATE TABLE notes (a)",
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
    assert!(
        text.contains("the nearest is 005") && text.contains("\n    + audit_logs.ip TEXT\n"),
        "{text}"
    );
    assert_eq!(count(&db, tables), before);
    // Without the other differences, ignoring the foreign table is enough.
    db.execute_batch(
        "CREATE INDEX idx_browser_sessions_user ON browser_sessions (user_id);
         ALTER TABLE audit_logs DROP COLUMN ip",
    )
    .unwrap();
    TOKENS.upgrade(&mut db).unwrap_err();
    let report = TOKENS
        .migrator()
        .ignore_tables(["note*"])
        .upgrade(&mut db)
        .unwrap();
    assert_eq!(report.outcome, Outcome::Adopted);
    assert!(
        TOKENS
            .migrator()
            .ignore_tables(["notes"])
            .check(&db)
            .unwrap()
            .is_same()
    );
}

#[test]
fn nearest_revision_precedes_an_unrunnable_one() {
    let fixture = Fixture::new();
    let chain =
        chain_with_unproven_revision(&fixture, "CREATE INDEX i ON t (norm(a));", "DROP INDEX i;");
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE t (a TEXT, b)").unwrap();
    match chain.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Unrecognized { nearest, diff, .. }) => {
            assert_eq!(
                (nearest.as_deref(), diff.to_string().as_str()),
                (Some("001"), "+ t.b")
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn newest_of_equally_near_revisions_is_shown() {
    let mut db = unmanaged("003");
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    match TOKENS.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Unrecognized { nearest, .. }) => assert_eq!(nearest.as_deref(), Some("004")),
        other => panic!("{other:?}"),
    }
    // The same choice applies to a history that names another revision.
    db.execute_batch("DROP TABLE mine").unwrap();
    TOKENS.migrator().stamp(&mut db, "005").unwrap();
    match TOKENS.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Drifted { is_of, .. }) => assert_eq!(is_of.as_deref(), Some("004")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn table_name_case_does_not_affect_the_nearest() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[("CREATE TABLE users (a, b);", "DROP TABLE users;")]);
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE Users (a)").unwrap();
    match chain.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::Unrecognized { nearest, .. }) => assert_eq!(nearest.as_deref(), Some("001")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn table_name_case_does_not_prevent_adoption() {
    let fixture = Fixture::new();
    let steps = [("CREATE TABLE Notes (a);", "DROP TABLE notes;")];
    let migrations = fixture.proven(&steps).named("cased").unwrap();
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE NOTES (a)").unwrap();
    assert_eq!(
        migrations.upgrade(&mut db).unwrap().outcome,
        Outcome::Adopted
    );
}

/// The README beside the fixtures explains how each tool created its database.
#[test]
fn database_of_another_tool_is_adopted() {
    for tool in [
        "alembic",
        "refinery",
        "sqlx",
        "diesel",
        "rusqlite_migration",
    ] {
        let fixture = Fixture::new();
        fs::copy(
            format!(
                "{}/tests/fixtures/peers/{tool}.db",
                env!("CARGO_MANIFEST_DIR")
            ),
            fixture.db(),
        )
        .unwrap();
        let mut db = Connection::open(fixture.db()).unwrap();
        let rows = |db: &Connection| {
            count(
                db,
                "SELECT (SELECT count(*) FROM refresh_tokens) + (SELECT count(*) FROM app_passwords)
                    + (SELECT count(*) FROM browser_sessions)",
            )
        };
        let before = rows(&db);
        let own_version = count(&db, "PRAGMA user_version");
        let report = TOKENS
            .upgrade(&mut db)
            .unwrap_or_else(|error| panic!("{tool}: {error}"));
        assert_eq!(report.outcome, Outcome::Adopted, "{tool}");
        assert_eq!(
            (report.stamped.len(), report.applied.len()),
            (5, 4),
            "{tool}"
        );
        assert_eq!(rows(&db), before, "{tool}");
        if own_version != 0 {
            assert_eq!(count(&db, "PRAGMA user_version"), own_version, "{tool}");
        }
        assert!(before > 0);
        assert!(TOKENS.check(&db).unwrap().is_same(), "{tool}");
    }
}

#[test]
fn empty_database_of_another_tool_is_new() {
    for table in [
        "alembic_version (version_num)",
        "refinery_schema_history (version, name, applied_on, checksum)",
        "_sqlx_migrations (version, description, installed_on, success, checksum, execution_time)",
        "__diesel_schema_migrations (version, run_on)",
    ] {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(&format!("CREATE TABLE {table}")).unwrap();
        assert_eq!(
            TOKENS.upgrade(&mut db).unwrap().outcome,
            Outcome::New,
            "{table}"
        );
        assert!(TOKENS.check(&db).unwrap().is_same());
    }
}

#[test]
fn merged_schema_is_adopted_from_either_branch() {
    let fixture = Fixture::new();
    let chain = merged_chain(&fixture);
    for (branch, head) in [
        ("002", "004"),
        ("003", "004"),
        ("002", "005"),
        ("003", "005"),
    ] {
        let mut db = Connection::open_in_memory().unwrap();
        chain.migrator().upgrade_to(&mut db, branch).unwrap();
        chain.migrator().upgrade_to(&mut db, head).unwrap();
        db.execute_batch("DROP TABLE revchain_history").unwrap();
        let report = chain.upgrade(&mut db).unwrap();
        assert_eq!(
            report.stamped.last().map(String::as_str),
            Some(head),
            "from {branch}"
        );
    }
}

#[test]
fn downgrade_of_an_adoptable_database_suggests_an_upgrade() {
    let error = TOKENS
        .migrator()
        .downgrade_to(&mut unmanaged("006"), "-1")
        .unwrap_err();
    assert_eq!(
        error.help().as_deref(),
        Some("run an upgrade: it recognizes the schema of 006 and continues from there")
    );
}

#[test]
fn adopt_at_stamps_and_upgrades_in_one_call() {
    let fixture = Fixture::new();
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch(BEFORE_MIGRATIONS).unwrap();
    db.execute_batch(
        "INSERT INTO registered_webhooks (webhook_id, preset_id, created_at) VALUES (7, 'notes', 1.5)",
    )
    .unwrap();
    let stored: String = db
        .query_row(
            "SELECT sql FROM sqlite_master WHERE name = 'refresh_tokens'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let report = TOKENS
        .migrator()
        .adopt(Adopt::at("001"))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!(
        (report.outcome, report.stamped),
        (Outcome::Stamped, vec!["001".to_owned()])
    );
    assert_eq!(
        (report.applied.len(), report.to.as_deref()),
        (8, Some("009"))
    );
    let history = TOKENS.migrator().history(&db).unwrap();
    assert_eq!(
        (history[0].origin, history[1].origin),
        (Origin::Stamp, Origin::Upgrade)
    );
    assert_eq!(count(&db, "SELECT count(*) FROM registered_webhooks"), 1);
    let now: String = db
        .query_row(
            "SELECT sql FROM sqlite_master WHERE name = 'refresh_tokens'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(now, stored, "the adopted tables are unchanged");
    // The next upgrade needs no setting.
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn failed_upgrade_rolls_back_adopt_at() {
    let fixture = Fixture::new();
    let chain = fixture.chain(&[
        ("CREATE TABLE a (b);", "DROP TABLE a;"),
        ("INSERT INTO nowhere VALUES (1);", "SELECT 1;"),
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE a (b)").unwrap();
    chain
        .migrator()
        .adopt(Adopt::at("001"))
        .upgrade(&mut db)
        .unwrap_err();
    assert_eq!(
        count(&db, "SELECT count(*) FROM sqlite_master"),
        1,
        "no history table is left"
    );
}

#[test]
fn new_database_ignores_adopt_at() {
    let fixture = Fixture::new();
    let mut db = Connection::open(fixture.db()).unwrap();
    let report = TOKENS
        .migrator()
        .adopt(Adopt::at("003"))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!((report.outcome, report.applied.len()), (Outcome::New, 9));
}

#[test]
fn adopt_at_base_applies_every_revision() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE of_others (a)").unwrap();
    let report = chain
        .migrator()
        .adopt(Adopt::at("base"))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!(report.applied.len(), 2);
    // A stamp at base has the same effect.
    let mut db = Connection::open(fixture.path("other.db")).unwrap();
    db.execute_batch("CREATE TABLE of_others (a)").unwrap();
    chain.migrator().stamp(&mut db, "base").unwrap();
    assert_eq!(chain.upgrade(&mut db).unwrap().applied.len(), 2);
}

#[test]
fn adopt_at_base_is_checked() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let migrator = TOKENS.migrator().adopt(Adopt::at("base"));
    match migrator.upgrade(&mut db).unwrap_err().conflict() {
        Some(Conflict::BaselineDiffers { revision, diff, .. }) => {
            assert_eq!(
                (revision.as_str(), diff.to_string().as_str()),
                ("base", "+ table mine (a)")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        migrator
            .ignore_tables(["mine"])
            .upgrade(&mut db)
            .unwrap()
            .applied
            .len(),
        9
    );
}

#[test]
fn adopt_at_another_schema_requires_unchecked() {
    let mut db = unmanaged("001");
    db.execute_batch("CREATE INDEX mine ON audit_logs (event)")
        .unwrap();
    let error = TOKENS
        .migrator()
        .adopt(Adopt::at("001"))
        .upgrade(&mut db)
        .unwrap_err();
    match error.conflict() {
        Some(Conflict::BaselineDiffers { revision, diff, .. }) => {
            assert_eq!(revision, "001");
            assert_eq!(diff.to_string(), "+ index mine ON audit_logs (event)");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(error.code(), "baseline-differs");
    let report = TOKENS
        .migrator()
        .adopt(Adopt::at_unchecked("001"))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!(
        (report.outcome, report.applied.len()),
        (Outcome::Stamped, 8)
    );
    // The next upgrade succeeds as well.
    let again = TOKENS
        .migrator()
        .adopt(Adopt::at_unchecked("001"))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!(again.outcome, Outcome::UpToDate);
    assert_eq!(
        TOKENS.check(&db).unwrap().diff().unwrap().to_string(),
        "+ index mine ON audit_logs (event)"
    );
}

#[test]
fn adopt_at_unchecked_emits_the_drift() {
    let mut db = unmanaged("001");
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let events = Recorder::new();
    let migrator = TOKENS
        .migrator()
        .adopt(Adopt::at_unchecked("001"))
        .on_event(|event| events.record(event));
    migrator.upgrade(&mut db).unwrap();
    assert_eq!(
        events.take()[0],
        "the schema differs from that of 001: `check` shows the differences"
    );
}

#[test]
fn last_adopt_setting_replaces_the_first() {
    let mut db = unmanaged("002");
    let migrator = TOKENS
        .migrator()
        .adopt(Adopt::at_unchecked("001"))
        .adopt(Adopt::at("001"));
    assert_eq!(
        migrator.upgrade(&mut db).unwrap_err().code(),
        "baseline-differs"
    );
}

#[test]
fn ignored_tables_accumulate() {
    let mut db = unmanaged("004");
    db.execute_batch("CREATE TABLE one (a); CREATE TABLE two (a)")
        .unwrap();
    let migrator = TOKENS
        .migrator()
        .ignore_tables(["one"])
        .ignore_tables(["two"]);
    let report = migrator
        .adopt(Adopt::detect_preferring(["004", "001"]))
        .upgrade(&mut db)
        .unwrap();
    assert_eq!((report.stamped.len(), report.applied.len()), (4, 5));
}

#[test]
fn stamp_records_without_running_sql() {
    let fixture = Fixture::new();
    let chain = fixture.tables(4);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE t1 (a); CREATE TABLE t2 (a)")
        .unwrap();
    let report = chain.migrator().stamp(&mut db, "002").unwrap();
    assert_eq!(
        (report.outcome, report.applied.len()),
        (Outcome::Stamped, 0)
    );
    assert_eq!(ids(&db), ["001", "002"]);
    assert_eq!(
        count(
            &db,
            "SELECT count(*) FROM sqlite_master WHERE name LIKE 't_'"
        ),
        2
    );
    chain.upgrade(&mut db).unwrap();
    chain.migrator().stamp(&mut db, "003").unwrap();
    assert_eq!(ids(&db), ["001", "002", "003"]);
    assert_eq!(count(&db, "SELECT count(*) FROM t4"), 0);
}

/// Returns a database at 008 whose history something has emptied.
fn emptied_at_008() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    TOKENS.migrator().upgrade_to(&mut db, "008").unwrap();
    db.execute_batch("DELETE FROM revchain_history").unwrap();
    db
}

#[test]
fn emptied_history_is_adopted_at_the_schema() {
    // The marker is valid, then stale, then removed.
    for sql in ["", "VACUUM", "PRAGMA user_version = 0"] {
        let mut db = emptied_at_008();
        db.execute_batch(sql).unwrap();
        let report = TOKENS.upgrade(&mut db).unwrap();
        assert_eq!(report.outcome, Outcome::Adopted, "{sql}");
        assert_eq!(report.applied.len(), 1, "{sql}");
        assert_eq!(ids(&db).len(), 9, "{sql}");
    }
}

#[test]
fn emptied_history_with_another_schema_is_not_read_as_base() {
    let mut db = emptied_at_008();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let error = TOKENS.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "unrecognized", "{error}");
    assert_eq!(ids(&db).len(), 0);
}

#[test]
fn emptied_history_at_the_head_is_adopted_by_a_plan() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("DELETE FROM revchain_history").unwrap();
    let migrator = TOKENS.migrator().read_history_at_head(true);
    assert!(migrator.current(&db).unwrap().is_none());
    let plan = migrator.plan(&db, Request::Upgrade(Target::Head)).unwrap();
    assert_eq!(plan.stamps().count(), 9);
    assert_eq!(
        migrator.apply(&mut db, plan).unwrap().outcome,
        Outcome::Adopted
    );
    assert_eq!(ids(&db).len(), 9);
}

/// A downgrade to base and a stamp of base leave an empty history, which is one of base.
#[test]
fn empty_history_of_a_database_at_base_is_kept() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    let migrator = TOKENS.migrator().ignore_tables(["theirs"]);
    migrator.downgrade_to(&mut db, "base").unwrap();
    let report = migrator.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::Upgraded);
}
