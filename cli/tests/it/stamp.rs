//! The command `stamp`.

use revchain_runtime::rusqlite::Connection;
use serde_json::json;

use crate::support::{Shell, on_terminal};

#[test]
fn stamp_records_a_revision_and_runs_nothing() {
    let shell = Shell::new();
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("CREATE TABLE users (a); CREATE INDEX mine ON users (a)")
        .unwrap();
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains("the nearest is 001:\n    + index mine ON users (a)\n")
            && !error.contains("unchecked"),
        "{error}"
    );
    assert_eq!(
        shell.ok("current -d app.db"),
        "app.db: base (it has tables but no history)"
    );
    assert!(
        shell
            .ok("history -d app.db")
            .starts_with("app.db (it has tables but no history)\n")
    );
    assert_eq!(
        shell.ok("stamp -d app.db -r 001"),
        "app.db: stamped at 001: 1 revision recorded, nothing run\n\
         warning: the schema differs from that of 001:\n    + index mine ON users (a)"
    );
    assert_eq!(
        shell.json("stamp -d app.db -r 001 --json")["drift"],
        json!(["+ index mine ON users (a)"])
    );
    assert_eq!(
        shell.run("upgrade -d app.db").0,
        1,
        "the schema has drifted"
    );
    let (_, out, error) = shell.run("upgrade -d app.db --allow-drift");
    assert!(out.contains("upgraded from 001 to 003"), "{out}");
    assert!(
        error.starts_with("the schema differs from that of 001: `check` shows the differences"),
        "{error}"
    );
    assert_eq!(shell.run("downgrade -d app.db --yes").0, 1);
    db.execute_batch("DROP INDEX mine").unwrap();
    assert!(
        shell
            .ok("downgrade -d app.db --yes")
            .contains("downgraded from 003 to 002")
    );
    assert_eq!(
        shell.run("stamp -d app.db").0,
        2,
        "a stamp requires a revision"
    );
}

#[test]
fn stamp_of_another_schema_asks_on_a_terminal() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let Some(output) = on_terminal(&shell, "n", "stamp 002 -d app.db") else {
        return;
    };
    let question = "app.db: a stamp runs no migration\n\
                    It removes the records of 1 revision: 003.\n\
                    Afterwards, the schema differs from that of 002:\n    + table tags (a)\n\
                    Later upgrades will fail. Continue? [y/N]";
    let output = output.replace('\r', "");
    assert!(output.contains(question), "{output}");
    let current = "app.db: 003 (head)  Add tags.";
    assert_eq!(shell.ok("current -d app.db"), current);
    on_terminal(&shell, "n", "stamp 002 -d app.db --yes");
    assert_ne!(shell.ok("current -d app.db"), current);
}

#[test]
fn stamp_that_removes_records_asks_on_a_terminal() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_rows.sql",
        "003",
        "INSERT INTO tags VALUES (1);",
        "DELETE FROM tags;",
    );
    shell.ok("upgrade -d app.db");
    let Some(output) = on_terminal(&shell, "n", "stamp 003 -d app.db") else {
        return;
    };
    let question = "It removes the records of 1 revision: 004.\n\
                    The next upgrade will run these revisions again. Continue? [y/N]";
    let output = output.replace('\r', "");
    assert!(output.contains(question), "{output}");
}

#[test]
fn stamp_names_the_command_that_undoes_it() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let out = shell.ok("stamp 002 -d app.db");
    let last = out.lines().last();
    assert_eq!(last, Some("to undo: `revchain stamp -d app.db 003`"));
    // The schema is that of 003, so this stamp has no warning.
    let out = shell.ok("stamp -d app.db 003");
    assert!(!out.contains("warning"), "{out}");
    shell.ok("check -d app.db");
}

#[test]
fn advised_stamp_is_a_whole_command() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    shell.ok("stamp 002 -d app.db");
    let (_, _, error) = shell.run("upgrade -d app.db");
    let help = "help: if the database is at 003, run `revchain stamp -d app.db -r 003`";
    assert!(error.lines().any(|line| line == help), "{error}");
    let object = shell.json("upgrade -d app.db --json");
    assert_eq!(
        object["error"]["help"][0],
        help.trim_start_matches("help: ")
    );
}
