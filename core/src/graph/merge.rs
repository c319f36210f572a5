//! Merge: a new revision that revises both of two heads. The caller writes the file.

use super::file_graph::FileGraph;
use super::rebase::RebaseError;
use crate::parse::{Parsed, parse};
use crate::source::directory::File;
use crate::source::file_name::next_id;
use crate::{Date, DefectList, LockFile};

/// A revision that revises two heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The heads. The main head comes first.
    pub parents: [String; 2],
    /// The number after the highest id; `None` if the ids are not numbers.
    pub id: Option<String>,
    /// The ids of all revisions.
    pub taken: Vec<String>,
    /// The date: `now`, or the date of a head that is later.
    pub date: Date,
}

/// Returns the revision that merges the main head and the oldest other head.
///
/// Returns `None` if the chain has one head.
///
/// # Errors
///
/// Fails if the chain has a defect other than a second head.
pub fn plan(
    files: &[File],
    lock_file: Option<&LockFile>,
    now: Date,
) -> Result<Option<Merge>, RebaseError> {
    let mut defects = DefectList::new();
    let parsed = files.iter().map(|file| parse(file, &mut defects));
    let parsed: Vec<Parsed> = parsed.collect();
    let graph = FileGraph::connect(&parsed, lock_file, &mut defects);
    let branches = graph.branches();
    defects.into_result().map_err(RebaseError::Defects)?;
    let Some((main, second)) = branches else {
        return Ok(None);
    };
    let heads = [main.head, second.head];
    let taken: Vec<String> = parsed.iter().filter_map(|file| file.id.clone()).collect();
    let dates = heads.iter().filter_map(|&head| parsed[head].date);
    Ok(Some(Merge {
        parents: heads.map(|head| graph.id(head).to_owned()),
        id: next_id(graph.id(main.head), taken.iter().map(String::as_str)),
        date: dates.fold(now, Date::max),
        taken,
    }))
}
