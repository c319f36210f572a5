//! The image: a new database, in memory or as a file, is a copy of what the build has made, and no different from one that
//! ran the chain.

#![allow(clippy::unwrap_used)]

mod common;

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use common::{Place, count, ids};
use revchain::rusqlite::Connection;
use revchain::rusqlite::types::Value;
use revchain::{Migrations, Origin, Outcome, embed_migrations};
use revchain_runtime::build_image;

static TOKENS: Migrations = embed_migrations!("migrations");
static MOMENT: Migrations = embed_migrations!("tests/chains/moment");
static DESTROYS: Migrations = embed_migrations!("tests/ui/chains/destroys");
static MERGE: Migrations = embed_migrations!("tests/ui/chains/merge");
static BILLING: Migrations = embed_migrations!("tests/chains/billing", name = "billing");
static WITHOUT: Migrations = embed_migrations!("migrations", image = false);

fn rows(db: &Connection, table: &str) -> Vec<Vec<Value>> {
    let columns = match table {
        "revchain_history" | "revchain_history_billing" => "revision, checksum",
        // Of a chain with a name: the marker counts the changes of the schema, which a copy has not seen.
        "revchain_markers" => "name",
        _ => "*",
    };
    let mut statement =
        db.prepare(&format!("SELECT {columns} FROM \"{}\"", table.replace('"', "\"\""))).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect()).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Whether rusqlite can copy an image: it can since 0.34, which came with this SQLite.
fn can_copy() -> bool {
    revchain::rusqlite::version_number() >= 3_049_000
}

fn is_image(migrations: &Migrations, db: &Connection) -> bool {
    migrations.history(db).unwrap().iter().all(|stamp| stamp.origin == Origin::Image)
}

