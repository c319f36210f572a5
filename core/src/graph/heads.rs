//! The heads of the graph: the files that no other file revises. A chain has one head.

use std::collections::HashSet;

use super::file_graph::{FileGraph, FileIndex};
use crate::{Defect, DefectKind, DefectList};

/// A head, with the head's ancestors that are not ancestors of the other branch's head.
pub(super) struct Branch {
    pub(super) head: FileIndex,
    /// The files of the branch, including the head, in the order of the chain.
    pub(super) files: Vec<FileIndex>,
}

impl FileGraph<'_> {
    /// Returns the branch of the main head, and the branch of the oldest other head.
    ///
    /// Returns `None` if there is only one head, or if [`is_ordered`](Self::is_ordered) is `false`.
    pub(super) fn branches(&self) -> Option<(Branch, Branch)> {
        if !self.is_ordered() {
            return None;
        }
        let (main, others) = self.heads()?;
        let second = *others.first()?;
        Some((self.branch(main, second), self.branch(second, main)))
    }

    fn branch(&self, head: FileIndex, other_head: FileIndex) -> Branch {
        let (to_head, to_other) = (self.ancestry(head), self.ancestry(other_head));
        let is_own = |file: &FileIndex| to_head.contains(file) && !to_other.contains(file);
        let files = self.order.iter().copied().filter(is_own).collect();
        Branch { head, files }
    }

    /// Reports each head except the main head. Returns `true` if there is only one head.
    pub(super) fn check_heads(&self, defects: &mut DefectList) -> bool {
        let Some((main, others)) = self.heads() else {
            return true;
        };
        // The main head, the heads that the loop has passed, and all ancestors of these heads.
        let mut known = self.ancestry(main);
        for head in others {
            let mut second = head;
            // `known` contains the root, so the walk from `head` toward the root reaches `known`.
            while let Some(&parent) = self.parents[second].first() {
                let mut parents = self.parents[second].iter();
                if let Some(&fork) = parents.find(|parent| known.contains(parent)) {
                    defects.push(self.second_head(fork, second, head, &known));
                    break;
                }
                second = parent;
            }
            self.add_ancestry(head, &mut known);
        }
        false
    }

    /// Returns the main head, and the other heads in the order of `rank`.
    ///
    /// Returns `None` if there is only one head.
    fn heads(&self) -> Option<(FileIndex, Vec<FileIndex>)> {
        let mut files = 0..self.files.len();
        let is_head = |file: &FileIndex| self.children[*file].is_empty();
        let mut heads: Vec<FileIndex> = files.clone().filter(is_head).collect();
        if heads.len() < 2 {
            return None;
        }
        let mut main = files.find(|&file| self.parents[file].is_empty())?;
        // The main branch follows the first child in the order of `rank` at each fork.
        while let Some(&child) = self.children[main].first() {
            main = child;
        }
        heads.retain(|&head| head != main);
        heads.sort_by_cached_key(|&file| self.rank(file));
        Some((main, heads))
    }

    /// Makes the defect for a branch that starts at the file `fork`.
    ///
    /// `second` is the first file of the branch, and `head` is the last file of the branch.
    /// `known` contains `fork`, but no file of the branch.
    fn second_head(
        &self,
        fork: FileIndex,
        second: FileIndex,
        head: FileIndex,
        known: &HashSet<FileIndex>,
    ) -> Defect {
        let first = self.known_child(fork, known).unwrap_or(fork);
        let mut first_head = first;
        while let Some(child) = self.known_child(first_head, known) {
            first_head = child;
        }
        let (fork_id, second_id) = (self.id(fork), self.id(second));
        let first_head_id = self.id(first_head);
        let (first_date, second_date) = (self.files[first_head].date, self.files[second].date);

        let mut help = format!("run `revchain rebase`, or make {second_id} revise {first_head_id}");
        if let (Some(first), Some(second)) = (first_date, second_date) {
            if second < first {
                help += &format!(", and date its file {} or later", first.prefix());
            }
        }
        if self.is_locked(second_id) {
            let head_id = self.id(head);
            help = format!(
                "both are released: run `revchain merge`, which writes `-- @revises {first_head_id} {head_id}`"
            );
        }
        let title = format!("two revisions revise {fork_id}: only one can");
        let defect = Defect::new(DefectKind::MultipleHeads, title).help(help);
        let defect = defect.with(self.path(first));
        let date = first_date.map(|date| date.to_string()).unwrap_or_default();
        let note = format!("{first_head_id} is the head since {date}");
        self.at_revises(second, Some(fork_id), &note, defect)
    }

    fn known_child(&self, file: FileIndex, known: &HashSet<FileIndex>) -> Option<FileIndex> {
        let mut children = self.children[file].iter().copied();
        children.find(|child| known.contains(child))
    }
}
