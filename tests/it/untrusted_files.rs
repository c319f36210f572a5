//! Untrusted or damaged databases: an error or the readable content, without panics or unbounded
//! memory.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;
use revchain::rusqlite::Connection;
use revchain::{Conflict, Error, Migrations, Target};

use crate::support::{Fixture, TOKENS, deterministic_runner, ids};

/// Runs every verb on a database and returns the error messages.
fn run_every_verb(migrations: &Migrations, path: &Path) -> Vec<String> {
    let mut errors = Vec::new();
    let mut keep = |error: Option<Error>| errors.extend(error.map(|error| format!("{error:#}")));
    let migrator = migrations.migrator().busy_timeout(Duration::ZERO);
    if let Ok(db) = Connection::open(path) {
        keep(migrator.current(&db).err());
        keep(migrator.pending(&db).err());
        keep(migrator.history(&db).err());
        keep(migrator.check(&db).err());
    }
    keep(migrator.open(path).err());
    if let Ok(mut db) = Connection::open(path) {
        keep(migrator.downgrade_to(&mut db, "-1").err());
        keep(migrator.stamp(&mut db, Target::Head).err());
        keep(migrator.upgrade(&mut db).err());
    }
    for text in &errors {
        assert!(
            !text.is_empty() && text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
    }
    errors
}

/// Damage to the file of a database.
#[derive(Clone, Debug)]
enum Damage {
    Bytes(Vec<(Index, u8)>),
    NoisyPage(Index),
    Truncated(Index),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            prop::collection::vec(any::<(Index, u8)>(), 1..=20).prop_map(Self::Bytes),
            any::<Index>().prop_map(Self::NoisyPage),
            any::<Index>().prop_map(Self::Truncated),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Bytes(changes) => {
                for (at, byte) in changes {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
            }
            Self::NoisyPage(page) => {
                let start = page.index(bytes.len() / 4096) * 4096;
                for byte in &mut bytes[start..start + 4096] {
                    *byte = byte.wrapping_mul(31) ^ 0xa5;
                }
            }
            Self::Truncated(length) => bytes.truncate(length.index(bytes.len())),
        }
    }
}

#[test]
fn damaged_file_is_an_error_or_still_readable() {
    let fixture = Fixture::new();
    let mut db = Connection::open(fixture.db()).unwrap();
    TOKENS.migrator().upgrade_to(&mut db, "005").unwrap();
    drop(db);
    let sound = fs::read(fixture.db()).unwrap();
    let path = fixture.path("damaged.db");
    let rejected = Cell::new(0);
    let result = deterministic_runner(300).run(&Damage::any(), |damage| {
        let mut bytes = sound.clone();
        damage.apply(&mut bytes);
        for name in [
            "damaged.db",
            "damaged.db-journal",
            "damaged.db-wal",
            "damaged.db-shm",
        ] {
            let _ = fs::remove_file(fixture.path(name));
        }
        fs::write(&path, bytes).unwrap();
        rejected.set(rejected.get() + usize::from(!run_every_verb(&TOKENS, &path).is_empty()));
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
    assert!(rejected.get() > 150, "{}", rejected.get());
}

/// Rows of a history with the first five columns.
const MALFORMED_ROWS: [&str; 7] = [
    "VALUES (NULL, NULL, NULL, NULL, NULL)",
    "VALUES (x'00ff', x'00', 7, 'when', 1e300)",
    "VALUES (7, 1.5, 'upgrade', -1, -1)",
    "VALUES ('001', '', '', 9223372036854775807, 9223372036854775807)",
    "VALUES (char(27) || '[2J' || char(7), char(10), '', 0, 0)",
    "VALUES (CAST(x'c328' AS TEXT), CAST(x'ff' AS TEXT), '', 0, 0)",
    "SELECT hex(zeroblob(1000000)), '', '', 0, 0",
];

/// Schemas with another object in place of a table of revchain.
const MALFORMED_TABLES: [&str; 8] = [
    "CREATE TABLE revchain_history (a)",
    "CREATE TABLE revchain_history (revision TEXT PRIMARY KEY, checksum) WITHOUT ROWID",
    "CREATE VIEW revchain_history AS
     WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i)
     SELECT n AS revision, n AS checksum FROM i",
    "CREATE TABLE t (a); CREATE INDEX revchain_history ON t (a)",
    "CREATE VIRTUAL TABLE revchain_history
     USING fts5 (revision, checksum, origin, applied_at, duration_us)",
    "CREATE TABLE \"REVCHAIN_HISTORY\" (x)",
    "CREATE VIEW revchain_history_other AS
     WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i)
     SELECT n AS revision, n AS checksum FROM i",
    "CREATE VIEW revchain_markers AS
     WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i)
     SELECT n AS name, n AS marker FROM i",
];

#[test]
fn malformed_history_is_an_error_or_still_readable() {
    let columns = "revision, checksum, origin, applied_at, duration_us";
    let with_rows = MALFORMED_ROWS.iter().map(|rows| {
        format!("CREATE TABLE revchain_history ({columns}); INSERT INTO revchain_history {rows}")
    });
    let with_tables = MALFORMED_TABLES.iter().map(|sql| (*sql).to_owned());
    for sql in with_rows.chain(with_tables) {
        let fixture = Fixture::new();
        Connection::open(fixture.db())
            .unwrap()
            .execute_batch(&sql)
            .unwrap();
        let start = Instant::now();
        run_every_verb(&TOKENS, &fixture.db());
        let named = fixture.tables(1).named("other").unwrap();
        run_every_verb(&named, &fixture.db());
        assert!(start.elapsed() < Duration::from_secs(60), "{sql}");
    }
}

