//! Random chains, valid or broken: each chain that the proof accepts migrates a database with rows.

use std::fs;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use revchain_core::Downgrade;
use revchain_prove::migrations_from_directory;
use revchain_runtime::Migrations;
use rusqlite::Connection;

/// A change of a table, and a possible defect in it.
#[derive(Debug, Clone)]
struct Step {
    kind: u8,
    table: usize,
    number: usize,
    breakage: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0_u8..9, prop::bool::weighted(0.1), 0_usize..6, 0_u8..30).prop_map(
        |(kind, is_other, number, breakage)| Step {
            kind,
            table: usize::from(is_other),
            number,
            breakage,
        },
    );
    let first = Step {
        kind: 0,
        table: 0,
        number: 0,
        breakage: 9,
    };
    prop::collection::vec(step, 1..7).prop_map(move |mut steps| {
        steps.insert(0, first.clone());
        steps
    })
}

/// Returns the upgrade and the downgrade. Only the proof knows if they fit the schema.
fn sql(
    Step {
        kind,
        table,
        number,
        breakage,
    }: &Step,
) -> (String, String) {
    let t = format!("t{table}");
    let column = format!("c{number}");
    let rebuild = |columns: &str, copied: &str| {
        format!(
            "CREATE TABLE new ({columns});\nINSERT INTO new ({copied}) SELECT {copied} FROM {t};\nDROP TABLE {t};\nALTER TABLE new RENAME TO {t};"
        )
    };
    let base = "id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INTEGER DEFAULT 3";
    let (up, down) = match kind {
        0 => (
            format!("CREATE TABLE {t} ({base});"),
            format!("DROP TABLE {t};"),
        ),
        1 => (
            format!("ALTER TABLE {t} ADD COLUMN {column} TEXT;"),
            format!("ALTER TABLE {t} DROP COLUMN {column};"),
        ),
        2 => (
            format!("CREATE INDEX i{number} ON {t} (a);"),
            format!("DROP INDEX i{number};"),
        ),
        3 => (
            format!("INSERT INTO {t} (id, a) VALUES ({number} + 100, 'made');"),
            format!("DELETE FROM {t} WHERE id = {number} + 100;"),
        ),
        4 => (
            rebuild(
                "id INTEGER PRIMARY KEY, a TEXT NOT NULL, b REAL DEFAULT 3",
                "id, a, b",
            ),
            rebuild(base, "id, a, b"),
        ),
        5 => (
            format!(
                "CREATE TABLE child{number} (id INTEGER PRIMARY KEY, p INTEGER REFERENCES {t} (id) ON DELETE CASCADE);"
            ),
            format!("DROP TABLE child{number};"),
        ),
        6 => (
            format!("CREATE VIEW v{number} AS SELECT a, b FROM {t};"),
            format!("DROP VIEW v{number};"),
        ),
        7 => (
            format!("ALTER TABLE {t} ADD COLUMN n{number} INTEGER NOT NULL DEFAULT 0;"),
            format!("ALTER TABLE {t} DROP COLUMN n{number};"),
        ),
        _ => (
            format!("UPDATE {t} SET b = coalesce(b, 0) + 1;"),
            format!("UPDATE {t} SET b = b - 1;"),
        ),
    };
    match breakage {
        0 => (up, "SELECT 1;".to_owned()),
        1 => (up.replace("NOT NULL", ""), down),
        2 => (up.replace("DEFAULT 0", ""), down),
        3 => (
            up.replace("id, a, b) SELECT id, a, b", "id, a) SELECT id, a"),
            down,
        ),
        4 => (up.replacen(' ', "  /* c */ ", 2), down.to_lowercase()),
        _ => (up, down),
    }
}

fn chain(steps: &[Step]) -> Option<Migrations> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("random-chain-{}-{number}", process::id()));
    fs::create_dir_all(&directory).unwrap();
    for (index, step) in steps.iter().enumerate() {
        let parent = if index == 0 {
            "base".to_owned()
        } else {
            format!("{index:03}")
        };
        let (up, down) = sql(step);
        let text =
            format!("-- A.\n-- @revises {parent}\n-- @upgrade\n{up}\n-- @downgrade\n{down}\n");
        fs::write(
            directory.join(format!("20260101_00{index:02}_{:03}_x.sql", index + 1)),
            text,
        )
        .unwrap();
    }
    let chain = migrations_from_directory(&directory).ok();
    fs::remove_dir_all(&directory).unwrap();
    chain
}

/// Inserts a row into each table that accepts it, and returns the number of rows of each table.
fn insert_rows(db: &Connection, round: usize) -> Vec<(String, i64)> {
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'revchain%' ORDER BY name";
    let mut statement = db.prepare(names).unwrap();
    let tables: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for table in &tables {
        let _ = db.execute(
            &format!("INSERT INTO {table} (id, a) VALUES ({round} + 1000, 'a user''s')"),
            [],
        );
        let _ = db.execute(
            &format!("INSERT INTO {table} (id, p) VALUES ({round} + 1000, NULL)"),
            [],
        );
    }
    counts(db, &tables)
}

fn counts(db: &Connection, tables: &[String]) -> Vec<(String, i64)> {
    let count = |table: &String| {
        let sql = format!("SELECT count(*) FROM {table}");
        Some((
            table.clone(),
            db.query_row(&sql, [], |row| row.get(0)).ok()?,
        ))
    };
    tables.iter().filter_map(count).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn proven_chain_migrates_any_database_up_and_down(steps in steps()) {
        let Some(chain) = chain(&steps) else { return Ok(()) };
        let mut db = Connection::open_in_memory().unwrap();
        for (round, revision) in chain.revisions().iter().enumerate() {
            let before = insert_rows(&db, round);
            let upgraded = chain.migrator().upgrade_to(&mut db, revision.id());
            prop_assert!(upgraded.is_ok(), "{}", upgraded.unwrap_err());
            prop_assert!(chain.check(&db).unwrap().is_same());
            let tables: Vec<String> = before.iter().map(|(table, _)| table.clone()).collect();
            let after = counts(&db, &tables);
            let kept = |(table, count): &(String, i64)| after.iter().any(|(other, now)| other == table && now >= count);
            prop_assert!(before.iter().all(kept), "{:?} became {:?}", before, after);
        }
        for revision in chain.revisions().iter().rev() {
            prop_assert!(matches!(revision.downgrade(), Downgrade::Sql(_)));
            let reverted = chain.migrator().downgrade_to(&mut db, "-1");
            prop_assert!(reverted.is_ok(), "{}", reverted.unwrap_err());
            prop_assert!(chain.check(&db).unwrap().is_same());
        }
    }
}
