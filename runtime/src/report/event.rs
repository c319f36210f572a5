//! Events: the progress of a request.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use revchain_core::Revision;
use revchain_core::diagnostics::escape::escape;

use super::job_error::JobError;

/// A message about the progress of a request.
///
/// [`Migrator::on_event`](crate::Migrator::on_event) receives the events.
/// `{}` writes the event as a line for users.
/// No change is final before [`Committed`](Self::Committed): if the request fails, no `Committed`
/// follows, and the error is returned to the caller.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'e> {
    /// Another connection uses the database, so the request waits. Emitted at most once a request.
    #[non_exhaustive]
    Waiting {
        /// The longest time that the request waits, from
        /// [`Migrator::busy_timeout`](crate::Migrator::busy_timeout).
        timeout: Duration,
    },
    /// The database is not at the head yet, so the request waits for another process.
    ///
    /// [`Migrator::wait_for_head`](crate::Migrator::wait_for_head) emits this event at most once.
    #[non_exhaustive]
    WaitingForHead {
        /// The longest time that the request waits.
        timeout: Duration,
    },
    /// The request holds the write lock, and the first step is about to run.
    #[non_exhaustive]
    Started {
        /// The newest revision of the database; `None` at base.
        from: Option<&'e Revision>,
        /// The newest revision of the database after the steps; `None` at base.
        to: Option<&'e Revision>,
        /// The number of steps: each upgrades, downgrades, stamps, or unstamps a revision.
        steps: usize,
    },
    /// An upgrade script is about to run.
    #[non_exhaustive]
    Upgrading {
        /// The revision of the script.
        revision: &'e Revision,
    },
    /// An upgrade script has run, and its revision is stamped.
    #[non_exhaustive]
    Upgraded {
        /// The revision of the script.
        revision: &'e Revision,
        /// The duration of the script.
        duration: Duration,
    },
    /// A function of the program reports its progress, with
    /// [`Step::progress`](crate::Step::progress).
    #[non_exhaustive]
    Progress {
        /// The revision whose script runs the function.
        revision: &'e Revision,
        /// The name of the function.
        function: &'e str,
        /// The number of rows that are done.
        done: u64,
        /// The number of all rows.
        total: u64,
    },
    /// A downgrade script is about to run.
    #[non_exhaustive]
    Downgrading {
        /// The revision of the script.
        revision: &'e Revision,
    },
    /// A downgrade script has run, and the stamp of its revision is removed.
    #[non_exhaustive]
    Downgraded {
        /// The revision of the script.
        revision: &'e Revision,
        /// The duration of the script.
        duration: Duration,
    },
    /// A revision was stamped without running a script.
    #[non_exhaustive]
    Stamped {
        /// The stamped revision.
        revision: &'e Revision,
    },
    /// A revision was stamped without running a script, because an upgrade recognized the schema.
    #[non_exhaustive]
    Adopted {
        /// The stamped revision.
        revision: &'e Revision,
    },
    /// The schema differs from that of the revision, and the settings accept the drift.
    #[non_exhaustive]
    Drifted {
        /// The newest revision of the database.
        revision: &'e Revision,
    },
    /// The stamp of a revision was removed without running a script.
    #[non_exhaustive]
    Unstamped {
        /// The revision whose stamp was removed.
        revision: &'e Revision,
    },
    /// Rows violated a foreign key before the migrations, and the settings accept these rows.
    #[non_exhaustive]
    ExistingViolations {
        /// The number of these rows.
        count: usize,
    },
    /// A backup was made. No step has run yet.
    #[non_exhaustive]
    BackedUp {
        /// The path of the backup.
        path: &'e Path,
    },
    /// A new database at the head was created from the embedded snapshot.
    #[non_exhaustive]
    CreatedFromSnapshot {
        /// The head.
        revision: &'e Revision,
    },
    /// The marker has replaced the `user_version` that another tool had written.
    ///
    /// The program that wrote this number no longer opens the database.
    #[non_exhaustive]
    UserVersionReplaced {
        /// The number that the other tool had written.
        version: i32,
    },
    /// Another program uses `user_version`, so revchain wrote no marker.
    ///
    /// Each open reads history and schema, as long as the number stays.
    #[non_exhaustive]
    UserVersionKept {
        /// The number that the other program has written.
        version: i32,
    },
    /// The function of a job is about to be called.
    #[non_exhaustive]
    JobStarted {
        /// The revision of the job.
        revision: &'e Revision,
        /// The name of the job.
        job: &'e str,
    },
    /// A part of a job is committed, and the job has reported the number of its rows.
    #[non_exhaustive]
    JobProgress {
        /// The revision of the job.
        revision: &'e Revision,
        /// The name of the job.
        job: &'e str,
        /// The number of rows that the job has done so far.
        done: u64,
        /// The number of rows that the job has to do in total.
        total: u64,
    },
    /// A job is finished, and all of its changes are committed.
    #[non_exhaustive]
    JobDone {
        /// The revision of the job.
        revision: &'e Revision,
        /// The name of the job.
        job: &'e str,
        /// The duration since [`JobStarted`](Self::JobStarted).
        duration: Duration,
    },
    /// The function of a job failed. The changes of its last call are rolled back.
    #[non_exhaustive]
    JobFailed {
        /// The revision of the job.
        revision: &'e Revision,
        /// The error.
        error: &'e JobError,
    },
    /// The transaction is committed, so all changes of the request are final.
    #[non_exhaustive]
    Committed {
        /// The newest revision of the database; `None` at base.
        at: Option<&'e Revision>,
    },
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { timeout } => {
                write!(f, "waiting for another connection, at most {timeout:.1?}")
            }
            Self::WaitingForHead { timeout } => {
                write!(f, "waiting for the migrations, at most {timeout:.1?}")
            }
            Self::Started { from, to, steps } => {
                write!(f, "{} → {}, {steps} to do", id(*from), id(*to))
            }
            Self::Upgrading { revision } => {
                write!(
                    f,
                    "upgrading to {}: {}",
                    revision.id(),
                    escape(revision.summary())
                )
            }
            Self::Upgraded { revision, duration } => {
                write!(f, "upgraded to {} ({duration:.1?})", revision.id())
            }
            Self::Progress {
                revision,
                function,
                done,
                total,
            } => {
                let (id, function) = (revision.id(), escape(function));
                write!(f, "{id}: {function}: {done} of {total}")
            }
            Self::Downgrading { revision } => {
                write!(
                    f,
                    "downgrading {}: {}",
                    revision.id(),
                    escape(revision.summary())
                )
            }
            Self::Downgraded { revision, duration } => {
                write!(f, "downgraded {} ({duration:.1?})", revision.id())
            }
            Self::Stamped { revision } => write!(f, "stamped {}", revision.id()),
            Self::Adopted { revision } => write!(f, "adopted {}", revision.id()),
            Self::Drifted { revision } => write!(
                f,
                "the schema differs from that of {}: `check` shows the differences",
                revision.id()
            ),
            Self::Unstamped { revision } => write!(f, "removed the stamp of {}", revision.id()),
            Self::ExistingViolations { count } => {
                write!(
                    f,
                    "rows that violated a foreign key before the migrations: {count}"
                )
            }
            Self::BackedUp { path } => write!(f, "backup: {}", escape(&path.to_string_lossy())),
            Self::CreatedFromSnapshot { revision } => {
                write!(
                    f,
                    "new database at {}, created from the snapshot",
                    revision.id()
                )
            }
            Self::UserVersionReplaced { version } => write!(
                f,
                "`user_version` {version} of another tool is now revchain's marker; the program \
                 that wrote it no longer opens the database"
            ),
            Self::UserVersionKept { version } => write!(
                f,
                "`user_version` is {version}, of another program: each open reads history and schema"
            ),
            Self::JobStarted { .. }
            | Self::JobProgress { .. }
            | Self::JobDone { .. }
            | Self::JobFailed { .. } => self.fmt_job(f),
            Self::Committed { at } => write!(f, "committed at {}", id(*at)),
        }
    }
}

