//! The snapshot: a new database is a copy of a database that the build made, and equal to one that
//! ran the chain.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use revchain::rusqlite::types::Value;
use revchain::rusqlite::{Connection, version_number};
use revchain::{ErrorKind, Migrations, Origin, Outcome, embed_migrations};
use revchain_prove::build_snapshot;

use crate::support::{BILLING, Fixture, Recorder, TOKENS, all_sql, count, dump, ids, schema};

static MOMENT: Migrations = embed_migrations!("tests/chains/moment");
static DESTROYS: Migrations = embed_migrations!("tests/ui/chains/destroys");
static MERGE: Migrations = embed_migrations!("tests/ui/chains/merge");
static WITHOUT_SNAPSHOT: Migrations = embed_migrations!("migrations", snapshot = false);

fn table_rows(db: &Connection, table: &str) -> Vec<Vec<Value>> {
    let columns = match table {
        "revchain_history" | "revchain_history_billing" => "revision, checksum",
        // The marker of a named chain counts schema changes, which a copy has not made.
        "revchain_markers" => "name",
        _ => "*",
    };
    let mut statement = db
        .prepare(&format!(
            "SELECT {columns} FROM \"{}\"",
            table.replace('"', "\"\"")
        ))
        .unwrap();
    let width = statement.column_count();
    let rows = statement
        .query_map([], |row| (0..width).map(|column| row.get(column)).collect())
        .unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Returns `true` if rusqlite can load a snapshot: since 0.34, which bundles this SQLite.
fn can_copy() -> bool {
    version_number() >= 3_049_000
}

fn is_snapshot(migrations: &Migrations, db: &Connection) -> bool {
    migrations
        .migrator()
        .history(db)
        .unwrap()
        .iter()
        .all(|stamp| stamp.origin == Origin::Snapshot)
}

/// Asserts that a copy equals a database that ran the chain: schema, rows, history and settings.
fn assert_same_database(
    migrations: &Migrations,
    copy: &Connection,
    made: &Connection,
    has_rows: bool,
) {
    assert_eq!(schema(copy), schema(made));
    let texts = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid";
    assert_eq!(dump(copy, texts), dump(made, texts));
    let mut names = made
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
        .unwrap();
    for table in names.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        let table = table.unwrap();
        if has_rows {
            assert_eq!(
                table_rows(copy, &table),
                table_rows(made, &table),
                "{table}"
            );
        }
    }
    // Both match the fingerprint of the head, so they match each other.
    assert!(migrations.check(copy).unwrap().is_same() && migrations.check(made).unwrap().is_same());
    let history = |db: &Connection| -> Vec<_> {
        let stamps = migrations.migrator().history(db).unwrap();
        stamps
            .into_iter()
            .map(|stamp| (stamp.revision, stamp.checksum))
            .collect()
    };
    assert_eq!(history(copy), history(made));
    for stamp in migrations.migrator().history(copy).unwrap() {
        let age = SystemTime::now().duration_since(stamp.applied_at).unwrap();
        assert!(age < Duration::from_secs(60), "{age:?}");
    }
    for setting in [
        "page_size",
        "encoding",
        "auto_vacuum",
        "foreign_keys",
        "application_id",
        "busy_timeout",
    ] {
        let sql = format!("PRAGMA {setting}");
        assert_eq!(dump(copy, &sql), dump(made, &sql), "{setting}");
    }
    assert_eq!(
        count(
            copy,
            "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"
        ),
        0
    );
}

/// Returns every chain of the repository, and `true` if it has a snapshot.
fn chains() -> Vec<(&'static Migrations, bool)> {
    let mut chains = vec![
        (&TOKENS, true),
        (&DESTROYS, true),
        (&MERGE, true),
        (&BILLING, true),
        (&MOMENT, false),
    ];
    if let Some(everything) = all_sql() {
        let snapshot = build_snapshot(everything).unwrap_or_default();
        let has_snapshot = !snapshot.is_empty();
        let migrations = everything.clone().with_snapshot(snapshot);
        chains.push((Box::leak(Box::new(migrations)), has_snapshot));
    }
    chains
}

#[test]
fn in_memory_snapshot_equals_an_upgraded_database() {
    for (migrations, has_snapshot) in chains() {
        let copy = migrations.open_in_memory().unwrap();
        let is_snapshot = is_snapshot(migrations, &copy);
        assert_eq!(
            is_snapshot,
            has_snapshot && can_copy(),
            "{}",
            migrations.directory()
        );
        let mut made = Connection::open_in_memory().unwrap();
        migrations.upgrade(&mut made).unwrap();
        assert_same_database(migrations, &copy, &made, has_snapshot);
    }
}

