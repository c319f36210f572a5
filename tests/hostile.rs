//! Databases from an enemy, or from a disk that lies: an error, or what is there; no panic, and no memory without end.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::{Place, TOKENS, ids};
use revchain::rusqlite::Connection;
use revchain::{Conflict, Migrations, OnAhead, Target};

/// Everything that can be asked of a database, and what came of it.
fn ask_all(migrations: &Migrations, path: &std::path::Path) -> Vec<String> {
    let mut said = Vec::new();
    let mut keep = |error: Option<revchain::Error>| said.extend(error.map(|error| error.to_string()));
    let options = migrations.options().lock_timeout(Duration::ZERO);
    if let Ok(db) = Connection::open(path) {
        keep(options.current(&db).err());
        keep(options.pending(&db).err());
        keep(options.history(&db).err());
        keep(options.check(&db).err());
    }
    keep(options.open(path).err());
    if let Ok(mut db) = Connection::open(path) {
        keep(options.downgrade_to(&mut db, "-1").err());
        keep(options.stamp(&mut db, Target::Head).err());
        keep(options.upgrade(&mut db).err());
    }
    for text in &said {
        assert!(!text.is_empty() && text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
    said
}

/// A generator that needs no crate: xorshift, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn a_damaged_file_is_an_error_or_what_is_left_of_it() {
    let place = Place::new();
    let mut db = Connection::open(place.db()).unwrap();
    TOKENS.upgrade_to(&mut db, "005").unwrap();
    drop(db);
    let sound = fs::read(place.db()).unwrap();
    let mut numbers = Numbers(0x5eed);
    let mut refused = 0;
    for round in 0..300 {
        let mut bytes = sound.clone();
        match round % 3 {
            // Some bytes anywhere, a page of noise, or a file that ends too early.
            0 => (0..1 + numbers.below(20)).for_each(|_| {
                let at = numbers.below(bytes.len());
                bytes[at] = u8::try_from(numbers.below(256)).unwrap();
            }),
            1 => {
                let page = numbers.below(bytes.len() / 4096) * 4096;
                bytes[page..page + 4096].iter_mut().for_each(|byte| *byte = byte.wrapping_mul(31) ^ 0xa5);
            }
            _ => bytes.truncate(numbers.below(bytes.len())),
        }
        let path = place.path("damaged.db");
        for beside in ["damaged.db", "damaged.db-journal", "damaged.db-wal", "damaged.db-shm"] {
            let _ = fs::remove_file(place.path(beside));
        }
        fs::write(&path, bytes).unwrap();
        refused += usize::from(!ask_all(&TOKENS, &path).is_empty());
    }
    assert!(refused > 150, "{refused}");
}

#[test]
fn a_history_of_anything_is_an_error_or_what_it_says() {
    let table = "CREATE TABLE revchain_history (revision, checksum, origin, applied_at, duration_us)";
    let endless = "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i)";
    for sql in [
        format!("{table}; INSERT INTO revchain_history VALUES (NULL, NULL, NULL, NULL, NULL)"),
        format!("{table}; INSERT INTO revchain_history VALUES (x'00ff', x'00', 7, 'when', 1e300)"),
        format!("{table}; INSERT INTO revchain_history VALUES (7, 1.5, 'upgrade', -1, -1)"),
        format!("{table}; INSERT INTO revchain_history VALUES ('001', '', '', 9223372036854775807, 9223372036854775807)"),
        format!("{table}; INSERT INTO revchain_history VALUES (char(27) || '[2J' || char(7), char(10), '', 0, 0)"),
        format!("{table}; INSERT INTO revchain_history VALUES (CAST(x'c328' AS TEXT), CAST(x'ff' AS TEXT), '', 0, 0)"),
        format!("{table}; INSERT INTO revchain_history SELECT hex(zeroblob(1000000)), '', '', 0, 0"),
        "CREATE TABLE revchain_history (a)".to_owned(),
        "CREATE TABLE revchain_history (revision TEXT PRIMARY KEY, checksum) WITHOUT ROWID".to_owned(),
        format!("CREATE VIEW revchain_history AS {endless} SELECT n AS revision, n AS checksum FROM i"),
        "CREATE TABLE t (a); CREATE INDEX revchain_history ON t (a)".to_owned(),
        "CREATE VIRTUAL TABLE revchain_history USING fts5 (revision, checksum, origin, applied_at, duration_us)".to_owned(),
        "CREATE TABLE \"REVCHAIN_HISTORY\" (x)".to_owned(),
        format!("CREATE VIEW revchain_history_other AS {endless} SELECT n AS revision, n AS checksum FROM i"),
        format!("CREATE VIEW revchain_markers AS {endless} SELECT n AS name, n AS marker FROM i"),
    ] {
        let place = Place::new();
        Connection::open(place.db()).unwrap().execute_batch(&sql).unwrap();
        let start = Instant::now();
        ask_all(&TOKENS, &place.db());
        let named = place.tables(1).named("other").unwrap();
        ask_all(&named, &place.db());
        assert!(start.elapsed() < Duration::from_secs(60), "{sql}");
    }
}

#[test]
fn a_history_with_rows_without_end_is_read_as_far_as_it_can_be_right() {
    let place = Place::new();
    let db = TOKENS.open(place.db()).unwrap();
    db.execute_batch(
        "INSERT INTO revchain_history (revision, checksum, origin, applied_at, duration_us, summary) WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 100000)
         SELECT 'x' || n, '', '', 0, 0, 'Steal.' FROM i",
    )
    .unwrap();
    let error = TOKENS.pending(&db).unwrap_err();
    assert_eq!(error.code(), "ahead");
    assert!(error.to_string().contains("1000 in all"), "{error}");
    // There may be more, so nothing that some of them say is gone by.
    let Some(Conflict::Ahead { unknown, .. }) = error.conflict() else { panic!("{error}") };
    assert!(unknown.iter().all(|newer| newer.summary.is_none()));
    // What is said of those that are read is not said of the others.
    db.execute_batch("UPDATE revchain_history SET compatible = rowid < 50000").unwrap();
    assert_eq!(TOKENS.pending(&db).unwrap_err().code(), "ahead");
}

#[test]
fn a_history_with_texts_without_end_is_read_as_far_as_it_can_be_right() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    db.execute_batch(
        "INSERT INTO revchain_history WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 100)
         SELECT 'x' || n || hex(zeroblob(500000)), hex(zeroblob(500000)), hex(zeroblob(500000)), 0, 0,
           hex(zeroblob(500000)), hex(zeroblob(500000)), 0, '009', hex(zeroblob(500000)), hex(zeroblob(500000)), NULL FROM i",
    )
    .unwrap();
    let error = TOKENS.pending(&db).unwrap_err();
    let Some(Conflict::Ahead { unknown, .. }) = error.conflict() else { panic!("{error}") };
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > 1000);
    assert!(unknown.iter().all(|newer| newer.revision.len() < 1000 && newer.checksum.len() < 1000));
    assert!(!unknown.iter().any(|newer| long(&newer.summary) || long(&newer.program)));
    let kept: usize = unknown.iter().filter_map(|newer| newer.downgrade.as_ref().map(String::len)).sum();
    assert!(kept > 0 && kept <= 16 << 20, "{kept}");
    assert!(error.to_string().len() < 20_000, "{}", error.to_string().len());
    assert!(TOKENS.history(&db).unwrap().iter().all(|stamp| stamp.revision.len() < 1000));
    let options = TOKENS.options().on_ahead(OnAhead::Downgrade);
    assert_eq!(options.downgrade_to(&mut db, "head").unwrap_err().code(), "untrusted");
}

#[test]
fn triggers_on_the_history_cannot_make_it_lie() {
    for trigger in [
        "CREATE TRIGGER t BEFORE INSERT ON revchain_history BEGIN SELECT raise(IGNORE); END",
        "CREATE TRIGGER t AFTER INSERT ON revchain_history BEGIN DELETE FROM revchain_history; END",
        "CREATE TRIGGER t BEFORE INSERT ON revchain_history BEGIN SELECT raise(ROLLBACK, 'no'); END",
        "CREATE TRIGGER t AFTER INSERT ON revchain_history BEGIN UPDATE revchain_history SET revision = 'x'; END",
    ] {
        let place = Place::new();
        let mut db = Connection::open(place.db()).unwrap();
        TOKENS.upgrade_to(&mut db, "008").unwrap();
        db.execute_batch(trigger).unwrap();
        let result = TOKENS.upgrade(&mut db);
        // Refused, and as it was; or what the trigger made of it is found by the next.
        if let Err(error) = &result {
            assert!(!error.to_string().is_empty());
            assert_eq!(ids(&db).len(), 8, "{trigger}");
        }
        db.execute_batch("DROP TRIGGER t").unwrap();
        ask_all(&TOKENS, &place.db());
    }
}
