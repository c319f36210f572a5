//! The revisions that are proven for a cluster.

use std::fmt;

use crate::diagnostics::suggest::did_you_mean;
use crate::{Chain, Revision, RevisionSet};

/// The error for a revision that the chain lacks. Displays as the message with its help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRevision {
    /// The message.
    pub message: String,
    /// The advice.
    pub help: String,
}

impl fmt::Display for UnknownRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.message, self.help)
    }
}

/// Returns the revisions that can run on a cluster: all but `after` and its ancestors.
///
/// Databases at `after` come from a single machine. `None` means that there are none.
///
/// # Errors
///
/// Fails if the chain has no revision `after`.
pub fn replicated_revisions(
    chain: &Chain,
    after: Option<&str>,
) -> Result<RevisionSet, UnknownRevision> {
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
        let message = format!("the chain has no revision {after}");
        return Err(UnknownRevision { message, help });
    };
    for earlier in chain.ancestry(index).iter() {
        revisions.remove(earlier);
    }
    Ok(revisions)
}
