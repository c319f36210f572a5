//! `open` and the marker in `user_version`: at head, an open reads the header and nothing else.
//! Any other state leads to the full check.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use revchain::__private::{Embedded, Head};
use revchain::rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use revchain::rusqlite::{Connection, OpenFlags};
use revchain::{Conflict, ErrorKind, Migrations, Migrator, OnDrift, Outcome, Request, Target};
use revchain_prove::migrations_from_directory_unproven;

use crate::support::{Fixture, TOKENS, authorize, clear_authorizer, count, ids, read_by, schema};

fn user_version(db: &Connection) -> i64 {
    count(db, "PRAGMA user_version")
}

fn is_marked(db: &Connection) -> bool {
    user_version(db) < -1_000_000_000
}

/// Returns the actions that SQLite authorizes during an upgrade.
fn actions_of_upgrade(db: &mut Connection, migrations: &Migrations) -> Vec<String> {
    actions_for(db, migrations, Target::Head)
}

fn actions_for(db: &mut Connection, migrations: &Migrations, target: Target) -> Vec<String> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let authorizer = move |context: AuthContext<'_>| {
        seen.lock().unwrap().push(match context.action {
            AuthAction::Pragma {
                pragma_name,
                pragma_value: None,
            } => pragma_name.to_owned(),
            // rusqlite does not name the end of a transaction.
            AuthAction::Transaction { .. } => "transaction".to_owned(),
            other => format!("{other:?}"),
        });
        Authorization::Allow
    };
    authorize(db, authorizer);
    migrations.migrator().upgrade_to(db, target).unwrap();
    clear_authorizer(db);
    let asked = asked.lock().unwrap();
    asked.clone()
}

/// The actions of an open at head: one setting, then the header in one transaction.
const ACTIONS_AT_HEAD: [&str; 5] = [
    "busy_timeout",
    "transaction",
    "user_version",
    "schema_version",
    "transaction",
];

#[test]
fn open_returns_a_connection_at_head() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    assert_eq!(TOKENS.migrator().current(&db).unwrap(), TOKENS.head());
    assert_eq!(
        TOKENS.migrator().pending(&db).unwrap(),
        Vec::<&revchain::Revision>::new()
    );
    drop(db);
    let db = TOKENS.open(fixture.db()).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM revchain_history"), 9);
}

#[test]
fn in_memory_database_is_at_head() {
    let db = TOKENS.open_in_memory().unwrap();
    assert_eq!(TOKENS.migrator().current(&db).unwrap().unwrap().id(), "009");
}

#[test]
fn upgrade_at_head_changes_nothing() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    let before = fs::read(fixture.db()).unwrap();
    let report = TOKENS.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::UpToDate);
    assert_eq!(
        (report.from.as_deref(), report.to.as_deref()),
        (Some("009"), Some("009"))
    );
    assert_eq!(fs::read(fixture.db()).unwrap(), before);
}

#[test]
fn read_only_database_reports_pending_revisions() {
    let fixture = Fixture::new();
    let (old, new) = (fixture.tables(2), fixture.tables(4));
    drop(old.open(fixture.db()).unwrap());
    let read_only =
        || Connection::open_with_flags(fixture.db(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    assert_eq!(
        old.upgrade(&mut read_only()).unwrap().outcome,
        Outcome::UpToDate
    );
    let error = new.upgrade(&mut read_only()).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::ReadOnly { pending, .. } if pending == &["003", "004"]),
        "{error}"
    );
    assert!(error.to_string().contains("003, 004"), "{error}");
    assert_eq!(new.migrator().pending(&read_only()).unwrap().len(), 2);
    let error = new.migrator().stamp(&mut read_only(), "001").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("read-only, but the request changes it"),
        "{error}"
    );
}

#[test]
fn read_only_file_with_a_hot_journal_is_an_error() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let db = chain.open(fixture.db()).unwrap();
    // A writer that dies leaves a hot journal, which the next connection must roll back.
    db.execute_batch(
        "PRAGMA cache_size = 1; BEGIN; CREATE TABLE x (a); INSERT INTO x VALUES (zeroblob(100000));",
    )
    .unwrap();
    let left = fixture.path("left.db");
    fs::copy(fixture.db(), &left).unwrap();
    fs::copy(
        fixture.path("app.db-journal"),
        fixture.path("left.db-journal"),
    )
    .unwrap();
    let mut db = Connection::open_with_flags(&left, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Sqlite { .. }), "{error}");
    assert!(
        error.to_string().ends_with("reading the history failed"),
        "{error}"
    );
    drop(db);
    assert_eq!(
        chain
            .upgrade(&mut Connection::open(left).unwrap())
            .unwrap()
            .outcome,
        Outcome::UpToDate
    );
}

