//! Redo: the revisions that are reverted, so that the chain's form of them can be applied.

use std::collections::HashSet;

use super::edited::changes;
use super::stamped::{check_no_gap, newer};
use super::target::{check_reversible, out_of_reach};
use crate::model::checksum;
use crate::stored_downgrades::revert_row;
use crate::{Chain, Conflict, HistoryRow, Policy, RevisionIndex, RevisionSet, Step};

/// The steps that revert revisions, and the revisions that stay.
pub(super) struct Reverted {
    /// The steps, newest first.
    pub(super) steps: Vec<Step>,
    /// The revisions that stay. Each of them is that of the chain.
    pub(super) kept: RevisionSet,
}

/// Decides the revisions that a redo reverts.
///
/// These are the stamped revisions that are not those of the chain, and all that revise them.
/// If there is none, this is the newest revision that is not locked.
///
/// # Errors
///
/// Fails in these cases:
/// - the history has no row,
/// - the history belongs to another chain,
/// - a revision to revert is locked or irreversible, or its stored downgrade is not valid.
pub(super) fn revert(
    chain: &Chain,
    rows: &[HistoryRow],
    policy: &Policy,
) -> Result<Reverted, Conflict> {
    let rows = Rows { chain, rows };
    rows.check_related(policy)?;
    let ids = rows.ids_to_revert()?;
    let mut reverted = Reverted {
        steps: Vec::new(),
        kept: RevisionSet::empty(chain.len()),
    };
    for (position, row) in rows.rows.iter().enumerate().rev() {
        let own = rows.own(row);
        match own {
            Some(index) if ids.contains(row.revision.as_str()) => {
                let revision = &chain[index];
                if revision.is_locked() {
                    let revision = revision.id().to_owned();
                    return Err(Conflict::Locked { revision });
                }
                check_reversible(revision)?;
                reverted.steps.push(Step::Downgrade(index));
            }
            Some(index) => reverted.kept.insert(index),
            None => {
                let before = &rows.rows[..position];
                reverted.steps.push(revert_row(row, before, |_| false)?);
            }
        }
    }
    check_no_gap(chain, &reverted.kept)?;
    Ok(reverted)
}

/// The rows of a history, in the order of their stamps.
struct Rows<'r> {
    chain: &'r Chain,
    rows: &'r [HistoryRow],
}

impl<'r> Rows<'r> {
    /// Returns the index of the chain's revision, if the row is a stamp of exactly that revision.
    fn own(&self, row: &HistoryRow) -> Option<RevisionIndex> {
        let index = self.chain.index_of(&row.revision)?;
        let is_own = checksum::is_hex_of(&row.checksum, self.chain[index].checksum());
        is_own.then_some(index)
    }

    /// Fails if the rows have nothing in common with the chain.
    ///
    /// A redo would otherwise remove all tables of another program.
    fn check_related(&self, policy: &Policy) -> Result<(), Conflict> {
        let is_related = |row: &HistoryRow| {
            let index = self.chain.index_of(&row.revision);
            index.is_some_and(|index| {
                self.own(row).is_some() || changes(row, &self.chain[index]).is_some()
            })
        };
        if self.rows.is_empty() {
            let reason = "the database is at base: there is nothing to redo".to_owned();
            return Err(out_of_reach(reason, Some("use `upgrade`")));
        }
        if self.rows.iter().any(is_related) {
            return Ok(());
        }
        Err(newer(self.chain, self.rows.to_vec(), false, policy))
    }

    /// Returns the ids of the revisions to revert. A child is stamped after its parents.
    fn ids_to_revert(&self) -> Result<HashSet<&'r str>, Conflict> {
        let mut ids = HashSet::new();
        if self.rows.iter().all(|row| self.own(row).is_some()) {
            ids.insert(self.newest_unlocked()?);
        }
        for row in self.rows {
            let is_kept = self.own(row).is_some_and(|index| {
                let mut parents = self.chain[index].revises();
                !parents.any(|parent| ids.contains(parent))
            });
            if !is_kept {
                ids.insert(&row.revision);
            }
        }
        Ok(ids)
    }

    /// Returns the newest revision that is not locked. All rows are those of the chain.
    fn newest_unlocked(&self) -> Result<&'r str, Conflict> {
        let stamped = self.rows.iter().rev();
        let mut stamped = stamped.filter_map(|row| Some((row, self.own(row)?)));
        let is_unlocked = |(_, index): &(_, RevisionIndex)| !self.chain[*index].is_locked();
        let newest = self.rows.last().map(|row| row.revision.clone());
        match stamped.find(is_unlocked) {
            Some((row, _)) => Ok(&row.revision),
            None => Err(Conflict::Locked {
                revision: newest.unwrap_or_default(),
            }),
        }
    }
}
