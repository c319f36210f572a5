//! The proof with the functions of a program, as a test of the program runs it.

use std::error::Error;

use revchain_core::LoadedMigrations;
use revchain_prove::testing::{Unproven, prove, prove_with};
use revchain_runtime::internal::{CodeFunction, CodeTable, call_code};
use revchain_runtime::{Migrations, Step};
use rusqlite::Result;

use crate::support::{Directory, assert_proven, summary};

type BoxError = Box<dyn Error + Send + Sync>;

/// Converts each token, so that the new value shows the old one.
fn hash(step: &mut Step<'_>) -> Result<()> {
    convert(step, |token| format!("#{token}"))
}

/// Writes one value into all rows.
fn forget(step: &mut Step<'_>) -> Result<()> {
    convert(step, |_| "lost".to_owned())
}

fn convert(step: &Step<'_>, new: impl Fn(&str) -> String) -> Result<()> {
    let mut select = step.prepare("SELECT id, token FROM t WHERE token IS NOT NULL")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for row in rows.collect::<Result<Vec<(i64, String)>>>()? {
        step.execute("UPDATE t SET hash = ?2 WHERE id = ?1", (row.0, new(&row.1)))?;
    }
    Ok(())
}

/// Moves the rows to a new table.
fn move_rows(step: &mut Step<'_>) -> Result<()> {
    step.execute("INSERT INTO n SELECT id, '#' || token FROM t", [])
        .map(drop)
}

/// Moves the rows with a text to a new table.
fn move_some(step: &mut Step<'_>) -> Result<()> {
    let sql = "INSERT INTO n SELECT id, '#' || token FROM t WHERE token IS NOT NULL";
    step.execute(sql, []).map(drop)
}

fn reject_null(step: &mut Step<'_>) -> std::result::Result<(), BoxError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM t WHERE token IS NULL)";
    if step.query_row(sql, [], |row| row.get(0))? {
        return Err("a token is missing".into());
    }
    hash(step).map_err(Into::into)
}

fn panics(step: &mut Step<'_>) -> Result<()> {
    let count: i64 = step.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?;
    assert_eq!(count, 0, "rows");
    Ok(())
}

fn fails_on_no_rows(step: &mut Step<'_>) -> Result<()> {
    step.query_row("SELECT id FROM t", [], |_| Ok(()))
}

fn changes_schema(step: &mut Step<'_>) -> Result<()> {
    step.execute_batch("CREATE INDEX i ON t (token)")
}

fn needs_context(step: &mut Step<'_>) -> std::result::Result<(), BoxError> {
    let prefix: &String = step.context().ok_or("there is no context")?;
    convert(step, |token| format!("{prefix}{token}")).map_err(Into::into)
}

/// Runs a statement that rolls the transaction back if there is a row.
fn rolls_back_on_rows(step: &mut Step<'_>) -> Result<()> {
    let sql = "INSERT OR ROLLBACK INTO t (id) SELECT id FROM t LIMIT 1";
    step.execute(sql, []).map(drop)
}

/// Runs a statement that rolls the transaction back.
fn rolls_back(step: &mut Step<'_>) -> Result<()> {
    step.execute("INSERT INTO t (id) VALUES (-7)", [])?;
    step.execute("INSERT OR ROLLBACK INTO t (id) VALUES (-7)", [])
        .map(drop)
}

fn nothing(_: &mut Step<'_>) -> Result<()> {
    Ok(())
}

macro_rules! functions {
    ($($name:ident)*) => {
        static TABLE: CodeTable = CodeTable::new(&[$(CodeFunction {
            name: stringify!($name),
            run: |step| call_code($name, step),
        }),*]);
    };
}

/// Inserts a row that no row of the user has caused.
fn seed(step: &mut Step<'_>) -> Result<()> {
    step.execute("INSERT INTO t (token, hash) VALUES ('a', '#a')", [])
        .map(drop)
}

functions! {
    hash forget move_rows move_some reject_null panics fails_on_no_rows changes_schema needs_context
    nothing seed rolls_back rolls_back_on_rows
}

const TABLE_OF_TOKENS: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, token TEXT);";