fn id(revision: Option<&Revision>) -> &str {
    revision.map_or("base", Revision::id)
}

impl Event<'_> {
    /// Writes an event of a job, and nothing for any other event.
    fn fmt_job(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JobStarted { revision, job } => {
                write!(f, "running the job {job} of {}", revision.id())
            }
            Self::JobProgress {
                job, done, total, ..
            } => write!(f, "the job {job}: {done} of {total} rows"),
            Self::JobDone {
                revision,
                job,
                duration,
            } => write!(
                f,
                "finished the job {job} of {} ({duration:.1?})",
                revision.id()
            ),
            Self::JobFailed { error, .. } => write!(f, "{error}"),
            _ => Ok(()),
        }
    }

    /// Emits the event through `tracing` if the feature `tracing` is on.
    pub(crate) fn trace(&self) {
        #[cfg(feature = "tracing")]
        match self {
            Self::Waiting { .. }
            | Self::Upgrading { .. }
            | Self::Progress { .. }
            | Self::Downgrading { .. }
            | Self::JobStarted { .. }
            | Self::JobProgress { .. } => {
                tracing::debug!(target: "revchain", "{self}")
            }
            Self::Upgraded { revision, duration } | Self::Downgraded { revision, duration } => {
                let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
                let revision = revision.id();
                tracing::info!(target: "revchain", revision, duration_us, "{self}");
            }
            Self::JobDone {
                revision, duration, ..
            } => {
                let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
                let revision = revision.id();
                tracing::info!(target: "revchain", revision, duration_us, "{self}");
            }
            Self::JobFailed { revision, error } => {
                let (revision, cause) = (revision.id(), error.cause());
                tracing::warn!(target: "revchain", revision, cause, "{self}");
            }
            Self::ExistingViolations { .. } | Self::UserVersionReplaced { .. } => {
                tracing::warn!(target: "revchain", "{self}")
            }
            Self::Drifted { revision } => {
                tracing::warn!(target: "revchain", revision = revision.id(), "{self}");
            }
            Self::Stamped { revision }
            | Self::Adopted { revision }
            | Self::Unstamped { revision }
            | Self::CreatedFromSnapshot { revision } => {
                tracing::info!(target: "revchain", revision = revision.id(), "{self}");
            }
            Self::WaitingForHead { .. }
            | Self::Started { .. }
            | Self::BackedUp { .. }
            | Self::UserVersionKept { .. }
            | Self::Committed { .. } => {
                tracing::info!(target: "revchain", "{self}")
            }
        }
    }
}
