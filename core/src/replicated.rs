//! The revisions that are proven for a cluster.

use crate::diagnostics::suggest::did_you_mean;
use crate::{Chain, Revision, RevisionSet};

/// Returns the revisions that can run on a cluster: those that `after` does not descend from.
///
/// Databases at `after` come from a single machine. `None` means that there are none.
///
/// # Errors
///
/// Returns a message if the chain has no revision `after`.
pub fn replicated_revisions(chain: &Chain, after: Option<&str>) -> Result<RevisionSet, String> {
    let mut revisions = RevisionSet::full(chain.len());
    let Some(after) = after else {
        return Ok(revisions);
    };
    let Some(index) = chain.index_of(after) else {
        let ids = chain.revisions().iter().map(Revision::id);
        let help = match did_you_mean(after, ids) {
            Some(similar) => format!("did you mean {similar}?"),
            None => "name the last revision that ran on a single machine".to_owned(),
        };
        return Err(format!("the chain has no revision {after}\nhelp: {help}"));
    };
    for earlier in chain.ancestry(index).iter() {
        revisions.remove(earlier);
    }
    Ok(revisions)
}
