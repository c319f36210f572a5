//! Upgrades and downgrades of real files: which revisions run, and the schema and rows afterwards.

use std::fs;

use revchain::rusqlite::Connection;
use revchain::{Conflict, Migrations, Outcome, Request, Target, embed_migrations};
use revchain_prove::migrations_from_directory;

use crate::support::{Fixture, TOKENS, all_sql, count, ids, schema};

#[test]
fn new_database_applies_every_revision() {
    let fixture = Fixture::new();
    let mut db = Connection::open(fixture.db()).unwrap();
    let report = TOKENS.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::New);
    assert_eq!((report.from, report.to.as_deref()), (None, Some("009")));
    let applied: Vec<_> = report
        .applied
        .iter()
        .map(|applied| applied.revision.as_str())
        .collect();
    assert_eq!(
        applied,
        [
            "001", "002", "003", "004", "005", "006", "007", "008", "009"
        ]
    );
    assert_eq!(ids(&db), applied);
    assert_eq!(count(&db, "SELECT count(*) FROM document_paths"), 0);
}

/// A row for each table added after 001, with the revision that adds the table.
const ROWS_OF_LATER_TABLES: [(&str, &str); 5] = [
    (
        "002",
        "INSERT INTO app_passwords (user_id, encrypted_password, created_at, updated_at)
         VALUES ('ada', x'01', 1, 2)",
    ),
    (
        "003",
        "INSERT INTO login_flow_sessions VALUES ('ada', x'02', 'u', NULL, 1, 2)",
    ),
    (
        "005",
        "INSERT INTO browser_sessions VALUES ('s', 'ada', 1, 2)",
    ),
    (
        "007",
        "INSERT INTO usage_events VALUES ('e', '2026-06-07', 'calls', 3, NULL)",
    ),
    (
        "008",
        "INSERT INTO batch_ocr_jobs VALUES ('ada', 'd', 'file', 'e', 'j', 1)",
    ),
];

#[test]
fn older_database_is_upgraded_with_its_rows() {
    for old in ["001", "002", "003", "004", "005", "006", "007", "008"] {
        let fixture = Fixture::new();
        let mut db = Connection::open(fixture.db()).unwrap();
        TOKENS.migrator().upgrade_to(&mut db, old).unwrap();
        db.execute_batch(
            "INSERT INTO refresh_tokens (user_id, encrypted_token, created_at, updated_at)
             VALUES ('ada', x'00ff', 1, 2);
             INSERT INTO audit_logs (timestamp, event, user_id)
             VALUES (1, 'stored', 'ada'), (2, 'read', 'ada');
             INSERT INTO registered_webhooks (webhook_id, preset_id, created_at)
             VALUES (7, 'notes', 1.5);
             INSERT INTO oauth_sessions (session_id, client_redirect_uri, created_at, expires_at)
             VALUES ('s', 'u', 1, 2);",
        )
        .unwrap();
        for (since, sql) in ROWS_OF_LATER_TABLES {
            if old >= since {
                db.execute_batch(sql).unwrap();
            }
        }
        drop(db);
        let mut db = Connection::open(fixture.db()).unwrap();
        let report = TOKENS.upgrade(&mut db).unwrap();
        assert_eq!(
            (report.outcome, report.from.as_deref()),
            (Outcome::Upgraded, Some(old))
        );
        assert_eq!(report.to.as_deref(), Some("009"));
        let kept = |sql: &str| count(&db, sql);
        assert_eq!(
            kept(
                "SELECT count(*) FROM refresh_tokens
                 WHERE encrypted_token = x'00ff' AND flow_type = 'hybrid'"
            ),
            1
        );
        assert_eq!(kept("SELECT count(*) FROM audit_logs"), 2);
        assert_eq!(
            kept("SELECT count(*) FROM registered_webhooks WHERE created_at = 1.5"),
            1
        );
        assert_eq!(
            kept("SELECT count(*) FROM oauth_sessions WHERE nonce IS NULL"),
            1
        );
        for (since, sql) in ROWS_OF_LATER_TABLES {
            let table = sql.split(' ').nth(2).unwrap();
            assert_eq!(
                kept(&format!("SELECT count(*) FROM {table}")),
                i64::from(old >= since),
                "{table} from {old}"
            );
        }
        assert_eq!(
            schema(&db),
            schema(&TOKENS.open_in_memory().unwrap()),
            "from {old}"
        );
    }
}

