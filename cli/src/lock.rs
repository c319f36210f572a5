//! `lock`: writing down which revisions are released.

use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

use revchain_core::{Revision, lock};
use revchain_runtime::Migrations;
use serde_json::json;

use crate::args::Lock;
use crate::failure::Failure;
use crate::output::Answer;
use crate::source_tree;

/// Writes the lock of the chain in `directory`. What is locked already stays so; what is not is proven first, since a
/// locked revision is not proven again.
pub(crate) fn lock(
    arguments: &Lock,
    directory: &Path,
    embedded: Option<&Migrations>,
) -> Result<Answer, Failure> {
    let directory = arguments.directory.as_deref().unwrap_or(directory);
    let Some((chain, before)) = source_tree::load_proven(directory, embedded)? else {
        return Err(Failure::failed(
            "no-chain",
            format!("{}: there is no chain to lock", directory.display()),
        ));
    };
    let up_to = match arguments.revision.as_deref() {
        _ if arguments.head => vec![false; chain.revisions().len()],
        None | Some("head") => vec![true; chain.revisions().len()],
        Some(id) => match chain.position(id) {
            Some(place) => chain.ancestry(place),
            None => return Err(Failure::usage(format!("there is no revision `{id}`"))),
        },
    };
    let was_locked = |id: &str| before.as_ref().is_some_and(|before| before.has(id));
    let revisions = chain.revisions().iter().zip(up_to);
    let locked: Vec<&Revision> = revisions
        .filter(|(revision, is)| *is || was_locked(revision.id()))
        .map(|(revision, _)| revision)
        .collect();
    source_tree::write_lock(directory, &lock::text(&chain, locked.iter().copied()))?;
    if let (None, Some(head)) = (&before, chain.head()) {
        touch(directory, head);
    }
    let path = directory.join(lock::FILE_NAME).display().to_string();
    let locked: Vec<&str> = locked.into_iter().map(Revision::id).collect();
    let new: Vec<&str> = locked.iter().copied().filter(|id| !was_locked(id)).collect();
    let head = chain.head().map_or("base", |head| head.id());
    let text = match locked.last() {
        Some(last) => format!(
            "{path}: {} locked up to {last}, {} of them new; the head is {head}",
            locked.len(),
            new.len()
        ),
        None => format!("{path}: nothing locked; the head is {head}"),
    };
    Ok(Answer { json: json!({ "path": path, "locked": locked, "new": new, "head": head }), text })
}

/// A build looks at the lock only if it was there at the last one. So that a new lock is noticed, it is made to look as
/// if a file had changed that every build looks at; if that cannot be done, the next change of any file does it.
fn touch(directory: &Path, head: &Revision) {
    let file = File::options().append(true).open(directory.join(head.file_name()));
    let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
}
