//! The developers' commands: they write and prove a directory of migrations.

pub(crate) mod args;
mod commands;
mod graph;
mod import;
mod naming;
mod new_file;
mod picture;
pub(crate) mod proof;
mod schema;
pub(crate) mod source;
mod source_tree;

use crate::developer::args::DeveloperCommand;
use crate::developer::commands::{
    graph as graph_command, import as import_command, lock, merge, new, queries, rebase, redo,
    schema as schema_command, script,
};
use crate::developer::source::Source;
use crate::support::Result;

/// Runs a command.
pub(crate) fn run(command: &DeveloperCommand, source: &Source<'_>) -> Result {
    let (directory, embedded) = (&*source.directory(), source.embedded());
    match command {
        DeveloperCommand::New(args) => new::run(args, directory, embedded),
        DeveloperCommand::Redo(args) => source.on_chain(|app| {
            let (result, database) = (redo::run(app, args), &args.run.database);
            result.map_err(|failure| {
                app.add_variable(failure, database)
                    .with_whole_commands(Some(database))
            })
        }),
        DeveloperCommand::Lock(args) => lock::run(args, directory, embedded),
        DeveloperCommand::Rebase(args) => rebase::run(args, directory),
        DeveloperCommand::Merge(args) => merge::run(args, directory),
        DeveloperCommand::Graph(args) => graph_command::run(args, source),
        DeveloperCommand::Schema(args) => schema_command::run(args, source),
        DeveloperCommand::Script(args) => script::run(args, source),
        DeveloperCommand::Queries(args) => queries::run(args),
        DeveloperCommand::Import(args) => import_command::run(args, directory),
    }
}
