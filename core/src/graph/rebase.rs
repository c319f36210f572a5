//! Rebase: makes one of two branches follow the other. The caller writes the files.

use std::collections::{HashMap, HashSet};

use super::file_graph::{FileGraph, FileIndex};
use crate::parse::{Parsed, parse};
use crate::source::directory::File;
use crate::source::file_name::{FileName, next_id};
use crate::{Date, DefectList, Defects, LockFile};

/// The new name and the new text of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The name of the file before the rebase.
    pub from: String,
    /// The name of the file after the rebase; may be equal to `from`.
    pub to: String,
    /// The text of the file after the rebase.
    pub text: String,
    /// The id of the revision after the rebase.
    pub revision: String,
    /// The ids of the parents after the rebase, separated by spaces.
    pub revises: String,
}

/// The reason why a rebase is not possible.
#[derive(Debug)]
pub enum RebaseError {
    /// The chain has defects other than a second head.
    Defects(Defects),
    /// The user must decide which branch moves, or which file gets a new id.
    Undecidable {
        /// The reason why `plan` cannot decide.
        reason: String,
        /// The advice to the user.
        help: String,
    },
}

/// Returns the edits that make one branch follow the head of the other branch.
///
/// Returns no edits if the chain has one head. The rules are:
///
/// - The branch that began later moves. If that branch has a locked revision, the other moves.
/// - The first revision of the moved branch gets the head of the other branch as its parent.
/// - A revision that would be dated before its parent gets the date `now`.
///   If the parent's date is later than `now`, the revision gets the parent's date.
/// - If files have the same id, the locked file or else the oldest file keeps the id.
///   The other files get new ids.
///
/// A chain with three heads needs two calls.
///
/// # Errors
///
/// Fails if:
///
/// - the chain has a defect other than a second head
/// - both branches contain a locked revision
/// - several files have the same id, and neither the lock file nor the dates show which of them
///   another file revises
/// - several files have the same id, and the id is not a number
pub fn plan(
    files: &[File],
    lock_file: Option<&LockFile>,
    now: Date,
) -> Result<Vec<Edit>, RebaseError> {
    let mut defects = DefectList::new();
    let parsed = files.iter().map(|file| parse(file, &mut defects));
    let mut parsed: Vec<Parsed> = parsed.collect();
    let duplicates = renumber(&mut parsed, lock_file)?;
    let graph = FileGraph::connect(&parsed, lock_file, &mut defects);
    let branches = graph.branches();
    defects.into_result().map_err(RebaseError::Defects)?;
    let Some((main, second)) = branches else {
        let first = duplicates.first();
        return first.map_or(Ok(Vec::new()), |same| Err(same.on_one_branch()));
    };
    let is_renumbered = |file| duplicates.iter().any(|same| same.renumbered == file);
    let is_locked = |&file: &FileIndex| graph.is_locked(graph.id(file)) && !is_renumbered(file);
    let (behind, moved) = if !second.files.iter().any(is_locked) {
        (main.head, second.files)
    } else if !main.files.iter().any(is_locked) {
        (second.head, main.files)
    } else {
        let (a, b) = (graph.id(main.head), graph.id(second.head));
        let reason = format!("both branches are released: {a} and {b} are locked");
        let help = "merge them in a new revision: `revchain merge`\n\
                    if one of them never shipped, remove its line and the later lines of its branch \
                    from revchain.lock, and run `revchain rebase` again";
        let help = help.to_owned();
        return Err(RebaseError::Undecidable { reason, help });
    };
    let unmoved = graph.ancestry(behind);
    for same in duplicates {
        if unmoved.contains(&same.kept) && unmoved.contains(&same.renumbered) {
            return Err(same.on_one_branch());
        }
        // Only a moved file is written, so only a moved file can get a new id.
        if unmoved.contains(&same.renumbered) || moved.contains(&same.kept) {
            swap_ids(&mut parsed, same.kept, same.renumbered);
        }
    }
    Ok(put_behind(files, &mut parsed, behind, &moved, now))
}

/// Two files with the same id.
struct Duplicate {
    id: String,
    kept: FileIndex,
    renumbered: FileIndex,
}

impl Duplicate {
    fn on_one_branch(&self) -> RebaseError {
        same_revision(&self.id, "both are on one branch")
    }
}

fn same_revision(id: &str, reason: &str) -> RebaseError {
    let reason = format!("two files are revision {id}, and {reason}");
    let help = "rename one of the files by hand".to_owned();
    RebaseError::Undecidable { reason, help }
}

/// Gives new ids to files whose id another file keeps.
fn renumber(
    parsed: &mut [Parsed],
    lock_file: Option<&LockFile>,
) -> Result<Vec<Duplicate>, RebaseError> {
    let is_locked = |&file: &FileIndex| lock_file.is_some_and(|lock| lock.matches(&parsed[file]));
    let locked: HashSet<FileIndex> = (0..parsed.len()).filter(is_locked).collect();
    let mut order: Vec<FileIndex> = (0..parsed.len()).collect();
    // The first file in `order` keeps an id that several files have.
    // Locked files come first, then older files.
    order.sort_by_cached_key(|&index| {
        let file = &parsed[index];
        (!locked.contains(&index), file.date, file.path.clone())
    });
    let mut duplicates = Vec::new();
    let mut taken: HashMap<String, FileIndex> = HashMap::new();
    let mut ids: Vec<String> = parsed.iter().filter_map(|file| file.id.clone()).collect();
    for index in order {
        let Some(id) = parsed[index].id.clone() else {
            continue;
        };
        let Some(&kept) = taken.get(&id) else {
            taken.insert(id, index);
            continue;
        };
        let Some(child) = child_of_second(parsed, &locked, kept, index) else {
            let reason = "other files revise it without saying which";
            return Err(same_revision(&id, reason));
        };
        let new_id = next_id(&id, ids.iter().map(String::as_str))
            .ok_or_else(|| same_revision(&id, "the id is not a number to count on from"))?;
        ids.push(new_id.clone());
        if let Child::File(child) = child {
            rename_parent(&mut parsed[child], &id, &new_id);
        }
        parsed[index].id = Some(new_id);
        // The old checksum is wrong now, because the checksum covers the id.
        parsed[index].checksum = None;
        duplicates.push(Duplicate {
            id,
            kept,
            renumbered: index,
        });
    }
    Ok(duplicates)
}

