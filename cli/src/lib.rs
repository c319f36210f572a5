//! The commands of [revchain](https://docs.rs/revchain): upgrade, downgrade, current, history, pending, check, stamp,
//! migrate, lock, rebase. An application mounts them in its own clap CLI, under a name of its choice:
//!
//! ```
//! use std::process::ExitCode;
//! use clap::Parser;
//! use revchain_cli::{Command, Commands};
//! # use revchain_runtime::Migrations;
//!
//! #[derive(Parser)]
//! enum Cli {
//!     /// Serve until stopped
//!     Serve,
//!     /// Look after the database
//!     #[command(subcommand)]
//!     Db(Command),
//! }
//!
//! # fn main_of(migrations: &Migrations) -> ExitCode {
//! match Cli::parse_from(["app", "db", "current", "-d", "not-there-yet.db"]) {
//!     Cli::Serve => ExitCode::SUCCESS,
//!     Cli::Db(command) => Commands::new(migrations.options()).database("app.db").run(&command),
//! }
//! # }
//! # let directory = tempfile::tempdir().unwrap();
//! # let sql = "-- A.\n-- @revises base\n-- @upgrade\nCREATE TABLE a (a);\n-- @downgrade\nDROP TABLE a;\n";
//! # std::fs::write(directory.path().join("20260101_0000_001_a.sql"), sql).unwrap();
//! # let migrations = Migrations::from_directory(directory.path()).unwrap();
//! # assert_eq!(main_of(&migrations), ExitCode::SUCCESS);
//! ```
//!
//! Results go to the standard output, progress and errors to the standard error; with `--json`, errors are on the
//! standard output too. The exit code is 0 for success, 1 for a failure, 2 for a usage error.

mod args;
mod check;
mod commands;
mod database;
mod failure;
mod lock;
mod look;
mod migrate;
mod output;
mod rebase;
mod source_tree;

pub use args::Command;
pub use commands::Commands;

use std::path::Path;
use std::process::ExitCode;

use revchain_runtime::Migrations;

use crate::failure::Failure;

/// Runs a command on the chain in `directory`, read now, which may have a name. This is the program `revchain`.
pub fn run_on_directory(directory: &Path, name: Option<&str>, command: &Command) -> ExitCode {
    let named = |migrations: Migrations| {
        let migrations = migrations.stamped_by(concat!("revchain ", env!("CARGO_PKG_VERSION")));
        match name {
            Some(name) => migrations.named(name).map_err(|error| Failure::usage(error.to_string())),
            None => Ok(migrations),
        }
    };
    let result = match command {
        // The directory may be empty, or not there yet.
        Command::Migrate(arguments) => migrate::migrate(arguments, directory, None),
        Command::Lock(arguments) => lock::lock(arguments, directory, None),
        Command::Rebase(arguments) => rebase::rebase(arguments, directory),
        Command::Check(arguments) => {
            let directory = arguments.migrations.as_deref().unwrap_or(directory);
            let proven = check::prove_directory(directory, arguments.all);
            proven.and_then(|(proven, migrations)| {
                Commands::new(named(migrations)?.options()).check_database_too(proven, arguments)
            })
        }
        _ => match Migrations::from_directory(directory).map_err(Failure::from).and_then(named) {
            Ok(migrations) => return Commands::new(migrations.options()).run(command),
            Err(failure) => Err(failure),
        },
    };
    output::finish(result, command.common().json)
}