#[test]
fn query_only_connection_reports_pending_revisions() {
    let fixture = Fixture::new();
    let chain = fixture.tables(2);
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("PRAGMA query_only = ON").unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "read-only");
    assert!(
        matches!(error.kind(), ErrorKind::ReadOnly { pending, .. } if pending == &["002"]),
        "{error}"
    );
}

#[test]
fn unopenable_file_is_an_error() {
    let fixture = Fixture::new();
    fs::write(
        fixture.db(),
        "not a database, but long enough to have a header of its own".repeat(20),
    )
    .unwrap();
    let error = TOKENS.open(fixture.db()).unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.ends_with(
            ": the file is not an SQLite database, or it is encrypted: file is not a database\n\
             help: check the path of the database\n\
             help: if the database is encrypted, set its key in .on_connect(…)\n\
             help: if its beginning was overwritten, restore a backup\n\
             more: run `revchain explain not-a-database`"
        ),
        "{text}"
    );
    let error = TOKENS
        .open(fixture.path("no/such/directory/app.db"))
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Open { .. }));
    assert_eq!(error.code(), "open");
    assert!(
        error.to_string().ends_with(&format!(
            "cannot open the database: the directory {} does not exist",
            fixture.path("no").display()
        )),
        "{error}"
    );
    let error = TOKENS.open(fixture.path("")).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("cannot open the database: the path is a directory"),
        "{error}"
    );
    let error = TOKENS.open(fixture.path("app.db/app.db")).unwrap_err();
    assert!(
        error.to_string().ends_with("app.db is not a directory"),
        "{error}"
    );
}

#[test]
fn url_is_rejected_with_its_path() {
    for (url, help) in [
        ("sqlite:url.db", "pass the path: .open(\"url.db\")\n"),
        (
            "sqlite://no/url.db?mode=rwc",
            "pass the path: .open(\"no/url.db\")\n",
        ),
        ("sqlite::memory:", "in memory: .open_in_memory()"),
    ] {
        let error = TOKENS.open(url).unwrap_err();
        assert_eq!(error.code(), "open", "{error}");
        assert!(
            error
                .to_string()
                .ends_with("the name is a URL, but `open` takes a path")
        );
        assert!(error.help().unwrap().contains(help), "{error:#}");
        assert!(!Path::new(url).exists(), "{url}");
    }
}

#[test]
fn uri_of_sqlite_is_accepted() {
    let fixture = Fixture::new();
    let uri = format!("file:{}?mode=rwc", fixture.db().display());
    TOKENS.open(uri).unwrap();
    assert!(fixture.db().exists());
}

#[test]
fn open_at_head_reads_only_the_header() {
    let fixture = Fixture::new();
    drop(TOKENS.open(fixture.db()).unwrap());
    let mut db = Connection::open(fixture.db()).unwrap();
    assert!(is_marked(&db));
    assert_eq!(actions_of_upgrade(&mut db, &TOKENS), ACTIONS_AT_HEAD);
    assert_eq!(
        actions_for(&mut db, &TOKENS, "009".into()),
        ACTIONS_AT_HEAD,
        "the same by revision id"
    );
    let report = TOKENS.upgrade(&mut db).unwrap();
    assert_eq!(
        (report.outcome, report.to.as_deref()),
        (Outcome::UpToDate, Some("009"))
    );
}

#[test]
fn outside_schema_change_is_detected() {
    for ddl in [
        "CREATE TABLE x (a)",
        "DROP INDEX idx_audit_user_timestamp",
        "ALTER TABLE audit_logs ADD COLUMN x",
        "ALTER TABLE audit_logs RENAME TO x",
        "CREATE VIEW x AS SELECT 1",
        "CREATE TRIGGER x AFTER INSERT ON audit_logs BEGIN SELECT 1; END",
        "DROP TABLE document_paths",
    ] {
        let fixture = Fixture::new();
        TOKENS
            .open(fixture.db())
            .unwrap()
            .execute_batch(ddl)
            .unwrap();
        assert_eq!(
            TOKENS.open(fixture.db()).unwrap_err().code(),
            "drifted",
            "{ddl}"
        );
    }
}

