//! The nodes of a directory, and of the chain in a program.

use std::path::Path;

use revchain_core::graph::drawing::{DrawnRevision, draw};
use revchain_runtime::{Downgrade, Revision};

use super::{Node, Release};
use crate::developer::source_tree::read_branches;
use crate::support::Result;

/// Returns the revisions of a directory, oldest first. The chain can have several heads.
///
/// # Errors
///
/// Fails if the chain has other defects.
pub(crate) fn directory_nodes(directory: &Path) -> Result<Vec<Node>> {
    let branches = read_branches(directory)?;
    let drawn = draw(&branches.files, branches.lock_file.as_ref())?;
    let has_lock = branches.lock_file.is_some();
    let nodes = drawn.into_iter().map(|drawn| node(drawn, has_lock));
    Ok(nodes.collect())
}

fn node(drawn: DrawnRevision, has_lock: bool) -> Node {
    Node {
        id: drawn.id,
        parents: drawn.parents,
        date: drawn.date,
        summary: drawn.summary,
        irreversible: drawn.irreversible,
        checksum: drawn.checksum,
        is_head: drawn.is_head,
        release: release(drawn.is_locked, has_lock),
        is_duplicate: drawn.is_duplicate,
        ..Node::default()
    }
}

/// Returns the revisions of the chain in a program, oldest first.
pub(crate) fn chain_nodes(revisions: &[Revision]) -> Vec<Node> {
    let has_lock = revisions.iter().any(Revision::is_locked);
    let nodes = revisions.iter().map(|revision| {
        let irreversible = match revision.downgrade() {
            Downgrade::Irreversible(reason) => Some(reason.clone()),
            Downgrade::Sql(_) => None,
        };
        Node {
            id: revision.id().to_owned(),
            parents: revision.revises().map(str::to_owned).collect(),
            date: Some(revision.date()),
            summary: revision.summary().to_owned(),
            irreversible,
            checksum: Some(*revision.checksum()),
            is_head: revisions.last() == Some(revision),
            release: release(revision.is_locked(), has_lock),
            ..Node::default()
        }
    });
    nodes.collect()
}

fn release(is_locked: bool, has_lock: bool) -> Release {
    match (is_locked, has_lock) {
        (true, _) => Release::Locked,
        (false, true) => Release::Draft,
        (false, false) => Release::Unknown,
    }
}
