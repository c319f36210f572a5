//! Functions that turn a target into a set of revisions.

use super::steps::newest_id;
use crate::diagnostics::suggest::did_you_mean;
use crate::{Chain, Conflict, Downgrade, HistoryRow, Revision, RevisionIndex, RevisionSet, Target};

/// Returns the revisions of a database at `target`.
pub(super) fn revisions_at(chain: &Chain, target: &Target) -> Result<RevisionSet, Conflict> {
    match target {
        Target::Head => Ok(RevisionSet::full(chain.len())),
        Target::Base => Ok(RevisionSet::empty(chain.len())),
        Target::Revision(id) => match chain.index_of(id) {
            Some(index) => Ok(chain.ancestry(index)),
            None => Err(unknown_target(chain, id)),
        },
        Target::Steps(_) => Err(unknown_target(chain, &target.to_string())),
    }
}

/// Returns the revisions that must be stamped after an upgrade to `target`.
///
/// For [`Target::Steps`], the set has only the pending revisions.
pub(super) fn wanted_by_upgrade(
    chain: &Chain,
    stamped: &RevisionSet,
    target: &Target,
) -> Result<RevisionSet, Conflict> {
    let &Target::Steps(count) = target else {
        return revisions_at(chain, target);
    };
    let Ok(count) = usize::try_from(count) else {
        let reason = format!("{count} goes back");
        return Err(out_of_reach(reason, Some("use `downgrade`")));
    };
    let pending: Vec<RevisionIndex> = stamped.missing().collect();
    if count > pending.len() {
        let reason = match pending.len() {
            0 => "nothing is pending: the database is at head".to_owned(),
            pending => format!("+{count} goes beyond head: {pending} pending"),
        };
        return Err(out_of_reach(reason, None));
    }
    let mut wanted = RevisionSet::empty(chain.len());
    for &index in &pending[..count] {
        wanted.insert(index);
    }
    Ok(wanted)
}

/// The revisions that a database keeps after a downgrade.
pub(super) struct Kept {
    /// The revisions of the chain.
    pub(super) stamped: RevisionSet,
    /// The number of unknown revisions, counted from the oldest stamp.
    pub(super) unknown: usize,
}

/// Returns the revisions that a database keeps after a downgrade to `target`.
pub(super) fn kept_by_downgrade(
    chain: &Chain,
    stamped: &RevisionSet,
    unknown: &[HistoryRow],
    target: &Target,
) -> Result<Kept, Conflict> {
    let mut kept = Kept {
        stamped: stamped.clone(),
        unknown: 0,
    };
    match target {
        // If the database has newer revisions, a downgrade to this program's head reverts them.
        Target::Head if !unknown.is_empty() => {}
        Target::Head => {
            let reason = "a downgrade does not lead to head".to_owned();
            return Err(out_of_reach(reason, Some("use `upgrade`")));
        }
        Target::Steps(count) => return kept_after_steps(stamped, unknown.len(), *count),
        Target::Revision(id) if unknown.iter().any(|row| row.revision == *id) => {
            let before = unknown.iter().take_while(|row| row.revision != *id);
            kept.unknown = before.count() + 1;
        }
        Target::Base | Target::Revision(_) => {
            kept.stamped = revisions_at(chain, target)?;
            if kept.stamped.iter().any(|index| !stamped.contains(index)) {
                let current = newest_id(chain, stamped.newest(), unknown).unwrap_or("base");
                let reason =
                    format!("the database is at {current}, and {target} is not an ancestor of it");
                return Err(out_of_reach(reason, Some("use `upgrade`")));
            }
        }
    }
    Ok(kept)
}

fn kept_after_steps(stamped: &RevisionSet, unknown: usize, count: i64) -> Result<Kept, Conflict> {
    let Ok(back) = usize::try_from(count.checked_neg().unwrap_or(i64::MAX)) else {
        let hint = format!("use `upgrade`, or write -{count} to go back");
        return Err(out_of_reach(format!("+{count} goes forward"), Some(&hint)));
    };
    let applied = stamped.len() + unknown;
    if back > applied {
        let reason = match applied {
            0 => "the database is at base: there is nothing to revert".to_owned(),
            applied => format!("-{back} goes below base: {applied} applied"),
        };
        return Err(out_of_reach(reason, None));
    }
    let mut kept = Kept {
        stamped: stamped.clone(),
        unknown: unknown.saturating_sub(back),
    };
    for index in stamped.iter().rev().take(back.saturating_sub(unknown)) {
        kept.stamped.remove(index);
    }
    Ok(kept)
}

pub(super) fn unknown_target(chain: &Chain, target: &str) -> Conflict {
    let ids = || chain.revisions().iter().map(Revision::id);
    let similar = did_you_mean(target, ids().chain(["head", "base"]));
    let hint = match (similar, ids().next(), ids().next_back()) {
        (Some(meant), ..) => format!("did you mean {meant}?"),
        (None, Some(first), Some(head)) => format!("name a revision from {first} to {head}"),
        _ => "the chain is empty".to_owned(),
    };
    let target = target.to_owned();
    Conflict::UnknownTarget { target, hint }
}

pub(super) fn out_of_reach(reason: String, hint: Option<&str>) -> Conflict {
    let hint = hint.map(str::to_owned);
    Conflict::OutOfReach { reason, hint }
}

/// Fails if a revision is irreversible.
pub(super) fn check_reversible(revision: &Revision) -> Result<(), Conflict> {
    match revision.downgrade() {
        Downgrade::Sql(_) => Ok(()),
        Downgrade::Irreversible(reason) => Err(Conflict::Irreversible {
            revision: revision.id().to_owned(),
            reason: reason.to_string(),
            path: revision.path().to_owned(),
        }),
    }
}
