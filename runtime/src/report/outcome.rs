//! The report of a request.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use revchain_core::{Revision, Tool};

use super::jobs_report::JobRun;

/// The changes that a request made to a database. All of them are committed.
///
/// `{}` writes a line, for example for a log.
///
/// ```
/// # use revchain::{Migrations, embed_migrations};
/// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
/// use revchain::Outcome;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut db = MIGRATIONS.open_in_memory()?;
/// let report = MIGRATIONS.upgrade(&mut db)?;
/// assert_eq!(report.outcome, Outcome::UpToDate);
/// assert_eq!(report.to_string(), "at 009, nothing to do");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The kind of change.
    pub outcome: Outcome,
    /// The id of the newest revision before the request; `None` at base and without a history.
    pub from: Option<String>,
    /// The id of the newest revision after the request; `None` at base.
    pub to: Option<String>,
    /// The revisions whose upgrade script ran, in order.
    pub applied: Vec<Applied>,
    /// The revisions whose downgrade script ran, newest first.
    pub reverted: Vec<Applied>,
    /// The ids of the revisions that were stamped without running a script.
    pub stamped: Vec<String>,
    /// The ids of the revisions whose stamp was removed without running a script.
    pub unstamped: Vec<String>,
    /// The jobs that ran between upgrades, because a later upgrade requires them.
    ///
    /// The upgrades before a job were committed before it ran.
    pub jobs: Vec<JobRun>,
    /// The tools whose records have decided the revision of an adopted database.
    ///
    /// Empty if the schema alone has decided, or if the database was not adopted.
    pub recorded_by: Vec<Tool>,
    /// The `user_version` of another tool that the marker of revchain has replaced.
    ///
    /// The program that wrote this number no longer opens the database.
    pub replaced_user_version: Option<i32>,
    /// The duration of the foreign key check after the scripts; zero if no script ran.
    ///
    /// The check is one for all revisions, so the durations in `applied` and `reverted` omit it.
    /// The text of the report adds it to their sum.
    pub foreign_key_check: Duration,
    /// The number of rows that violated a foreign key before the request, and still do.
    ///
    /// [`Migrator::allow_existing_violations`](crate::Migrator::allow_existing_violations) accepts
    /// them. Only the tables count in which a script can have left a violation.
    pub kept_violations: usize,
    /// The path of the backup that was made before the first script; `None` if no backup was made.
    pub backup: Option<PathBuf>,
}

/// A revision whose script ran.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The id of the revision.
    pub revision: String,
    /// The duration of the script.
    pub duration: Duration,
}

/// The kind of change that a request made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The database was new, and revisions were applied.
    New,
    /// The database was already at the target. No table was written. The marker may be renewed.
    UpToDate,
    /// Stamps were changed by [`Migrator::stamp`](crate::Migrator::stamp), or by an upgrade with
    /// [`Adopt::At`](crate::Adopt::At) or [`Adopt::AtUnchecked`](crate::Adopt::AtUnchecked).
    Stamped,
    /// The database had no history. An upgrade recognized the schema, and applied pending
    /// revisions.
    Adopted,
    /// The database had a history, and revisions were applied.
    Upgraded,
    /// The database had a history, and revisions were reverted.
    Downgraded,
    /// Revisions were reverted and applied again.
    Redone,
    /// A backup replaced the content of the database.
    Restored,
}

impl Outcome {
    /// Returns the short name of the outcome, such as `new`. Commands print this name with
    /// `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::UpToDate => "up-to-date",
            Self::Stamped => "stamped",
            Self::Adopted => "adopted",
            Self::Upgraded => "upgraded",
            Self::Downgraded => "downgraded",
            Self::Redone => "redone",
            Self::Restored => "restored",
        }
    }
}

impl Applied {
    pub(crate) fn new(revision: &Revision, duration: Duration) -> Self {
        Self {
            revision: revision.id().to_owned(),
            duration,
        }
    }
}

impl Report {
    /// Makes a report without applied, reverted, stamped, or unstamped revisions.
    pub(crate) fn new(outcome: Outcome, from: Option<&str>, to: Option<&str>) -> Self {
        Self {
            outcome,
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            applied: Vec::new(),
            reverted: Vec::new(),
            stamped: Vec::new(),
            unstamped: Vec::new(),
            jobs: Vec::new(),
            recorded_by: Vec::new(),
            replaced_user_version: None,
            foreign_key_check: Duration::ZERO,
            kept_violations: 0,
            backup: None,
        }
    }