/// Embedded revisions are stored as columns and rebuilt at run time.
#[test]
fn embedded_chain_equals_its_directory() {
    static LABELS: Migrations = embed_migrations!("tests/chains/labels");
    // Tests run in the package directory, to which the embedded paths are relative.
    let read = migrations_from_directory("tests/chains/labels").unwrap();
    assert_eq!(LABELS.revisions(), read.revisions());
    let compatible = LABELS
        .revisions()
        .iter()
        .filter(|revision| revision.is_compatible());
    assert_eq!(
        compatible.map(|revision| revision.id()).collect::<Vec<_>>(),
        ["002", "004"]
    );
    let destroys = LABELS
        .revisions()
        .iter()
        .map(|revision| revision.destroys().len());
    assert_eq!(destroys.collect::<Vec<_>>(), [0, 0, 1, 0, 2]);
}

#[test]
fn edited_revision_is_rejected_but_a_new_comment_is_not() {
    let fixture = Fixture::new();
    drop(
        fixture
            .chain(&[("CREATE TABLE a (b);", "DROP TABLE a;")])
            .open(fixture.db())
            .unwrap(),
    );
    let commented = fixture.chain(&[(
        "-- why\r\nCREATE  TABLE a /* this */ (b)\r\n;;",
        "DROP TABLE a",
    )]);
    drop(commented.open(fixture.db()).unwrap());
    let edited = fixture.chain(&[("CREATE TABLE a (b, c);", "DROP TABLE a;")]);
    let error = edited.open(fixture.db()).unwrap_err();
    assert!(
        matches!(error.conflict(), Some(Conflict::Edited { .. })),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains("001 was edited after") && text.contains("20260101_0000_001_step.sql"),
        "{text}"
    );
    // A stamp declares the database to be right, which resolves the conflict.
    let mut db = Connection::open(fixture.db()).unwrap();
    let report = edited.migrator().stamp(&mut db, "head").unwrap();
    assert_eq!(
        (report.outcome, report.stamped),
        (Outcome::Stamped, vec!["001".to_owned()])
    );
    assert_eq!(edited.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn downgrade_and_upgrade_restore_the_schema() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    let head = schema(&db);
    let report = TOKENS.migrator().downgrade_to(&mut db, "base").unwrap();
    assert_eq!((report.outcome, report.to), (Outcome::Downgraded, None));
    assert_eq!(report.reverted.first().unwrap().revision, "009");
    // SQLite keeps its AUTOINCREMENT table, and revchain keeps an empty history.
    let left = "SELECT count(*) FROM sqlite_master
                WHERE tbl_name NOT IN ('sqlite_sequence', 'revchain_history')";
    assert_eq!(count(&db, left), 0);
    assert_eq!(ids(&db), Vec::<String>::new());
    TOKENS.upgrade(&mut db).unwrap();
    assert_eq!(schema(&db), head);
}

#[test]
fn each_downgrade_restores_the_schema_of_its_parent() {
    let mut db = TOKENS.open_in_memory().unwrap();
    for revision in TOKENS.revisions().iter().rev() {
        TOKENS.migrator().downgrade_to(&mut db, "-1").unwrap();
        let mut fresh = Connection::open_in_memory().unwrap();
        TOKENS
            .migrator()
            .upgrade_to(&mut fresh, revision.revises().next().unwrap_or("base"))
            .unwrap();
        if revision.id() != "001" {
            assert_eq!(schema(&db), schema(&fresh), "below {}", revision.id());
        }
    }
}

/// The proof compares changed objects only, where "A" is a string.
/// In the whole schema, "A" is the name of a column.
/// The revision with the string is locked, because the proof rejects it in a new revision.
#[test]
fn string_in_double_quotes_does_not_fail_a_downgrade() {
    let fixture = Fixture::new();
    let migrations = fixture.proven_after_a_lock(&[
        (
            "CREATE TABLE other (a); CREATE TABLE cards (drawer, no);
             CREATE VIEW kinds AS SELECT drawer FROM cards WHERE drawer = \"A\";",
            "DROP VIEW kinds; DROP TABLE cards; DROP TABLE other;",
        ),
        (
            "ALTER TABLE cards RENAME COLUMN no TO number;",
            "ALTER TABLE cards RENAME COLUMN number TO no;",
        ),
    ]);
    let mut db = migrations.open_in_memory().unwrap();
    migrations.migrator().downgrade_to(&mut db, "001").unwrap();
}

#[test]
fn proven_downgrades_run_one_by_one() {
    let Some(migrations) = all_sql() else {
        return;
    };
    let mut db = migrations.open_in_memory().unwrap();
    migrations.migrator().downgrade_to(&mut db, "025").unwrap();
    migrations.migrator().downgrade_to(&mut db, "024").unwrap();
}

#[test]
fn targets_are_head_base_revisions_and_steps() {
    let fixture = Fixture::new();
    let chain = fixture.tables(5);
    let mut db = Connection::open(fixture.db()).unwrap();
    let mut at = |request: &str, target: &str| {
        let report = match request {
            "up" => chain.migrator().upgrade_to(&mut db, target),
            _ => chain.migrator().downgrade_to(&mut db, target),
        };
        report
            .map(|report| report.to)
            .map_err(|error| format!("{error:#}"))
    };
    assert_eq!(at("up", "+2"), Ok(Some("002".into())));
    assert_eq!(at("up", "004"), Ok(Some("004".into())));
    assert_eq!(
        at("up", "001"),
        Ok(Some("004".into())),
        "later revisions stay applied"
    );
    assert_eq!(at("down", "-1"), Ok(Some("003".into())));
    assert_eq!(at("down", "001"), Ok(Some("001".into())));
    assert_eq!(at("up", "head"), Ok(Some("005".into())));
    assert!(at("up", "+1").unwrap_err().contains("nothing is pending"));
    assert!(
        at("down", "-6")
            .unwrap_err()
            .contains("-6 goes below base: 5 applied")
    );
    assert!(at("up", "-1").unwrap_err().contains("downgrade"));
    assert!(at("up", "0005").unwrap_err().contains("did you mean 005?"));
    assert_eq!(at("down", "base"), Ok(None));
    assert!(at("down", "-1").unwrap_err().contains("nothing to revert"));
    assert!(at("down", "003").unwrap_err().contains("use `upgrade`"));
    assert!(at("down", "head").unwrap_err().contains("use `upgrade`"));
}

#[test]
fn irreversible_revision_stops_a_downgrade_at_the_start() {
    let fixture = Fixture::new();
    let directory = fixture.path("m");
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
    let chain = migrations_from_directory(&directory).unwrap();
    let mut db = chain.open(fixture.db()).unwrap();
    let before = fs::read(fixture.db()).unwrap();
    let error = chain.migrator().downgrade_to(&mut db, "base").unwrap_err();
    assert!(
        matches!(error.conflict(), Some(Conflict::Irreversible { revision, .. }) if revision == "2")
    );
    assert!(
        error.to_string().contains("the old hashes are gone"),
        "{error}"
    );
    assert_eq!(fs::read(fixture.db()).unwrap(), before);
    assert_eq!(
        chain
            .migrator()
            .downgrade_to(&mut db, "2")
            .unwrap()
            .reverted
            .len(),
        1
    );
}

#[test]
fn merge_upgrades_databases_of_both_branches() {
    let fixture = Fixture::new();
    let directory = fixture.path("m");
    fs::create_dir(&directory).unwrap();
    let file = |id: &str, day: u8, revises: &str| {
        let text = format!(
            "-- {id}.\n-- @revises {revises}\n-- @upgrade\nCREATE TABLE {id} (x);\n-- @downgrade\nDROP TABLE {id};\n"
        );
        fs::write(
            directory.join(format!("202601{day:02}_0000_{id}_x.sql")),
            text,
        )
        .unwrap();
    };
    file("a", 1, "base");
    file("b", 2, "a");
    let left = migrations_from_directory(&directory).unwrap();
    fs::rename(
        directory.join("20260102_0000_b_x.sql"),
        fixture.path("b.sql"),
    )
    .unwrap();
    file("c", 3, "a");
    let right = migrations_from_directory(&directory).unwrap();
    fs::rename(
        fixture.path("b.sql"),
        directory.join("20260102_0000_b_x.sql"),
    )
    .unwrap();
    file("d", 4, "b c");
    let merged = migrations_from_directory(&directory).unwrap();
    for (name, branch, pending) in [
        ("left.db", &left, ["c", "d"]),
        ("right.db", &right, ["b", "d"]),
    ] {
        let mut db = branch.open(fixture.path(name)).unwrap();
        let report = merged.upgrade(&mut db).unwrap();
        let applied: Vec<_> = report
            .applied
            .iter()
            .map(|applied| applied.revision.as_str())
            .collect();
        assert_eq!(applied, pending);
        assert_eq!(merged.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
        merged.migrator().downgrade_to(&mut db, "b").unwrap();
        assert_eq!(merged.migrator().current(&db).unwrap().unwrap().id(), "b");
        assert_eq!(
            count(
                &db,
                "SELECT count(*) FROM sqlite_master WHERE name IN ('c', 'd')"
            ),
            0
        );
    }
}

#[test]
fn temporary_history_table_is_ignored() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch("CREATE TEMP TABLE revchain_history (revision, checksum)")
        .unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert_eq!(TOKENS.migrator().history(&db).unwrap().len(), 9);
    // A stamp runs no migration SQL, so temporary tables do not matter.
    TOKENS.migrator().stamp(&mut db, "base").unwrap();
    TOKENS.migrator().stamp(&mut db, "002").unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM main.revchain_history"), 2);
    assert_eq!(count(&db, "SELECT count(*) FROM temp.revchain_history"), 0);
}

#[test]
fn changed_database_invalidates_a_plan() {
    let fixture = Fixture::new();
    let chain = fixture.tables(4);
    let migrator = chain.migrator();
    let upgrade_elsewhere = || {
        let mut other = Connection::open(fixture.db()).unwrap();
        chain.upgrade(&mut other).unwrap();
    };
    let mut db = Connection::open(fixture.db()).unwrap();
    migrator.upgrade_to(&mut db, "002").unwrap();
    let downgrade = Request::Downgrade("001".into());
    let plan = migrator.plan(&db, downgrade.clone()).unwrap();
    upgrade_elsewhere();
    let error = migrator.apply(&mut db, plan).unwrap_err();
    assert!(
        matches!(error.conflict(), Some(Conflict::Changed)),
        "{error}"
    );
    assert_eq!(ids(&db).len(), 4);
    let plan = migrator.plan(&db, downgrade).unwrap();
    let report = migrator.apply(&mut db, plan.clone()).unwrap();
    assert_eq!(report.reverted.len(), 3);
    // The plan has been applied, so applying it again is a conflict.
    let error = migrator.apply(&mut db, plan).unwrap_err();
    assert!(
        matches!(error.conflict(), Some(Conflict::Changed)),
        "{error}"
    );
    let plan = migrator.plan(&db, Request::Upgrade(Target::Head)).unwrap();
    upgrade_elsewhere();
    let error = migrator.apply(&mut db, plan).unwrap_err();
    assert!(
        matches!(error.conflict(), Some(Conflict::Changed)),
        "{error}"
    );
}

#[test]
fn rows_that_violate_an_assumption_are_listed() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[
        (
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, name TEXT);",
            "DROP TABLE users;",
        ),
        (
            "-- @assumes users(email) unique the program checks it\nCREATE UNIQUE INDEX i ON users (email);",
            "DROP INDEX i;",
        ),
        (
            "-- @assumes users(name) not-null the program checks it
CREATE TABLE new (id INTEGER PRIMARY KEY, email TEXT, name TEXT NOT NULL);
INSERT INTO new SELECT id, email, name FROM users;
DROP TABLE users; ALTER TABLE new RENAME TO users; CREATE UNIQUE INDEX i ON users (email);",
            "CREATE TABLE new (id INTEGER PRIMARY KEY, email TEXT, name TEXT);
INSERT INTO new SELECT id, email, name FROM users;
DROP TABLE users; ALTER TABLE new RENAME TO users; CREATE UNIQUE INDEX i ON users (email);",
        ),
    ]);
    let mut db = Connection::open_in_memory().unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch(
        "INSERT INTO users (email, name) VALUES ('a@x', 'A'), ('a@x', 'B'), (NULL, NULL), (NULL, 'C')",
    )
    .unwrap();
    let error = format!("{:#}", chain.upgrade(&mut db).unwrap_err());
    assert!(
        error.contains(
            "rows violate `@assumes users(email) unique`:\n  users: email = 'a@x' (2 rows)"
        ),
        "{error}"
    );
    assert_eq!(ids(&db), ["001"]);
    db.execute_batch("UPDATE users SET email = id").unwrap();
    let error = format!("{:#}", chain.upgrade(&mut db).unwrap_err());
    assert!(
        error.contains(
            "rows violate `@assumes users(name) not-null`:\n  users: name = NULL (1 row)"
        ),
        "{error}"
    );
}
