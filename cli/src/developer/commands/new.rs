//! `new`: writing the next file of a chain.

use std::path::Path;

use revchain_core::source::file_name::{check_id, next_id};
use revchain_core::{Chain, Defects, Revision};
use revchain_prove::generate::{GenerateError, rebuild_table};
use revchain_runtime::Migrations;

use crate::developer::args::NewArgs;
use crate::developer::commands::new_downgrade;
use crate::developer::new_file::{EMPTY_SCRIPTS, NewFile, check_requested_id, no_next_id, slug};
use crate::developer::source_tree::{SourceTree, load, now, touch};
use crate::habits::advice_on_migrate;
use crate::support::{Failure, Result};

/// Writes the file of a new revision that revises the head of the chain in `directory`.
///
/// `embedded` is the chain of the program. Fails if the directory lacks the head of `embedded`.
pub(crate) fn run(args: &NewArgs, directory: &Path, embedded: Option<&Migrations>) -> Result {
    reject_other_tools(args.description.as_deref().unwrap_or_default())?;
    let directory = args.source.directory.as_deref().unwrap_or(directory);
    if args.downgrade {
        return new_downgrade::run(directory, embedded);
    }
    let tree = SourceTree::new(directory, load(directory), embedded)?;
    let chain = tree.chain.as_ref();
    if let (Some(chain), Some(lock_file)) = (chain, &tree.lock_file) {
        if let Some(defect) = lock_file.check_head(chain) {
            return Err(Defects::from(defect).into());
        }
    }
    let table = args.rebuild.as_deref();
    if table.is_some() && chain.is_none() {
        // The directory is missing or empty, which explains more than a missing table.
        load(directory).into_chain_and_lock_file()?;
    }
    let summary = match (&args.description, table) {
        (None, Some(table)) => format!("Rebuild {table}"),
        (description, _) => description.clone().unwrap_or_default(),
    };
    let slug = slug(&summary)?;
    let id = id(args.revision.as_deref(), chain)?;
    let head = chain.and_then(Chain::head);
    // If the clock is behind, use the parent's date: a revision must not be older than its parent.
    let date = head.map_or_else(now, |head| now().max(head.date()));
    let scripts = match table {
        Some(table) => rebuild(&rebuild_table(&load(directory), table)?),
        None => EMPTY_SCRIPTS.to_owned(),
    };
    let file = NewFile {
        summary,
        slug,
        id,
        date,
        revises: head.map_or("base", Revision::id).to_owned(),
        scripts,
    };
    let lock_file = tree.lock_file.as_ref();
    let answer = file.write(directory, lock_file)?;
    if let (None, Some(head)) = (lock_file, head) {
        touch(directory, head);
    }
    Ok(answer)
}

/// Rejects a description such as `run`.
///
/// Other tools have commands such as `migrate run`, and `migrate` is an alias of `new`.
fn reject_other_tools(description: &str) -> Result<()> {
    let Some(advice) = advice_on_migrate(description) else {
        return Ok(());
    };
    let message = format!("`{description}` is no summary of a revision");
    let help = format!("{advice}\nor describe the revision in more words");
    Err(Failure::usage(message).help(&help))
}

/// Returns the id of the new revision: the requested id, or the id that follows the head's id.
fn id(requested: Option<&str>, chain: Option<&Chain>) -> Result<String> {
    if let Some(id) = requested {
        check_requested_id(id, chain.is_some_and(|chain| chain.index_of(id).is_some()))?;
        return Ok(id.to_owned());
    }
    let Some(chain) = chain else {
        return Ok("001".to_owned());
    };
    let head = chain.head().map_or("base", Revision::id);
    match next_id(head, chain.revisions().iter().map(Revision::id)) {
        Some(id) if check_id(&id).is_ok() => Ok(id),
        _ => Err(no_next_id(head)),
    }
}

/// Returns both scripts of a rebuild: the downgrade rebuilds the table as it was.
fn rebuild(script: &str) -> String {
    let upgrade = "-- Edit the new table, and the copy of its rows.";
    let downgrade = "-- Keep the old table, and edit the copy of its rows.";
    format!("-- @upgrade\n{upgrade}\n{script}\n\n-- @downgrade\n{downgrade}\n{script}\n")
}

impl From<GenerateError> for Failure {
    fn from(error: GenerateError) -> Self {
        let failure = Self::failed(error.code(), error.message());
        match error.help_text() {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}
