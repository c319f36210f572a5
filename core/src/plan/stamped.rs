//! The rows of a history, compared with the chain.

use std::cell::LazyCell;

use crate::model::checksum;
use crate::{
    Chain, Conflict, DatabaseState, EditedRevision, HistoryRow, Policy, Revision, RevisionIndex,
    RevisionSet,
};

/// Returns the stamped revisions of a database. The set is empty without a history.
///
/// # Errors
///
/// Fails in these cases:
/// - the history has another name,
/// - the history has a revision that the chain lacks and that is not compatible,
/// - a stamped revision was edited, or a parent of it is not stamped.
pub fn stamped(
    chain: &Chain,
    state: &DatabaseState,
    policy: &Policy,
) -> Result<RevisionSet, Conflict> {
    let rows: &[HistoryRow] = match state {
        DatabaseState::Managed { rows, .. } => rows,
        DatabaseState::OtherChain { name } => {
            return Err(Conflict::OtherName { name: name.clone() });
        }
        DatabaseState::Empty | DatabaseState::Unmanaged(_) => &[],
    };
    let history = History::read(chain, rows);
    history.check_unedited(chain)?;
    if !history.is_compatible() {
        return Err(history.into_newer(chain, policy));
    }
    check_no_gap(chain, &history.stamped)?;
    Ok(history.stamped)
}

/// The rows of a history, divided into revisions of the chain and unknown revisions.
pub(crate) struct History {
    /// The revisions of the chain that are stamped.
    pub(crate) stamped: RevisionSet,
    /// The stamped revisions whose stamped checksum differs from the checksum in the chain.
    pub(crate) edited: Vec<(RevisionIndex, HistoryRow)>,
    /// The stamped revisions that the chain lacks.
    pub(crate) unknown: Vec<HistoryRow>,
}

impl History {
    pub(crate) fn read(chain: &Chain, rows: &[HistoryRow]) -> Self {
        let by_id = LazyCell::new(|| chain.index_by_id());
        let mut history = Self {
            stamped: RevisionSet::empty(chain.len()),
            edited: Vec::new(),
            unknown: Vec::new(),
        };
        for (position, row) in rows.iter().enumerate() {
            // Most histories are in the order of the chain and do not need the map of ids.
            let expected = chain.revisions().get(position);
            let index = if expected.is_some_and(|revision| revision.id() == row.revision) {
                Some(RevisionIndex::new(position))
            } else {
                by_id.get(row.revision.as_str()).copied()
            };
            let Some(index) = index else {
                history.unknown.push(row.clone());
                continue;
            };
            history.stamped.insert(index);
            if !checksum::is_hex_of(&row.checksum, chain[index].checksum()) {
                history.edited.push((index, row.clone()));
            }
        }
        history
    }

    /// Returns `true` if the database shares a revision with the chain, or has no revisions.
    pub(crate) fn is_related(&self) -> bool {
        self.unknown.is_empty() || !self.stamped.is_empty()
    }

    /// Returns `true` if this program can read and write the database as it is.
    pub(crate) fn is_compatible(&self) -> bool {
        self.is_related() && self.unknown.iter().all(|row| row.stored.is_compatible)
    }

    /// Returns `true` if the policy lets a downgrade revert the unknown revisions.
    pub(crate) fn may_revert(&self, policy: &Policy) -> bool {
        self.is_related() && policy.on_newer.may_downgrade()
    }

    pub(crate) fn into_newer(self, chain: &Chain, policy: &Policy) -> Conflict {
        let is_related = self.is_related();
        newer(chain, self.unknown, is_related, policy)
    }

    /// Fails if the chain has another form of a stamped revision.
    pub(crate) fn check_unedited(&self, chain: &Chain) -> Result<(), Conflict> {
        if self.edited.is_empty() {
            return Ok(());
        }
        let edited = self.edited.iter();
        let edited = edited.map(|(index, row)| EditedRevision::new(row.clone(), &chain[*index]));
        let newest = self.stamped.newest().map(|index| chain[index].id());
        Err(Conflict::Edited {
            revisions: edited.collect(),
            current: newest.unwrap_or_default().to_owned(),
            are_all: self.edited.len() == self.stamped.len(),
        })
    }
}

/// Fails if a parent of a stamped revision is not stamped.
pub(crate) fn check_no_gap(chain: &Chain, stamped: &RevisionSet) -> Result<(), Conflict> {
    // A parent comes before its children. So only a revision after `first_missing` can lack a
    // parent.
    let Some(first_missing) = stamped.first_missing() else {
        return Ok(());
    };
    let by_id = LazyCell::new(|| chain.index_by_id());
    for index in stamped.iter().filter(|&index| index > first_missing) {
        let is_missing = |id: &&str| {
            let parent = by_id.get(id);
            parent.is_none_or(|&parent| !stamped.contains(parent))
        };
        if let Some(missing) = chain[index].revises().find(is_missing) {
            let (revision, missing) = (chain[index].id().to_owned(), missing.to_owned());
            return Err(Conflict::Gap { revision, missing });
        }
    }
    Ok(())
}

/// Returns the conflict for a database that has revisions that the chain lacks.
pub(crate) fn newer(
    chain: &Chain,
    unknown: Vec<HistoryRow>,
    is_related: bool,
    policy: &Policy,
) -> Conflict {
    let head = chain.head().map(Revision::id).unwrap_or_default();
    Conflict::Newer {
        unknown,
        head: head.to_owned(),
        is_related,
        may_downgrade: is_related && policy.on_newer.may_downgrade(),
    }
}
