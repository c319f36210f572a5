//! The program `revchain`, as a user of a shell sees it.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use clap::{CommandFactory, Parser};
use revchain_cli::Commands;
use revchain_runtime::Migrations;
use revchain_runtime::rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a chain of three revisions in `migrations/`.
struct Shell(TempDir);

impl Shell {
    fn new() -> Self {
        let shell = Self(tempfile::tempdir().unwrap());
        fs::create_dir(shell.path("migrations")).unwrap();
        shell.migration(
            "20260101_0000_001_users.sql",
            "base",
            "CREATE TABLE users (a);",
            "DROP TABLE users;",
        );
        shell.migration("20260102_0000_002_notes.sql", "001", "CREATE TABLE notes (a);", "DROP TABLE notes;");
        shell.migration("20260103_0000_003_tags.sql", "002", "CREATE TABLE tags (a);", "DROP TABLE tags;");
        shell
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn migration(&self, name: &str, revises: &str, upgrade: &str, downgrade: &str) {
        let what = name.trim_end_matches(".sql").rsplit('_').next().unwrap();
        let text = format!(
            "-- Add {what}.\n-- @revises {revises}\n\n-- @upgrade\n{upgrade}\n\n-- @downgrade\n{downgrade}\n"
        );
        fs::write(self.path("migrations").join(name), text).unwrap();
    }

    fn output(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_revchain"));
        command.current_dir(self.0.path()).args(arguments.split_whitespace()).output().unwrap()
    }

    /// Exit code, standard output and standard error.
    fn run(&self, arguments: &str) -> (i32, String, String) {
        let output = self.output(arguments);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().trim_end().to_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    /// Runs SQL on `app.db`, which must change a row where it changes rows.
    fn sql(&self, sql: &str) {
        let db = Connection::open(self.path("app.db")).unwrap();
        assert_eq!(db.execute(sql, []).unwrap(), 1, "{sql}");
    }

    /// The standard output of a command that goes well.
    fn ok(&self, arguments: &str) -> String {
        let (code, out, error) = self.run(arguments);
        assert_eq!(code, 0, "{error}");
        out
    }

    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.run(arguments).1).unwrap()
    }
}

/// An application that mounts the commands.
#[derive(clap::Parser)]
struct App {
    #[command(subcommand)]
    command: revchain_cli::Command,
}

/// Without what is never twice the same: durations and times.
fn steady(text: &str) -> String {
    text.split(" in ").next().unwrap().to_owned()
}

#[test]
fn the_arguments_are_declared_without_contradiction() {
    App::command().debug_assert();
}

#[test]
fn upgrade_makes_the_database_and_says_so() {
    let shell = Shell::new();
    let (code, out, error) = shell.run("upgrade -d app.db");
    assert_eq!((code, steady(&out).as_str()), (0, "app.db: new database at 003: 3 revisions applied"));
    assert!(error.contains("  001  Add users."), "{error}");
    assert_eq!(shell.ok("upgrade -d app.db"), "app.db: at 003, nothing to do");
}

#[test]
fn upgrade_goes_where_it_is_told() {
    let shell = Shell::new();
    assert!(shell.ok("upgrade -d app.db -r 001").contains("new database at 001: 1 revision applied"));
    assert!(shell.ok("upgrade -d app.db --revision +1").contains("upgraded from 001 to 002"));
    let (code, _, error) = shell.run("upgrade -d app.db -r 004");
    assert_eq!(
        (code, error.as_str()),
        (1, "error: app.db: there is no revision `004`: the chain goes from 001 to 003")
    );
    assert_eq!(shell.run("upgrade -d new.db -r 004").0, 1);
    assert!(!shell.path("new.db").exists(), "nothing was to be upgraded to");
}

#[test]
fn current_pending_and_history_tell_where_the_database_is() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 002");
    assert_eq!(shell.ok("current -d app.db"), "app.db: 002 (1 pending)  Add notes.");
    assert_eq!(shell.ok("pending -d app.db"), "app.db: 1 pending\n  003  Add tags.");
    let history = shell.ok("history -d app.db");
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[1].starts_with("  003  pending") && lines[1].ends_with("Add tags. (head)"), "{history}");
    assert!(
        lines[2].starts_with("  002  20") && lines[2].ends_with("Z  upgrade  Add notes. (current)"),
        "{history}"
    );
    shell.ok("upgrade -d app.db");
    assert_eq!(shell.ok("current -d app.db"), "app.db: 003 (head)  Add tags.");
    assert_eq!(shell.ok("pending -d app.db"), "app.db: nothing pending");
}

#[test]
fn commands_that_only_look_make_no_file() {
    let shell = Shell::new();
    assert_eq!(shell.ok("current -d app.db"), "app.db: base (there is no such file yet)");
    assert!(shell.ok("pending -d app.db").starts_with("app.db: 3 pending"));
    assert!(shell.ok("history -d app.db").starts_with("app.db (there is no such file yet)"));
    let (code, _, error) = shell.run("downgrade --yes -d app.db");
    assert_eq!((code, error.as_str()), (1, "error: app.db: there is no such file"));
    assert_eq!(shell.run("stamp -r head -d app.db").0, 1);
    let files: Vec<_> =
        fs::read_dir(shell.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["migrations"]);
}

#[test]
fn commands_that_only_look_do_not_change_a_file() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 002");
    let before = fs::read(shell.path("app.db")).unwrap();
    for command in ["current", "pending", "history"] {
        shell.ok(&format!("{command} -d app.db"));
    }
    assert_eq!(fs::read(shell.path("app.db")).unwrap(), before);
}

#[test]
fn downgrade_refuses_without_a_terminal_and_shows_what_it_would_revert() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let (code, out, error) = shell.run("downgrade -d app.db -r 001");
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        error,
        "error: app.db: going from 003 to 001 reverts\n  003  Add tags.\n  002  Add notes.\nEverything that these revisions added will be lost.\nstandard input is not a terminal, so this cannot be confirmed: pass --yes"
    );
    assert_eq!(shell.ok("current -d app.db"), "app.db: 003 (head)  Add tags.");
}

