//! Revisions with `@code`, whose functions the build leaves out.

#[cfg(feature = "bundled")]
use revchain_prove::Scope;
#[cfg(feature = "bundled")]
use revchain_runtime::Migrations;

#[cfg(feature = "bundled")]
use crate::support::Directory;
use crate::support::{assert_one_defect, assert_proven, summaries};

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, token TEXT);";

#[test]
fn drop_after_the_code_may_have_been_filled_by_it() {
    let rebuild = "CREATE TABLE n (id INTEGER PRIMARY KEY, hash TEXT NOT NULL);
-- @code hash_tokens
DROP TABLE t;
ALTER TABLE n RENAME TO t;";
    let columns = "ALTER TABLE t ADD COLUMN hash;
-- @code hash_tokens
ALTER TABLE t DROP COLUMN token;";
    for upgrade in [rebuild, columns] {
        assert_proven(&[(TABLE, ""), (upgrade, "")]);
    }
}

#[test]
fn drop_before_the_code_is_judged() {
    let upgrade = "ALTER TABLE t DROP COLUMN token;\n-- @code f";
    assert_one_defect(
        &[(TABLE, ""), (upgrade, "")],
        "undeclared-destruction 002:5",
        &["`t.token`"],
    );
}

#[test]
fn rows_lost_before_the_code_are_reported() {
    let upgrade = "CREATE TABLE n (id INTEGER PRIMARY KEY, token TEXT);
INSERT INTO n SELECT id, token FROM t WHERE token IS NOT NULL;
DROP TABLE t;
ALTER TABLE n RENAME TO t;
-- @code f";
    assert_eq!(
        summaries(&[(TABLE, ""), (upgrade, "")]),
        ["rows-lost 002:6"]
    );
}

#[test]
fn only_failures_before_the_code_are_reported() {
    let fails = "CREATE UNIQUE INDEX i ON t (token);";
    let before = format!("{fails}\n-- @code f");
    let after = format!("-- @code f\n{fails}");
    assert_eq!(
        summaries(&[(TABLE, ""), (&before, "")]),
        ["fails-on-rows 002:5"]
    );
    assert_proven(&[(TABLE, ""), (&after, "")]);
}

#[test]
fn condition_after_the_code_is_not_needless() {
    let upgrade = "@assumes t(token) unique the program checks it
-- @code f
CREATE UNIQUE INDEX i ON t (token);";
    assert_proven(&[(TABLE, ""), (upgrade, "")]);
}

#[test]
fn wrong_sql_after_the_code_is_reported() {
    let upgrade = "-- @code f\nUPDATE t SET hash = 1;";
    assert_eq!(
        summaries(&[(TABLE, ""), (upgrade, "")]),
        ["sql-error 002:6"]
    );
}

#[test]
fn schema_after_a_downgrade_with_code_is_compared() {
    let upgrade = "ALTER TABLE t ADD COLUMN hash;";
    let downgrade = "-- @code f\nALTER TABLE t ADD COLUMN other;";
    let summaries = summaries(&[(TABLE, ""), (upgrade, downgrade)]);
    assert_eq!(summaries, ["downgrade-does-not-restore 002:7"]);
}

#[test]
fn upgrade_without_code_is_judged_whole() {
    let upgrade = "CREATE UNIQUE INDEX i ON t (token);";
    let downgrade = "-- @code f\nDROP INDEX i;";
    let summaries = summaries(&[(TABLE, ""), (upgrade, downgrade)]);
    assert_eq!(summaries, ["fails-on-rows 002:4"]);
}

#[cfg(feature = "bundled")]
#[test]
fn snapshot_needs_code_that_does_nothing_on_empty_tables() {
    let has_snapshot = |steps: &[(&str, &str)]| {
        let directory = Directory::of(steps);
        let chain = directory.prove(Scope::All).into_chain().unwrap();
        let migrations = Migrations::from_chain(chain, String::new());
        revchain_prove::build_snapshot(&migrations).is_some()
    };
    let seed = "INSERT INTO t VALUES (1, 'x');";
    let seeded = format!("{TABLE}\n{seed}");
    assert!(has_snapshot(&[(TABLE, ""), ("-- @code f on rows", "")]));
    assert!(has_snapshot(&[
        (TABLE, ""),
        ("-- @code f on rows", ""),
        (seed, "")
    ]));
    assert!(has_snapshot(&[(TABLE, ""), ("SELECT 1;", "-- @code f")]));
    assert!(!has_snapshot(&[(TABLE, ""), ("-- @code f", "")]));
    assert!(!has_snapshot(&[(&seeded, ""), ("-- @code f on rows", "")]));
    assert!(!has_snapshot(&[
        (TABLE, ""),
        (&format!("{seed}\n-- @code f on rows"), "")
    ]));
}
