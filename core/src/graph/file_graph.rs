//! The graph of the migration files, with the parents and the children of each file.

use std::collections::{HashMap, HashSet};

use crate::diagnostics::Snippet;
use crate::parse::Parsed;
use crate::{Date, Defect, LockFile};

/// The index of a file in [`FileGraph::files`].
pub(super) type FileIndex = usize;

/// The graph of the migration files. An edge connects a file with a file that it revises.
pub(super) struct FileGraph<'f> {
    pub(super) files: &'f [Parsed],
    pub(super) lock_file: Option<&'f LockFile>,
    /// The file of each revision id. If files have the same id: the locked file, or else the first.
    pub(super) by_id: HashMap<&'f str, FileIndex>,
    pub(super) parents: Vec<Vec<FileIndex>>,
    /// The children of each file in the order of [`rank`](Self::rank).
    pub(super) children: Vec<Vec<FileIndex>>,
    /// The files in the order of the chain, without the files in a cycle and their descendants.
    pub(super) order: Vec<FileIndex>,
    /// `false` if a wrong id or parent prevents an order of all files.
    pub(super) is_complete: bool,
    /// `true` if the file of a locked revision is missing.
    pub(super) lacks_locked: bool,
}

impl<'f> FileGraph<'f> {
    /// Returns `true` if all ids and parents are valid, and `order` contains every file.
    pub(super) fn is_ordered(&self) -> bool {
        self.is_complete && self.order.len() == self.files.len()
    }

    /// Returns the id of a file, or an empty text if the file name is malformed.
    pub(super) fn id(&self, file: FileIndex) -> &'f str {
        self.files[file].id.as_deref().unwrap_or_default()
    }

    /// Returns the path of a file.
    pub(super) fn path(&self, file: FileIndex) -> &'f str {
        &self.files[file].path
    }

    /// Returns `true` if the lock file contains the revision.
    pub(super) fn is_locked(&self, id: &str) -> bool {
        self.lock_file.is_some_and(|lock| lock.contains(id))
    }

    /// Returns the sort key of a file, by date and then by path.
    ///
    /// The key decides between files if the graph allows either order.
    pub(super) fn age(&self, file: FileIndex) -> (Option<Date>, &'f str) {
        (self.files[file].date, self.path(file))
    }

    /// Returns the sort key that decides which branch is the main branch.
    ///
    /// Locked files come first, then older files.
    pub(super) fn rank(&self, file: FileIndex) -> (bool, Option<Date>, &'f str) {
        let is_locked = self.is_locked(self.id(file));
        (!is_locked, self.files[file].date, self.path(file))
    }

    /// Adds a file and all ancestors of the file to `ancestry`.
    ///
    /// If `ancestry` contains a file, it must already contain the ancestors of that file.
    pub(super) fn add_ancestry(&self, file: FileIndex, ancestry: &mut HashSet<FileIndex>) {
        let mut open = vec![file];
        while let Some(file) = open.pop() {
            if ancestry.insert(file) {
                open.extend(&self.parents[file]);
            }
        }
    }

    /// Returns the set of a file and all ancestors of the file.
    pub(super) fn ancestry(&self, file: FileIndex) -> HashSet<FileIndex> {
        let mut ancestry = HashSet::new();
        self.add_ancestry(file, &mut ancestry);
        ancestry
    }

    /// Marks `parent` in the `@revises` line of a file as the position of a defect.
    ///
    /// If `parent` is `None`, all parents are marked.
    pub(super) fn at_revises(
        &self,
        file: FileIndex,
        parent: Option<&str>,
        note: &str,
        defect: Defect,
    ) -> Defect {
        let defect = defect.at(self.path(file));
        let Parsed { text, revises, .. } = &self.files[file];
        let Some(revises) = revises else {
            return defect;
        };
        let mut named = revises.parents.iter();
        let named = named.find(|(id, _)| Some(id.as_str()) == parent);
        let span = named.map_or(&revises.span, |(_, span)| span);
        defect.showing(Snippet::new(text, 1, span.clone(), note))
    }
}