#[test]
fn downgrade_goes_one_step_unless_told() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    assert!(
        shell.ok("downgrade --yes -d app.db").contains("downgraded from 003 to 002: 1 revision reverted")
    );
    assert!(
        shell
            .ok("downgrade --yes -d app.db -r base")
            .contains("downgraded from 002 to base: 2 revisions reverted")
    );
    assert!(shell.run("downgrade --yes -d app.db").2.contains("there is nothing to revert"));
    assert!(
        shell.ok("downgrade -d app.db -r base").contains("at base, nothing to do"),
        "there is nothing to ask"
    );
}

/// What is said on a terminal, which `script` makes; nothing where there is no such program.
fn on_terminal(shell: &Shell, answer: &str, arguments: &str) -> Option<String> {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("there is no program `script` here, so this was not tested");
        return None;
    }
    let program = env!("CARGO_BIN_EXE_revchain");
    let command = format!("echo {answer} | TERM=xterm script -qec '{program} {arguments}' /dev/null");
    let mut shell_command = Command::new("sh");
    shell_command.current_dir(shell.0.path()).args(["-c", &command]).env_remove("NO_COLOR");
    Some(String::from_utf8_lossy(&shell_command.output().unwrap().stdout).into_owned())
}

#[test]
fn there_are_colours_on_a_terminal() {
    let shell = Shell::new();
    let Some(said) = on_terminal(&shell, "", "history -d app.db") else { return };
    assert!(said.contains('\u{1b}') && said.contains("Add tags."), "{said}");
}

#[test]
fn downgrade_asks_on_a_terminal() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    if on_terminal(&shell, "", "current -d app.db").is_none() {
        return;
    }
    let ask = |answer: &str| on_terminal(&shell, answer, "downgrade -d app.db").unwrap();
    let said = ask("n");
    assert!(said.contains("003  Add tags.") && said.contains("Continue? [y/N]"), "{said}");
    assert!(said.contains("nothing was changed") && !said.contains("error"), "{said}");
    assert_eq!(shell.json("current -d app.db --json")["current"], "003");
    assert!(ask("y").contains("downgraded from 003 to 002"));
}

#[test]
fn a_backup_is_made_where_one_is_asked_for_and_put_back() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 001 --backup backups");
    assert!(!shell.path("backups").exists(), "there was nothing to lose");
    shell.sql("INSERT INTO users VALUES (7)");
    let (code, _, progress) = shell.run("upgrade -d app.db --backup backups --keep 2");
    assert_eq!(code, 0, "{progress}");
    let backup = fs::read_dir(shell.path("backups")).unwrap().next().unwrap().unwrap().file_name();
    let backup = format!("backups/{}", backup.to_str().unwrap());
    assert!(progress.starts_with(&format!("backup: {backup}\n")), "{progress}");
    assert!(backup.ends_with(".001.db"), "{backup}");
    shell.sql("DELETE FROM users");

    let (code, _, error) = shell.run(&format!("restore {backup} -d app.db"));
    assert_eq!(code, 2);
    assert!(
        error.contains(&format!("app.db: restoring {backup}\nEverything that is in it now will be lost.")),
        "{error}"
    );
    assert!(error.contains("pass --yes"), "{error}");
    assert_eq!(
        shell.ok(&format!("restore {backup} -d app.db --yes")),
        "app.db: restored: at 001, where it was at 003"
    );
    shell.sql("UPDATE users SET a = 8 WHERE a = 7");
    let json = shell.json(&format!("upgrade -d app.db --backup {} --json", "backups"));
    // The older one of the same, if a second has passed since, is gone.
    let backup = json["backup"].as_str().unwrap();
    assert!(backup.starts_with("backups/app."), "{json}");
    // In the place of nothing, nobody is asked.
    assert_eq!(
        shell.ok(&format!("restore {backup} -d new.db")),
        "new.db: restored: at 001, where it was at base"
    );

    fs::write(shell.path("text.db"), "no database").unwrap();
    for (file, words) in [
        ("text.db", "text.db: this cannot be put back, so nothing was changed"),
        ("gone.db", "gone.db: there is no such file"),
    ] {
        let (code, _, error) = shell.run(&format!("restore {file} -d other.db --yes"));
        assert_eq!(code, 1);
        assert!(error.contains(words), "{error}");
        assert!(!shell.path("other.db").exists());
    }
}

#[test]
fn a_dry_run_says_what_would_come_of_it_and_changes_nothing() {
    let shell = Shell::new();
    let text = shell.ok("upgrade -d app.db --dry-run");
    assert!(text.starts_with("app.db: new database at 003: 3 revisions applied in "), "{text}");
    assert!(!shell.path("app.db").exists());
    shell.ok("upgrade -d app.db -r 001");
    shell.sql("INSERT INTO users VALUES (7)");
    let before = fs::read(shell.path("app.db")).unwrap();
    let text = shell.ok("upgrade -d app.db --dry-run");
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.starts_with("app.db: upgraded from 001 to 003: 2 revisions applied in "), "{text}");
    assert_eq!(
        rest,
        "dry run: this was done to a copy, and the database is as it was\n  rows of notes: none → 0\n  \
         rows of tags: none → 0\n  + table notes (a)\n  + table tags (a)"
    );
    // What a downgrade would take along, without being asked.
    let text = shell.ok("downgrade -d app.db -r base --dry-run");
    assert!(text.contains("rows of users: 1 → none\n  - table users (a)"), "{text}");
    let json = shell.json("upgrade -d app.db --dry-run --json");
    assert_eq!(json["rehearsal"]["tables"][0], json!({ "table": "notes", "before": null, "after": 0 }));
    assert_eq!(json["rehearsal"]["diff"][1], "+ table tags (a)");
    assert_eq!(fs::read(shell.path("app.db")).unwrap(), before);
}

