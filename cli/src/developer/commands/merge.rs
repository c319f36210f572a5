//! `merge`: writing a revision that revises both of two heads.

use std::path::Path;

use revchain_core::graph::merge::{Merge, plan};
use revchain_core::source::file_name::check_id;
use serde_json::json;

use crate::developer::args::MergeArgs;
use crate::developer::new_file::{EMPTY_SCRIPTS, NewFile, check_requested_id, no_next_id, slug};
use crate::developer::source_tree::{now, read_branches};
use crate::support::{Answer, Result};

/// Writes the file of a new revision that revises the main head and the oldest other head.
pub(crate) fn run(args: &MergeArgs, directory: &Path) -> Result {
    let directory = args.source.directory.as_deref().unwrap_or(directory);
    let branches = read_branches(directory)?;
    let lock_file = branches.lock_file.as_ref();
    let Some(merge) = plan(&branches.files, lock_file, now())? else {
        let text = format!("{}: there is one head: nothing to do", directory.display());
        let json = json!({ "path": null, "revision": null, "revises": null });
        return Ok(Answer::new(text, json));
    };
    let [first, second] = &merge.parents;
    let summary = match &args.summary {
        Some(summary) => summary.clone(),
        None => format!("Merge {first} and {second}"),
    };
    let file = NewFile {
        slug: slug(&summary)?,
        summary,
        id: id(args.revision.as_deref(), &merge)?,
        date: merge.date,
        revises: format!("{first} {second}"),
        scripts: EMPTY_SCRIPTS.to_owned(),
    };
    file.write(directory, lock_file)
}

/// Returns the id of the new revision: the requested id, or the number after the highest id.
fn id(requested: Option<&str>, merge: &Merge) -> Result<String> {
    if let Some(id) = requested {
        check_requested_id(id, merge.taken.iter().any(|taken| taken == id))?;
        return Ok(id.to_owned());
    }
    match &merge.id {
        Some(id) if check_id(id).is_ok() => Ok(id.clone()),
        _ => Err(no_next_id(&merge.parents[0])),
    }
}