/// Returns an upgrade that converts the column `token` by a function.
fn by(function: &str) -> String {
    format!(
        "ALTER TABLE t ADD COLUMN hash TEXT;\n-- @code {function}\nALTER TABLE t DROP COLUMN token;"
    )
}

/// Returns an upgrade that moves the rows to another table by a function.
fn moved_by(function: &str) -> String {
    format!(
        "CREATE TABLE n (id INTEGER PRIMARY KEY, hash TEXT);\n-- @code {function}\n\
         DROP TABLE t;\nALTER TABLE n RENAME TO t;"
    )
}

fn migrations(directory: &Directory) -> Migrations {
    let shown = directory.0.to_string_lossy().into_owned();
    let chain = LoadedMigrations::read(&directory.0, &shown).chain.unwrap();
    Migrations::from_chain(chain, shown).with_code(&TABLE)
}

fn summaries_of(proof: std::result::Result<(), Unproven>) -> Vec<String> {
    match proof {
        Ok(()) => Vec::new(),
        Err(unproven) => unproven.defects().unwrap().iter().map(summary).collect(),
    }
}

/// Proves a chain that the build accepts, and returns the defects with the functions.
#[track_caller]
fn proof(upgrade: &str, downgrade: &str) -> Vec<String> {
    let steps = [(TABLE_OF_TOKENS, ""), (upgrade, downgrade)];
    assert_proven(&steps);
    summaries_of(prove(&migrations(&Directory::of(&steps))))
}

#[test]
fn values_that_a_function_converts_have_arrived() {
    assert!(proof(&by("hash"), "").is_empty());
    assert!(proof(&moved_by("move_rows"), "").is_empty());
}

#[test]
fn values_that_a_function_forgets_are_lost() {
    assert_eq!(proof(&by("forget"), ""), ["undeclared-destruction 002:7"]);
    assert_eq!(proof(&by("nothing"), ""), ["undeclared-destruction 002:7"]);
}

#[test]
fn rows_that_a_function_leaves_behind_are_lost() {
    assert_eq!(proof(&moved_by("move_some"), ""), ["rows-lost 002:7"]);
}

#[test]
fn function_that_fails_is_a_defect() {
    for function in [
        "reject_null",
        "panics",
        "fails_on_no_rows",
        "changes_schema",
    ] {
        assert_eq!(proof(&by(function), ""), ["code-fails 002:6"], "{function}");
    }
}

#[test]
fn row_in_empty_tables_contradicts_on_rows() {
    let with = |code: &str| format!("ALTER TABLE t ADD COLUMN hash TEXT;\n-- @code {code}");
    let downgrade = "ALTER TABLE t DROP COLUMN hash;";
    assert_eq!(
        proof(&with("seed on rows"), downgrade),
        ["code-fails 002:5"]
    );
    assert!(proof(&with("seed"), downgrade).is_empty());
    assert!(proof(&with("hash on rows"), downgrade).is_empty());
}

#[test]
fn message_has_the_error_of_the_function() {
    let text = |function: &str| {
        let directory = Directory::of(&[(TABLE_OF_TOKENS, ""), (&by(function), "")]);
        format!("{:?}", prove(&migrations(&directory)).unwrap_err())
    };
    for (function, words) in [
        (
            "reject_null",
            "`reject_null` fails in the upgrade of 002 where the tables have rows: a token is missing",
        ),
        (
            "panics",
            "`panics` panics in the upgrade of 002 where the tables have rows: ",
        ),
        (
            "fails_on_no_rows",
            "fails in the upgrade of 002 where the tables are empty: Query returned no rows",
        ),
        ("changes_schema", "write the change of the schema as SQL"),
    ] {
        let text = text(function);
        assert!(text.contains(words), "no {words:?} in:\n{text}");
    }
}

#[test]
fn rollback_in_a_function_is_one_defect() {
    let down = "ALTER TABLE t DROP COLUMN hash;";
    for function in ["rolls_back", "rolls_back_on_rows"] {
        let up = format!("ALTER TABLE t ADD COLUMN hash TEXT;\n-- @code {function}");
        let directory = Directory::of(&[(TABLE_OF_TOKENS, ""), (&up, down)]);
        let unproven = prove(&migrations(&directory)).unwrap_err();
        let text = format!("{unproven:?}");
        assert_eq!(summaries_of(Err(unproven)), ["code-fails 002:5"], "{text}");
        assert!(!text.contains("backup") && !text.contains("\\n"), "{text}");
        let fails = text.contains("UNIQUE constraint failed: t.id\n");
        assert!(fails, "{text}");
    }
}