#[test]
fn stamp_records_where_a_database_is() {
    let shell = Shell::new();
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("CREATE TABLE users (a); CREATE INDEX mine ON users (a)").unwrap();
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains("the nearest is 001, from which it differs:\n    + index mine ON users (a)\n")
            && error.contains(".baseline_unchecked(\"001\")"),
        "{error}"
    );
    assert_eq!(shell.ok("current -d app.db"), "app.db: base (it has tables, but no history)");
    assert!(shell.ok("history -d app.db").starts_with("app.db (it has tables, but no history)\n"));
    let (code, out, error) = shell.run("stamp -d app.db -r 001");
    assert_eq!((code, out.as_str()), (0, "app.db: stamped at 001: 1 revision recorded, nothing run"));
    assert_eq!(error, "warning: the schema is no longer that of 001:\n    + index mine ON users (a)");
    assert_eq!(shell.json("stamp -d app.db -r 001 --json")["drift"], json!(["+ index mine ON users (a)"]));
    assert_eq!(shell.run("upgrade -d app.db").0, 1, "it has drifted");
    let (_, out, error) = shell.run("upgrade -d app.db --allow-drift");
    assert!(out.contains("upgraded from 001 to 003"), "{out}");
    assert!(
        error.starts_with("the schema is no longer that of 001: `check` shows what is different"),
        "{error}"
    );
    assert_eq!(shell.run("downgrade -d app.db --yes").0, 1);
    db.execute_batch("DROP INDEX mine").unwrap();
    assert!(shell.ok("downgrade -d app.db --yes").contains("downgraded from 003 to 002"));
    assert_eq!(shell.run("stamp -d app.db").0, 2, "a stamp names its revision");
}

#[test]
fn a_database_without_a_history_is_recognised() {
    let shell = Shell::new();
    shell.migration("20260104_0000_004_data.sql", "003", "UPDATE tags SET a = 1;", "UPDATE tags SET a = 0;");
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("CREATE TABLE users (a); CREATE TABLE notes (a);").unwrap();
    assert_eq!(
        shell.ok("current -d app.db"),
        "app.db: base (it has tables, but no history: an upgrade would record 002 and apply 2)"
    );
    db.execute_batch("CREATE TABLE tags (a)").unwrap();
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains("that of several revisions: 003, 004") && error.contains("--adopt-as 004"),
        "{error}"
    );
    assert!(shell.ok("upgrade -d app.db --adopt-as 003").contains("adopted at 003, then upgraded to 004"));
    assert!(shell.ok("history -d app.db").contains("  adopt    Add tags."));
}

#[test]
fn check_compares_a_database_with_its_revision() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let proven = "migrations: 3 revisions proven, up, down and up again; the head is 003";
    assert_eq!(shell.ok("check -d app.db"), format!("{proven}\napp.db: the schema is that of 003"));
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("DROP TABLE notes; CREATE TABLE of_others (a)").unwrap();
    let (code, out, error) = shell.run("check -d app.db");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        error.contains(
            "app.db: the schema is no longer that of 003:\n    - table notes (a)\n    + table of_others (a)\n"
        ),
        "{error}"
    );
    let (_, out, _) = shell.run("check -d app.db --ignore-tables of_*,none --json");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["error"]["code"], "drifted");
    assert_eq!(json["error"]["drift"], json!(["- table notes (a)"]));
    assert_eq!(shell.run("check -d missing.db").0, 1);
    assert!(!shell.path("missing.db").exists());
}

#[test]
fn check_proves_a_directory_as_a_build_does() {
    let shell = Shell::new();
    assert_eq!(shell.json("check migrations --json")["revisions"], 3);
    shell.ok("lock");
    assert_eq!(
        shell.ok("check"),
        "migrations: 3 revisions locked, of which only the upgrade was run (--all proves them again); the head is 003"
    );
    // What was locked without a proof, by an older version, is found by proving all of it.
    fs::remove_file(shell.path("migrations/revchain.lock")).unwrap();
    shell.migration("20260103_0000_003_tags.sql", "002", "CREATE TABLE tags (a);", "SELECT 1;");
    let (code, _, error) = shell.run("check migrations");
    assert_eq!(code, 1);
    assert!(
        error.starts_with("error: [downgrade-does-not-restore] the downgrade of 003 does not give back the schema of 002\n  migrations/20260103_0000_003_tags.sql:8:1\n"),
        "{error}"
    );
    let (code, out, _) = shell.run("check --json");
    assert_eq!(code, 1);
    let defect = serde_json::from_str::<Value>(&out).unwrap()["error"]["defects"][0].clone();
    assert_eq!((&defect["code"], &defect["line"]), (&json!("downgrade-does-not-restore"), &json!(8)));
    assert_eq!(defect["details"], json!(["+ table tags (a)"]));
    assert!(shell.run("lock").2.contains("[downgrade-does-not-restore]"), "what is not proven is not locked");
    assert!(!shell.path("migrations/revchain.lock").exists());
}

#[test]
fn check_counts_what_is_locked_and_proves_it_again_if_told_to() {
    let shell = Shell::new();
    shell.ok("lock -r 002");
    assert_eq!(
        shell.ok("check"),
        "migrations: 1 revision proven, up, down and up again, and 2 revisions locked, of which only the upgrade was run (--all proves them again); the head is 003"
    );
    assert_eq!(
        shell.ok("check --all"),
        "migrations: 3 revisions proven, up, down and up again; the head is 003"
    );
    // A downgrade that was locked before it was proven.
    shell.migration("20260102_0000_002_notes.sql", "001", "CREATE TABLE notes (a);", "SELECT 1;");
    fs::remove_file(shell.path("migrations/revchain.lock")).unwrap();
    let chain = Migrations::from_directory_unproven(shell.path("migrations")).unwrap();
    let text = revchain_core::lock::text(chain.chain(), chain.revisions());
    fs::write(shell.path("migrations/revchain.lock"), text).unwrap();
    shell.ok("check");
    assert!(shell.run("check --all").2.contains("[downgrade-does-not-restore] the downgrade of 002"));
}

