//! `check DIR`: proving a directory of migrations.

use std::mem;
use std::path::Path;

use revchain_core::diagnostics::escape::escape;
use revchain_core::{Chain, LoadedMigrations, RevisionSet, replicated_revisions};
use revchain_prove::{Scope, prove, prove_replicated};
use revchain_runtime::{Downgrade, Migrations, Revision};
use serde_json::json;

use crate::args::CheckArgs;
use crate::developer::source_tree::load;
use crate::support::{Answer, Failure, Result, count_revisions};

/// Proves the chain in a directory. Returns the answer for the user and the chain.
pub(crate) fn prove_directory(directory: &Path, args: &CheckArgs) -> Result<(Answer, Migrations)> {
    let all = args.all;
    let scope = if all { Scope::All } else { Scope::Unlocked };
    let mut loaded = load(directory);
    let replicated = match &args.replicated {
        Some(after) => replicated(&loaded, after.as_deref())?,
        None => None,
    };
    loaded = match &replicated {
        Some(revisions) => prove_replicated(loaded, scope, revisions),
        None => prove(loaded, scope),
    };
    let mut notes = mem::take(&mut loaded.notes);
    notes.extend(loaded.needs_file.take().map(|reason| {
        format!("a new cluster must begin with a file of a single machine: {reason}")
    }));
    let locked = if all { 0 } else { count_locked(&loaded) };
    let chain = loaded.into_chain()?;
    let mut answer = proof_answer(directory, &chain, locked, &notes);
    let replicated = replicated.map(|revisions| revisions.len());
    if let Some(count) = replicated {
        let count = count_revisions(count);
        answer.text += &format!("\n{count} and the schema at the head proven for a cluster");
    }
    answer.json["replicated"] = json!(replicated);
    let display = directory.to_string_lossy().into_owned();
    Ok((answer, Migrations::from_chain(chain, display)))
}

/// Returns the revisions to prove for a cluster; `None` if the directory has no chain.
fn replicated(loaded: &LoadedMigrations, after: Option<&str>) -> Result<Option<RevisionSet>> {
    let Some(chain) = &loaded.chain else {
        return Ok(None);
    };
    let revisions = replicated_revisions(chain, after);
    let revisions = revisions.map_err(|error| Failure::usage(error.message).help(&error.help))?;
    Ok(Some(revisions))
}

fn count_locked(loaded: &LoadedMigrations) -> usize {
    let (Some(chain), Some(lock_file)) = (&loaded.chain, &loaded.lock_file) else {
        return 0;
    };
    let ids = chain.revisions().iter().map(Revision::id);
    ids.filter(|id| lock_file.contains(id)).count()
}

fn proof_answer(directory: &Path, chain: &Chain, locked: usize, notes: &[String]) -> Answer {
    let directory = directory.display().to_string();
    let proven = chain.len() - locked;
    let revisions = chain.revisions().iter();
    let is_unknown = |revision: &&Revision| revision.fingerprint().is_none();
    let unknown_from = revisions.clone().find(is_unknown).map(Revision::id);
    let is_irreversible =
        |revision: &&Revision| matches!(revision.downgrade(), Downgrade::Irreversible(_));
    let irreversible = revisions.filter(is_irreversible).count();
    let head = chain.head().map_or("base", Revision::id);
    let mut facts = Vec::new();
    if proven > 0 || locked == 0 {
        facts.push(format!("{} proven", count_revisions(proven)));
    }
    if locked > 0 {
        let locked = count_revisions(locked);
        facts.push(format!(
            "{locked} locked, so not proven in full (--all proves them)"
        ));
    }
    if let Some(id) = unknown_from {
        facts.push(format!("the schema is unknown from {id} on"));
    }
    if irreversible > 0 {
        facts.push(format!("{irreversible} irreversible"));
    }
    facts.push(format!("the head is {head}"));
    let mut text = format!("{directory}: {}", facts.join("; "));
    text += &note_lines(notes);
    let json = json!({
        "directory": directory,
        "revisions": chain.len(),
        "locked": locked,
        "irreversible": irreversible,
        "unknown_from": unknown_from,
        "head": head,
        "notes": notes,
    });
    Answer::new(text, json)
}

/// Returns a line for each note of the proof. Each line begins with a line break.
pub(crate) fn note_lines(notes: &[String]) -> String {
    let lines = notes.iter().map(|note| format!("\nnote: {}", escape(note)));
    lines.collect()
}
