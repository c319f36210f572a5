use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use revchain_core::Revision;

use crate::Rehearsal;

/// What was done to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// What kind of thing it was.
    pub outcome: Outcome,
    /// The newest revision that the database had before; `None` at base, and where there was no history.
    pub from: Option<String>,
    /// The newest revision that it has now; `None` at base.
    pub to: Option<String>,
    /// The revisions that were applied, in order.
    pub applied: Vec<Applied>,
    /// The revisions that were reverted, in order: the newest first.
    pub reverted: Vec<Applied>,
    /// The revisions that were recorded without running.
    pub stamped: Vec<String>,
    /// The revisions whose record was removed without running.
    pub unstamped: Vec<String>,
    /// The backup that was made before.
    pub backup: Option<PathBuf>,
    /// What came of it, where it was done to a copy only.
    pub rehearsal: Option<Rehearsal>,
}

/// A revision whose SQL was run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The revision's id.
    pub revision: String,
    /// How long its SQL took.
    pub duration: Duration,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The database was new, and was built.
    New,
    /// There was nothing to do: the database was at the target already. Nothing was written.
    UpToDate,
    /// The database was recorded as being at a revision: by a baseline, from where it was upgraded, or by `stamp`.
    Stamped,
    /// The database had no history, and was recognised by its schema; then it was upgraded.
    Adopted,
    /// The database had a history, and revisions were applied.
    Upgraded,
    /// Revisions were reverted.
    Downgraded,
    /// A backup was put in the place of what was there.
    Restored,
}

impl Report {
    /// That of a database that was at the head already.
    pub(crate) fn at_head(head: Option<&Revision>) -> Self {
        let head = head.map(|head| head.id().to_owned());
        Self::of(Outcome::UpToDate, head.clone(), head)
    }

    /// One that tells of no revision.
    pub(crate) fn of(outcome: Outcome, from: Option<String>, to: Option<String>) -> Self {
        Self {
            outcome,
            from,
            to,
            applied: Vec::new(),
            reverted: Vec::new(),
            stamped: Vec::new(),
            unstamped: Vec::new(),
            backup: None,
            rehearsal: None,
        }
    }
}

impl Outcome {
    /// A short name for programs, as `--json` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::UpToDate => "up-to-date",
            Self::Stamped => "stamped",
            Self::Adopted => "adopted",
            Self::Upgraded => "upgraded",
            Self::Downgraded => "downgraded",
            Self::Restored => "restored",
        }
    }
}

impl fmt::Display for Report {
    /// One sentence for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |revision: &Option<String>| revision.clone().unwrap_or_else(|| "base".to_owned());
        let count = |count: usize| format!("{count} revision{}", if count == 1 { "" } else { "s" });
        let took = |applied: &[Applied]| applied.iter().map(|applied| applied.duration).sum::<Duration>();
        let applied = || format!("{} applied in {:.1?}", count(self.applied.len()), took(&self.applied));
        let (from, to) = (id(&self.from), id(&self.to));
        match self.outcome {
            Outcome::UpToDate => write!(f, "at {to}, nothing to do"),
            Outcome::New => write!(f, "new database at {to}: {}", applied()),
            Outcome::Upgraded => write!(f, "upgraded from {from} to {to}: {}", applied()),
            Outcome::Downgraded => {
                write!(
                    f,
                    "downgraded from {from} to {to}: {} reverted in {:.1?}",
                    count(self.reverted.len()),
                    took(&self.reverted)
                )
            }
            Outcome::Restored => write!(f, "restored: at {to}, where it was at {from}"),
            Outcome::Adopted => {
                let at = self.stamped.last().map_or("base", String::as_str);
                match self.applied.is_empty() {
                    true => write!(f, "adopted at {at}, nothing pending"),
                    false => {
                        write!(f, "adopted at {at}, then upgraded to {to}: {}", applied())
                    }
                }
            }
            Outcome::Stamped => {
                let at = self.stamped.last().map_or("base", String::as_str);
                match (self.applied.is_empty(), self.unstamped.is_empty()) {
                    (false, _) => write!(f, "stamped at {at}, then upgraded to {to}: {}", applied()),
                    (true, false) => {
                        write!(
                            f,
                            "stamped at {to}: {} no longer recorded, nothing run",
                            count(self.unstamped.len())
                        )
                    }
                    (true, true) => {
                        write!(f, "stamped at {to}: {} recorded, nothing run", count(self.stamped.len()))
                    }
                }
            }
        }
    }
}
