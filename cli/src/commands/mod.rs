//! The implementations of the commands. Each command has a file.

mod check;
mod current;
mod downgrade;
mod history;
mod import;
mod lock;
mod migrate;
mod pending;
mod rebase;
mod restore;
mod stamp;
mod upgrade;

use std::path::Path;
use std::process::ExitCode;

use revchain_prove::migrations_from_directory;
use revchain_runtime::Migrations;

use crate::app::Commands;
use crate::args::Command;
use crate::support::{Failure, Result, finish};

impl Commands<'_> {
    /// Runs a command, prints the result, and returns the exit code.
    ///
    /// The exit code is 0 for success, 1 for a failure, and 2 for a usage error.
    pub fn run(&self, command: &Command) -> ExitCode {
        finish(dispatch(self, command), command.is_json())
    }
}

fn dispatch(app: &Commands<'_>, command: &Command) -> Result {
    let embedded = Some(app.migrations());
    match command {
        Command::Upgrade(args) => upgrade::run(app, args),
        Command::Downgrade(args) => downgrade::run(app, args),
        Command::Restore(args) => restore::run(app, args),
        Command::Stamp(args) => stamp::run(app, args),
        Command::Check(args) => check::run(app, args),
        Command::Current(args) => current::run(app, args),
        Command::History(args) => history::run(app, args),
        Command::Pending(args) => pending::run(app, args),
        Command::Migrate(args) => migrate::run(args, &app.migrations_directory(), embedded),
        Command::Lock(args) => lock::run(args, &app.migrations_directory(), embedded),
        Command::Rebase(args) => rebase::run(args, &app.migrations_directory()),
        Command::Import(args) => import::run(args, &app.migrations_directory()),
    }
}

/// Runs a command on the chain in `directory`. The program `revchain` calls this function.
///
/// `name` is the name of the chain in the application.
pub fn run_on_directory(directory: &Path, name: Option<&str>, command: &Command) -> ExitCode {
    let result = match command {
        // These commands load the directory themselves. For example, `migrate` accepts an empty
        // directory, and `rebase` accepts two heads.
        Command::Migrate(args) => migrate::run(args, directory, None),
        Command::Lock(args) => lock::run(args, directory, None),
        Command::Rebase(args) => rebase::run(args, directory),
        Command::Import(args) => import::run(args, directory),
        _ => run_on_chain(directory, name, command),
    };
    finish(result, command.is_json())
}

fn run_on_chain(directory: &Path, name: Option<&str>, command: &Command) -> Result {
    if let Command::Check(args) = command {
        // Always prove the directory. Check a database only if the arguments name a database.
        let directory = args.migrations.as_deref().unwrap_or(directory);
        let (proof, migrations) = check::prove_directory(directory, args.all)?;
        let migrations = identify(migrations, name)?;
        return check::with_database(&Commands::new(migrations.migrator()), proof, args);
    }
    let migrations = identify(migrations_from_directory(directory)?, name)?;
    dispatch(&Commands::new(migrations.migrator()), command)
}

/// Sets the name of the chain. Sets `revchain` as the program to record in the history.
fn identify(migrations: Migrations, name: Option<&str>) -> Result<Migrations> {
    let migrations = migrations.stamped_by(concat!("revchain ", env!("CARGO_PKG_VERSION")));
    match name {
        Some(name) => migrations.named(name).map_err(|error| {
            Failure::usage(error.message()).help(&error.help().unwrap_or_default())
        }),
        None => Ok(migrations),
    }
}
