//! The program `revchain`, which runs all commands on a directory of migrations.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::args::Command;
use crate::commands::{check, dispatch};
use crate::developer::args::DeveloperCommand;
use crate::developer::source::{Source, commands, identify, read_chain};
use crate::developer::{self, proof::prove_directory};
use crate::support::{Result, finish};

/// SQLite migrations as a chain of revisions
#[derive(Parser)]
#[command(name = "revchain", version, arg_required_else_help = true)]
struct Program {
    /// Directory of migrations
    #[arg(long, global = true, value_name = "DIR", default_value = "migrations")]
    directory: PathBuf,
    /// Name of the chain, as in embed_migrations!(name = "…")
    #[arg(long, global = true, value_name = "NAME")]
    name: Option<String>,
    #[command(subcommand)]
    command: ProgramCommand,
}

#[derive(Subcommand)]
enum ProgramCommand {
    #[command(flatten)]
    Operator(Command),
    #[command(flatten)]
    Developer(DeveloperCommand),
}

/// Parses the arguments of the process, runs the command, and returns the exit code.
pub fn main() -> ExitCode {
    let program = Program::parse();
    let (directory, name) = (&*program.directory, program.name.as_deref());
    match &program.command {
        ProgramCommand::Operator(command) => {
            finish(run_on_chain(directory, name, command), command.output())
        }
        // These commands load the directory themselves. For example, `new` accepts an empty
        // directory, and `rebase` accepts two heads.
        ProgramCommand::Developer(command) => {
            let source = Source::Directory { directory, name };
            finish(developer::run(command, &source), command.output())
        }
    }
}

fn run_on_chain(directory: &Path, name: Option<&str>, command: &Command) -> Result {
    if let Command::Check(args) = command {
        // Always prove the directory. Check a database only if the arguments name a database.
        let directory = args.migrations.as_deref().unwrap_or(directory);
        let (proof, migrations) = prove_directory(directory, args.all)?;
        let migrations = identify(migrations, name)?;
        return check::with_database(&commands(&migrations), proof, args);
    }
    let migrations = read_chain(directory, name)?;
    dispatch(&commands(&migrations), command)
}