/// The child of a file that shares its id with another file.
enum Child {
    None,
    File(FileIndex),
}

/// Returns the child of `second`, which has the same id as `first`; `None` if it is ambiguous.
///
/// A locked file revises the locked one of both, and no file revises a younger file.
/// On its branch, a file has one child, so the other child belongs to the other file.
fn child_of_second(
    parsed: &[Parsed],
    locked: &HashSet<FileIndex>,
    first: FileIndex,
    second: FileIndex,
) -> Option<Child> {
    let id = parsed[first].id.as_deref();
    let same = parsed.iter().filter(|file| file.id.as_deref() == id);
    let is_child = |&index: &FileIndex| parsed[index].parents().any(|parent| Some(parent) == id);
    let children: Vec<FileIndex> = (0..parsed.len()).filter(is_child).collect();
    let can_revise = |child: FileIndex, parent: FileIndex| {
        parsed[child].date >= parsed[parent].date
            && (!locked.contains(&child) || locked.contains(&parent) || !locked.contains(&first))
    };
    if !children.iter().any(|&child| can_revise(child, second)) {
        return Some(Child::None);
    }
    if same.count() > 2 || children.contains(&second) {
        return None;
    }
    let is_pair = |a: FileIndex, b: FileIndex| {
        let fits = can_revise(a, first) && can_revise(b, second);
        fits && !(can_revise(b, first) && can_revise(a, second))
    };
    match children[..] {
        [child] if !can_revise(child, first) => Some(Child::File(child)),
        [a, b] if is_pair(a, b) => Some(Child::File(b)),
        [a, b] if is_pair(b, a) => Some(Child::File(a)),
        _ => None,
    }
}

/// Exchanges the ids of two files, and their names in the files that revise them.
fn swap_ids(parsed: &mut [Parsed], a: FileIndex, b: FileIndex) {
    let (id_a, id_b) = (parsed[a].id.take(), parsed[b].id.take());
    if let (Some(id_a), Some(id_b)) = (&id_a, &id_b) {
        for file in parsed.iter_mut() {
            let is_child_of_a = file.parents().any(|parent| parent == id_a);
            let (from, to) = if is_child_of_a {
                (id_a, id_b)
            } else {
                (id_b, id_a)
            };
            rename_parent(file, from, to);
        }
    }
    (parsed[a].id, parsed[b].id) = (id_b, id_a);
}

fn rename_parent(file: &mut Parsed, from: &str, to: &str) {
    let parents = file
        .revises
        .iter_mut()
        .flat_map(|revises| &mut revises.parents);
    for (parent, _) in parents.filter(|(parent, _)| parent == from) {
        to.clone_into(parent);
    }
}

/// Returns an edit for each file of `moved`.
///
/// In each file, `behind` replaces the parents that are not in `moved`.
/// `moved` is in the order of the chain.
fn put_behind(
    files: &[File],
    parsed: &mut [Parsed],
    behind: FileIndex,
    moved: &[FileIndex],
    now: Date,
) -> Vec<Edit> {
    let moved_ids = moved.iter().filter_map(|&index| parsed[index].id.clone());
    let moved_ids: HashSet<String> = moved_ids.collect();
    let behind_id = parsed[behind].id.clone().unwrap_or_default();
    let mut edits = Vec::new();
    for &index in moved {
        let Parsed { id, revises, .. } = &parsed[index];
        let (Ok(mut name), Some(id), Some(revises)) =
            (FileName::parse(&files[index].name), id.clone(), revises)
        else {
            continue;
        };
        let parents = parsed[index].parents().map(str::to_owned);
        let mut parents: Vec<String> = parents.filter(|id| moved_ids.contains(id)).collect();
        if parents.len() < revises.parents.len().max(1) {
            parents.insert(0, behind_id.clone());
        }
        let new_revises = parents.join(" ");
        let mut text = parsed[index].text.clone();
        text.replace_range(revises.span.clone(), &new_revises);
        let bytes = files[index].bytes.as_deref().unwrap_or_default();
        if bytes.windows(2).any(|pair| pair == b"\r\n") {
            text = text.replace('\n', "\r\n");
        }
        let earliest = latest_date(parsed, &parents).unwrap_or(name.date);
        if name.date < earliest {
            name.date = now.max(earliest);
        }
        name.id = id;
        // For a child of this file, `latest_date` must return the new date.
        parsed[index].date = Some(name.date);
        edits.push(Edit {
            from: files[index].name.clone(),
            to: name.to_string(),
            text,
            revision: name.id,
            revises: new_revises,
        });
    }
    edits
}

/// Returns the latest date of the revisions with these ids.
fn latest_date(parsed: &[Parsed], ids: &[String]) -> Option<Date> {
    let files = parsed.iter();
    let named = files.filter(|file| file.id.as_ref().is_some_and(|id| ids.contains(id)));
    named.filter_map(|file| file.date).max()
}
