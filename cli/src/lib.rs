//! The command-line commands of [revchain](https://docs.rs/revchain).
//!
//! [`Command`] lists the commands for operators, which work on a database.
//! [`DeveloperCommand`] lists the commands for developers, which work on the migrations.
//! The commands for developers need the feature `developer`.
//!
//! An application adds the commands to its own clap CLI, for example as `db`:
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
//!     /// Manage the database
//!     #[command(subcommand)]
//!     Db(Command),
//! }
//!
//! # fn main_of(migrations: &Migrations) -> ExitCode {
//! match Cli::parse_from(["app", "db", "pending", "-d", "not-there-yet.db"]) {
//!     Cli::Serve => ExitCode::SUCCESS,
//!     Cli::Db(command) => Commands::new(migrations.migrator()).database("app.db").run(&command),
//! }
//! # }
//! # let directory = tempfile::tempdir().unwrap();
//! # let header = "-- A.\n-- @revises base\n";
//! # let scripts = "-- @upgrade\nCREATE TABLE a (a);\n-- @downgrade\nDROP TABLE a;\n";
//! # let sql = format!("{header}{scripts}");
//! # std::fs::write(directory.path().join("20260101_0000_001_a.sql"), sql).unwrap();
//! # let migrations = revchain_prove::migrations_from_directory(directory.path()).unwrap();
//! # assert_eq!(main_of(&migrations), ExitCode::SUCCESS);
//! ```
//!
//! Results go to standard output. Progress and errors go to standard error.
//! With `--json`, errors go to standard output.
//! [`Commands::run`] lists the exit codes.
//!
//! [`parse`] parses the arguments, and advises users of other tools.

mod app;
pub mod args;
pub mod catalogue;
mod commands;
#[cfg(feature = "developer")]
mod developer;
mod habits;
#[cfg(feature = "developer")]
#[doc(hidden)]
pub mod program;
mod support;

pub use app::Commands;
pub use args::Command;
#[cfg(feature = "developer")]
pub use developer::args::DeveloperCommand;
pub use habits::parse;