#[test]
fn new_file_is_a_copy_of_the_snapshot() {
    for (migrations, has_snapshot) in chains() {
        let fixture = Fixture::new();
        let events = Recorder::new();
        let migrator = migrations.migrator().on_event(|event| events.record(event));
        let copy = migrator.open(fixture.db()).unwrap();
        assert_eq!(
            is_snapshot(migrations, &copy),
            has_snapshot,
            "{}",
            migrations.directory()
        );
        let head = migrations.head().unwrap().id();
        let expected = format!("new database at {head}, created from the snapshot");
        let events = events.take();
        assert_eq!(events == [expected], has_snapshot, "{events:?}");
        let mut made = Connection::open(fixture.path("made.db")).unwrap();
        migrations.upgrade(&mut made).unwrap();
        assert_same_database(migrations, &copy, &made, has_snapshot);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |name: &str| {
                fs::metadata(fixture.path(name))
                    .unwrap()
                    .permissions()
                    .mode()
            };
            assert_eq!(mode("app.db"), mode("made.db"));
        }
        drop((copy, made));
        assert_eq!(fixture.files(), ["app.db", "made.db"]);
        // The new file is an ordinary database.
        let mut db = migrations.open(fixture.db()).unwrap();
        assert_eq!(
            migrations.upgrade(&mut db).unwrap().outcome,
            Outcome::UpToDate
        );
        assert_eq!(
            db.query_row("PRAGMA journal_mode = wal", [], |row| row
                .get::<_, String>(0))
                .unwrap(),
            "wal"
        );
    }
}

#[test]
fn existing_file_is_upgraded_without_the_snapshot() {
    type Setup = fn(&Fixture);
    let cases: [(&str, Setup); 6] = [
        ("an empty file", |fixture| {
            fs::write(fixture.db(), "").unwrap()
        }),
        ("a database", |fixture| {
            let db = Connection::open(fixture.db()).unwrap();
            db.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = wal; VACUUM")
                .unwrap();
        }),
        ("a journal", |fixture| {
            fs::write(fixture.path("app.db-journal"), "").unwrap()
        }),
        ("a write-ahead log", |fixture| {
            fs::write(fixture.path("app.db-wal"), "").unwrap()
        }),
        ("a dangling link", |fixture| {
            create_dangling_link(&fixture.path("elsewhere.db"), &fixture.db())
        }),
        ("a partial file of another process", |fixture| {
            fs::write(fixture.path("app.db-revchain"), "SQLite format 3").unwrap()
        }),
    ];
    for (case, setup) in cases {
        let fixture = Fixture::new();
        setup(&fixture);
        let db = TOKENS.open(fixture.db()).unwrap();
        assert_eq!(
            TOKENS.migrator().history(&db).unwrap()[0].origin,
            Origin::Upgrade,
            "{case}"
        );
        assert_eq!(TOKENS.migrator().current(&db).unwrap(), TOKENS.head());
        assert!(!fixture.path("app.db-revchain").exists(), "{case}");
        let page_size = if case == "a database" { 8192 } else { 4096 };
        assert_eq!(count(&db, "PRAGMA page_size"), page_size);
    }
}

fn create_dangling_link(original: &Path, link: &Path) {
    #[cfg(unix)]
    std::os::unix::fs::symlink(original, link).unwrap();
    #[cfg(not(unix))]
    fs::write(link, original.to_str().map_or("", |_| "")).unwrap();
}

#[test]
fn uri_and_memory_paths_do_not_use_the_snapshot() {
    let fixture = Fixture::new();
    let uri = format!("file:{}?mode=rwc", fixture.db().display());
    let db = TOKENS.open(uri).unwrap();
    assert_eq!(
        TOKENS.migrator().history(&db).unwrap()[0].origin,
        Origin::Upgrade
    );
    drop(db);
    assert_eq!(fixture.files(), ["app.db"]);
    for path in [":memory:", "", "file::memory:"] {
        let db = TOKENS.open(path).unwrap();
        assert_eq!(
            TOKENS.migrator().history(&db).unwrap()[0].origin,
            Origin::Upgrade,
            "{path:?}"
        );
        assert!(path.is_empty() || !Path::new(path).exists(), "{path:?}");
    }
}

#[test]
fn settings_of_an_existing_file_are_kept() {
    for (set, setting, value) in [
        ("PRAGMA page_size = 8192", "page_size", "8192"),
        ("PRAGMA encoding = 'UTF-16le'", "encoding", "UTF-16le"),
        ("PRAGMA auto_vacuum = full", "auto_vacuum", "1"),
        ("PRAGMA journal_mode = wal", "journal_mode", "wal"),
    ] {
        let fixture = Fixture::new();
        let mut db = Connection::open(fixture.db()).unwrap();
        db.execute_batch(set).unwrap();
        TOKENS.upgrade(&mut db).unwrap();
        drop(db);
        let db = TOKENS.open(fixture.db()).unwrap();
        let now = dump(&db, &format!("PRAGMA {setting}"));
        assert!(now.contains(value), "{set}: {now}");
    }
}