#[test]
fn check_says_what_it_could_not_show() {
    let shell = Shell::new();
    let write = |name: &str, text: &str| fs::write(shell.path("migrations").join(name), text).unwrap();
    let irreversible = "-- Hash.\n-- @revises 003\n-- @irreversible the texts are gone\n-- @upgrade\n";
    write("20260104_0000_004_hash.sql", &format!("{irreversible}UPDATE users SET a = 1;\n"));
    assert!(shell.ok("check").ends_with("up again; 1 irreversible; the head is 004"));
    shell.migration(
        "20260105_0000_005_index.sql",
        "004",
        "CREATE INDEX i ON users (norm(a));",
        "DROP INDEX i;",
    );
    let index = fs::read_to_string(shell.path("migrations/20260105_0000_005_index.sql")).unwrap();
    write(
        "20260105_0000_005_index.sql",
        &index.replace("@revises 004", "@revises 004\n-- @unproven the program registers norm()"),
    );
    let text = shell.ok("check");
    assert!(text.contains("; from 005 on, the schema is not known (@unproven); 1 irreversible"), "{text}");
    assert_eq!(shell.json("check --json")["unknown_from"], "005");
}

#[test]
fn check_says_where_no_rows_could_be_made_up() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_codes.sql",
        "003",
        "CREATE TABLE codes (a TEXT NOT NULL CHECK (length(a) = 300));",
        "DROP TABLE codes;",
    );
    shell.migration(
        "20260105_0000_005_more.sql",
        "004",
        "CREATE TABLE new (a TEXT NOT NULL, b); INSERT INTO new SELECT a, NULL FROM codes; DROP TABLE codes; ALTER TABLE new RENAME TO codes;",
        "CREATE TABLE new (a TEXT NOT NULL CHECK (length(a) = 300)); INSERT INTO new SELECT a FROM codes; DROP TABLE codes; ALTER TABLE new RENAME TO codes;",
    );
    let text = shell.ok("check");
    assert!(
        text.lines().nth(1).is_some_and(|line| line.starts_with("note: ") && line.contains("codes")),
        "{text}"
    );
}

#[test]
fn check_tells_of_a_head_that_the_lock_does_not_name() {
    let shell = Shell::new();
    shell.ok("lock");
    shell.migration("20260104_0000_004_more.sql", "003", "CREATE TABLE more (a);", "DROP TABLE more;");
    let (code, _, error) = shell.run("check");
    assert!(code == 1 && error.contains("[lock-head-differs]"), "{error}");
}

#[test]
fn check_of_a_directory_and_a_database_says_both() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let json = shell.json("check -d app.db --json");
    assert_eq!((&json["revisions"], &json["current"]), (&json!(3), &json!("003")));
    // In an application, too.
    let migrations = Migrations::from_directory(shell.path("migrations")).unwrap();
    let (directory, database) = (shell.path("migrations"), shell.path("app.db"));
    let (directory, database) = (directory.to_str().unwrap(), database.to_str().unwrap());
    let check = |arguments: &[&str]| {
        let command = App::parse_from(["app", "check"].iter().chain(arguments)).command;
        Commands::new(migrations.options()).database(database).run(&command)
    };
    assert_eq!(check(&[directory, "-d", database]), ExitCode::SUCCESS);
    assert_eq!(check(&["--all"]), ExitCode::from(2), "there is nothing to prove");
    Connection::open(database).unwrap().execute_batch("DROP TABLE notes").unwrap();
    assert_eq!(check(&[directory, "-d", database]), ExitCode::from(1));
    assert_eq!(check(&[directory]), ExitCode::SUCCESS);
}

/// A build looks at a lock only if it was there at the last one.
#[test]
fn a_first_lock_makes_the_file_of_the_head_look_new() {
    let shell = Shell::new();
    let head = shell.path("migrations/20260103_0000_003_tags.sql");
    let modified = || fs::metadata(&head).unwrap().modified().unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    let age = || fs::File::options().append(true).open(&head).unwrap().set_modified(long_ago).unwrap();
    age();
    shell.ok("lock -r 001");
    assert!(modified() > long_ago);
    age();
    shell.ok("lock");
    assert_eq!(modified(), long_ago, "it was there already");
}

#[test]
fn a_newer_database_is_shown_and_not_touched() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    fs::remove_file(shell.path("migrations/20260103_0000_003_tags.sql")).unwrap();
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains(
            "the database is ahead of this program, whose head is 002: it also has\n  003  Add tags. ("
        ),
        "{error}"
    );
    assert!(
        error.contains(concat!(", by revchain ", env!("CARGO_PKG_VERSION"), ")\nhelp: use a version")),
        "{error}"
    );
    let history = shell.ok("history -d app.db");
    let newest = history.lines().nth(1).unwrap();
    let words = concat!(
        "  Add tags. (current) (unknown to this program, by revchain ",
        env!("CARGO_PKG_VERSION"),
        ")"
    );
    assert!(newest.ends_with(words), "{history}");
    let revisions = shell.json("history -d app.db --json")["revisions"].take();
    assert_eq!(revisions[0]["program"], concat!("revchain ", env!("CARGO_PKG_VERSION")));
    assert!(history.lines().nth(2).unwrap().ends_with("Add notes. (head)"), "{history}");
    assert_eq!(shell.json("upgrade -d app.db --json")["error"]["code"], "ahead");
    let error = shell.json("downgrade -d app.db --yes --json")["error"].take();
    assert_eq!(error["code"], "ahead");
    assert_eq!(
        (&error["unknown"][0]["revision"], &error["unknown"][0]["summary"]),
        (&json!("003"), &json!("Add tags."))
    );
}

