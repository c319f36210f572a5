//! `merge`: writing a revision that revises both of two heads.

use std::path::Path;

use revchain_core::graph::merge::{Merge, plan};
use revchain_core::lock_file;
use revchain_core::source::file_name::{FileName, check_id};
use serde_json::json;

use crate::developer::args::MergeArgs;
use crate::developer::naming;
use crate::developer::source_tree::{create, now, read_branches, write_lock_file};
use crate::support::{Answer, Failure, Result};

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
    let description = match &args.summary {
        Some(summary) => summary.clone(),
        None => format!("Merge {first} and {second}"),
    };
    let slug = naming::slug(&description).ok_or_else(|| {
        let message = "the summary has no letters a-z and no digits";
        Failure::usage(message).help("use words with letters a-z or digits")
    })?;
    let id = id(args.revision.as_deref(), &merge)?;
    let name = FileName {
        date: merge.date,
        id: id.clone(),
        slug,
    };
    let file_name = name.to_string();
    let path = directory.join(&file_name);
    let revises = format!("{first} {second}");
    let summary = naming::summary(&description);
    let scripts = "-- @upgrade\n\n-- @downgrade\n";
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
    let json = json!({ "path": path, "revision": id, "revises": revises });
    Ok(Answer::new(path, json))
}

/// Returns the id of the new revision: the requested id, or the number after the highest id.
fn id(requested: Option<&str>, merge: &Merge) -> Result<String> {
    let Some(id) = requested.or(merge.id.as_deref()) else {
        let message = format!("cannot count from the id of the head, {}", merge.parents[0]);
        return Err(Failure::usage(message).help("pass --revision ID"));
    };
    if let Err(reason) = check_id(id) {
        return Err(Failure::usage(format!("the new revision {reason}")));
    }
    if merge.taken.iter().any(|taken| taken == id) {
        return Err(Failure::usage(format!(
            "the chain already has a revision {id}"
        )));
    }
    Ok(id.to_owned())
}
