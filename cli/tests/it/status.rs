//! The command `status`, whose exit code tells whether an upgrade has anything to do.

use std::fs;

use revchain_runtime::rusqlite::Connection;
use serde_json::json;

use crate::support::Shell;

#[test]
fn database_at_the_head_exits_with_0() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let (code, out, error) = shell.run("status -d app.db");
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(out, "app.db: 003 (head)");
}

#[test]
fn pending_revisions_exit_with_3() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db 001");
    let (code, out, error) = shell.run("status -d app.db");
    assert_eq!((code, error.as_str()), (3, ""));
    let expected = "app.db: 001 (2 pending)\n  002  Add notes.\n  003  Add tags.";
    assert_eq!(out, expected);
    assert_eq!(
        shell.json("status -d app.db --json"),
        json!({
            "database": "app.db", "current": "001", "head": "003", "newer": [],
            "jobs": [],
            "pending": [
                { "revision": "002", "summary": "Add notes.", "jobs_before": [] },
                { "revision": "003", "summary": "Add tags.", "jobs_before": [] },
            ],
        })
    );
}

#[test]
fn adoption_exits_with_3() {
    let shell = Shell::new();
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("CREATE TABLE users (a)").unwrap();
    let (code, out, _) = shell.run("status -d app.db");
    let expected = "app.db: no history yet (an upgrade adopts 001 and applies 2 revisions)";
    assert_eq!((code, out.lines().next()), (3, Some(expected)));
}

#[test]
fn drift_exits_with_1() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("CREATE TABLE mine (a)").unwrap();
    let (code, out, error) = shell.run("status -d app.db");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("+ table mine (a)"), "{error}");
}

/// Like `open`, `status` reads only the header of a file at the head.
#[test]
fn database_at_the_head_costs_one_read_of_the_header() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let mut bytes = fs::read(shell.path("app.db")).unwrap();
    // All pages are damaged. The header of 100 bytes is not.
    bytes[100..].fill(0xff);
    fs::write(shell.path("app.db"), bytes).unwrap();
    assert_eq!(shell.ok("status -d app.db"), "app.db: 003 (head)");
    assert_eq!(shell.run("history -d app.db").0, 1);
}

#[test]
fn emptied_history_is_adopted_by_an_upgrade() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let database = Connection::open(shell.path("app.db")).unwrap();
    database
        .execute_batch("DELETE FROM revchain_history")
        .unwrap();
    drop(database);
    // Like `open`, `status` trusts the marker.
    assert_eq!(shell.ok("status -d app.db"), "app.db: 003 (head)");
    let note = "an upgrade adopts 003 and applies 0 revisions";
    for command in ["current", "history"] {
        let out = shell.ok(&format!("{command} -d app.db"));
        assert!(out.contains(note), "{command}: {out}");
    }
    let out = shell.ok("check -d app.db");
    assert!(out.ends_with("app.db: the schema is that of 003"), "{out}");
    let (code, _, error) = shell.run("downgrade -d app.db --yes");
    assert_eq!(code, 1);
    assert!(error.contains("help: run an upgrade"), "{error}");
    assert_eq!(
        shell.ok("upgrade -d app.db"),
        "app.db: adopted at 003, nothing pending"
    );
    assert_eq!(shell.ok("status -d app.db"), "app.db: 003 (head)");
}
