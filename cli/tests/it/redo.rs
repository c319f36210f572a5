//! The command `redo`.

use std::fs;

use clap::Parser;
use revchain_cli::{Commands, DeveloperCommand};
use revchain_prove::migrations_from_directory;
use revchain_runtime::rusqlite::Connection;

use crate::support::{Shell, without_duration};

/// Edits the draft 003, after `app.db` has it and a row.
fn edited_draft() -> Shell {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    shell.sql("INSERT INTO users VALUES ('kept')");
    shell.migration(
        "20260103_0000_003_tags.sql",
        "002",
        "CREATE TABLE tags (a, b);",
        "DROP TABLE tags;",
    );
    shell
}

fn count(shell: &Shell, sql: &str) -> i64 {
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn redo_applies_an_edited_draft_and_keeps_rows() {
    let shell = edited_draft();
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains("003 was edited after the database had applied it: its upgrade changed")
            && error.contains("\n  in the database: 003  Add tags. (20")
            && error.contains(", by revchain ")
            && error.contains("\nhelp: in development, run `revchain redo -d app.db`: "),
        "{error}"
    );
    let (code, out, progress) = shell.run("redo -d app.db");
    assert_eq!(code, 0, "{progress}");
    assert_eq!(
        without_duration(&out),
        "app.db: redone at 003: 1 revision reverted, 1 revision applied"
    );
    assert_eq!(
        count(&shell, "SELECT count(*) FROM users WHERE a = 'kept'"),
        1
    );
    assert_eq!(count(&shell, "SELECT count(b) FROM tags"), 0);
    shell.ok("upgrade -d app.db");
    shell.ok("check -d app.db");
}

#[test]
fn redo_prints_json_and_runs_on_a_copy() {
    let shell = edited_draft();
    let output = shell.json("redo -d app.db --dry-run --json");
    assert_eq!(output["outcome"], "redone");
    assert_eq!(output["dry_run"]["diff"].as_array().unwrap().len(), 1);
    assert_eq!(shell.run("upgrade -d app.db").0, 1);
    let output = shell.json("redo -d app.db --json");
    assert_eq!(output["reverted"][0]["revision"], "003");
    assert_eq!(output["applied"][0]["revision"], "003");
}

#[test]
fn redo_of_a_removed_draft_needs_a_confirmation() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    fs::remove_file(shell.path("migrations/20260103_0000_003_tags.sql")).unwrap();
    assert_eq!(
        shell.json("upgrade -d app.db --json")["error"]["code"],
        "newer"
    );
    let (code, _, error) = shell.run("redo -d app.db");
    assert_eq!(code, 2);
    assert!(
        error.contains(
            "app.db: this redo reverts\n  003  Add tags. (without a file, so not applied again)\n"
        ),
        "{error}"
    );
    assert_eq!(count(&shell, "SELECT count(*) FROM tags"), 0);
    let out = shell.ok("redo -d app.db --yes");
    assert_eq!(
        without_duration(&out),
        "app.db: redone at 002: 1 revision reverted, 0 revisions applied"
    );
}

#[test]
fn edited_released_revision_advises_another_version_first() {
    let shell = edited_draft();
    shell.ok("lock");
    let error = shell.run("upgrade -d app.db").2;
    let first = error.lines().find(|line| line.starts_with("help: "));
    assert_eq!(
        first,
        Some("help: in production, install the version of the program that applied it")
    );
}

#[test]
fn redo_without_an_edit_asks_if_a_table_has_rows() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    shell.sql("INSERT INTO tags VALUES (1)");
    let (code, out, error) = shell.run("redo -d app.db");
    assert_eq!((code, &*out), (2, ""));
    assert_eq!(
        error,
        "error: cannot ask for confirmation: standard input is not a terminal\n\
         app.db: this redo reverts\n  \
           003  Add tags.\n  \
           changes tags, which has 1 row\n\
         Everything that these revisions added will be lost.\n\
         help: pass --yes"
    );
    assert_eq!(count(&shell, "SELECT count(*) FROM tags"), 1);
    shell.ok("redo -d app.db --yes");
    assert_eq!(count(&shell, "SELECT count(*) FROM tags"), 0);
}

#[test]
fn redo_of_an_edited_draft_does_not_ask() {
    let shell = edited_draft();
    shell.sql("INSERT INTO tags VALUES (1)");
    shell.ok("redo -d app.db");
    assert_eq!(count(&shell, "SELECT count(*) FROM tags"), 0);
}

#[test]
fn redo_of_a_column_with_values_needs_a_confirmation() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_column.sql",
        "003",
        "ALTER TABLE Users ADD COLUMN b;",
        "ALTER TABLE Users DROP COLUMN b;",
    );
    shell.ok("upgrade -d app.db");
    shell.ok("redo -d app.db");
    shell.sql("INSERT INTO users VALUES (1, 2)");
    let (code, _, error) = shell.run("redo -d app.db");
    assert!(
        code == 2 && error.contains("\n  changes users, which has 1 row\n"),
        "{error}"
    );
}

#[test]
fn redo_of_an_index_needs_no_confirmation() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_index.sql",
        "003",
        "CREATE INDEX by_a ON users (a);",
        "DROP INDEX by_a;",
    );
    shell.ok("upgrade -d app.db");
    shell.sql("INSERT INTO users VALUES (1)");
    shell.ok("redo -d app.db");
}

#[test]
fn redo_after_a_rebase_applies_both_branches() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    // The main branch has released another 003.
    fs::rename(
        shell.path("migrations/20260103_0000_003_tags.sql"),
        shell.path("tags.sql"),
    )
    .unwrap();
    shell.migration(
        "20260102_1200_003_links.sql",
        "002",
        "CREATE TABLE links (a);",
        "DROP TABLE links;",
    );
    shell.ok("lock");
    fs::rename(
        shell.path("tags.sql"),
        shell.path("migrations/20260103_0000_003_tags.sql"),
    )
    .unwrap();
    shell.ok("rebase");
    let error = shell.run("upgrade -d app.db").2;
    assert!(
        error.contains("003 in the database is another revision than in the chain"),
        "{error}"
    );
    let out = shell.ok("redo -d app.db");
    assert_eq!(
        without_duration(&out),
        "app.db: redone at 004: 1 revision reverted, 2 revisions applied"
    );
}

#[test]
fn redo_never_reverts_a_locked_revision() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    shell.ok("redo -d app.db");
    shell.ok("lock");
    let (code, _, error) = shell.run("redo -d app.db");
    assert_eq!(code, 1);
    assert_eq!(
        error,
        "error: app.db: 003 is released, so redo does not revert it: the lock file has it\n\
         help: write the change as a new revision: `revchain new`\n\
         more: run `revchain explain locked`"
    );
}

#[test]
fn redo_of_a_missing_file_creates_none() {
    let shell = Shell::new();
    assert_eq!(shell.run("redo -d typo.db").0, 1);
    assert!(!shell.path("typo.db").exists());
}

#[derive(Parser)]
struct App {
    #[command(subcommand)]
    command: DeveloperCommand,
}

#[test]
fn application_redoes_its_own_chain() {
    let shell = edited_draft();
    let migrations = migrations_from_directory(shell.path("migrations")).unwrap();
    let commands = Commands::new(migrations.migrator()).database(shell.path("app.db"));
    let app = App::parse_from(["app", "redo"]);
    let code = commands.run_developer(&app.command);
    assert_eq!(
        format!("{code:?}"),
        format!("{:?}", std::process::ExitCode::SUCCESS)
    );
    assert_eq!(count(&shell, "SELECT count(b) FROM tags"), 0);
}
