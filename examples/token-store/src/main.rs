//! The program `token-store`: looks after the database of a token store.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use revchain::OnAhead;
use revchain::cli::{self, Commands};
use token_store::{Key, MIGRATIONS, make_private, settings};

/// Encrypted tokens in SQLite
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look after the database: -d PATH, or TOKEN_STORAGE_DB, or tokens.db
    #[command(subcommand)]
    Db(cli::Command),
    /// Make a new key for TOKEN_ENCRYPTION_KEY
    Key,
}

fn main() -> ExitCode {
    match Cli::parse().command {
        // Whoever goes back to an older version can take the database along: `db downgrade -r head`.
        Command::Db(command) => Commands::new(MIGRATIONS.options().on_ahead(OnAhead::Downgrade))
            .database(settings::database())
            // SQLite would let others read the file that it makes.
            .before_upgrade(make_private)
            .run(&command),
        Command::Key => key(),
    }
}

fn key() -> ExitCode {
    match writeln!(io::stdout(), "{}", Key::generate_text()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