/// A copy against a database that ran the chain: what each is, what is in it, and what is recorded.
fn compare(migrations: &Migrations, copy: &Connection, made: &Connection, has_rows: bool) {
    assert_eq!(common::schema(copy), common::schema(made));
    let texts = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid";
    assert_eq!(common::dump(copy, texts), common::dump(made, texts));
    let mut names = made.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    for table in names.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        let table = table.unwrap();
        if has_rows {
            assert_eq!(rows(copy, &table), rows(made, &table), "{table}");
        }
    }
    // That each has the schema of the head is that they have the same fingerprint.
    assert!(migrations.check(copy).unwrap().is_none() && migrations.check(made).unwrap().is_none());
    let history = |db: &Connection| -> Vec<_> {
        let stamps = migrations.history(db).unwrap();
        stamps.into_iter().map(|stamp| (stamp.revision, stamp.checksum)).collect()
    };
    assert_eq!(history(copy), history(made));
    for stamp in migrations.history(copy).unwrap() {
        let age = SystemTime::now().duration_since(stamp.applied_at).unwrap();
        assert!(age < Duration::from_secs(60), "{age:?}");
    }
    for setting in ["page_size", "encoding", "auto_vacuum", "foreign_keys", "application_id", "busy_timeout"]
    {
        let sql = format!("PRAGMA {setting}");
        assert_eq!(common::dump(copy, &sql), common::dump(made, &sql), "{setting}");
    }
    assert_eq!(count(copy, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

/// Every chain of the repository, and whether it has an image.
fn chains() -> Vec<(&'static Migrations, bool)> {
    let mut chains =
        vec![(&TOKENS, true), (&DESTROYS, true), (&MERGE, true), (&BILLING, true), (&MOMENT, false)];
    // Its last revision needs a newer SQLite than the oldest that rusqlite comes with.
    if revchain::rusqlite::version_number() >= 3_053_000 {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/everything");
        let read = Migrations::from_directory(directory).unwrap();
        let image: &[u8] = build_image(&read).unwrap_or_default().leak();
        let revisions = read.revisions().to_vec().leak();
        let embedded = Migrations::embedded(directory, "", "", revisions, read.chain().window, image);
        chains.push((Box::leak(Box::new(embedded)), !image.is_empty()));
    }
    chains
}

#[test]
fn a_copy_of_the_image_is_what_the_chain_makes() {
    for (migrations, has_image) in chains() {
        let copy = migrations.open_in_memory().unwrap();
        let is_image = is_image(migrations, &copy);
        assert_eq!(is_image, has_image && can_copy(), "{}", migrations.directory());
        let mut made = Connection::open_in_memory().unwrap();
        migrations.upgrade(&mut made).unwrap();
        compare(migrations, &copy, &made, has_image);
    }
}

#[test]
fn a_new_file_is_a_copy_of_the_image_too() {
    for (migrations, has_image) in chains() {
        let place = Place::new();
        let events = RefCell::new(Vec::new());
        let options = migrations.options().on_event(|event| events.borrow_mut().push(event.to_string()));
        let copy = options.open(place.db()).unwrap();
        assert_eq!(is_image(migrations, &copy), has_image, "{}", migrations.directory());
        let head = migrations.head().unwrap().id();
        let told = format!("new database at {head}, a copy of the image");
        assert_eq!(*events.borrow() == [told], has_image, "{events:?}");
        let mut made = Connection::open(place.path("made.db")).unwrap();
        migrations.upgrade(&mut made).unwrap();
        compare(migrations, &copy, &made, has_image);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode();
            assert_eq!(mode("app.db"), mode("made.db"));
        }
        drop((copy, made));
        assert_eq!(place.files(), ["app.db", "made.db"]);
        // And one like any other.
        let mut db = migrations.open(place.db()).unwrap();
        assert_eq!(migrations.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
        assert_eq!(
            db.query_row("PRAGMA journal_mode = wal", [], |row| row.get::<_, String>(0)).unwrap(),
            "wal"
        );
    }
}

#[test]
fn where_anything_is_at_the_path_the_chain_is_run() {
    type Setup = fn(&Place);
    let cases: [(&str, Setup); 6] = [
        ("an empty file", |place| fs::write(place.db(), "").unwrap()),
        ("a database", |place| {
            let db = Connection::open(place.db()).unwrap();
            db.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = wal; VACUUM").unwrap();
        }),
        ("a journal", |place| fs::write(place.path("app.db-journal"), "").unwrap()),
        ("a log", |place| fs::write(place.path("app.db-wal"), "").unwrap()),
        ("a link to what is not there", |place| link(&place.path("elsewhere.db"), &place.db())),
        ("a file that another process has begun", |place| {
            fs::write(place.path("app.db-revchain"), "SQLite format 3").unwrap()
        }),
    ];
    for (what, setup) in cases {
        let place = Place::new();
        setup(&place);
        let db = TOKENS.open(place.db()).unwrap();
        assert_eq!(TOKENS.history(&db).unwrap()[0].origin, Origin::Upgrade, "{what}");
        assert_eq!(TOKENS.current(&db).unwrap(), TOKENS.head());
        assert!(!place.path("app.db-revchain").exists(), "{what}");
        let page_size = if what == "a database" { 8192 } else { 4096 };
        assert_eq!(count(&db, "PRAGMA page_size"), page_size);
    }
}

fn link(original: &Path, link: &Path) {
    #[cfg(unix)]
    std::os::unix::fs::symlink(original, link).unwrap();
    #[cfg(not(unix))]
    fs::write(link, original.to_str().map_or("", |_| "")).unwrap();
}

#[test]
fn what_is_no_path_to_sqlite_is_none_here() {
    let place = Place::new();
    let uri = format!("file:{}?mode=rwc", place.db().display());
    let db = TOKENS.open(uri).unwrap();
    assert_eq!(TOKENS.history(&db).unwrap()[0].origin, Origin::Upgrade);
    drop(db);
    assert_eq!(place.files(), ["app.db"]);
    for path in [":memory:", "", "file::memory:"] {
        let db = TOKENS.open(path).unwrap();
        assert_eq!(TOKENS.history(&db).unwrap()[0].origin, Origin::Upgrade, "{path:?}");
        assert!(path.is_empty() || !Path::new(path).exists(), "{path:?}");
    }
}

#[test]
fn what_the_caller_has_set_before_is_respected() {
    for (set, setting, value) in [
        ("PRAGMA page_size = 8192", "page_size", "8192"),
        ("PRAGMA encoding = 'UTF-16le'", "encoding", "UTF-16le"),
        ("PRAGMA auto_vacuum = full", "auto_vacuum", "1"),
        ("PRAGMA journal_mode = wal", "journal_mode", "wal"),
    ] {
        let place = Place::new();
        let mut db = Connection::open(place.db()).unwrap();
        db.execute_batch(set).unwrap();
        TOKENS.upgrade(&mut db).unwrap();
        drop(db);
        let db = TOKENS.open(place.db()).unwrap();
        let now = common::dump(&db, &format!("PRAGMA {setting}"));
        assert!(now.contains(value), "{set}: {now}");
    }
}

#[test]
fn a_copy_that_cannot_be_made_is_an_error_of_the_open() {
    let place = Place::new();
    let error = TOKENS.open(place.path("missing/app.db")).unwrap_err();
    assert!(error.to_string().contains("its folder does not exist"), "{error}");
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn a_copy_is_a_database_like_any_other() {
    let mut db = TOKENS.open_in_memory().unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    assert_eq!(TOKENS.current(&db).unwrap(), TOKENS.head());
    TOKENS.downgrade_to(&mut db, "base").unwrap();
    assert_eq!(TOKENS.upgrade(&mut db).unwrap().applied.len(), 9);
    // Each has its own.
    let other = TOKENS.open_in_memory().unwrap();
    other.execute("INSERT INTO schema_version VALUES (1, 2.0)", []).unwrap();
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
            db.query_row(&format!("PRAGMA {setting}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!(value(&other), value(&Connection::open_in_memory().unwrap()), "{setting}");
    }
}

#[test]
fn it_can_be_left_out() {
    let db = WITHOUT.open_in_memory().unwrap();
    assert!(!is_image(&TOKENS, &db));
    let place = Place::new();
    assert!(!is_image(&TOKENS, &WITHOUT.open(place.db()).unwrap()));
    assert_eq!(ids(&db).len(), 9);
}

#[test]
fn a_chain_has_an_image_unless_a_row_may_tell_when_it_was_made() {
    for (upgrade, has_image) in [
        ("CREATE TABLE t (a DEFAULT CURRENT_TIMESTAMP);", true),
        ("CREATE TABLE t (a); INSERT INTO t VALUES ('random'), (1); ANALYZE;", true),
        ("CREATE TABLE t (a DEFAULT Current_Timestamp, b); INSERT INTO t (b) VALUES (1);", false),
        ("CREATE TABLE t (a); INSERT INTO t VALUES (random());", false),
        ("CREATE TABLE t (a); INSERT INTO t VALUES (\"random\"());", false),
        ("CREATE TABLE t (a); INSERT INTO t VALUES ([Julianday]('now'));", false),
        ("CREATE VIRTUAL TABLE t USING fts5(a); INSERT INTO t VALUES (hex(RandomBlob(8)));", false),
        // A copy of it would not be found to be at the head.
        ("CREATE TABLE t (a); PRAGMA user_version = 7;", false),
    ] {
        let place = Place::new();
        let downgrade = "DROP TABLE t; PRAGMA user_version = 0;";
        assert_eq!(build_image(&place.proven(&[(upgrade, downgrade)])).is_some(), has_image, "{upgrade}");
    }
}

#[test]
fn every_build_makes_the_same_image() {
    let images = [(); 5].map(|()| build_image(&TOKENS).unwrap());
    assert!(images.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_image_of_another_chain_is_not_taken() {
    let place = Place::new();
    let steps = [("CREATE TABLE t (a);", "DROP TABLE t;"), ("CREATE TABLE u (a);", "DROP TABLE u;")];
    let image = build_image(&place.proven(&steps[..1])).unwrap().leak();
    let chain = place.proven(&steps).chain().clone();
    let revisions = chain.revisions().to_vec().leak();
    let embedded = Migrations::embedded("migrations", "", "", revisions, chain.window, image);
    assert_eq!(ids(&embedded.open_in_memory().unwrap()), ["001", "002"]);
    assert_eq!(ids(&embedded.open(place.db()).unwrap()), ["001", "002"]);
    assert_eq!(place.files(), ["app.db", "migrations"]);
}
