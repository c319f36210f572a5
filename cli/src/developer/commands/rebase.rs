//! `rebase`: moving one branch to the end of the other, so that the chain has one head.

use std::path::Path;

use revchain_core::graph::rebase::{Edit, RebaseError, plan};
use revchain_core::source::directory::File;
use revchain_core::{DefectList, LockFile, load};
use serde_json::{Value, json};

use crate::developer::args::DirectoryArgs;
use crate::developer::source_tree::{create, now, remove, replace, write_lock_file};
use crate::support::{Answer, Failure, Result};

/// Rewrites files of `directory` until the chain has one head.
pub(crate) fn run(args: &DirectoryArgs, directory: &Path) -> Result {
    let directory = args.directory.as_deref().unwrap_or(directory);
    let display = directory.display();
    let mut lines: Vec<String> = Vec::new();
    let mut moved: Vec<Value> = Vec::new();
    loop {
        let (files, lock_file) = read(directory)?;
        let edits = plan(&files, lock_file.as_ref(), now())?;
        let Some(last) = edits.last() else {
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
    if lines.is_empty() {
        lines.push(format!("{display}: there is one head: nothing to do"));
    }
    let (text, json) = (lines.join("\n"), json!({ "moved": moved }));
    Ok(Answer::new(text, json))
}

fn read(directory: &Path) -> Result<(Vec<File>, Option<LockFile>)> {
    let mut defects = DefectList::new();
    let read = load::read_files(directory, &directory.to_string_lossy(), &mut defects);
    defects.into_result()?;
    Ok(read)
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