#[test]
fn pending_revision_is_never_skipped() {
    let fixture = Fixture::new();
    for head in 1..=6 {
        let chain = fixture.tables(head);
        let db = chain.open(fixture.db()).unwrap();
        assert_eq!(ids(&db).len(), head);
        assert!(is_marked(&db));
    }
    // A revision that only changes rows leaves the schema as it was.
    let steps = [
        ("CREATE TABLE t1 (a);", "DROP TABLE t1;"),
        ("INSERT INTO t1 VALUES (1);", "DELETE FROM t1;"),
    ];
    let other = Fixture::new();
    drop(other.chain(&steps[..1]).open(other.db()).unwrap());
    let db = other.chain(&steps).open(other.db()).unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM t1"), 1);
}

#[test]
fn foreign_user_version_is_never_overwritten() {
    for own in [1, 5, -1, 4711, i64::from(i32::MAX), i64::from(i32::MIN)] {
        let fixture = Fixture::new();
        let mut db = Connection::open(fixture.db()).unwrap();
        db.execute_batch(&format!("PRAGMA user_version = {own}"))
            .unwrap();
        TOKENS.upgrade(&mut db).unwrap();
        assert_eq!(user_version(&db), own);
        assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
        TOKENS.migrator().downgrade_to(&mut db, "-1").unwrap();
        TOKENS.migrator().stamp(&mut db, "009").unwrap();
        assert_eq!(user_version(&db), own);
    }
    // A value that a migration sets is kept as well.
    let fixture = Fixture::new();
    let chain = fixture.proven(&[(
        "PRAGMA user_version = 7; CREATE TABLE a (b);",
        "DROP TABLE a; PRAGMA user_version = 0;",
    )]);
    let mut db = chain.open(fixture.db()).unwrap();
    assert_eq!(user_version(&db), 7);
    assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

#[test]
fn moved_schema_version_costs_one_full_check() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    for sql in ["VACUUM", "ANALYZE", "CREATE TABLE x (a); DROP TABLE x"] {
        db.execute_batch(sql).unwrap();
        assert_ne!(
            actions_of_upgrade(&mut db, &TOKENS),
            ACTIONS_AT_HEAD,
            "{sql}"
        );
        assert_eq!(
            actions_of_upgrade(&mut db, &TOKENS),
            ACTIONS_AT_HEAD,
            "{sql}"
        );
    }
}

#[test]
fn database_without_a_marker_gets_one() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch("PRAGMA user_version = 0").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert!(is_marked(&db));
    assert_eq!(actions_of_upgrade(&mut db, &TOKENS), ACTIONS_AT_HEAD);
}

#[test]
fn replaced_file_is_upgraded_again() {
    let fixture = Fixture::new();
    drop(fixture.tables(2).open(fixture.db()).unwrap());
    fs::copy(fixture.db(), fixture.path("backup.db")).unwrap();
    let chain = fixture.tables(4);
    drop(chain.open(fixture.db()).unwrap());
    fs::copy(fixture.path("backup.db"), fixture.db()).unwrap();
    let mut db = Connection::open(fixture.db()).unwrap();
    assert_eq!(chain.upgrade(&mut db).unwrap().applied.len(), 2);
}

/// Counts the table reads of an upgrade by one revision, first with a valid marker, then without.
fn counts_with_and_without_marker(count: impl Fn(&[String]) -> usize) -> (usize, usize) {
    let fixture = Fixture::new();
    let steps = [
        ("CREATE TABLE t (a);", "DROP TABLE t;"),
        ("CREATE TABLE u (a);", "DROP TABLE u;"),
    ];
    let chain = fixture.proven(&steps);
    let counted = |db: &mut Connection| {
        let (report, read) = read_by(db, |db| chain.upgrade(db).unwrap());
        assert_eq!(report.applied.len(), 1);
        count(&read)
    };
    let mut db = Connection::open(fixture.db()).unwrap();
    chain.migrator().upgrade_to(&mut db, "001").unwrap();
    let with = counted(&mut db);
    chain.migrator().downgrade_to(&mut db, "001").unwrap();
    db.execute_batch("PRAGMA user_version = 0").unwrap();
    (with, counted(&mut db))
}

#[test]
fn valid_marker_skips_a_schema_check() {
    // Only the query for the schema SQL reads two columns of `sqlite_master` in a row.
    let (with, without) = counts_with_and_without_marker(|read| {
        read.windows(2)
            .filter(|pair| *pair == ["sqlite_master", "sqlite_master"])
            .count()
    });
    assert!(with < without);
}

#[test]
fn valid_marker_saves_a_history_read() {
    let (with, without) = counts_with_and_without_marker(|read| {
        read.iter()
            .filter(|table| *table == "revchain_history")
            .count()
    });
    assert!(with < without);
}

