//! The developers' commands: they write and prove a directory of migrations.

pub(crate) mod args;
mod commands;
mod import;
mod naming;
pub(crate) mod proof;
mod source_tree;

use std::path::Path;

use revchain_runtime::Migrations;

use crate::developer::args::DeveloperCommand;
use crate::developer::commands::{import as import_command, lock, new, rebase};
use crate::support::Result;

/// Runs a command on the chain in `directory`.
///
/// `embedded` is the chain of the application; `None` in the program `revchain`.
pub(crate) fn run(
    command: &DeveloperCommand,
    directory: &Path,
    embedded: Option<&Migrations>,
) -> Result {
    match command {
        DeveloperCommand::New(args) => new::run(args, directory, embedded),
        DeveloperCommand::Lock(args) => lock::run(args, directory, embedded),
        DeveloperCommand::Rebase(args) => rebase::run(args, directory),
        DeveloperCommand::Import(args) => import_command::run(args, directory),
    }
}
