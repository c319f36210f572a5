//! The program `revchain`, which runs all commands on a directory of migrations.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::args::Command;
use crate::commands::{check, dispatch, explain};
use crate::developer::args::DeveloperCommand;
use crate::developer::source::{DEFAULT_DIRECTORY, Source, commands, identify, read_chain};
use crate::developer::{self, proof::prove_directory};
use crate::habits::parse_from;
use crate::support::{Failure, Result, finish};

/// SQLite migrations as a chain of revisions
#[derive(Parser)]
#[command(name = "revchain", version, arg_required_else_help = true)]
struct Program {
    /// Directory of migrations
    #[arg(long, global = true, value_name = "DIR", default_value = DEFAULT_DIRECTORY)]
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
    /// Print the completions of a shell
    #[command(after_help = "Example: source <(revchain completions bash)")]
    Completions {
        /// Name of the shell
        shell: Shell,
    },
}

/// Parses the arguments of the process, runs the command, and returns the exit code.
pub fn main() -> ExitCode {
    let program: Program = parse_from(arguments());
    let (directory, name) = (&*program.directory, program.name.as_deref());
    match &program.command {
        ProgramCommand::Operator(command) => {
            finish(run_on_chain(directory, name, command), command.output())
        }
        // These commands load the directory themselves. For example, `new` accepts an empty
        // directory, and `rebase` accepts two heads.
        ProgramCommand::Developer(command) => {
            let uses_name = matches!(
                command,
                DeveloperCommand::Redo(_)
                    | DeveloperCommand::Graph(_)
                    | DeveloperCommand::Script(_)
            );
            if name.is_some() && !uses_name {
                let failure = Failure::usage("--name has no effect on this command");
                return finish(Err(failure.help("remove --name")), command.output());
            }
            let source = Source::Directory { directory, name };
            finish(developer::run(command, &source), command.output())
        }
        ProgramCommand::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Program::command(), "revchain", &mut script);
            match io::stdout().write_all(&script) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
    }
}

/// Returns the arguments of the process.
///
/// As `cargo revchain`, cargo passes its own word `revchain` first.
fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = env::args_os().collect();
    let program = arguments.first().map(Path::new).and_then(Path::file_stem);
    let is_cargo = program.is_some_and(|name| name == "cargo-revchain");
    if is_cargo && arguments.get(1).is_some_and(|word| word == "revchain") {
        arguments.remove(1);
    }
    arguments
}

fn run_on_chain(directory: &Path, name: Option<&str>, command: &Command) -> Result {
    if let Command::Check(args) = command {
        // Always prove the directory. Check a database only if the arguments name a database.
        let directory = args.migrations.as_deref().unwrap_or(directory);
        let (proof, migrations) = prove_directory(directory, args)?;
        let migrations = identify(migrations, name)?;
        return check::with_database(&commands(&migrations), proof, args);
    }
    if let Command::Explain(args) = command {
        return explain::run(args);
    }
    let migrations = read_chain(directory, name)?;
    dispatch(&commands(&migrations), command)
}
