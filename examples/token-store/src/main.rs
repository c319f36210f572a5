//! The program `token-store`: manages the database of a token store.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::{Shell, generate};
use revchain::OnNewer;
use revchain::cli::{self, Commands};
use token_store::{Key, make_private, migrator, settings};

/// Encrypted tokens in SQLite
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Manage the database: -d, TOKEN_STORAGE_DB or tokens.db
    #[command(subcommand)]
    Db(DatabaseCommand),
    /// Generate a key for TOKEN_ENCRYPTION_KEY
    Key,
    /// Print the completions of a shell
    Completions {
        /// Name of the shell
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    #[command(flatten)]
    Operator(cli::Command),
    #[command(flatten)]
    Developer(cli::DeveloperCommand),
}

fn main() -> ExitCode {
    // Unlike `Cli::parse`, this function advises users of other migration tools.
    match cli::parse::<Cli>().command {
        Command::Db(command) => run_database_command(&command),
        Command::Key => print_key(),
        Command::Completions { shell } => print_completions(shell),
    }
}

fn run_database_command(command: &DatabaseCommand) -> ExitCode {
    let key = settings::key().unwrap_or_else(|error| {
        // Most commands need no key.
        eprintln!("warning: {error}");
        None
    });
    // `OnNewer::Downgrade` lets an older program downgrade a newer database to its own head, with
    // `db downgrade -r head`.
    let migrator = migrator(key).on_newer(OnNewer::Downgrade);
    let commands = Commands::new(migrator)
        .database(settings::database())
        // Create the file before SQLite does: SQLite's file could be read by other users.
        .before_upgrade(make_private);
    match command {
        DatabaseCommand::Operator(command) => commands.run(command),
        DatabaseCommand::Developer(command) => commands.run_developer(command),
    }
}

fn print_completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "token-store", &mut script);
    match io::stdout().write_all(&script) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn print_key() -> ExitCode {
    match writeln!(io::stdout(), "{}", Key::generate_text()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
