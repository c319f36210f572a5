//! `new`: writing the next file of a chain.

use std::io::Write;
use std::path::Path;

use revchain_core::source::file_name::{FileName, LONGEST_ID, check_id, next_id};
use revchain_core::{Chain, Defects, Revision};
use revchain_runtime::Migrations;
use serde_json::json;

use crate::developer::args::NewArgs;
use crate::developer::naming;
use crate::developer::source_tree::{SourceTree, create, load, now, write_lock_file};
use crate::support::{Answer, Failure, Result};

/// Writes the file of a new revision that revises the head of the chain in `directory`.
///
/// `embedded` is the chain of the program. Fails if the directory lacks the head of `embedded`.
pub(crate) fn run(args: &NewArgs, directory: &Path, embedded: Option<&Migrations>) -> Result {
    let directory = args.source.directory.as_deref().unwrap_or(directory);
    let tree = SourceTree::new(directory, load(directory), embedded)?;
    let chain = tree.chain.as_ref();
    if let (Some(chain), Some(lock_file)) = (chain, &tree.lock_file) {
        if let Some(defect) = lock_file.check_head(chain) {
            return Err(Defects::from(defect).into());
        }
    }
    let slug = naming::slug(&args.description).ok_or_else(|| {
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
    create(&path, &text(&args.description, revises))?;
    if let Some(lock_file) = &tree.lock_file {
        // Cargo tracks the lock file, so the next build reads the new migration. If two branches
        // add migrations, git reports a conflict in the lock file.
        write_lock_file(directory, &lock_file.with_head(&file_name))?;
    } else if embedded.is_some() {
        let note = "note: there is no lock file, so cargo may not notice the new migration\n\
                    help: run `lock --head` to write a lock file";
        let _ = writeln!(anstream::stderr(), "{note}");
    }
    let path = path.display().to_string();
    let json = json!({ "path": path, "revision": id, "revises": revises });
    Ok(Answer { text: path, json })
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

/// Returns the text of a new migration file, with empty scripts.
fn text(description: &str, revises: &str) -> String {
    let summary = naming::summary(description);
    format!("-- {summary}\n-- @revises {revises}\n\n-- @upgrade\n\n-- @downgrade\n")
}