#[test]
fn edited_history_contradicting_the_marker_is_drift() {
    let mut db = Connection::open_in_memory().unwrap();
    TOKENS.migrator().upgrade_to(&mut db, "005").unwrap();
    // The marker says 005, the history says 004, and the schema is not that of 004.
    db.execute_batch("DELETE FROM revchain_history WHERE revision = '005'")
        .unwrap();
    let error = TOKENS.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "drifted", "{error}");
}

#[test]
fn upgrade_to_an_older_target_keeps_the_marker() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE x (a); DROP TABLE x")
        .unwrap();
    let before = user_version(&db);
    TOKENS.migrator().upgrade_to(&mut db, "005").unwrap();
    assert_eq!(user_version(&db), before);
    TOKENS.upgrade(&mut db).unwrap();
    assert_ne!(user_version(&db), before);
}

#[test]
fn history_is_read_in_insertion_order() {
    let mut db = TOKENS.open_in_memory().unwrap();
    // Without ORDER BY, SQLite would return the rows in the order of this index.
    db.execute_batch("CREATE INDEX revchain_i ON revchain_history (revision DESC, checksum)")
        .unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    TOKENS.migrator().downgrade_to(&mut db, "008").unwrap();
    assert_eq!(
        TOKENS
            .migrator()
            .history(&db)
            .unwrap()
            .last()
            .unwrap()
            .revision,
        "008"
    );
}

#[test]
fn revision_reverted_by_another_build_is_pending() {
    let fixture = Fixture::new();
    let chain = fixture.tables(4);
    drop(chain.open(fixture.db()).unwrap());
    let mut db = Connection::open(fixture.db()).unwrap();
    // The older build knows three revisions, so it could not have reverted the fourth.
    chain.migrator().downgrade_to(&mut db, "003").unwrap();
    let older = fixture.tables(3);
    assert_eq!(
        actions_of_upgrade(&mut db, &older),
        ACTIONS_AT_HEAD,
        "the database is at the older head"
    );
    assert_eq!(fixture.tables(4).upgrade(&mut db).unwrap().applied.len(), 1);
    let error = fixture.tables(3).upgrade(&mut db).unwrap_err();
    assert!(
        matches!(error.conflict(), Some(Conflict::Newer { .. })),
        "{error}"
    );
}

#[test]
fn edited_revision_is_found_despite_the_marker() {
    let fixture = Fixture::new();
    drop(
        fixture
            .chain(&[("CREATE TABLE a (b);", "DROP TABLE a;")])
            .open(fixture.db())
            .unwrap(),
    );
    let edited = fixture.chain(&[("CREATE TABLE a (c);", "DROP TABLE a;")]);
    assert_eq!(edited.open(fixture.db()).unwrap_err().code(), "edited");
}

#[test]
fn stamp_updates_the_marker() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    TOKENS.migrator().stamp(&mut db, "003").unwrap();
    assert!(!is_marked(&db), "the schema is not that of 003");
    assert_eq!(TOKENS.upgrade(&mut db).unwrap_err().code(), "drifted");
    TOKENS.migrator().stamp(&mut db, "009").unwrap();
    assert!(is_marked(&db));
    TOKENS.migrator().stamp(&mut db, "base").unwrap();
    assert!(!is_marked(&db));
}

#[test]
fn drifted_database_gets_no_marker() {
    let mut db = Connection::open_in_memory().unwrap();
    TOKENS.migrator().upgrade_to(&mut db, "008").unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let warn = TOKENS.migrator().on_drift(OnDrift::Warn);
    warn.upgrade(&mut db).unwrap();
    assert!(!is_marked(&db));
    warn.upgrade(&mut db).unwrap();
    assert!(!is_marked(&db));
    assert_eq!(TOKENS.upgrade(&mut db).unwrap_err().code(), "drifted");
}

