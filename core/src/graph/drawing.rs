//! The revisions of a directory for a picture, also if the chain has several heads.

use super::file_graph::FileGraph;
use crate::parse::{Parsed, parse};
use crate::source::directory::File;
use crate::{Date, DefectKind, DefectList, Defects, Downgrade, LockFile};

/// A revision of a directory whose chain can have several heads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DrawnRevision {
    /// The id.
    pub id: String,
    /// The ids of the parents; empty for the first revision.
    pub parents: Vec<String>,
    /// The date; `None` if the file name has none.
    pub date: Option<Date>,
    /// The summary.
    pub summary: String,
    /// The reason why the revision has no downgrade; `None` if it has one.
    pub irreversible: Option<String>,
    /// The checksum; `None` if a part of the file is missing.
    pub checksum: Option<[u8; 32]>,
    /// `true` if no revision revises this one.
    pub is_head: bool,
    /// `true` if the lock file has the revision.
    pub is_locked: bool,
    /// `true` if another file has the same id, and that file is the parent of those that name it.
    pub is_duplicate: bool,
}

/// Returns the revisions of the files. Each revision comes after its parents.
///
/// # Errors
///
/// Fails if the chain has a defect other than several heads, or ids that two branches have used.
pub fn draw(files: &[File], lock_file: Option<&LockFile>) -> Result<Vec<DrawnRevision>, Defects> {
    let mut defects = DefectList::new();
    let parsed = files.iter().map(|file| parse(file, &mut defects));
    let parsed: Vec<Parsed> = parsed.collect();
    let graph = FileGraph::connect(&parsed, lock_file, &mut defects);
    graph.check_locked(&mut defects);
    graph.check_dates(&mut defects);
    graph.check_was(&mut defects);
    let is_only_duplicate = |kind: DefectKind| kind == DefectKind::DuplicateRevision;
    if !defects
        .iter()
        .all(|defect| is_only_duplicate(defect.kind()))
    {
        if graph.is_ordered() {
            graph.check_heads(&mut defects);
        }
        return Err(defects.into());
    }
    let drawn = graph.order.iter().map(|&file| {
        let id = graph.id(file);
        let mut drawn = DrawnRevision {
            is_head: graph.children[file].is_empty(),
            is_locked: graph.is_locked(id),
            is_duplicate: graph.by_id.get(id) != Some(&file),
            ..of_file(&parsed[file])
        };
        // The lock file has the other file of the same id.
        drawn.is_locked &= !drawn.is_duplicate;
        drawn
    });
    Ok(drawn.collect())
}

/// Returns what the file alone says about its revision.
fn of_file(file: &Parsed) -> DrawnRevision {
    let mut drawn = DrawnRevision {
        id: file.id.clone().unwrap_or_default(),
        parents: file.parents().map(str::to_owned).collect(),
        date: file.date,
        checksum: file.checksum,
        ..DrawnRevision::default()
    };
    if let Some(body) = &file.body {
        drawn.summary.clone_from(&body.summary);
        if let Downgrade::Irreversible(reason) = &body.downgrade {
            drawn.irreversible = Some(reason.clone());
        }
    }
    drawn
}
