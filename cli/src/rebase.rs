//! `rebase`: putting a second head behind the first.

use std::fs;
use std::path::Path;

use revchain_core::rebase::{Edit, RebaseError, plan};
use revchain_core::source::File;
use revchain_core::{Defects, Lock};
use serde_json::{Value, json};

use crate::args::Rebase;
use crate::failure::Failure;
use crate::output::Answer;
use crate::source_tree::{self, now};

/// Rewrites the files of `directory` until they have one head.
pub(crate) fn rebase(arguments: &Rebase, directory: &Path) -> Result<Answer, Failure> {
    let directory = arguments.directory.as_deref().unwrap_or(directory);
    let mut lines = Vec::new();
    let mut moved: Vec<Value> = Vec::new();
    loop {
        let (files, lock) = read(directory)?;
        let edits = plan(&files, lock.as_ref(), now()).map_err(|error| match error {
            RebaseError::Defects(defects) => Failure::from(defects),
            RebaseError::Refused(reason) => Failure::failed("refused", reason),
        })?;
        if edits.is_empty() {
            break;
        }
        for edit in &edits {
            write(directory, edit)?;
            let Edit { from, to, revision, revises, .. } = edit;
            let renamed = if from == to { String::new() } else { format!(" → {to}") };
            lines.push(format!("{from}{renamed}: {revision} revises {revises}"));
            moved.push(json!({ "from": from, "to": to, "revision": revision, "revises": revises }));
        }
        if let (Some(lock), Some(head)) = (lock, edits.last()) {
            source_tree::write_lock(directory, &lock.with_head(&head.to))?;
        }
    }
    if lines.is_empty() {
        lines.push("there is one head: nothing to do".to_owned());
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("{}: {line}", directory.display())).collect();
    Ok(Answer { text: lines.join("\n"), json: json!({ "moved": moved }) })
}

fn read(directory: &Path) -> Result<(Vec<File>, Option<Lock>), Failure> {
    let mut defects = Vec::new();
    let found = revchain_core::read(directory, &directory.to_string_lossy(), &mut defects);
    Defects::from_list(defects).map_or(Ok(found), |defects| Err(defects.into()))
}

/// Writes the file anew. Under a new name it is written before the old one goes, so that nothing is ever lost.
fn write(directory: &Path, edit: &Edit) -> Result<(), Failure> {
    let (from, to) = (directory.join(&edit.from), directory.join(&edit.to));
    if from == to {
        return source_tree::replace(&to, &edit.text);
    }
    source_tree::create(&to, &edit.text)?;
    fs::remove_file(&from).map_err(source_tree::at(&from))
}
