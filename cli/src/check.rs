//! `check`: the schema of a database against that of its revision, and the proof of a directory outside a build.

use std::path::Path;

use revchain_core::Draft;
use revchain_core::snippet::escape;
use revchain_runtime::{Diff, Downgrade, Migrations, Revision, Scope, prove};
use serde_json::json;

use crate::Commands;
use crate::args::Check;
use crate::database::{look, missing};
use crate::failure::{Failure, in_database};
use crate::output::{self, Answer};

impl Commands<'_> {
    /// The directory, if one is named; the database, if one is named, or nothing else is.
    pub(crate) fn check(&self, arguments: &Check) -> Result<Answer, Failure> {
        match &arguments.migrations {
            None if arguments.all => Err(Failure::usage("--all is about a directory of migrations: name it")),
            None => self.check_database(arguments),
            Some(directory) => {
                let (proven, _) = prove_directory(directory, arguments.all)?;
                self.check_database_too(proven, arguments)
            }
        }
    }

    /// What was proven, and the database, if one is named.
    pub(crate) fn check_database_too(&self, proven: Answer, arguments: &Check) -> Result<Answer, Failure> {
        match arguments.common.database {
            Some(_) => Ok(both(proven, self.check_database(arguments)?)),
            None => Ok(proven),
        }
    }

    fn check_database(&self, arguments: &Check) -> Result<Answer, Failure> {
        let path = self.path(&arguments.common)?;
        let connection = look(path)?.ok_or_else(|| missing(path))?;
        let database = path.display().to_string();
        let drift = self.options(&arguments.common, false).check(&connection).map_err(in_database(path))?;
        let json = json!({
            "database": database,
            "current": drift.revision,
            "drift": output::drift(&drift),
        });
        if drift.is_none() {
            Ok(Answer { text: format!("{database}: {drift}"), json })
        } else {
            let legend = Diff::legend(drift.revision.as_deref().unwrap_or("base"));
            Err(Failure::failed("drifted", format!("{database}: {drift}\nhelp: {legend}")).with(json))
        }
    }
}

/// Proves the chain in a directory, and gives it.
pub(crate) fn prove_directory(directory: &Path, all: bool) -> Result<(Answer, Migrations), Failure> {
    let scope = if all { Scope::All } else { Scope::Unlocked };
    let shown = directory.to_string_lossy();
    let draft = prove(Draft::read(directory, &shown), scope);
    let remarks = draft.remarks.clone();
    let locked = match (scope, &draft.lock, &draft.chain) {
        (Scope::Unlocked, Some(lock), Some(chain)) => {
            chain.revisions().iter().filter(|revision| lock.has(revision.id())).count()
        }
        _ => 0,
    };
    let chain = draft.finish()?;
    let count = chain.revisions().len();
    let head = chain.head().map_or("base", |head| head.id());
    let revisions = |count: usize| format!("{count} revision{}", if count == 1 { "" } else { "s" });
    let mut text = format!("{}: ", directory.display());
    if count > locked {
        text += &format!("{} proven, up, down and up again", revisions(count - locked));
    }
    if locked > 0 {
        text += if count > locked { ", and " } else { "" };
        text += &format!(
            "{} locked, of which only the upgrade was run (--all proves them again)",
            revisions(locked)
        );
    }
    let unproven = chain.revisions().iter().find(|revision| revision.fingerprint().is_none());
    if let Some(unproven) = unproven {
        text += &format!("; from {} on, the schema is not known (@unproven)", unproven.id());
    }
    let is_irreversible = |revision: &&Revision| matches!(revision.downgrade(), Downgrade::Irreversible(_));
    let irreversible = chain.revisions().iter().filter(is_irreversible).count();
    if irreversible > 0 {
        text += &format!("; {irreversible} irreversible");
    }
    text += &format!("; the head is {head}");
    for remark in &remarks {
        text += &format!("\nnote: {}", escape(remark));
    }
    let json = json!({
        "directory": directory.display().to_string(),
        "revisions": count,
        "locked": locked,
        "irreversible": irreversible,
        "unknown_from": unproven.map(Revision::id),
        "head": head,
        "remarks": remarks,
    });
    Ok((Answer { text, json }, Migrations::of_chain(chain, shown.into_owned(), "")))
}

/// Two answers in one.
fn both(one: Answer, other: Answer) -> Answer {
    let mut json = one.json;
    if let (Some(all), Some(more)) = (json.as_object_mut(), other.json.as_object()) {
        all.extend(more.clone());
    }
    Answer { text: format!("{}\n{}", one.text, other.text), json }
}