#[test]
fn a_newer_database_that_is_compatible_is_used_as_it_is() {
    let shell = Shell::new();
    let file = "migrations/20260103_0000_003_tags.sql";
    let text = fs::read_to_string(shell.path(file)).unwrap();
    fs::write(shell.path(file), text.replace("-- @upgrade", "-- @compatible\n-- @upgrade")).unwrap();
    shell.ok("upgrade -d app.db");
    fs::remove_file(shell.path(file)).unwrap();
    assert!(shell.ok("upgrade -d app.db").ends_with("app.db: at 003, nothing to do"));
    let current = shell.ok("current -d app.db");
    let words = "app.db: 002 (head; a newer program has added what this one need not know: 003  Add tags. (";
    assert!(current.starts_with(words), "{current}");
    assert_eq!(shell.json("current -d app.db --json")["newer"], json!(["003"]));
    assert!(shell.ok("pending -d app.db").ends_with("nothing pending"));
    assert!(
        shell.ok("check -d app.db").contains("the schema of 003 is not known: a newer program has added it")
    );
}

#[test]
fn the_history_marks_what_was_edited_since() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    shell.migration("20260102_0000_002_notes.sql", "001", "CREATE TABLE notes (a, b);", "DROP TABLE notes;");
    let history = shell.ok("history -d app.db");
    let edited: Vec<&str> = history.lines().filter(|line| line.contains("(edited since)")).collect();
    assert!(edited.len() == 1 && edited[0].starts_with("  002  "), "{history}");
    assert_eq!(shell.json("history -d app.db --json")["revisions"][1]["edited"], true);
    assert_eq!(shell.run("upgrade -d app.db").0, 1);
    shell.ok("stamp -d app.db -r head");
    assert!(!shell.ok("history -d app.db").contains("(edited since)"));
}

#[test]
fn a_file_that_cannot_be_opened_is_told_why() {
    let shell = Shell::new();
    let error = |path: &str| shell.run(&format!("upgrade -d {path}")).2;
    assert!(
        error("no/such/app.db")
            .ends_with("no/such/app.db: the database cannot be opened: its folder does not exist")
    );
    assert!(error("migrations").ends_with("migrations: the database cannot be opened: it is a directory"));
    fs::write(shell.path("text.db"), "no database ".repeat(100)).unwrap();
    assert_eq!(error("text.db"), "error: text.db: this is no SQLite database, or it is encrypted");
}

#[test]
fn json_is_for_scripts() {
    let shell = Shell::new();
    assert_eq!(
        shell.json("current -d app.db --json"),
        json!({ "database": "app.db", "exists": false, "current": null, "head": "003", "pending": ["001", "002", "003"], "newer": [] })
    );
    let mut report = shell.json("upgrade -d app.db --json");
    for applied in report["applied"].as_array_mut().unwrap() {
        assert!(applied["duration_us"].take().as_u64().is_some());
    }
    assert_eq!(
        report,
        json!({
            "database": "app.db", "outcome": "new", "from": null, "to": "003",
            "applied": [
                { "revision": "001", "duration_us": null },
                { "revision": "002", "duration_us": null },
                { "revision": "003", "duration_us": null },
            ],
            "reverted": [], "stamped": [], "unstamped": [], "backup": null, "rehearsal": null,
        })
    );
    assert_eq!(shell.json("downgrade --yes -d app.db --json")["reverted"][0]["revision"], "003");
    assert_eq!(
        shell.json("pending -d app.db --json")["pending"],
        json!([{ "revision": "003", "summary": "Add tags." }])
    );
    let history = shell.json("history -d app.db --json");
    assert_eq!(history["revisions"][0]["applied_at"], Value::Null);
    assert_eq!(
        (&history["revisions"][1]["current"], &history["revisions"][1]["origin"]),
        (&json!(true), &json!("upgrade"))
    );
    let (code, out, error) = shell.run("upgrade -d app.db -r nowhere --json");
    assert_eq!((code, error.as_str()), (1, ""));
    assert!(out.contains("\"code\":\"unknown-target\""), "{out}");
}

#[test]
fn migrate_writes_the_next_file_of_the_chain() {
    let shell = Shell::new();
    let path = shell.ok("migrate Add-browser-sessions,_and:_more");
    assert!(
        path.starts_with("migrations/20") && path.ends_with("_004_add_browser_sessions_and_more.sql"),
        "{path}"
    );
    let text = fs::read_to_string(shell.path(&path)).unwrap();
    assert_eq!(
        text,
        "-- Add-browser-sessions,_and:_more.\n-- @revises 003\n\n-- @upgrade\n\n-- @downgrade\n"
    );
    // What is not filled in is a defect, so an empty revision is not shipped; nor is one written after it.
    let (code, _, error) = shell.run("migrate again");
    assert_eq!(code, 1);
    assert!(error.contains("[empty-section]") && error.contains(&path), "{error}");
    fs::write(
        shell.path(&path),
        text.replace("@upgrade\n", "@upgrade\nCREATE TABLE s (a);")
            .replace("@downgrade\n", "@downgrade\nDROP TABLE s;"),
    )
    .unwrap();
    assert_eq!(shell.json("new again --json")["revises"], "004");
}

#[test]
fn migrate_begins_a_chain_where_there_is_none() {
    let shell = Shell::new();
    let path = shell.ok("migrate --directory database/migrations Initial");
    assert!(path.starts_with("database/migrations/20") && path.ends_with("_001_initial.sql"), "{path}");
    assert!(fs::read_to_string(shell.path(&path)).unwrap().contains("-- @revises base\n"));
}

#[test]
fn migrate_counts_on_or_takes_the_id_that_it_is_given() {
    let shell = Shell::new();
    shell.migration("20991231_0000_099_future.sql", "003", "CREATE TABLE f (a);", "DROP TABLE f;");
    let path = shell.ok("migrate x");
    assert!(
        path.starts_with("migrations/20991231_0000_100_x"),
        "it is dated no earlier than its parent: {path}"
    );
    fs::remove_file(shell.path(&path)).unwrap();
    assert!(shell.ok("migrate -r abc x").ends_with("_abc_x.sql"));
    let (code, _, error) = shell.run("--directory nowhere migrate -r HEAD x");
    assert_eq!(code, 2, "{error}");
    assert_eq!(shell.run("--directory nowhere migrate ...").0, 2);
}

