//! Rebase: putting one of two branches behind the other. Pure; the caller writes the files.

use std::collections::HashSet;

use crate::chain::{self, next_id};
use crate::defect::{Code, Defect, Defects};
use crate::lock::Lock;
use crate::name::{self, Date, Name};
use crate::parse::{self, Parsed};
use crate::source::File;

/// A file that is to be written anew, perhaps under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file's name now.
    pub from: String,
    /// The file's name afterwards.
    pub to: String,
    /// What is in it afterwards.
    pub text: String,
    /// The revision's id afterwards.
    pub revision: String,
    /// What it revises afterwards.
    pub revises: String,
}

/// Why nothing can be put behind anything.
#[derive(Debug)]
pub enum RebaseError {
    /// There are other defects than a second head, and they come first.
    Defects(Defects),
    /// It cannot be decided which branch goes behind the other, for this reason.
    Refused(String),
}

/// What puts the second head behind the first: the branch that began later, unless something in it is locked, then
/// the other. Its first revision gets a new parent, and every one that would be dated before its parent gets the time
/// `now`. Of two files that are the same revision, the one that is not locked, or else the younger, gets a new id.
///
/// There is nothing to do where there is one head. Where there are three, two calls are needed.
///
/// # Errors
///
/// Where another defect is in the way, both branches are locked, or an id is not a number and cannot be counted on.
pub fn plan(files: &[File], lock: Option<&Lock>, now: Date) -> Result<Vec<Edit>, RebaseError> {
    let mut defects = Vec::new();
    let mut parsed: Vec<Parsed> = files.iter().map(|file| parse::parse(file, &mut defects)).collect();
    let renumbered = renumber(&mut parsed, lock)?;
    let branches = chain::branches(&parsed, lock, &mut defects);
    defects.retain(|defect: &Defect| !matches!(defect.code(), Code::MultipleHeads | Code::DatedBeforeParent));
    if !defects.is_empty() {
        return Err(RebaseError::Defects(Defects::new(defects)));
    }
    let Some(branches) = branches else { return Ok(Vec::new()) };
    let is_locked = |index: &usize| {
        let id = parsed[*index].id.as_deref().unwrap_or_default();
        !renumbered.contains(index) && lock.is_some_and(|lock| lock.has(id))
    };
    let [first, second] = branches.branches;
    let [first_head, second_head] = branches.heads;
    let (behind, moved) = match (second.iter().any(is_locked), first.iter().any(is_locked)) {
        (false, _) => (first_head, second),
        (true, false) => (second_head, first),
        (true, true) => {
            let id = |index: usize| parsed[index].id.clone().unwrap_or_default();
            let (a, b) = (id(first_head), id(second_head));
            return Err(RebaseError::Refused(format!(
                "both branches are released: {a} and {b} are locked\n\
                 help: merge them, in a new revision with `-- @revises {a} {b}`"
            )));
        }
    };
    Ok(put_behind(files, &mut parsed, behind, &moved, now))
}

/// Gives a new id to every file but one that is the same revision as another. Says which got one.
fn renumber(parsed: &mut [Parsed], lock: Option<&Lock>) -> Result<HashSet<usize>, RebaseError> {
    let mut renumbered = HashSet::new();
    let mut order: Vec<usize> = (0..parsed.len()).collect();
    // The one that keeps its id comes first: the locked one, or else the oldest.
    order.sort_by_key(|&index| {
        let is_locked = lock.is_some_and(|lock| lock.is_of(&parsed[index]));
        (!is_locked, parsed[index].date, parsed[index].path.clone())
    });
    let mut taken: HashSet<String> = HashSet::new();
    let all: Vec<String> = parsed.iter().filter_map(|file| file.id.clone()).collect();
    for index in order {
        let Some(id) = parsed[index].id.clone() else { continue };
        if taken.insert(id.clone()) {
            continue;
        }
        let is_revised = parsed
            .iter()
            .filter_map(|file| file.revises.as_ref())
            .any(|r| r.parents.iter().any(|(p, _)| *p == id));
        if is_revised {
            return Err(RebaseError::Refused(format!(
                "two files are revision {id}, and it cannot be told which one others revise\nhelp: rename one by hand"
            )));
        }
        let ids = all.iter().chain(&taken).map(String::as_str);
        let Some(new) = next_id(&id, ids) else {
            return Err(RebaseError::Refused(format!(
                "two files are revision {id}, which is not a number to count on from\nhelp: rename one by hand"
            )));
        };
        taken.insert(new.clone());
        parsed[index].id = Some(new);
        // It was that of the old id.
        parsed[index].checksum = None;
        renumbered.insert(index);
    }
    Ok(renumbered)
}

/// Writes the files of `moved`, which come in the order of the chain, such that the first follow `behind`.
fn put_behind(files: &[File], parsed: &mut [Parsed], behind: usize, moved: &[usize], now: Date) -> Vec<Edit> {
    let within: HashSet<String> = moved.iter().filter_map(|&index| parsed[index].id.clone()).collect();
    let behind_id = parsed[behind].id.clone().unwrap_or_default();
    let mut edits = Vec::new();
    for &index in moved {
        let Ok(name) = name::parse(&files[index].name) else { continue };
        let (Some(id), Some(revises)) = (parsed[index].id.clone(), parsed[index].revises.as_ref()) else {
            continue;
        };
        let mut parents: Vec<String> = revises.parents.iter().map(|(parent, _)| parent.clone()).collect();
        parents.retain(|parent| within.contains(parent));
        if parents.len() < revises.parents.len().max(1) {
            parents.insert(0, behind_id.clone());
        }
        let date_of =
            |id: &String| parsed.iter().find(|file| file.id.as_ref() == Some(id)).and_then(|file| file.date);
        let earliest = parents.iter().filter_map(date_of).max().unwrap_or(name.date);
        let date = if name.date < earliest { now.max(earliest) } else { name.date };
        let mut text = parsed[index].text.clone();
        text.replace_range(revises.span.clone(), &parents.join(" "));
        if files[index].bytes.as_deref().is_some_and(|bytes| bytes.windows(2).any(|pair| pair == b"\r\n")) {
            text = text.replace('\n', "\r\n");
        }
        parsed[index].date = Some(date);
        edits.push(Edit {
            from: files[index].name.clone(),
            to: Name { date, id: id.clone(), slug: name.slug }.file_name(),
            text,
            revision: id,
            revises: parents.join(" "),
        });
    }
    edits
}