/// The copy must not use SQLite's `memdb` file system, which limits a database to 1 GiB.
///
/// Only a database that SQLite itself keeps in memory is always in exclusive mode.
#[test]
fn copy_in_memory_is_a_plain_database() {
    let mode = |db: &Connection| -> String {
        let sql = "PRAGMA main.locking_mode";
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let plain = mode(&Connection::open_in_memory().unwrap());
    assert_eq!(plain, "exclusive");
    for migrations in [&TOKENS, &BILLING] {
        let copy = migrations.open_in_memory().unwrap();
        assert_eq!(mode(&copy), plain);
        assert_eq!(is_snapshot(migrations, &copy), can_copy());
    }
}

/// Writes more than 1 GiB, which takes a few seconds.
#[test]
#[ignore = "needs more than 1 GiB of memory"]
fn copy_in_memory_holds_more_than_one_gibibyte() {
    let db = TOKENS.open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE big (a)").unwrap();
    for _ in 0..11 {
        let sql = "INSERT INTO big VALUES (zeroblob(100 << 20))";
        db.execute_batch(sql).unwrap();
    }
    assert_eq!(count(&db, "SELECT count(*) FROM big"), 11);
}

#[test]
fn missing_directory_fails_the_open() {
    let fixture = Fixture::new();
    let error = TOKENS.open(fixture.path("missing/app.db")).unwrap_err();
    assert!(
        error.to_string().ends_with("missing does not exist"),
        "{error}"
    );
    assert_eq!(fixture.files(), [""; 0]);
}

#[test]
fn snapshot_copy_supports_every_operation() {
    let mut db = TOKENS.open_in_memory().unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert_eq!(TOKENS.migrator().current(&db).unwrap(), TOKENS.head());
    TOKENS.migrator().downgrade_to(&mut db, "base").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().applied.len(), 9);
    // Every call returns a separate database.
    let other = TOKENS.open_in_memory().unwrap();
    other
        .execute("INSERT INTO schema_version VALUES (1, 2.0)", [])
        .unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM schema_version"), 0);
    other
        .execute_batch(
            "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 5000)
             INSERT INTO usage_events SELECT n, n, hex(zeroblob(500)), n, NULL FROM i",
        )
        .unwrap();
    assert_eq!(count(&other, "SELECT count(*) FROM usage_events"), 5000);
    for setting in ["page_size", "encoding", "auto_vacuum", "foreign_keys"] {
        let value = |db: &Connection| -> Value {
            db.query_row(&format!("PRAGMA {setting}"), [], |row| row.get(0))
                .unwrap()
        };
        assert_eq!(
            value(&other),
            value(&Connection::open_in_memory().unwrap()),
            "{setting}"
        );
    }
}

#[test]
fn disabled_snapshot_runs_the_chain() {
    let db = WITHOUT_SNAPSHOT.open_in_memory().unwrap();
    assert!(!is_snapshot(&TOKENS, &db));
    let fixture = Fixture::new();
    assert!(!is_snapshot(
        &TOKENS,
        &WITHOUT_SNAPSHOT.open(fixture.db()).unwrap()
    ));
    assert_eq!(ids(&db).len(), 9);
}

#[test]
fn time_dependent_rows_prevent_a_snapshot() {
    for (upgrade, has_snapshot) in [
        ("CREATE TABLE t (a DEFAULT CURRENT_TIMESTAMP);", true),
        (
            "CREATE TABLE t (a); INSERT INTO t VALUES ('random'), (1); ANALYZE;",
            true,
        ),
        (
            "CREATE TABLE t (a DEFAULT Current_Timestamp, b); INSERT INTO t (b) VALUES (1);",
            false,
        ),
        (
            "CREATE TABLE t (a); INSERT INTO t VALUES (random());",
            false,
        ),
        (
            "CREATE TABLE t (a); INSERT INTO t VALUES (\"random\"());",
            false,
        ),
        (
            "CREATE TABLE t (a); INSERT INTO t VALUES ([Julianday]('now'));",
            false,
        ),
        (
            "CREATE VIRTUAL TABLE t USING fts5(a); INSERT INTO t VALUES (hex(RandomBlob(8)));",
            false,
        ),
        // The marker needs `user_version`, so a copy would never be found at head.
        ("CREATE TABLE t (a); PRAGMA user_version = 7;", false),
    ] {
        let fixture = Fixture::new();
        let downgrade = "DROP TABLE t; PRAGMA user_version = 0;";
        assert_eq!(
            build_snapshot(&fixture.proven(&[(upgrade, downgrade)])).is_some(),
            has_snapshot,
            "{upgrade}"
        );
    }
}

