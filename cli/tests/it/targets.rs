//! The targets of `upgrade`, `downgrade` and `stamp`, and the settings of a run.

use std::time::Instant;

use revchain_runtime::rusqlite::Connection;

use crate::support::{Shell, without_duration};

#[test]
fn target_is_an_argument_or_an_option() {
    let shell = Shell::new();
    for (command, expected) in [
        ("upgrade 001", "new database at 001: 1 revision applied"),
        ("upgrade +1", "upgraded from 001 to 002: 1 revision applied"),
        (
            "upgrade head",
            "upgraded from 002 to 003: 1 revision applied",
        ),
        (
            "downgrade -1 --yes",
            "downgraded from 003 to 002: 1 revision reverted",
        ),
        (
            "downgrade 001 --yes",
            "downgraded from 002 to 001: 1 revision reverted",
        ),
        (
            "downgrade --yes -r base",
            "downgraded from 001 to base: 1 revision reverted",
        ),
        (
            "upgrade -r +2",
            "upgraded from base to 002: 2 revisions applied",
        ),
        (
            "upgrade 003 -r 003",
            "upgraded from 002 to 003: 1 revision applied",
        ),
        (
            "downgrade -r -2 --yes",
            "downgraded from 003 to 001: 2 revisions reverted",
        ),
        (
            "downgrade base --yes",
            "downgraded from 001 to base: 1 revision reverted",
        ),
        (
            "stamp 001",
            "stamped at 001: 1 revision recorded, nothing run",
        ),
        (
            "stamp -r base",
            "stamped at base: 1 revision no longer recorded, nothing run",
        ),
    ] {
        let out = shell.ok(&format!("{command} -d app.db"));
        // A stamp warns about the schema on the second line.
        let out = out.lines().next().unwrap();
        assert_eq!(
            without_duration(out),
            format!("app.db: {expected}"),
            "{command}"
        );
    }
}

#[test]
fn two_different_targets_are_a_usage_error() {
    let shell = Shell::new();
    for command in [
        "upgrade 001 -r 002",
        "downgrade base -r -1",
        "stamp head -r 001",
    ] {
        shell.ok("upgrade -d app.db");
        let (code, out, error) = shell.run(&format!("{command} -d app.db"));
        assert_eq!((code, out.as_str()), (2, ""), "{command}");
        assert!(
            error.starts_with("error: there are two targets: `"),
            "{error}"
        );
        assert!(error.ends_with("help: name one target"), "{error}");
    }
    assert_eq!(
        shell.ok("current -d app.db"),
        "app.db: 003 (head)  Add tags."
    );
}

#[test]
fn misspelled_word_for_a_target_has_a_suggestion() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    for (target, meant) in [("HEAD", "head"), ("haed", "head"), ("bas", "base")] {
        let (code, _, error) = shell.run(&format!("upgrade {target} -d app.db"));
        assert_eq!(code, 1);
        let help = format!("there is no revision `{target}`\nhelp: did you mean {meant}?");
        assert!(error.contains(&help), "{error}");
    }
}

#[test]
fn adopt_names_the_revision_of_the_schema() {
    let shell = Shell::new();
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("CREATE TABLE users (a)").unwrap();
    let (code, _, error) = shell.run("upgrade -d app.db --adopt 002");
    assert_eq!(code, 1);
    assert!(error.contains("- table notes (a)"), "{error}");
    let (code, _, error) = shell.run("upgrade -d app.db --adopt 001 --adopt-as 001");
    assert_eq!(code, 2, "{error}");
    let out = shell.ok("upgrade -d app.db --adopt 001");
    assert!(
        out.starts_with("app.db: stamped at 001, then upgraded to 003"),
        "{out}"
    );
}

#[test]
fn existing_violations_are_accepted_on_request() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_child.sql",
        "003",
        "CREATE TABLE child (a INTEGER REFERENCES parent (a)); CREATE TABLE parent (a PRIMARY KEY);",
        "DROP TABLE child; DROP TABLE parent;",
    );
    shell.migration(
        "20260105_0000_005_more.sql",
        "004",
        "ALTER TABLE child ADD COLUMN b; UPDATE child SET b = 1;",
        "ALTER TABLE child DROP COLUMN b;",
    );
    shell.ok("upgrade 004 -d app.db");
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (7)")
        .unwrap();
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1, "{error}");
    let out = shell.ok("upgrade -d app.db --allow-existing-violations");
    assert!(out.starts_with("app.db: upgraded from 004 to 005"), "{out}");
}

#[test]
fn busy_timeout_limits_the_wait() {
    let shell = Shell::new();
    shell.ok("upgrade 002 -d app.db");
    let other = Connection::open(shell.path("app.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let start = Instant::now();
    for command in [
        "upgrade",
        "downgrade --yes",
        "current",
        "stamp 001",
        "check",
    ] {
        let (code, _, error) = shell.run(&format!("{command} -d app.db --busy-timeout 0.1"));
        assert_eq!(code, 1, "{command}");
        assert!(error.contains("busy"), "{command}: {error}");
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    for wrong in ["-1", "soon", "1e99", "NaN"] {
        let (code, _, error) = shell.run(&format!("upgrade -d app.db --busy-timeout={wrong}"));
        assert_eq!(code, 2, "{wrong}");
        assert!(error.contains("expected a number of seconds"), "{error}");
    }
}