#[test]
fn defects_are_told_as_in_a_build() {
    let shell = Shell::new();
    shell.migration("20260104_0000_004_other.sql", "002", "CREATE TABLE o (a);", "DROP TABLE o;");
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(error.contains("[multiple-heads] two revisions revise 002: only one can"), "{error}");
    assert!(error.contains("help: make 004 revise 003"), "{error}");
}

#[test]
fn usage_errors_have_their_own_exit_code() {
    let shell = Shell::new();
    let (code, _, error) = shell.run("upgrade");
    assert_eq!((code, error.as_str()), (2, "error: no database given: pass -d PATH"));
    assert_eq!(shell.run("no-such-command").0, 2);
    assert_eq!(shell.run("").0, 2);
}

#[test]
fn there_are_no_colours_but_on_a_terminal() {
    let shell = Shell::new();
    let output = shell.output("history -d app.db");
    assert!(!output.stdout.contains(&0x1b));
    assert!(!shell.output("upgrade").stderr.contains(&0x1b));
}

#[test]
fn migrate_in_an_application_writes_into_the_chain_it_was_built_from_and_no_other() {
    let shell = Shell::new();
    let migrations = Migrations::from_directory(shell.path("migrations")).unwrap();
    let migrate = |directory: Option<&str>| {
        let commands = match directory {
            Some(directory) => Commands::new(migrations.options()).directory(shell.path(directory)),
            None => Commands::new(migrations.options()),
        };
        commands.run(&App::parse_from(["app", "migrate", "More", "-d", "unused.db"]).command)
    };
    fs::create_dir(shell.path("elsewhere")).unwrap();
    assert_eq!(migrate(Some("elsewhere")), ExitCode::from(1));
    assert_eq!(fs::read_dir(shell.path("elsewhere")).unwrap().count(), 0);
    assert_eq!(migrate(None), ExitCode::SUCCESS);
    assert_eq!(fs::read_dir(shell.path("migrations")).unwrap().count(), 4);
}

