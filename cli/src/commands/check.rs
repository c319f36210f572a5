//! `check`: comparing a database with the schema of its revision, and proving a directory.

use std::path::Path;

use revchain_core::{Chain, LoadedMigrations};
use revchain_prove::{Scope, prove};
use revchain_runtime::{Diff, Downgrade, Migrations, Revision, SchemaCheck};
use serde_json::json;

use crate::app::Commands;
use crate::args::CheckArgs;
use crate::support::{
    Answer, Failure, Result, count_revisions, in_database, load, must_exist, note_lines,
    open_to_inspect, report,
};

/// Proves the directory if the arguments name a directory.
///
/// Checks the database if the arguments name a database, or if they name no directory.
pub(crate) fn run(app: &Commands<'_>, args: &CheckArgs) -> Result {
    if let Some(directory) = &args.migrations {
        let (proof, _) = prove_directory(directory, args.all)?;
        return with_database(app, proof, args);
    }
    if args.all {
        return Err(Failure::usage("--all needs a directory of migrations").help("pass DIR"));
    }
    check_database(app, args)
}

/// Checks the database if the arguments name a database, and adds the result to `proof`.
pub(crate) fn with_database(app: &Commands<'_>, mut proof: Answer, args: &CheckArgs) -> Result {
    if args.database.path.is_none() {
        return Ok(proof);
    }
    let database = check_database(app, args)?;
    proof.text += &format!("\n{}", database.text);
    if let (Some(fields), Some(more)) = (proof.json.as_object_mut(), database.json.as_object()) {
        fields.extend(more.clone());
    }
    Ok(proof)
}

fn check_database(app: &Commands<'_>, args: &CheckArgs) -> Result {
    let (path, migrator) = app.database_of(&args.database)?;
    must_exist(path)?;
    let check = in_database(path, migrator.check(&open_to_inspect(path)?))?;
    let text = format!("{}: {check}", path.display());
    let json = json!({
        "database": path.display().to_string(),
        "current": check.revision(),
        "drift": report::drift(&check),
    });
    let failure = match &check {
        SchemaCheck::Same { .. } => {
            return Ok(Answer { text, json });
        }
        SchemaCheck::Unknown { reason, .. } => {
            Failure::failed("unknown-schema", text).details(json!({ "reason": reason }))
        }
        _ => {
            let legend = Diff::legend(check.revision().unwrap_or("base"));
            Failure::failed("drifted", text).help(&legend)
        }
    };
    Err(failure.details(json))
}

/// Proves the chain in a directory. Returns the answer for the user and the chain.
pub(crate) fn prove_directory(directory: &Path, all: bool) -> Result<(Answer, Migrations)> {
    let scope = if all { Scope::All } else { Scope::Unlocked };
    let mut loaded = prove(load(directory), scope);
    let notes = std::mem::take(&mut loaded.notes);
    let locked = if all { 0 } else { count_locked(&loaded) };
    let chain = loaded.into_chain()?;
    let answer = proof_answer(directory, &chain, locked, &notes);
    let display = directory.to_string_lossy().into_owned();
    Ok((answer, Migrations::from_chain(chain, display)))
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
    Answer { text, json }
}
