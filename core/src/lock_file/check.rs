//! The checks of migration files and their chain against the lock file.

use std::collections::HashSet;

use super::format::LockedRevision;
use crate::diagnostics::Snippet;
use crate::parse::Parsed;
use crate::{Chain, Defect, DefectKind, DefectList, LockFile, RevisionIndex};

impl LockFile {
    /// Reports each locked revision whose id is not in `ids`.
    ///
    /// Returns `true` if a locked revision is missing.
    pub(crate) fn check_missing(&self, ids: &HashSet<&str>, defects: &mut DefectList) -> bool {
        let mut is_missing = false;
        for locked in &self.locked {
            if ids.contains(locked.id.as_str()) {
                continue;
            }
            is_missing = true;
            let title = format!("the file of the locked revision {} is missing", locked.id);
            let help =
                "restore the file: without it, databases that have the revision cannot be opened";
            let defect = Defect::new(DefectKind::LockedRevisionMissing, title).help(help);
            defects.push(self.at_line_of(locked, "locked here", defect));
        }
        is_missing
    }

    /// Reports a file that changed after the revision was locked.
    pub(crate) fn check_revision(&self, file: &Parsed, defects: &mut DefectList) {
        let locked = file.id.as_deref().and_then(|id| self.get(id));
        let (Some(locked), Some(current)) = (locked, LockedRevision::of_file(file)) else {
            return;
        };
        if self.matches(file) {
            return;
        }
        let (id, difference) = (&locked.id, difference(locked, &current));
        let title = format!("the locked revision {id} has changed: {difference}");
        let help = "restore the file, and write the change as a new revision: `revchain new`\n\
                    or, if it never shipped, remove its line and those of all later revisions from revchain.lock";
        let defect = Defect::new(DefectKind::LockedRevisionChanged, title).help(help);
        defects.push(defect.with(&self.path).at(&file.path));
    }

    /// Reports locked revisions whose order in the chain differs from the order in the lock file.
    ///
    /// With other parents, another order follows, and `check_revision` has reported the parents.
    pub(crate) fn check_order(&self, chain: &Chain, defects: &mut DefectList) {
        let indices = chain.index_by_id();
        let has_other_parents = |locked: &LockedRevision| {
            let index = indices.get(locked.id.as_str());
            index.is_some_and(|index| !locked.revises(chain[*index].revises()))
        };
        if self.locked.iter().any(has_other_parents) {
            return;
        }
        let mut last: Option<(RevisionIndex, &LockedRevision)> = None;
        for locked in &self.locked {
            let Some(&index) = indices.get(locked.id.as_str()) else {
                continue;
            };
            match last {
                Some((last_index, before)) if last_index > index => {
                    let (id, before) = (&locked.id, &before.id);
                    let title = format!(
                        "{id} now comes before {before}, and came after it when they were locked"
                    );
                    let help = "restore the dates in the names of the files";
                    let defect = Defect::new(DefectKind::LockedOrderChanged, title).help(help);
                    defects.push(self.at_line_of(locked, &format!("after {before}"), defect));
                }
                _ => last = Some((index, locked)),
            }
        }
    }

    /// Returns a defect if the head of the chain is not the head in the lock file.
    pub fn check_head(&self, chain: &Chain) -> Option<Defect> {
        let head = chain.head()?;
        let (id, file) = (head.id(), head.file_name());
        if file == &self.text[self.head.clone()] {
            return None;
        }
        let title = format!("the head is {id}, but revchain.lock names a different one");
        let help = format!(
            "if {id} is meant to be the head, run `revchain lock --head`, or write `head {file}` in the last line"
        );
        let note = format!("the head is {id}");
        let snippet = Snippet::new(&self.text, 1, self.head.clone(), note);
        let defect = Defect::new(DefectKind::LockHeadDiffers, title).help(help);
        Some(defect.with(head.path()).at(&self.path).showing(snippet))
    }

    /// Marks a revision's line in the lock file as the position of a defect.
    fn at_line_of(&self, locked: &LockedRevision, note: &str, defect: Defect) -> Defect {
        let line = self.text.split('\n').nth(locked.line_number as usize - 1);
        let line = line.unwrap_or_default();
        let snippet = Snippet::new(line, locked.line_number, 0..locked.id.len(), note);
        defect.at(&self.path).showing(snippet)
    }
}

/// Describes the parts of the current revision that differ from the locked revision.
fn difference(locked: &LockedRevision, current: &LockedRevision) -> String {
    let mut changes = Vec::new();
    let (old, new) = (&locked.parents, &current.parents);
    if old != new {
        changes.push(format!("it revises {new}, not {old}"));
    }
    if locked.upgrade != current.upgrade {
        changes.push("its upgrade changed".to_owned());
    }
    if locked.downgrade != current.downgrade {
        changes.push("its downgrade changed".to_owned());
    }
    if changes.is_empty() {
        changes.push("its checksum changed".to_owned());
    }
    changes.join(", ")
}
