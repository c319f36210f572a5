//! The program in a temporary directory, and an application with its commands.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output};

use clap::Parser as _;
use revchain_cli::Commands;
use revchain_runtime::rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::schema::Schema;

/// A temporary directory with a chain of three revisions in `migrations/`.
pub(crate) struct Shell(pub(crate) TempDir);

impl Shell {
    pub(crate) fn new() -> Self {
        let shell = Self(tempfile::tempdir().unwrap());
        fs::create_dir(shell.path("migrations")).unwrap();
        shell.migration(
            "20260101_0000_001_users.sql",
            "base",
            "CREATE TABLE users (a);",
            "DROP TABLE users;",
        );
        shell.migration(
            "20260102_0000_002_notes.sql",
            "001",
            "CREATE TABLE notes (a);",
            "DROP TABLE notes;",
        );
        shell.migration(
            "20260103_0000_003_tags.sql",
            "002",
            "CREATE TABLE tags (a);",
            "DROP TABLE tags;",
        );
        shell
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn migration(&self, name: &str, revises: &str, upgrade: &str, downgrade: &str) {
        let subject = name.trim_end_matches(".sql").rsplit('_').next().unwrap();
        let text = format!(
            "-- Add {subject}.\n-- @revises {revises}\n\n-- @upgrade\n{upgrade}\n\n-- @downgrade\n{downgrade}\n"
        );
        fs::write(self.path("migrations").join(name), text).unwrap();
    }

    /// Adds two revisions with a table that takes no row.
    pub(crate) fn table_without_sample_rows(&self) {
        self.migration(
            "20260104_0000_004_codes.sql",
            "003",
            "CREATE TABLE codes (a TEXT NOT NULL, never TEXT AS (nullif(a, a)) NOT NULL);",
            "DROP TABLE codes;",
        );
        self.migration(
            "20260105_0000_005_more.sql",
            "004",
            "ALTER TABLE codes ADD COLUMN b TEXT NOT NULL DEFAULT '';",
            "ALTER TABLE codes DROP COLUMN b;",
        );
    }

    /// Returns the names of the migrations.
    pub(crate) fn migrations(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("migrations")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    pub(crate) fn output(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_revchain"));
        command
            .current_dir(self.0.path())
            .args(arguments.split_whitespace())
            .env_remove("DATABASE_URL")
            .output()
            .unwrap()
    }

    /// Returns the exit code, the standard output and the standard error.
    pub(crate) fn run(&self, arguments: &str) -> (i32, String, String) {
        let output = self.output(arguments);
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec())
                .unwrap()
                .trim_end()
                .to_owned()
        };
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    /// Runs a statement on `app.db` that changes one row.
    pub(crate) fn sql(&self, sql: &str) {
        let db = Connection::open(self.path("app.db")).unwrap();
        assert_eq!(db.execute(sql, []).unwrap(), 1, "{sql}");
    }

    /// Returns the standard output of a command that must succeed.
    pub(crate) fn ok(&self, arguments: &str) -> String {
        let (code, out, error) = self.run(arguments);
        assert_eq!(code, 0, "{error}");
        out
    }

    /// Returns the object that a command prints, without its version.
    ///
    /// The output must be one object of the form that the schema describes.
    pub(crate) fn json(&self, arguments: &str) -> Value {
        let (_, out, error) = self.run(arguments);
        let mut object: Value = serde_json::from_str(&out)
            .unwrap_or_else(|problem| panic!("{arguments}: {problem}: {out:?} {error}"));
        let problems = Schema::load().check(arguments, &object);
        assert_eq!(problems, Vec::<String>::new(), "{arguments}: {object:#}");
        let version = object.as_object_mut().unwrap().shift_remove("revchain");
        assert_eq!(version, Some(Value::from(1)));
        object
    }
}

/// An application that mounts the commands.
#[derive(clap::Parser)]
pub(crate) struct App {
    #[command(subcommand)]
    command: AppCommand,
}

#[derive(clap::Subcommand)]
enum AppCommand {
    #[command(flatten)]
    Operator(revchain_cli::Command),
    #[command(flatten)]
    Developer(revchain_cli::DeveloperCommand),
}

impl App {
    /// Parses the arguments that follow the name of the application, and runs the command.
    pub(crate) fn run(commands: &Commands<'_>, arguments: &[&str]) -> ExitCode {
        let arguments = ["app"].iter().chain(arguments);
        match &Self::parse_from(arguments).command {
            AppCommand::Operator(command) => commands.run(command),
            AppCommand::Developer(command) => commands.run_developer(command),
        }
    }
}

/// Returns the text without its duration, which varies.
pub(crate) fn without_duration(text: &str) -> String {
    text.split(" in ").next().unwrap().to_owned()
}

/// Returns the output of a command on a terminal that `script` provides.
///
/// Returns `None` if there is no program `script`.
pub(crate) fn on_terminal(shell: &Shell, answer: &str, arguments: &str) -> Option<String> {
    let output = terminal_command(shell, answer, arguments)?
        .output()
        .unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns the command that [`on_terminal`] runs.
pub(crate) fn terminal_command(shell: &Shell, answer: &str, arguments: &str) -> Option<Command> {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: there is no program `script`");
        return None;
    }
    let program = env!("CARGO_BIN_EXE_revchain");
    let command =
        format!("echo {answer} | TERM=xterm script -qec '{program} {arguments}' /dev/null");
    let mut shell_command = Command::new("sh");
    shell_command
        .current_dir(shell.0.path())
        .args(["-c", &command])
        .env_remove("NO_COLOR");
    Some(shell_command)
}