#[test]
fn build_dependent_values_prevent_a_snapshot() {
    for value in [
        "SELECT sqlite_compileoption_get(0)",
        "SELECT compile_options FROM pragma_compile_options",
        "SELECT file FROM pragma_database_list",
        "VALUES (fts5_source_id())",
    ] {
        let fixture = Fixture::new();
        let upgrade = format!("CREATE TABLE t (a); INSERT INTO t {value};");
        assert!(
            build_snapshot(&fixture.proven(&[(&upgrade, "DROP TABLE t;")])).is_none(),
            "{value}"
        );
    }
}

#[test]
fn sequence_row_allows_and_placeholder_text_prevents_a_snapshot() {
    for (upgrade, has_snapshot) in [
        // A deleted row leaves a row in sqlite_sequence, which does not depend on the time.
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, at DEFAULT CURRENT_TIMESTAMP);
             INSERT INTO t (id) VALUES (7); DELETE FROM t;",
            true,
        ),
        (
            "CREATE TABLE t (a); INSERT INTO t VALUES ('Srevch');",
            false,
        ),
    ] {
        let fixture = Fixture::new();
        assert_eq!(
            build_snapshot(&fixture.proven(&[(upgrade, "DROP TABLE t;")])).is_some(),
            has_snapshot,
            "{upgrade}"
        );
    }
}

#[test]
fn snapshot_is_reproducible() {
    let snapshots = [(); 5].map(|()| build_snapshot(&TOKENS).unwrap());
    assert!(snapshots.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn snapshot_of_an_older_chain_is_ignored() {
    let fixture = Fixture::new();
    let steps = [
        ("CREATE TABLE t (a);", "DROP TABLE t;"),
        ("CREATE TABLE u (a);", "DROP TABLE u;"),
    ];
    let snapshot = build_snapshot(&fixture.proven(&steps[..1])).unwrap();
    let embedded = fixture.proven(&steps).with_snapshot(snapshot);
    assert_eq!(ids(&embedded.open_in_memory().unwrap()), ["001", "002"]);
    assert_eq!(ids(&embedded.open(fixture.db()).unwrap()), ["001", "002"]);
    assert_eq!(fixture.files(), ["app.db", "migrations"]);
}

#[test]
fn stale_snapshot_is_not_installed() {
    let fixture = Fixture::new();
    let steps = [
        ("CREATE TABLE t (a);", "DROP TABLE t;"),
        ("CREATE TABLE u (a);", "DROP TABLE u;"),
    ];
    let snapshot = build_snapshot(&fixture.proven(&steps[..1])).unwrap();
    let embedded = fixture.proven(&steps).with_snapshot(snapshot);
    let db = embedded.open(fixture.db()).unwrap();
    assert!(
        embedded
            .migrator()
            .history(&db)
            .unwrap()
            .iter()
            .all(|stamp| stamp.origin == Origin::Upgrade)
    );
}

#[test]
fn foreign_partial_file_is_not_removed() {
    let fixture = Fixture::new();
    let other = Connection::open(fixture.path("app.db-revchain")).unwrap();
    other
        .execute_batch("CREATE TABLE precious (a); INSERT INTO precious VALUES (1)")
        .unwrap();
    drop(other);
    drop(TOKENS.open(fixture.db()).unwrap());
    assert_eq!(fixture.files(), ["app.db", "app.db-revchain"]);
}

#[test]
fn concurrently_created_file_is_not_replaced() {
    // A thread creates the file while `open` installs the snapshot.
    for _ in 0..200 {
        let fixture = Fixture::new();
        let path = fixture.db();
        let maker = thread::spawn(move || {
            let db = Connection::open(path).unwrap();
            db.busy_timeout(Duration::from_secs(20)).unwrap();
            db.execute_batch("CREATE TABLE IF NOT EXISTS mine (a); INSERT INTO mine VALUES (1)")
                .unwrap();
        });
        let opened = TOKENS.open(fixture.db());
        maker.join().unwrap();
        match opened {
            Ok(_) => {}
            Err(error) => assert!(matches!(error.kind(), ErrorKind::Conflict(_)), "{error}"),
        }
        let db = Connection::open(fixture.db()).unwrap();
        assert_eq!(
            count(&db, "SELECT count(*) FROM mine"),
            1,
            "the other connection's row is lost"
        );
    }
}