#[test]
fn rollback_in_the_function_of_a_downgrade_is_one_defect() {
    let up = "ALTER TABLE t ADD COLUMN hash TEXT;
CREATE TRIGGER no AFTER INSERT ON t WHEN new.id < 0 BEGIN SELECT RAISE(ROLLBACK, 'no'); END;";
    for function in ["rolls_back", "rolls_back_on_rows"] {
        let down =
            format!("DROP TRIGGER no;\n-- @code {function}\nALTER TABLE t DROP COLUMN hash;");
        let early =
            format!("-- @code {function}\nDROP TRIGGER no;\nALTER TABLE t DROP COLUMN hash;");
        for (down, line) in [(down, 8), (early, 7)] {
            let directory = Directory::of(&[(TABLE_OF_TOKENS, ""), (up, &down)]);
            let unproven = prove(&migrations(&directory)).unwrap_err();
            let text = format!("{unproven:?}");
            let found = summaries_of(Err(unproven));
            assert_eq!(found, [format!("code-fails 002:{line}")], "{text}");
            assert!(!text.contains("backup") && !text.contains("\\n"), "{text}");
        }
    }
}

#[test]
fn assumed_rows_reach_no_function() {
    let upgrade = by("reject_null");
    let assumes = "@assumes t(token) not-null the program always writes one";
    assert!(proof(&format!("{assumes}\n{upgrade}"), "").is_empty());
}

#[test]
fn statement_after_the_code_is_judged() {
    let upgrade = "ALTER TABLE t ADD COLUMN hash TEXT;
-- @code hash
CREATE TABLE n (id INTEGER PRIMARY KEY, token TEXT, hash TEXT NOT NULL);
INSERT INTO n SELECT * FROM t;
DROP TABLE t;
ALTER TABLE n RENAME TO t;";
    assert_eq!(proof(upgrade, ""), ["fails-on-rows 002:8"]);
}

#[test]
fn function_of_the_downgrade_runs() {
    let upgrade = "ALTER TABLE t ADD COLUMN hash TEXT;\n-- @code hash";
    let fails = proof(upgrade, "-- @code panics\nALTER TABLE t DROP COLUMN hash;");
    assert_eq!(fails, ["code-fails 002:7"]);
    assert!(proof(upgrade, "-- @code nothing\nALTER TABLE t DROP COLUMN hash;").is_empty());
}

#[test]
fn locked_revision_with_code_is_proven() {
    let directory = Directory::of(&[(TABLE_OF_TOKENS, ""), (&by("panics"), "")]);
    directory.lock(&["001", "002"]);
    assert_eq!(
        summaries_of(prove(&migrations(&directory))),
        ["code-fails 002:6"]
    );
}

#[test]
fn context_reaches_the_function() {
    let directory = Directory::of(&[(TABLE_OF_TOKENS, ""), (&by("needs_context"), "")]);
    let migrations = migrations(&directory);
    assert_eq!(summaries_of(prove(&migrations)), ["code-fails 002:6"]);
    let text = prove(&migrations).unwrap_err().to_string();
    assert!(
        text.contains("or, if it needs a value of the program, pass it: `"),
        "{text}"
    );
    let migrator = migrations.migrator().context("#".to_owned());
    assert!(prove_with(&migrator).is_ok());
}

#[test]
fn other_directory_is_an_error() {
    let directory = Directory::of(&[(TABLE_OF_TOKENS, "")]);
    let migrations = migrations(&directory);
    std::fs::write(
        directory.0.join("20260101_0000_001_step.sql"),
        "-- Step.\n-- @revises base\n-- @irreversible test\n-- @upgrade\nCREATE TABLE u (id);\n",
    )
    .unwrap();
    let message = prove(&migrations).unwrap_err().to_string();
    assert!(
        message.contains("are not those that the program embeds"),
        "{message}"
    );
    drop(directory);
    let message = prove(&migrations).unwrap_err().to_string();
    assert!(message.contains("there is no directory"), "{message}");
}