#[test]
fn oversized_history_is_read_up_to_a_limit() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch(
        "INSERT INTO revchain_history
             (revision, checksum, origin, applied_at, duration_us, summary)
         WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 100000)
         SELECT 'x' || n, '', '', 0, 0, 'Steal.' FROM i",
    )
    .unwrap();
    // With the marker of the head, `pending` would not read the history.
    db.pragma_update(None, "user_version", 0).unwrap();
    let error = TOKENS.migrator().pending(&db).unwrap_err();
    assert_eq!(error.code(), "newer");
    assert!(error.to_string().contains("1000 in all"), "{error}");
    // Unread rows may differ, so the descriptions of the rows read are dropped.
    let Some(Conflict::Newer { unknown, .. }) = error.conflict() else {
        panic!("{error}")
    };
    assert!(unknown.iter().all(|newer| newer.stored.summary.is_none()));
    // Compatible rows that were read do not make the unread rows compatible.
    db.execute_batch("UPDATE revchain_history SET compatible = rowid < 50000")
        .unwrap();
    assert_eq!(TOKENS.migrator().pending(&db).unwrap_err().code(), "newer");
}

/// Adds a hundred rows, each with texts of a megabyte.
pub(crate) const INSERT_OVERSIZED_ROWS: &str = "
    INSERT INTO revchain_history
    WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 100)
    SELECT 'x' || n || hex(zeroblob(500000)), hex(zeroblob(500000)), hex(zeroblob(500000)), 0, 0,
           hex(zeroblob(500000)), hex(zeroblob(500000)), 0, '009', hex(zeroblob(500000)),
           hex(zeroblob(500000)), NULL, NULL
    FROM i";

#[test]
fn oversized_texts_are_read_up_to_a_limit() {
    let fixture = Fixture::new();
    let db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch(INSERT_OVERSIZED_ROWS).unwrap();
    // With the marker of the head, `pending` would not read the history.
    db.pragma_update(None, "user_version", 0).unwrap();
    let error = TOKENS.migrator().pending(&db).unwrap_err();
    let Some(Conflict::Newer { unknown, .. }) = error.conflict() else {
        panic!("{error}")
    };
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > 1000);
    assert!(
        unknown
            .iter()
            .all(|newer| newer.revision.len() < 1000 && newer.checksum.len() < 1000)
    );
    assert!(
        !unknown
            .iter()
            .any(|newer| long(&newer.stored.summary) || long(&newer.stored.program))
    );
    let kept: usize = unknown
        .iter()
        .filter_map(|newer| newer.stored.downgrade.as_ref().map(String::len))
        .sum();
    assert!(kept > 0 && kept <= 16 << 20, "{kept}");
    let length = format!("{error:#}").len();
    assert!(length < 20_000, "{length}");
    assert!(
        TOKENS
            .migrator()
            .history(&db)
            .unwrap()
            .iter()
            .all(|stamp| stamp.revision.len() < 1000)
    );
}

#[test]
fn history_triggers_cannot_falsify_the_history() {
    for trigger in [
        "CREATE TRIGGER t BEFORE INSERT ON revchain_history BEGIN SELECT raise(IGNORE); END",
        "CREATE TRIGGER t AFTER INSERT ON revchain_history BEGIN DELETE FROM revchain_history; END",
        "CREATE TRIGGER t BEFORE INSERT ON revchain_history BEGIN SELECT raise(ROLLBACK, 'no'); END",
        "CREATE TRIGGER t AFTER INSERT ON revchain_history
         BEGIN UPDATE revchain_history SET revision = 'x'; END",
    ] {
        let fixture = Fixture::new();
        let mut db = Connection::open(fixture.db()).unwrap();
        TOKENS.migrator().upgrade_to(&mut db, "008").unwrap();
        db.execute_batch(trigger).unwrap();
        let result = TOKENS.upgrade(&mut db);
        // An error leaves the history unchanged; otherwise the next verb finds the change.
        if let Err(error) = &result {
            assert!(!error.to_string().is_empty());
            assert_eq!(ids(&db).len(), 8, "{trigger}");
        }
        db.execute_batch("DROP TRIGGER t").unwrap();
        run_every_verb(&TOKENS, &fixture.db());
    }
}

#[test]
fn other_object_named_like_the_history_is_an_error() {
    let fixture = Fixture::new();
    for (file, sql) in [
        ("view.db", "CREATE VIEW revchain_history AS SELECT 1 AS x"),
        ("case.db", "CREATE TABLE REVCHAIN_HISTORY (x)"),
    ] {
        Connection::open(fixture.path(file))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        let error = TOKENS.open(fixture.path(file)).unwrap_err();
        assert!(
            error.to_string().contains("reading the history failed"),
            "{error}"
        );
    }
}

#[test]
fn control_characters_in_names_are_escaped() {
    let fixture = Fixture::new();
    let db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE \"a\u{1b}[31m\" (b)")
        .unwrap();
    let error = TOKENS.open(fixture.db()).unwrap_err();
    assert!(error.to_string().contains("a\\u{1b}[31m"), "{error}");
    assert!(!format!("{error:#}").contains('\u{1b}'), "{error}");
    let db = TOKENS.open(fixture.path("newer.db")).unwrap();
    db.execute_batch(
        "INSERT INTO revchain_history
         (revision, checksum, origin, applied_at, duration_us, program, summary)
         VALUES ('\u{1b}]0;x', '', '', 0, 0, '\u{1b}[31m', '\u{7}')",
    )
    .unwrap();
    let error = TOKENS.migrator().current(&db).unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("\\u{1b}]0;x") && !text.contains('\u{1b}'),
        "{text}"
    );
}
