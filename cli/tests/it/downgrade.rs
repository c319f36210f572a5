//! The command `downgrade`.

use revchain_runtime::rusqlite::Connection;

use crate::support::{Shell, on_terminal};

#[test]
fn downgrade_without_a_terminal_requires_yes() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let (code, out, error) = shell.run("downgrade -d app.db -r 001");
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        error,
        "error: cannot ask for confirmation: standard input is not a terminal\napp.db: going from 003 to 001 reverts\n  003  Add tags.\n  002  Add notes.\nEverything that these revisions added will be lost.\nhelp: pass --yes"
    );
    assert_eq!(
        shell.ok("current -d app.db"),
        "app.db: 003 (head)  Add tags."
    );
}

#[test]
fn downgrade_of_adopted_revisions_names_them() {
    let shell = Shell::new();
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("CREATE TABLE users (a); CREATE TABLE notes (a)")
        .unwrap();
    drop(db);
    shell.ok("upgrade -d app.db");
    let warning = "\nThe database had the tables of 002, 001 before revchain: \
                   all their rows will be lost as well.\n";
    let (_, _, error) = shell.run("downgrade -d app.db base");
    assert!(error.contains(warning), "{error}");
    let (_, _, error) = shell.run("downgrade -d app.db 002");
    assert!(!error.contains("from before revchain"), "{error}");
}

#[test]
fn downgrade_reverts_one_revision_by_default() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    assert!(
        shell
            .ok("downgrade --yes -d app.db")
            .contains("downgraded from 003 to 002: 1 revision reverted")
    );
    assert!(
        shell
            .ok("downgrade --yes -d app.db -r base")
            .contains("downgraded from 002 to base: 2 revisions reverted")
    );
    assert!(
        shell
            .run("downgrade --yes -d app.db")
            .2
            .contains("there is nothing to revert")
    );
    assert!(
        shell
            .ok("downgrade -d app.db -r base")
            .contains("at base, nothing to do"),
        "nothing needs a confirmation"
    );
}

#[test]
fn downgrade_on_a_terminal_asks_for_confirmation() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    if on_terminal(&shell, "", "current -d app.db").is_none() {
        return;
    }
    let ask = |answer: &str| on_terminal(&shell, answer, "downgrade -d app.db").unwrap();
    let output = ask("n");
    assert!(
        output.contains("003  Add tags.") && output.contains("Continue? [y/N]"),
        "{output}"
    );
    assert!(
        output.contains("nothing was changed") && !output.contains("error"),
        "{output}"
    );
    assert_eq!(shell.json("current -d app.db --json")["current"], "003");
    assert!(ask("y").contains("downgraded from 003 to 002"));
}

#[test]
fn downgrade_of_a_merge_reverts_the_shown_revision() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_left.sql",
        "001",
        "CREATE TABLE l (a);",
        "DROP TABLE l;",
    );
    shell.migration(
        "20260105_0000_005_merge.sql",
        "003 004",
        "CREATE TABLE m (a);",
        "DROP TABLE m;",
    );
    shell.ok("upgrade -d app.db");
    let shown = shell.run("downgrade -d app.db").2;
    assert!(shown.contains("\n  005  Add merge.\nEverything"), "{shown}");
    assert!(
        shell
            .ok("downgrade --yes -d app.db")
            .contains("from 005 to 004: 1 revision reverted")
    );
    assert_eq!(
        shell.json("pending -d app.db --json")["pending"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
