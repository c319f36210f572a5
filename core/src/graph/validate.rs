//! Validation of the graph, and the construction of the chain.

use std::collections::HashMap;

use super::file_graph::{FileGraph, FileIndex};
use crate::model::checksum;
use crate::parse::Parsed;
use crate::{Chain, DefectList, LockFile, Revision};

/// Joins the files into a chain. Adds the defects of the graph to `defects`.
///
/// Returns `None` if:
///
/// - a cycle, a second head, or a wrong id or parent prevents an order of all files
/// - the file of a locked revision is missing
/// - a part of a file is missing
///
/// A returned chain may still have defects, such as a wrong date.
pub fn link(
    files: Vec<Parsed>,
    lock_file: Option<&LockFile>,
    defects: &mut DefectList,
) -> Option<Chain> {
    let graph = FileGraph::connect(&files, lock_file, defects);
    let has_one_head = graph.is_ordered() && graph.check_heads(defects);
    graph.check_locked(defects);
    graph.check_dates(defects);
    graph.check_was(defects);
    graph.check_jobs(defects);
    if !has_one_head || graph.lacks_locked {
        return None;
    }
    let order = graph.order;
    let chain = build(files, &order, lock_file)?;
    if let Some(lock_file) = lock_file {
        lock_file.check_order(&chain, defects);
    }
    Some(chain)
}

impl FileGraph<'_> {
    /// Reports each locked revision that was edited after its release.
    pub(super) fn check_locked(&self, defects: &mut DefectList) {
        let Some(lock_file) = self.lock_file else {
            return;
        };
        let is_indexed = |file: &FileIndex| self.by_id.get(self.id(*file)) == Some(file);
        for file in (0..self.files.len()).filter(is_indexed) {
            lock_file.check_revision(&self.files[file], defects);
        }
    }
}

/// Makes the chain. Returns `None` if a part of a file is missing.
fn build(files: Vec<Parsed>, order: &[FileIndex], lock_file: Option<&LockFile>) -> Option<Chain> {
    let mut files: Vec<Option<Parsed>> = files.into_iter().map(Some).collect();
    let mut chain_checksums: HashMap<String, [u8; 32]> = HashMap::new();
    let mut revisions = Vec::with_capacity(order.len());
    for &index in order {
        let file = files[index].take()?;
        let (id, body, checksum) = (file.id?, file.body?, file.checksum?);
        let is_locked = lock_file.is_some_and(|lock| lock.contains(&id));
        let parents = file.revises?.parents;
        let parents: Vec<String> = parents.into_iter().map(|(id, _)| id).collect();
        let parent_checksums = parents.iter().filter_map(|id| chain_checksums.get(id));
        let chain_checksum = checksum::chain(parent_checksums, &checksum);
        chain_checksums.insert(id.clone(), chain_checksum);
        revisions.push(Revision {
            id: id.into(),
            parents: parents.join(" ").into(),
            path: file.path.into(),
            date: file.date?,
            summary: body.summary.into(),
            upgrade: body.upgrade,
            downgrade: body.downgrade,
            destroys: body.destroys,
            assumes: body.assumes,
            was: body.was.into_iter().map(|(was, _)| was).collect(),
            is_compatible: body.is_compatible,
            is_locked,
            checksum,
            chain_checksum,
            proven: None,
        });
    }
    Some(Chain::new(revisions))
}
