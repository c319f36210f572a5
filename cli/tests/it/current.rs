//! The command `current`, and other read-only commands.

use std::fs;
use std::process::ExitCode;

use revchain_cli::Commands;
use revchain_prove::migrations_from_directory;
use revchain_runtime::Adopt;
use revchain_runtime::rusqlite::Connection;

use crate::support::{App, Shell};

#[test]
fn current_shows_the_revision_and_the_pending_count() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 002");
    assert_eq!(
        shell.ok("current -d app.db"),
        "app.db: 002 (1 pending)  Add notes."
    );
    shell.ok("upgrade -d app.db");
    assert_eq!(
        shell.ok("current -d app.db"),
        "app.db: 003 (head)  Add tags."
    );
}

#[test]
fn read_only_commands_create_no_file() {
    let shell = Shell::new();
    for command in ["current", "status"] {
        let (code, out, error) = shell.run(&format!("{command} -d app.db"));
        assert_eq!((code, out.as_str()), (1, ""), "{command}");
        assert!(error.contains("app.db: there is no such file"), "{error}");
    }
    assert!(
        shell
            .ok("pending -d app.db")
            .starts_with("app.db (the file does not exist yet): 3 pending")
    );
    assert!(
        shell
            .ok("history -d app.db")
            .starts_with("app.db (the file does not exist yet)")
    );
    let (code, _, error) = shell.run("downgrade --yes -d app.db");
    assert_eq!(
        (code, error.as_str()),
        (
            1,
            "error: app.db: there is no such file\nhelp: check the path\n\
             more: run `revchain explain missing`"
        )
    );
    assert_eq!(shell.run("stamp -r head -d app.db").0, 1);
    shell.run("graph -d app.db");
    let files: Vec<_> = fs::read_dir(shell.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files, ["migrations"]);
}

#[test]
fn read_only_commands_do_not_change_the_file() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 002");
    let before = fs::read(shell.path("app.db")).unwrap();
    for command in ["current", "pending", "history", "graph"] {
        shell.ok(&format!("{command} -d app.db"));
    }
    assert_eq!(fs::read(shell.path("app.db")).unwrap(), before);
}

#[test]
fn read_only_command_in_wal_mode_leaves_no_files() {
    let shell = Shell::new();
    Connection::open(shell.path("app.db"))
        .unwrap()
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    shell.ok("upgrade -d app.db");
    let files = || {
        let mut names: Vec<_> = fs::read_dir(shell.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = files();
    assert_eq!(
        shell.ok("current -d app.db"),
        "app.db: 003 (head)  Add tags."
    );
    assert_eq!(files(), before);
}

#[test]
fn read_only_command_after_a_crash_recovers_the_file() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let db = Connection::open(shell.path("app.db")).unwrap();
    // The copy is a file in the middle of a transaction, as after a crash.
    db.execute_batch("PRAGMA cache_size = 1; BEGIN; CREATE TABLE big AS SELECT randomblob(100000)")
        .unwrap();
    fs::copy(shell.path("app.db"), shell.path("crashed.db")).unwrap();
    fs::copy(
        shell.path("app.db-journal"),
        shell.path("crashed.db-journal"),
    )
    .unwrap();
    assert_eq!(
        shell.ok("current -d crashed.db"),
        "crashed.db: 003 (head)  Add tags."
    );
}

#[test]
fn current_accounts_for_a_baseline() {
    let shell = Shell::new();
    let migrations = migrations_from_directory(shell.path("migrations")).unwrap();
    Connection::open(shell.path("app.db"))
        .unwrap()
        .execute_batch("CREATE TABLE users (a)")
        .unwrap();
    let commands =
        Commands::new(migrations.migrator().adopt(Adopt::at("001"))).database(shell.path("app.db"));
    assert_eq!(App::run(&commands, &["current"]), ExitCode::SUCCESS);
    let pending = migrations
        .migrator()
        .adopt(Adopt::at("001"))
        .pending(&Connection::open(shell.path("app.db")).unwrap())
        .unwrap();
    assert_eq!(pending.len(), 2);
}
