use std::fmt;

use revchain_core::schema::Diff;

/// What tells a database from the revision that it is at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// The revision; `None` at base.
    pub revision: Option<String>,
    /// The differences, from the schema of the revision to that of the database.
    pub diff: Diff,
}

impl Drift {
    /// Whether the schema is that of the revision.
    pub fn is_none(&self) -> bool {
        self.diff.is_empty()
    }
}

impl fmt::Display for Drift {
    /// A sentence, and a line for each difference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revision = self.revision.as_deref().unwrap_or("base");
        if self.is_none() {
            return write!(f, "the schema is that of {revision}");
        }
        write!(f, "the schema is no longer that of {revision}:")?;
        self.diff.to_string().lines().try_for_each(|line| write!(f, "\n    {line}"))
    }
}
