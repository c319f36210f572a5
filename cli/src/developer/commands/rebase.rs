//! `rebase`: moving one branch to the end of the other, so that the chain has one head.

use std::path::Path;

use revchain_core::graph::rebase::{Edit, RebaseError, plan};
use revchain_core::lock_file::FILE_NAME;
use revchain_core::{LoadedMigrations, Revision};
use serde_json::{Value, json};

use crate::developer::args::DirectoryArgs;
use crate::developer::source_tree::{
    Branches, create, now, read_branches, remove, replace, write_lock_file,
};
use crate::support::{Answer, Failure, Result};

/// The advice if files were moved: databases that have them would not fit the chain any more.
const DEPLOYED: &str = "note: if a deployed program has a moved revision, undo this change with git, \
                        run `revchain lock` on the branch of that program, and merge again";

/// Rewrites files of `directory` until the chain has one head.
pub(crate) fn run(args: &DirectoryArgs, directory: &Path) -> Result {
    let directory = args.directory.as_deref().unwrap_or(directory);
    let display = directory.display();
    let mut lines: Vec<String> = Vec::new();
    let mut moved: Vec<Value> = Vec::new();
    loop {
        let branches = read_branches(directory)?;
        let lock_file = branches.lock_file.as_ref();
        if branches.has_conflict {
            let path = directory.join(FILE_NAME);
            lines.push(format!(
                "{}: joined both sides of the conflict",
                path.display()
            ));
        }
        let edits = plan(&branches.files, lock_file, now())?;
        let Some(last) = edits.last() else {
            if branches.has_conflict {
                write_head(directory, branches)?;
            }
            break;
        };
        for edit in &edits {
            write(directory, edit)?;
            lines.push(format!("{display}: {}", summary(edit)));
            moved.push(json!({
                "from": edit.from,
                "to": edit.to,
                "revision": edit.revision,
                "revises": edit.revises,
            }));
        }
        if let Some(lock_file) = lock_file {
            write_lock_file(directory, &lock_file.with_head(&last.to))?;
        }
    }
    if !moved.is_empty() {
        lines.push(DEPLOYED.to_owned());
    }
    if lines.is_empty() {
        lines.push(format!("{display}: there is one head: nothing to do"));
    }
    let (text, json) = (lines.join("\n"), json!({ "moved": moved }));
    Ok(Answer::new(text, json))
}

/// Applies an edit to the files in `directory`.
///
/// If the name changes, writes the new file before removing the old file: a crash loses nothing.
fn write(directory: &Path, edit: &Edit) -> Result<()> {
    let (from, to) = (directory.join(&edit.from), directory.join(&edit.to));
    if from == to {
        return replace(&to, &edit.text);
    }
    create(&to, &edit.text)?;
    remove(&from)
}

/// Writes the lock file of a chain that has one head. The conflict was in the lock file alone.
fn write_head(directory: &Path, branches: Branches) -> Result<()> {
    let Some(lock_file) = branches.lock_file else {
        return Ok(());
    };
    let loaded = LoadedMigrations::from_files(branches.files, None);
    let (chain, _) = loaded.into_chain_and_lock_file()?;
    let head = chain.head().map(Revision::file_name).unwrap_or_default();
    write_lock_file(directory, &lock_file.with_head(head))
}

fn summary(edit: &Edit) -> String {
    let mut file = edit.from.clone();
    if edit.to != edit.from {
        file += &format!(" → {}", edit.to);
    }
    format!("{file}: {} revises {}", edit.revision, edit.revises)
}

impl From<RebaseError> for Failure {
    fn from(error: RebaseError) -> Self {
        match error {
            RebaseError::Defects(defects) => defects.into(),
            RebaseError::Undecidable { reason, help } => {
                Self::failed("undecidable", reason).help(&help)
            }
        }
    }
}
