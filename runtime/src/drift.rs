use std::fmt;

use revchain_core::schema::Diff;
use revchain_core::snippet::escape;

/// What tells a database from the revision that it is at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// The revision; `None` at base.
    pub revision: Option<String>,
    /// The differences, from the schema of the revision to that of the database; `None` where that of the revision is not
    /// known, since some of the chain only runs with what the program registers, or the chain does not have the revision.
    pub diff: Option<Diff>,
    pub(crate) is_newer: bool,
}

impl Drift {
    /// Whether no difference is known.
    pub fn is_none(&self) -> bool {
        self.diff.as_ref().is_none_or(Diff::is_empty)
    }
}

impl fmt::Display for Drift {
    /// A sentence, and a line for each difference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revision = self.revision.as_deref().unwrap_or("base");
        match &self.diff {
            None if self.is_newer => {
                write!(f, "the schema of {} is not known: a newer program has added it", escape(revision))
            }
            None => write!(f, "the schema of {revision} is not known: not all of the chain could be proven"),
            Some(diff) if diff.is_empty() => write!(f, "the schema is that of {revision}"),
            Some(diff) => write!(f, "the schema is no longer that of {revision}:{}", diff.indented()),
        }
    }
}
