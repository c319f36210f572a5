//! The command `stamp`.

use revchain_runtime::rusqlite::Connection;
use serde_json::json;

use crate::support::Shell;

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