#[test]
fn looking_at_a_database_in_wal_mode_leaves_no_files_behind() {
    let shell = Shell::new();
    Connection::open(shell.path("app.db")).unwrap().pragma_update(None, "journal_mode", "wal").unwrap();
    shell.ok("upgrade -d app.db");
    let files = || {
        let mut names: Vec<_> =
            fs::read_dir(shell.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    assert_eq!(shell.ok("current -d app.db"), "app.db: 003 (head)  Add tags.");
    assert_eq!(files(), before);
}

#[test]
fn looking_at_a_database_after_a_crash_recovers_it() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let db = Connection::open(shell.path("app.db")).unwrap();
    // A transaction that has written into the file and not committed, copied as a crash would leave it.
    db.execute_batch("PRAGMA cache_size = 1; BEGIN; CREATE TABLE big AS SELECT randomblob(100000)").unwrap();
    fs::copy(shell.path("app.db"), shell.path("crashed.db")).unwrap();
    fs::copy(shell.path("app.db-journal"), shell.path("crashed.db-journal")).unwrap();
    assert_eq!(shell.ok("current -d crashed.db"), "crashed.db: 003 (head)  Add tags.");
}

#[test]
fn a_path_is_the_path_of_a_file_whatever_it_looks_like() {
    let shell = Shell::new();
    for path in ["file:app.db?mode=memory", ":memory:"] {
        shell.ok(&format!("upgrade -d {path}"));
        assert!(shell.path(path).exists());
        assert!(shell.ok(&format!("current -d {path}")).contains("003 (head)"));
    }
}

#[test]
fn an_application_prepares_the_file_before_an_upgrade_makes_it() {
    let shell = Shell::new();
    let migrations = Migrations::from_directory(shell.path("migrations")).unwrap();
    let upgrade = |target: &str| {
        let command = App::parse_from(["app", "upgrade", "-r", target]).command;
        let prepare = |path: &Path| match path.ends_with("new/app.db") {
            true => fs::create_dir(path.parent().unwrap()).map_err(|error| error.to_string()),
            false => Err("not there".to_owned()),
        };
        let commands = Commands::new(migrations.options()).before_upgrade(prepare);
        (commands.database(shell.path("new/app.db")).run(&command), shell.path("new/app.db").exists())
    };
    assert_eq!(upgrade("nowhere"), (ExitCode::from(1), false));
    assert!(!shell.path("new").exists(), "what cannot be upgraded is not prepared");
    assert_eq!(upgrade("head"), (ExitCode::SUCCESS, true));
    assert_eq!(upgrade("head"), (ExitCode::from(1), true), "an error of it ends the command");
}

#[test]
fn downgrade_reverts_what_it_shows_also_behind_a_merge() {
    let shell = Shell::new();
    shell.migration("20260104_0000_004_left.sql", "001", "CREATE TABLE l (a);", "DROP TABLE l;");
    shell.migration("20260105_0000_005_merge.sql", "003 004", "CREATE TABLE m (a);", "DROP TABLE m;");
    shell.ok("upgrade -d app.db");
    let shown = shell.run("downgrade -d app.db").2;
    assert!(shown.contains("\n  005  Add merge.\nEverything"), "{shown}");
    assert!(shell.ok("downgrade --yes -d app.db").contains("from 005 to 004: 1 revision reverted"));
    assert_eq!(shell.json("pending -d app.db --json")["pending"].as_array().unwrap().len(), 1);
}

#[test]
fn current_says_what_a_baseline_would_do() {
    let shell = Shell::new();
    let migrations = Migrations::from_directory(shell.path("migrations")).unwrap();
    Connection::open(shell.path("app.db")).unwrap().execute_batch("CREATE TABLE users (a)").unwrap();
    let command = App::parse_from(["app", "current"]).command;
    let commands = Commands::new(migrations.options().baseline("001")).database(shell.path("app.db"));
    assert_eq!(commands.run(&command), ExitCode::SUCCESS);
    let pending = migrations
        .options()
        .baseline("001")
        .pending(&Connection::open(shell.path("app.db")).unwrap())
        .unwrap();
    assert_eq!(pending.len(), 2);
}

#[test]
fn no_summary_steers_the_terminal() {
    let shell = Shell::new();
    let path = shell.path("migrations/20260104_0000_004_x.sql");
    let text =
        "-- A \u{1b}[31m summary.\n-- @revises 003\n-- @upgrade\nSELECT 1;\n-- @downgrade\nSELECT 1;\n";
    fs::write(path, text).unwrap();
    for command in ["pending", "history", "upgrade", "current"] {
        let (_, out, error) = shell.run(&format!("{command} -d app.db"));
        assert!(!out.contains('\u{1b}') && !error.contains('\u{1b}'), "{command}");
        // Where no terminal is, what steers one would be left out in any case.
        assert!(format!("{out}{error}").contains("A \\u{1b}[31m summary."), "{command}: {out}{error}");
    }
}

/// What the program says of a directory and of a database, for people and for scripts.
#[test]
fn no_name_in_a_directory_steers_the_terminal() {
    let odd = "\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{200b}";
    let check = |what: &str, said: (i32, String, String)| {
        let said = [said.1, said.2].concat();
        let is_unseen = |c: &char| c.is_control() || !c.is_ascii() && odd.contains(*c);
        let unseen: String = said.chars().filter(|c| *c != '\n' && is_unseen(c)).collect();
        assert!(unseen.is_empty(), "{what}: {unseen:?} in {said:?}");
        said
    };
    let shell = Shell::new();
    // No rows can be made up for it, which is told; and a copy of it is changed, which is told, too.
    shell.migration(
        "20260104_0000_004_odd.sql",
        "003",
        &format!(
            "CREATE TABLE \"t{odd}\" (a TEXT NOT NULL CHECK (length(a) = 300)); CREATE INDEX \"i{odd}\" ON \"t{odd}\" (a);"
        ),
        &format!("DROP TABLE \"t{odd}\";"),
    );
    shell.migration(
        "20260105_0000_005_odd.sql",
        "004",
        &format!("CREATE TABLE n (a TEXT NOT NULL); INSERT INTO n SELECT a FROM \"t{odd}\"; DROP TABLE \"t{odd}\"; ALTER TABLE n RENAME TO \"t{odd}\"; CREATE INDEX \"i{odd}\" ON \"t{odd}\" (a);"),
        &format!("CREATE TABLE n (a TEXT NOT NULL CHECK (length(a) = 300)); INSERT INTO n SELECT a FROM \"t{odd}\"; DROP TABLE \"t{odd}\"; ALTER TABLE n RENAME TO \"t{odd}\"; CREATE INDEX \"i{odd}\" ON \"t{odd}\" (a);"),
    );
    assert!(check("proof", shell.run("check migrations")).contains("note: "));
    assert!(check("rehearsal", shell.run("upgrade -d app.db --dry-run")).contains("\\u{1b}"));
    check("upgrade", shell.run("upgrade -d app.db"));
    Connection::open(shell.path("app.db"))
        .unwrap()
        .execute_batch(&format!("CREATE TABLE \"x{odd}\" (a)"))
        .unwrap();
    check("drift", shell.run("check -d app.db"));
    check("drift as JSON", shell.run("check -d app.db --json"));
    fs::write(shell.path("migrations").join(format!("{odd}.txt")), "").unwrap();
    fs::write(shell.path("migrations").join(format!("2026{odd}\n.sql")), format!("-- @{odd}\n")).unwrap();
    for command in [
        "check migrations",
        "check migrations --json",
        "pending -d app.db",
        "migrate x",
        "rebase",
        "lock --json",
    ] {
        let said = check(command, shell.run(command));
        assert!(said.contains("stray-file"), "{command}: {said}");
    }
    let stray = &shell.json("check migrations --json")["error"]["defects"];
    assert!(stray.as_array().unwrap().iter().any(|defect| defect["path"] == format!("migrations/{odd}.txt")));
}

#[test]
fn migrate_takes_any_directory() {
    use std::os::unix::ffi::OsStrExt;

    let shell = Shell::new();
    let odd = shell.0.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    let output = Command::new(env!("CARGO_BIN_EXE_revchain"))
        .args(["migrate", "x\u{7}", "--directory"])
        .arg(&odd)
        .output()
        .unwrap();
    assert!(output.status.success());
    let file = fs::read_dir(odd).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(file).unwrap().starts_with("-- x.\n"));
}

#[test]
fn lock_writes_down_what_is_released_and_migrate_keeps_its_head_true() {
    let shell = Shell::new();
    let lock = || fs::read_to_string(shell.path("migrations/revchain.lock")).unwrap();
    let out = shell.ok("lock -r 002");
    assert_eq!(out, "migrations/revchain.lock: 2 locked up to 002, 2 of them new; the head is 003");
    assert!(lock().ends_with("\nhead 20260103_0000_003_tags.sql\n"));
    // What is not locked may change; what is may not.
    shell.migration("20260103_0000_003_tags.sql", "002", "CREATE TABLE tags (a, b);", "DROP TABLE tags;");
    shell.ok("upgrade -d app.db");
    shell.migration("20260102_0000_002_notes.sql", "001", "CREATE TABLE notes (a, b);", "DROP TABLE notes;");
    for command in ["upgrade -d app.db", "lock", "migrate more"] {
        let (code, _, error) = shell.run(command);
        assert_eq!(code, 1);
        assert!(
            error.contains("[locked-revision-changed] the locked revision 002 has changed: its upgrade"),
            "{error}"
        );
    }
    shell.migration("20260102_0000_002_notes.sql", "001", "CREATE TABLE notes (a);", "DROP TABLE notes;");
    let path = shell.ok("migrate more");
    assert!(lock().ends_with(&format!("\nhead {}\n", path.trim_start_matches("migrations/"))), "{}", lock());
    assert_eq!(lock().matches("\n00").count(), 2, "migrate locks nothing");
    // A file that is added by hand is told what to do.
    fs::remove_file(shell.path(&path)).unwrap();
    assert!(shell.run("pending").2.contains("[lock-head-differs]"));
    assert!(shell.run("migrate more").2.contains("[lock-head-differs]"));
    shell.ok("lock --head");
    assert_eq!(shell.json("lock --json")["new"], json!(["003"]));
    assert_eq!(
        shell.json("lock -r 001 --json")["locked"],
        json!(["001", "002", "003"]),
        "nothing is unlocked"
    );
    assert_eq!(shell.run("lock -r 009").0, 2);
    assert_eq!(shell.run("lock --directory elsewhere").0, 1);
    let left: Vec<_> =
        fs::read_dir(shell.path("migrations")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4);
}

