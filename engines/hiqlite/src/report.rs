//! The report of a request on a cluster.

use std::fmt;

use revchain_runtime::Outcome;

/// The changes that a request made to the database of a cluster. All of them are committed.
///
/// `{}` writes a line, for example for a log: `upgraded from 009 to 011 in 1 log entry`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The kind of change. [`Outcome::UpToDate`] if another program has made the change.
    pub outcome: Outcome,
    /// The id of the newest revision before the request; `None` at base and without a history.
    pub from: Option<String>,
    /// The id of the newest revision after the request; `None` at base.
    pub to: Option<String>,
    /// The ids of the revisions whose upgrade script ran, in order.
    pub applied: Vec<String>,
    /// The ids of the revisions whose downgrade script ran, newest first.
    pub reverted: Vec<String>,
    /// The ids of the revisions that were stamped without running a script.
    pub stamped: Vec<String>,
    /// The ids of the revisions whose stamp was removed without running a script.
    pub unstamped: Vec<String>,
    /// The number of log entries that changed the database, each of them completely.
    pub entries: usize,
    /// The number of linearizable reads.
    pub reads: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            outcome: Outcome::UpToDate,
            from: None,
            to: None,
            applied: Vec::new(),
            reverted: Vec::new(),
            stamped: Vec::new(),
            unstamped: Vec::new(),
            entries: 0,
            reads: 0,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.from.as_deref().unwrap_or("base");
        let to = self.to.as_deref().unwrap_or("base");
        let stamped = self.stamped.last().map_or("base", String::as_str);
        match self.outcome {
            Outcome::UpToDate => return write!(f, "at {to}, nothing to do"),
            Outcome::New => write!(f, "new database at {to}")?,
            Outcome::Upgraded => write!(f, "upgraded from {from} to {to}")?,
            Outcome::Downgraded => write!(f, "downgraded from {from} to {to}")?,
            Outcome::Adopted if self.applied.is_empty() => write!(f, "adopted at {stamped}")?,
            Outcome::Adopted => write!(f, "adopted at {stamped}, then upgraded to {to}")?,
            outcome => write!(f, "{} at {to}", outcome.name())?,
        }
        let entries = if self.entries == 1 {
            "entry"
        } else {
            "entries"
        };
        write!(f, " in {} log {entries}", self.entries)
    }
}