#[test]
fn read_only_file_at_head_is_opened() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    for setup in ["SELECT 1", "PRAGMA user_version = 0"] {
        db.execute_batch(setup).unwrap();
        let before = fs::read(fixture.db()).unwrap();
        let mut reader =
            Connection::open_with_flags(fixture.db(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert_eq!(
            TOKENS.upgrade(&mut reader).unwrap().outcome,
            Outcome::UpToDate
        );
        assert_eq!(fs::read(fixture.db()).unwrap(), before);
    }
}

#[test]
fn marker_of_an_unproven_build_is_not_trusted() {
    let fixture = Fixture::new();
    let steps = [("CREATE TABLE t (a TEXT);", "DROP TABLE t;")];
    let (unproven, proven) = (fixture.chain(&steps), fixture.proven(&steps));
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE t (a INTEGER)").unwrap();
    unproven.migrator().stamp(&mut db, "001").unwrap();
    assert!(is_marked(&db));
    assert_eq!(
        unproven.upgrade(&mut db).unwrap().outcome,
        Outcome::UpToDate
    );
    assert_eq!(proven.upgrade(&mut db).unwrap_err().code(), "drifted");
}

#[test]
fn ignored_tables_prevent_the_marker() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    let migrator = TOKENS.migrator().ignore_tables(["theirs"]);
    assert_eq!(migrator.upgrade(&mut db).unwrap().outcome, Outcome::New);
    assert_eq!(
        migrator.upgrade(&mut db).unwrap().outcome,
        Outcome::UpToDate
    );
    assert!(!is_marked(&db));
    assert_eq!(TOKENS.upgrade(&mut db).unwrap_err().code(), "drifted");
}

#[test]
fn open_transaction_at_head_is_rejected() {
    let mut db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("BEGIN").unwrap();
    assert_eq!(
        TOKENS.upgrade(&mut db).unwrap_err().code(),
        "in-transaction"
    );
}

#[test]
fn branch_before_a_merge_gets_no_marker() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui/chains/merge");
    let unproven = migrations_from_directory_unproven(directory).unwrap();
    let mut db = Connection::open_in_memory().unwrap();
    unproven.migrator().upgrade_to(&mut db, "006").unwrap();
    assert!(!is_marked(&db), "the history lacks 005, which precedes 006");
    unproven.upgrade(&mut db).unwrap();
    assert!(is_marked(&db));
}

/// SQLite calls the commit hook at the end of every write transaction, even an empty one.
#[test]
fn absent_marker_takes_no_write_lock() {
    let cases: [(&str, Migrator<'_>); 3] = [
        (
            "CREATE TABLE theirs (a); PRAGMA user_version = 0",
            TOKENS.migrator().ignore_tables(["theirs"]),
        ),
        ("PRAGMA user_version = 7", TOKENS.migrator()),
        (
            "CREATE TABLE mine (a)",
            TOKENS.migrator().on_drift(OnDrift::Warn),
        ),
    ];
    for (sql, migrator) in cases {
        let mut db = TOKENS.open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        let commits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&commits);
        #[allow(clippy::let_unit_value)]
        let _ = db.commit_hook(Some(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        }));
        assert_eq!(
            migrator.upgrade(&mut db).unwrap().outcome,
            Outcome::UpToDate,
            "{sql}"
        );
        assert_eq!(commits.load(Ordering::Relaxed), 0, "{sql}");
    }
}

/// The sections of a program whose bytes are damaged.
fn damaged() -> &'static Embedded {
    static DAMAGED: Embedded = Embedded::new(b"\x01damaged");
    &DAMAGED
}

/// Returns a chain whose bytes are damaged, with the head of another chain.
pub(crate) fn with_damaged_sections(migrations: &Migrations) -> Migrations {
    let id = migrations.head().unwrap().id().to_owned();
    let head = Head {
        id: id.leak(),
        count: migrations.revisions().len(),
        salt: migrations.chain().head_salt(),
        has_snapshot: true,
    };
    Migrations::embedded(damaged, head, ["migrations", "", ""])
}

#[test]
fn open_at_the_head_decodes_nothing() {
    let fixture = Fixture::new();
    drop(TOKENS.open(fixture.db()).unwrap());
    let db = with_damaged_sections(&TOKENS).open(fixture.db()).unwrap();
    assert_eq!(ids(&db).last().map(String::as_str), Some("009"));
}

#[test]
fn damaged_sections_are_an_error() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    TOKENS.migrator().downgrade_to(&mut db, "005").unwrap();
    let damaged = with_damaged_sections(&TOKENS);
    let before = schema(&db);
    let migrator = damaged.migrator();
    let errors = [
        damaged.upgrade(&mut db).unwrap_err(),
        migrator.current(&db).unwrap_err(),
        migrator.check(&db).unwrap_err(),
        migrator.history(&db).unwrap_err(),
        migrator
            .plan_new(Request::Upgrade(Target::Head))
            .unwrap_err(),
        damaged.open(fixture.path("new.db")).unwrap_err(),
        damaged.open_in_memory().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), "damaged-program", "{error}");
    }
    assert_eq!(schema(&db), before);
    assert!(damaged.revisions().is_empty());
}
