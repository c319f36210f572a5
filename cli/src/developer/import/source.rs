//! The directory of the tool: the choice of the tool, and failures that name its files.

use std::fs;
use std::path::Path;

use super::assemble::Assembly;
use super::layout::detect;
use super::request::Request;
use super::tool::Tool;
use super::tree::{SourceFile, Tree};
use crate::support::{Failure, Result};

/// Fails if the new chain would be among the files of the tool.
pub(super) fn reject_same_directory(source: &Path, directory: &Path) -> Result<()> {
    let (Ok(old), Ok(new)) = (fs::canonicalize(source), fs::canonicalize(directory)) else {
        return Ok(());
    };
    if old != new {
        return Ok(());
    }
    let (shown, moved) = (source.display(), source.with_file_name("old"));
    let message = format!("{shown}: the new chain cannot be in the directory of the old files");
    let help = format!(
        "move the old files, and import from there: mv {shown} {moved} && revchain import {moved}\n\
         or write the chain elsewhere: --directory DIR",
        moved = moved.display()
    );
    Err(Failure::usage(message).help(&help))
}

/// Returns the tool of the request, or the only tool whose layout the files have.
pub(super) fn tool(request: &Request, tree: &Tree) -> Result<Tool> {
    if let Some(tool) = request.tool {
        return Ok(tool);
    }
    let tools = detect(tree);
    match tools[..] {
        [tool] => Ok(tool),
        [] => {
            let message = format!("{}: these are not the files of a known tool", tree.path);
            let help = format!("name the tool: revchain import TOOL {}", tree.path);
            let failure = Failure::usage(message).help(advice_for_alembic(tree));
            Err(failure.help(&help))
        }
        _ => {
            let names: Vec<&str> = tools.iter().map(|tool| tool.name()).collect();
            let message = format!(
                "{}: these can be the files of {}",
                tree.path,
                names.join(" or ")
            );
            let help: Vec<String> = names
                .iter()
                .map(|name| format!("name the tool: revchain import {name} {}", tree.path))
                .collect();
            Err(Failure::usage(message).help(&help.join("\n")))
        }
    }
}

pub(super) fn no_migrations(tree: &Tree, tool: Tool) -> Failure {
    let message = format!("{}: there are no migrations of {}", tree.path, tool.name());
    Failure::failed("no-migrations", message).help(advice_for_alembic(tree))
}

/// Returns the advice for a directory of Alembic without its output; empty for another directory.
fn advice_for_alembic(tree: &Tree) -> &'static str {
    if tree.files.iter().any(SourceFile::is_python) {
        "for Alembic, run `alembic upgrade head --sql > upgrade.sql`, and import the file"
    } else {
        ""
    }
}

/// Adds the old files of the revisions that a failure names.
pub(super) fn with_origin(failure: Failure, assembly: &Assembly) -> Failure {
    let mut help = Vec::new();
    for draft in &assembly.drafts {
        let name = draft.file_name();
        if failure.message.contains(&name) {
            help.push(format!("{name} comes from {}", draft.sources.join(", ")));
        }
    }
    help.push("nothing was written: correct the old files, and import again".to_owned());
    failure.help(&help.join("\n"))
}