#[test]
fn rebase_puts_the_second_head_behind_the_first() {
    let shell = Shell::new();
    shell.ok("lock -r 002");
    // Two branches: one has 003, the other has 004 and 005, which are older.
    shell.migration("20260102_1200_004_left.sql", "002", "CREATE TABLE l (a);", "DROP TABLE l;");
    shell.migration("20260102_1300_005_leaf.sql", "004", "CREATE TABLE m (a);", "DROP TABLE m;");
    let file = shell.path("migrations/20260103_0000_003_tags.sql");
    fs::write(&file, fs::read_to_string(&file).unwrap().replace('\n', "\r\n")).unwrap();
    assert!(shell.run("pending").2.contains("[multiple-heads]"));
    let out = shell.ok("rebase");
    assert_eq!(out, "migrations: 20260103_0000_003_tags.sql: 003 revises 005");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("-- @revises 005\r\n") && !text.replace("\r\n", "").contains('\n'), "{text}");
    assert_eq!(shell.json("pending -d app.db --json")["pending"].as_array().unwrap().len(), 5);
    assert_eq!(shell.ok("rebase"), "migrations: there is one head: nothing to do");
    let lock = fs::read_to_string(shell.path("migrations/revchain.lock")).unwrap();
    assert!(lock.ends_with("\nhead 20260103_0000_003_tags.sql\n"), "{lock}");
}

#[test]
fn rebase_touches_nothing_that_is_locked() {
    let shell = Shell::new();
    shell.ok("lock");
    shell.migration("20260102_1200_004_left.sql", "002", "CREATE TABLE l (a);", "DROP TABLE l;");
    shell.migration("20260102_1300_005_leaf.sql", "004", "CREATE TABLE m (a);", "DROP TABLE m;");
    let moved = shell.json("rebase --json")["moved"].clone();
    // The older branch is the one that moves, and takes a time after what it follows.
    assert_eq!(
        (&moved[0]["from"], &moved[0]["revises"]),
        (&json!("20260102_1200_004_left.sql"), &json!("003"))
    );
    assert_ne!(moved[0]["to"], moved[0]["from"]);
    assert_eq!(moved[1]["revises"], "004");
    assert_eq!(shell.json("pending -d app.db --json")["pending"][4]["revision"], "005");
    shell.ok("lock");
    shell.migration("20260105_0000_006_other.sql", "002", "CREATE TABLE o (a);", "DROP TABLE o;");
    shell.ok("rebase");

    // Where both are locked, only a merge is left.
    let shell = Shell::new();
    shell.migration("20260104_0000_004_left.sql", "002", "CREATE TABLE l (a);", "DROP TABLE l;");
    shell.migration("20260105_0000_005_merge.sql", "003 004", "CREATE TABLE m (a);", "DROP TABLE m;");
    shell.ok("lock");
    fs::remove_file(shell.path("migrations/20260105_0000_005_merge.sql")).unwrap();
    let lock = shell.path("migrations/revchain.lock");
    let text = fs::read_to_string(&lock).unwrap();
    let without: String =
        text.lines().filter(|line| !line.starts_with("005 ")).map(|line| format!("{line}\n")).collect();
    fs::write(&lock, without).unwrap();
    let (code, _, error) = shell.run("rebase");
    assert_eq!(code, 1);
    assert!(error.contains("003 and 004 are locked") && error.contains("@revises 003 004"), "{error}");
}

#[test]
fn rebase_gives_a_new_id_to_one_of_two_that_have_the_same() {
    let shell = Shell::new();
    shell.migration("20260103_0900_003_links.sql", "002", "CREATE TABLE links (a);", "DROP TABLE links;");
    assert!(shell.run("pending").2.contains("[duplicate-revision]"));
    assert_eq!(
        shell.ok("rebase"),
        "migrations: 20260103_0900_003_links.sql → 20260103_0900_004_links.sql: 004 revises 003"
    );
    assert_eq!(shell.json("pending -d app.db --json")["pending"].as_array().unwrap().len(), 4);
    // The one that is locked keeps its id, also if it is the younger.
    shell.ok("lock");
    shell.migration("20260103_0800_004_early.sql", "003", "CREATE TABLE e (a);", "DROP TABLE e;");
    assert!(shell.ok("rebase").contains("20260103_0800_004_early.sql → "));
    assert_eq!(shell.json("pending -d app.db --json")["pending"][4]["revision"], "005");
    // Nothing is guessed.
    shell.migration("20260106_0000_001_again.sql", "base", "CREATE TABLE x (a);", "DROP TABLE x;");
    assert!(shell.run("rebase").2.contains("cannot be told which one others revise"));
}

#[test]
fn rebase_leaves_other_defects_to_be_mended_first() {
    let shell = Shell::new();
    shell.migration("20260104_0000_004_left.sql", "002", "COMMIT;", "DROP TABLE l;");
    let before = fs::read_to_string(shell.path("migrations/20260104_0000_004_left.sql")).unwrap();
    assert!(shell.run("rebase").2.contains("[transaction-control]"));
    assert_eq!(fs::read_to_string(shell.path("migrations/20260104_0000_004_left.sql")).unwrap(), before);
}
