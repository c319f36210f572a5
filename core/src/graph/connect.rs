//! Construction of the graph, and the defects of ids and parents.

use std::collections::{HashMap, HashSet};

use super::file_graph::{FileGraph, FileIndex};
use crate::diagnostics::suggest::did_you_mean;
use crate::parse::Parsed;
use crate::source::file_name::next_id;
use crate::{Defect, DefectKind, DefectList, LockFile};

impl<'f> FileGraph<'f> {
    /// Makes the graph, and sorts the files.
    ///
    /// Reports duplicate ids, missing locked revisions, wrong parents, multiple roots, and cycles.
    pub(super) fn connect(
        files: &'f [Parsed],
        lock_file: Option<&'f LockFile>,
        defects: &mut DefectList,
    ) -> Self {
        let mut parsed = files.iter();
        let mut graph = Self {
            files,
            lock_file,
            by_id: HashMap::new(),
            parents: vec![Vec::new(); files.len()],
            children: vec![Vec::new(); files.len()],
            order: Vec::new(),
            is_complete: parsed.all(|file| file.id.is_some() && file.revises.is_some()),
            lacks_locked: false,
        };
        graph.index_ids(defects);
        let misnamed = misnamed_ids(files);
        if let Some(lock_file) = lock_file {
            let mut ids: HashSet<&str> = graph.by_id.keys().copied().collect();
            ids.extend(misnamed.iter().map(String::as_str));
            graph.lacks_locked = lock_file.check_missing(&ids, defects);
        }
        graph.connect_parents(&misnamed, defects);
        graph.check_roots(defects);
        graph.sort();
        graph.check_cycles(defects);
        graph
    }

    /// Fills `by_id`, and reports files with the same id.
    fn index_ids(&mut self, defects: &mut DefectList) {
        let ids = self.files.iter().filter_map(|file| file.id.as_deref());
        // `next_id` suggests the number after the highest id.
        let highest = ids.max_by_key(|id| id.parse::<u64>().ok());
        for (index, file) in self.files.iter().enumerate() {
            let Some(id) = file.id.as_deref() else {
                continue;
            };
            let Some(first) = self.by_id.insert(id, index) else {
                continue;
            };
            self.is_complete = false;
            // A locked file keeps its id: databases may already have this revision.
            let (mut kept, mut other) = (first, index);
            if self.lock_file.is_some_and(|lock| lock.matches(file)) {
                (kept, other) = (index, first);
            }
            self.by_id.insert(id, kept);
            let file = self.path(other).rsplit('/').next().unwrap_or_default();
            let next = next_id(id, highest.into_iter());
            let next = next.map_or("another id".to_owned(), |next| format!("the id {next}"));
            let title = format!("two files are revision {id}");
            let help = format!(
                "run `revchain rebase`, or give {file} {next}, and make it revise the revision \
                 before it"
            );
            let defect = Defect::new(DefectKind::DuplicateRevision, title).help(help);
            defects.push(defect.with(self.path(kept)).at(self.path(other)));
        }
    }

    /// Connects each file to its parents, and reports parents that do not exist.
    fn connect_parents(&mut self, misnamed: &HashSet<String>, defects: &mut DefectList) {
        for (index, file) in self.files.iter().enumerate() {
            for id in file.parents() {
                if file.id.as_deref() == Some(id) {
                    self.is_complete = false;
                    defects.push(self.self_parent(index, id));
                } else if let Some(&parent) = self.by_id.get(id) {
                    self.parents[index].push(parent);
                } else {
                    self.is_complete = false;
                    // The name of a misnamed file is reported already. `check_missing`
                    // reports a locked revision once, instead of once for each child.
                    if !misnamed.contains(id) && !self.is_locked(id) {
                        let defect = self.unknown_parent(index, id, defects);
                        defects.push(defect);
                    }
                }
            }
        }
        let mut ranked: Vec<FileIndex> = (0..self.files.len()).collect();
        ranked.sort_by_cached_key(|&file| self.rank(file));
        for file in ranked {
            for &parent in &self.parents[file] {
                self.children[parent].push(file);
            }
        }
    }

    fn self_parent(&self, file: FileIndex, id: &str) -> Defect {
        let title = format!("revision {id} revises itself");
        let help = "name the revision that it follows, or base if it is the first";
        let defect = Defect::new(DefectKind::SelfParent, title).help(help);
        self.at_revises(file, Some(id), "its own id", defect)
    }

    fn unknown_parent(&self, file: FileIndex, id: &str, defects: &DefectList) -> Defect {
        let title = format!("there is no revision {id} to revise");
        let defect = Defect::new(DefectKind::UnknownParent, title);
        // A full list only counts the defect, so skip the slow search for a similar id.
        if defects.is_full(defect.kind()) {
            return defect;
        }
        let own_id = self.id(file);
        let others = self.by_id.keys().copied().filter(|&other| other != own_id);
        let help = match did_you_mean(id, others) {
            Some(meant) => format!("did you mean {meant}? If not, add the file of {id}"),
            None => format!("add the file of {id}, or name a revision that is there"),
        };
        let note = "no file has this revision";
        self.at_revises(file, Some(id), note, defect.help(help))
    }

    /// Reports each file that revises `base`, except the first in the order of `rank`.
    fn check_roots(&mut self, defects: &mut DefectList) {
        let files = self.by_id.values().copied();
        let mut roots: Vec<FileIndex> = files.filter(|&file| self.is_root(file)).collect();
        roots.sort_by_cached_key(|&file| self.rank(file));
        let Some((&first, others)) = roots.split_first() else {
            return;
        };
        for &other in others {
            self.is_complete = false;
            let title = "two revisions revise base: only one can";
            let id = self.id(other);
            let help = format!("make {id} revise the revision that comes before it");
            let defect = Defect::new(DefectKind::MultipleRoots, title).help(help);
            let defect = defect.with(self.path(first));
            let note = format!("{} is the first revision", self.id(first));
            defects.push(self.at_revises(other, None, &note, defect));
        }
    }

    fn is_root(&self, file: FileIndex) -> bool {
        let revises = self.files[file].revises.as_ref();
        revises.is_some_and(|revises| revises.parents.is_empty())
    }
}

/// Returns each part of a malformed file name that may be the id of the file.
///
/// These ids are not reported as missing, because the defect is the name of the file.
fn misnamed_ids(files: &[Parsed]) -> HashSet<String> {
    let mut ids = HashSet::new();
    for file in files.iter().filter(|file| file.id.is_none()) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let parts = name.split(|c: char| !c.is_ascii_alphanumeric());
        ids.extend(parts.map(str::to_owned));
    }
    ids
}