    /// Makes the report for a database that was already at the head.
    pub(crate) fn up_to_date(head: Option<&str>) -> Self {
        Self::new(Outcome::UpToDate, head, head)
    }

    /// Adds the changes of the next part of the request.
    pub(crate) fn append(&mut self, next: Self) {
        self.to = next.to;
        self.applied.extend(next.applied);
        self.foreign_key_check += next.foreign_key_check;
        self.kept_violations = self.kept_violations.max(next.kept_violations);
        self.backup = self.backup.take().or(next.backup);
    }

    /// Returns the duration of the scripts and of the foreign key check.
    fn total<'a>(&self, scripts: impl IntoIterator<Item = &'a Applied>) -> Duration {
        let scripts: Duration = scripts.into_iter().map(|script| script.duration).sum();
        scripts + self.foreign_key_check
    }

    /// Writes the outcome, without kept violations and the change of `user_version`.
    fn write_outcome(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.from.as_deref().unwrap_or("base");
        let to = self.to.as_deref().unwrap_or("base");
        let stamped = self.stamped.last().map_or("base", String::as_str);
        let applied = format!(
            "{} applied in {:.1?}",
            count(self.applied.len()),
            self.total(&self.applied)
        );
        match self.outcome {
            Outcome::UpToDate => write!(f, "at {to}, nothing to do"),
            Outcome::New => write!(f, "new database at {to}: {applied}"),
            Outcome::Upgraded => write!(f, "upgraded from {from} to {to}: {applied}"),
            Outcome::Downgraded => write!(
                f,
                "downgraded from {from} to {to}: {} reverted in {:.1?}",
                count(self.reverted.len()),
                self.total(&self.reverted)
            ),
            Outcome::Redone => write!(
                f,
                "redone at {to}: {} reverted, {} applied in {:.1?}",
                count(self.reverted.len()),
                count(self.applied.len()),
                self.total(self.reverted.iter().chain(&self.applied))
            ),
            // A new or a damaged file has no revision, too.
            Outcome::Restored if self.from.is_none() => write!(f, "restored at {to}"),
            Outcome::Restored => write!(f, "restored at {to}; it was at {from} before"),
            Outcome::Adopted if self.applied.is_empty() => {
                write!(f, "adopted at {stamped}{}, nothing pending", self.source())
            }
            Outcome::Adopted => write!(
                f,
                "adopted at {stamped}{}, then upgraded to {to}: {applied}",
                self.source()
            ),
            Outcome::Stamped if !self.applied.is_empty() => {
                write!(f, "stamped at {stamped}, then upgraded to {to}: {applied}")
            }
            Outcome::Stamped if !self.unstamped.is_empty() => write!(
                f,
                "stamped at {to}: {} no longer recorded, nothing run",
                count(self.unstamped.len())
            ),
            Outcome::Stamped => {
                write!(
                    f,
                    "stamped at {to}: {} recorded, nothing run",
                    count(self.stamped.len())
                )
            }
        }
    }

    /// Returns the words for the records that have decided: ` as sqlx recorded`.
    fn source(&self) -> String {
        if self.recorded_by.is_empty() {
            return String::new();
        }
        let tools: Vec<&str> = self.recorded_by.iter().map(|tool| tool.name()).collect();
        format!(" as {} recorded", tools.join(" and "))
    }
}

impl fmt::Display for Report {
    /// Writes a line, for example for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_outcome(f)?;
        match &self.jobs[..] {
            [] => {}
            [one] => write!(f, "; the job {} ran in between", one.job)?,
            jobs => {
                let names: Vec<&str> = jobs.iter().map(|run| run.job.as_str()).collect();
                write!(f, "; the jobs {} ran in between", names.join(", "))?;
            }
        }
        match self.kept_violations {
            0 => {}
            1 => f.write_str("; 1 row still violates a foreign key")?,
            rows => write!(f, "; {rows} rows still violate a foreign key")?,
        }
        match self.replaced_user_version {
            Some(version) => write!(
                f,
                "; `user_version` {version} of the other tool is now revchain's marker"
            ),
            None => Ok(()),
        }
    }
}

fn count(revisions: usize) -> String {
    format!(
        "{revisions} revision{}",
        if revisions == 1 { "" } else { "s" }
    )
}
