//! `check`: the schema of a database against that of its revision, and the proof of a directory outside a build.

use std::path::Path;

use revchain_core::{Chain, Draft};
use revchain_runtime::{Diff, Downgrade, Revision, Scope, prove};
use serde_json::json;

use crate::Commands;
use crate::args::Check;
use crate::database::{look, must_exist};
use crate::failure::{Failure, in_database};
use crate::output::Answer;

impl Commands<'_> {
    /// The directory, if one is named; the database, if one is named, or nothing else is.
    pub(crate) fn check(&self, arguments: &Check) -> Result<Answer, Failure> {
        match &arguments.migrations {
            None if arguments.all => Err(Failure::usage("--all is about a directory of migrations: name it")),
            None => self.check_database(arguments),
            Some(directory) => {
                let proven = prove_directory(directory, arguments.all)?;
                match arguments.common.database {
                    Some(_) => Ok(both(proven, self.check_database(arguments)?)),
                    None => Ok(proven),
                }
            }
        }
    }

    pub(crate) fn check_database(&self, arguments: &Check) -> Result<Answer, Failure> {
        let path = self.path(&arguments.common)?;
        must_exist(path)?;
        let database = path.display().to_string();
        // It is there, as was just seen; should it be gone again, it has no schema.
        let Some(connection) = look(path)? else {
            return Err(Failure::failed("open", format!("{database}: there is no such file")));
        };
        let drift = self.options(&arguments.common, false).check(&connection).map_err(in_database(path))?;
        let json = json!({
            "database": database,
            "current": drift.revision,
            "drift": drift.diff.as_ref().map(|diff| diff.lines().collect::<Vec<_>>()),
        });
        if drift.is_none() {
            Ok(Answer { text: format!("{database}: {drift}"), json })
        } else {
            let legend = Diff::legend(drift.revision.as_deref().unwrap_or("base"));
            Err(Failure::failed("drifted", format!("{database}: {drift}\nhelp: {legend}")).with(json))
        }
    }
}

/// Proves the chain in a directory.
pub(crate) fn prove_directory(directory: &Path, all: bool) -> Result<Answer, Failure> {
    let scope = if all { Scope::All } else { Scope::Unlocked };
    let draft = prove(Draft::read(directory, &directory.to_string_lossy()), scope);
    let remarks = draft.remarks.clone();
    let locked = draft.lock.as_ref().map_or(0, |lock| match scope {
        Scope::All => 0,
        Scope::Unlocked => draft.chain.as_ref().map_or(0, |chain| count_locked(chain, lock)),
    });
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
        text += &format!("\nnote: {remark}");
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
    Ok(Answer { text, json })
}

fn count_locked(chain: &Chain, lock: &revchain_core::Lock) -> usize {
    chain.revisions().iter().filter(|revision| lock.has(revision.id())).count()
}

/// Two answers in one.
pub(crate) fn both(one: Answer, other: Answer) -> Answer {
    let mut json = one.json;
    if let (Some(all), Some(more)) = (json.as_object_mut(), other.json.as_object()) {
        all.extend(more.clone());
    }
    Answer { text: format!("{}\n{}", one.text, other.text), json }
}
