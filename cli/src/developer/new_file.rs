//! The file of a new revision, as `new` and `merge` write it.

use std::path::Path;

use revchain_core::source::file_name::{FileName, LONGEST_ID, check_id};
use revchain_core::{Date, LockFile, lock_file};
use serde_json::json;

use crate::developer::naming;
use crate::developer::source_tree::{create, write_lock_file};
use crate::support::{Answer, Failure, Result};

/// The scripts of a revision without SQL.
pub(crate) const EMPTY_SCRIPTS: &str = "-- @upgrade\n\n-- @downgrade\n";

/// A new revision whose file does not exist yet.
pub(crate) struct NewFile {
    pub(crate) summary: String,
    pub(crate) slug: String,
    pub(crate) id: String,
    pub(crate) date: Date,
    /// The ids of the parents, separated by a space; `base` for the first revision.
    pub(crate) revises: String,
    /// Both scripts, with their directives.
    pub(crate) scripts: String,
}

impl NewFile {
    /// Writes the file, and its name into the lock file. Creates a missing lock file.
    ///
    /// Cargo tracks the lock file, so the next build reads the new migration. If two branches add
    /// migrations, git reports a conflict in the lock file.
    pub(crate) fn write(self, directory: &Path, lock_file: Option<&LockFile>) -> Result<Answer> {
        let Self {
            summary,
            slug,
            id,
            date,
            revises,
            scripts,
        } = self;
        let name = FileName { date, id, slug };
        let file_name = name.to_string();
        let path = directory.join(&file_name);
        let summary = naming::summary(&summary);
        create(
            &path,
            &format!("-- {summary}\n-- @revises {revises}\n\n{scripts}"),
        )?;
        let lock_text = match lock_file {
            Some(lock_file) => lock_file.with_head(&file_name),
            None => lock_file::render_head(&file_name),
        };
        write_lock_file(directory, &lock_text)?;
        let path = path.display().to_string();
        let json = json!({ "path": path, "revision": name.id, "revises": revises });
        Ok(Answer::new(path, json))
    }
}

/// Returns the slug for a summary.
pub(crate) fn slug(summary: &str) -> Result<String> {
    naming::slug(summary).ok_or_else(|| {
        let message = "the summary has no letters a-z and no digits";
        Failure::usage(message).help("use words with letters a-z or digits")
    })
}

/// Checks the id that the arguments request. `is_taken` is `true` if the chain has the id.
pub(crate) fn check_requested_id(id: &str, is_taken: bool) -> Result<()> {
    if check_id(id).is_err() {
        let help = format!(
            "use 1 to {LONGEST_ID} characters 0-9 and a-z, except the words base, head and heads"
        );
        return Err(Failure::usage(format!("invalid revision id `{id}`")).help(&help));
    }
    if is_taken {
        let message = format!("the chain already has a revision {id}");
        return Err(Failure::usage(message));
    }
    Ok(())
}

/// Returns the failure for a head whose id is no number, so that no next id exists.
pub(crate) fn no_next_id(head: &str) -> Failure {
    let message = format!("cannot count from the id of the head, {head}");
    Failure::usage(message).help("pass --revision ID")
}
