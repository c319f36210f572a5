//! `lock`: marking revisions as released.

use std::mem;
use std::path::Path;

use revchain_core::lock_file::{self, FILE_NAME};
use revchain_core::{Chain, Revision, RevisionSet};
use revchain_prove::{Scope, prove};
use revchain_runtime::Migrations;
use serde_json::json;

use crate::developer::args::LockArgs;
use crate::developer::proof::note_lines;
use crate::developer::source_tree::{SourceTree, load, load_without_head, touch, write_lock_file};
use crate::support::{Answer, Failure, Result};

/// Writes the lock file of the chain in `directory`.
///
/// Locked revisions stay locked.
/// `lock` proves new revisions first, because a build does not prove locked revisions in full.
/// It prints the notes of the proof: later builds show no notes for locked revisions.
pub(crate) fn run(args: &LockArgs, directory: &Path, embedded: Option<&Migrations>) -> Result {
    let directory = args.source.directory.as_deref().unwrap_or(directory);
    let loaded = if args.head {
        load_without_head(directory)
    } else {
        load(directory)
    };
    let mut proven = prove(loaded, Scope::Unlocked);
    let notes = mem::take(&mut proven.notes);
    let tree = SourceTree::new(directory, proven, embedded)?;
    let Some(chain) = &tree.chain else {
        let message = format!("{}: there is no chain to lock", directory.display());
        return Err(Failure::failed("no-chain", message));
    };
    let requested = requested(args, chain)?;
    let (mut locked, mut new) = (Vec::new(), Vec::new());
    let old = tree.lock_file.as_ref();
    for index in chain.indices() {
        let revision = &chain[index];
        let was_locked = old.is_some_and(|file| file.contains(revision.id()));
        if was_locked || requested.contains(index) {
            locked.push(revision);
        }
        if !was_locked && requested.contains(index) {
            new.push(revision.id());
        }
    }
    write_lock_file(directory, &lock_file::render(chain, locked.iter().copied()))?;
    if let (None, Some(head)) = (old, chain.head()) {
        touch(directory, head);
    }
    let path = directory.join(FILE_NAME).display().to_string();
    let head = chain.head().map_or("base", Revision::id);
    let mut text = match locked.last() {
        Some(last) => format!(
            "{path}: {} locked up to {}, {} of them new; the head is {head}",
            locked.len(),
            last.id(),
            new.len()
        ),
        None => format!("{path}: nothing locked; the head is {head}"),
    };
    text += &note_lines(&notes);
    let locked: Vec<&str> = locked.into_iter().map(Revision::id).collect();
    let json = json!({
        "path": path,
        "locked": locked,
        "new": new,
        "head": head,
        "notes": notes,
    });
    Ok(Answer::new(text, json))
}

/// Returns the revisions that the arguments ask to lock.
fn requested(args: &LockArgs, chain: &Chain) -> Result<RevisionSet> {
    if args.head {
        return Ok(RevisionSet::empty(chain.len()));
    }
    let id = match args.target.as_deref().or(args.revision.as_deref()) {
        None | Some("head") => return Ok(RevisionSet::full(chain.len())),
        Some(id) => id,
    };
    let Some(index) = chain.index_of(id) else {
        let head = chain.head().map_or("base", Revision::id);
        let failure = Failure::usage(format!("there is no revision `{id}`"));
        return Err(failure.help(&format!("name a revision up to {head}")));
    };
    Ok(chain.ancestry(index))
}
