//! The program `revchain`, which runs the commands on a directory of migrations.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use revchain_cli::{Command, run_on_directory};

/// SQLite migrations as a chain of revisions
#[derive(Parser)]
#[command(name = "revchain", version, arg_required_else_help = true)]
struct Cli {
    /// Directory of migrations
    #[arg(long, global = true, value_name = "DIR", default_value = "migrations")]
    directory: PathBuf,
    /// Name of the chain, as in embed_migrations!(name = "…")
    #[arg(long, global = true, value_name = "NAME")]
    name: Option<String>,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    run_on_directory(&cli.directory, cli.name.as_deref(), &cli.command)
}
