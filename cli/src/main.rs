//! The program `revchain`: the commands on a directory that is read when it runs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use revchain_cli::{Command, run_on_directory};

/// SQLite migrations as a chain of revisions
#[derive(Parser)]
#[command(name = "revchain", version, arg_required_else_help = true)]
struct Cli {
    /// The directory of the migrations
    #[arg(long, global = true, value_name = "DIR", default_value = "migrations")]
    directory: PathBuf,
    /// The name of the chain, where the program gives it one: embed_migrations!("…", name = "…")
    #[arg(long, global = true, value_name = "NAME")]
    name: Option<String>,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    run_on_directory(&cli.directory, cli.name.as_deref(), &cli.command)
}
