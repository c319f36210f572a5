//! A row of the history, with the columns that planning needs.

use std::fmt;

use crate::Date;
use crate::diagnostics::escape::escape;

/// A row of `revchain_history` in an error: a revision that the database has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HistoryRow {
    /// The revision's id.
    pub revision: String,
    /// The checksum that was stamped, as 64 hexadecimal digits.
    pub checksum: String,
    /// The stored description of the revision, for a revision that is not one of the chain.
    ///
    /// A field is `None` if the row has no value, or if the value is too long to be valid.
    pub stored: StoredRevision,
}

/// The description of a revision, as stored in the history for programs that lack the revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StoredRevision {
    /// The time of the stamp in UTC, to the minute.
    pub applied_at: Option<Date>,
    /// The name and the version of the program that wrote the stamp, such as `token-store 0.4.0`.
    pub program: Option<String>,
    /// The summary of the revision.
    pub summary: Option<String>,
    /// `true` if programs that lack the revision can still read and write the database.
    pub is_compatible: bool,
    /// The ids of the parents, separated by spaces; empty for the first revision.
    pub revises: Option<String>,
    /// The checksum of the upgrade script, as 64 hexadecimal digits.
    pub upgrade_checksum: Option<String>,
    /// The SQL of the downgrade; `None` if the revision is irreversible, or if it has `code`.
    pub downgrade: Option<String>,
    /// The reason why the revision has no downgrade; `None` if it has one.
    pub irreversible: Option<String>,
    /// The names of the functions of the program that the revision runs, separated by spaces;
    /// `None` if there is none.
    pub code: Option<String>,
}

impl HistoryRow {
    /// Makes a row with an id and a checksum, and without a stored description.
    #[doc(hidden)]
    pub fn new(revision: String, checksum: String) -> Self {
        Self {
            revision,
            checksum,
            stored: StoredRevision::default(),
        }
    }
}

impl fmt::Display for HistoryRow {
    /// Writes `011  Add sessions (2026-11-20 10:12, by token-store 0.4.0)`. Omits missing parts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.revision))?;
        if let Some(summary) = &self.stored.summary {
            write!(f, "  {}", escape(summary))?;
        }
        match (self.stored.applied_at, &self.stored.program) {
            (Some(date), Some(program)) => write!(f, " ({date:#}, by {})", escape(program)),
            (Some(date), None) => write!(f, " ({date:#})"),
            (None, Some(program)) => write!(f, " (by {})", escape(program)),
            (None, None) => Ok(()),
        }
    }
}
