//! `new`: writing the next file of a chain.

use std::path::Path;

use revchain_core::source::file_name::{FileName, LONGEST_ID, check_id, next_id};
use revchain_core::{Chain, Defects, Revision, lock_file};
use revchain_prove::generate::{GenerateError, rebuild_table};
use revchain_runtime::Migrations;
use serde_json::json;

use crate::developer::args::NewArgs;
use crate::developer::commands::new_downgrade;
use crate::developer::naming;
use crate::developer::source_tree::{SourceTree, create, load, now, touch, write_lock_file};
use crate::habits::advice_on_migrate;
use crate::support::{Answer, Failure, Result};

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
    let description = match (&args.description, table) {
        (None, Some(table)) => format!("Rebuild {table}"),
        (description, _) => description.clone().unwrap_or_default(),
    };
    let slug = naming::slug(&description).ok_or_else(|| {
        let message = "the description has no letters a-z and no digits";
        Failure::usage(message).help("use words with letters a-z or digits")
    })?;
    let id = id(args.revision.as_deref(), chain)?;
    let head = chain.and_then(Chain::head);
    // If the clock is behind, use the parent's date: a revision must not be older than its parent.
    let date = head.map_or_else(now, |head| now().max(head.date()));
    let revises = head.map_or("base", Revision::id);
    let name = FileName {
        date,
        id: id.clone(),
        slug,
    };
    let file_name = name.to_string();
    let path = directory.join(&file_name);
    let scripts = match table {
        Some(table) => rebuild(&rebuild_table(&load(directory), table)?),
        None => "-- @upgrade\n\n-- @downgrade\n".to_owned(),
    };
    let summary = naming::summary(&description);
    let text = format!("-- {summary}\n-- @revises {revises}\n\n{scripts}");
    create(&path, &text)?;
    // Cargo tracks the lock file, so the next build reads the new migration. If two branches add
    // migrations, git reports a conflict in the lock file.
    let lock_file = tree.lock_file.as_ref();
    let lock_text = match lock_file {
        Some(lock_file) => lock_file.with_head(&file_name),
        None => lock_file::render_head(&file_name),
    };
    write_lock_file(directory, &lock_text)?;
    if let (None, Some(head)) = (lock_file, head) {
        touch(directory, head);
    }
    let path = path.display().to_string();
    let json = json!({ "path": path, "revision": id, "revises": revises });
    Ok(Answer::new(path, json))
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
        if check_id(id).is_err() {
            let help = format!(
                "use 1 to {LONGEST_ID} characters 0-9 and a-z, except the words base, head and heads"
            );
            return Err(Failure::usage(format!("invalid revision id `{id}`")).help(&help));
        }
        if chain.is_some_and(|chain| chain.index_of(id).is_some()) {
            let message = format!("the chain already has a revision {id}");
            return Err(Failure::usage(message));
        }
        return Ok(id.to_owned());
    }
    let Some(chain) = chain else {
        return Ok("001".to_owned());
    };
    let head = chain.head().map_or("base", Revision::id);
    match next_id(head, chain.revisions().iter().map(Revision::id)) {
        Some(id) if check_id(&id).is_ok() => Ok(id),
        _ => {
            let message = format!("cannot count from the id of the head, {head}");
            Err(Failure::usage(message).help("pass --revision ID"))
        }
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
