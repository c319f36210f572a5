//! `migrate`: writing the next file of a chain.

use std::io::Write;
use std::path::Path;

use revchain_core::chain::next_id;
use revchain_core::name::{self, Name};
use revchain_core::{Chain, Defects};
use revchain_runtime::Migrations;
use serde_json::json;

use crate::args::Migrate;
use crate::failure::Failure;
use crate::output::Answer;
use crate::source_tree::{self, now};

/// The longest slug that is made from a description, in characters: a name must fit into 255 bytes.
const LONGEST_SLUG: usize = 60;

/// Writes the file that follows the head of the chain in `directory`. `embedded` is the chain that the program was
/// built from, where there is one: the directory must be its own.
pub(crate) fn migrate(
    arguments: &Migrate,
    directory: &Path,
    embedded: Option<&Migrations>,
) -> Result<Answer, Failure> {
    let directory = arguments.directory.as_deref().unwrap_or(directory);
    let (chain, lock) = match source_tree::load(directory, embedded)? {
        Some((chain, lock)) => (Some(chain), lock),
        None => (None, None),
    };
    if let (Some(chain), Some(lock)) = (&chain, &lock) {
        Defects::from_list(lock.other_head(chain).into_iter().collect()).map_or(Ok(()), Err)?;
    }
    let slug = slug(&arguments.description)?;
    let id = id(arguments, chain.as_ref())?;
    let head = chain.as_ref().and_then(Chain::head);
    // A clock that is behind must not date a revision before its parent.
    let date = head.map_or_else(now, |head| now().max(head.date()));
    let revises = head.map_or("base", |head| head.id());
    let file = Name { date, id: id.clone(), slug }.file_name();
    let path = directory.join(&file);
    source_tree::create(&path, &text(&arguments.description, revises))?;
    if lock.is_none() && embedded.is_some() {
        let note = "note: without a lock, cargo notices a new file only if a build.rs says so: `lock --head` writes one";
        let _ = writeln!(anstream::stderr(), "{note}");
    }
    if let Some(lock) = lock {
        // With it, cargo notices the new file, and another branch that adds one conflicts.
        source_tree::write_lock(directory, &lock.with_head(&file))?;
    }
    let shown = path.display().to_string();
    Ok(Answer { json: json!({ "path": shown, "revision": id, "revises": revises }), text: shown })
}

fn id(arguments: &Migrate, chain: Option<&Chain>) -> Result<String, Failure> {
    let taken = |id: &str| chain.is_some_and(|chain| chain.position(id).is_some());
    if let Some(id) = &arguments.revision {
        name::check_id(id).map_err(|_| {
            let form = format!(
                "1 to {} characters of 0-9 and a-z, and no word that names a target",
                name::LONGEST_ID
            );
            Failure::usage(format!("`{id}` cannot be the id of a revision: it is {form}"))
        })?;
        if taken(id) {
            return Err(Failure::usage(format!("the chain has a revision {id} already")));
        }
        return Ok(id.clone());
    }
    let Some(chain) = chain else { return Ok("001".to_owned()) };
    let head = chain.head().map(|head| head.id()).unwrap_or_default();
    next_id(head, chain.revisions().iter().map(|revision| revision.id()))
        .filter(|id| name::check_id(id).is_ok() && !taken(id))
        .ok_or_else(|| {
            Failure::usage(format!(
                "the head is {head}, which does not count: give the new id, --revision ID"
            ))
        })
}

fn slug(description: &str) -> Result<String, Failure> {
    let words = description.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        if !slug.is_empty() && slug.len() + 1 + word.len() > LONGEST_SLUG {
            break;
        }
        slug.push_str(if slug.is_empty() { "" } else { "_" });
        slug.extend(word.chars().take(LONGEST_SLUG).map(|c| c.to_ascii_lowercase()));
    }
    if slug.is_empty() {
        return Err(Failure::usage("say what the revision does, in words with letters a-z or digits"));
    }
    Ok(slug)
}

fn text(description: &str, revises: &str) -> String {
    // On one line: the rest would be taken for a summary that goes on, or for a directive.
    let summary = description.split_whitespace().collect::<Vec<_>>().join(" ").replace(char::is_control, "");
    let stop = if summary.ends_with(['.', '!', '?']) { "" } else { "." };
    format!(
        "-- {}{stop}\n-- @revises {revises}\n\n-- @upgrade\n\n-- @downgrade\n",
        summary.trim_start_matches(['@', '-', ' '])
    )
}
