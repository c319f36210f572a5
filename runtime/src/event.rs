use std::fmt;
use std::path::Path;
use std::time::Duration;

use revchain_core::Revision;
use revchain_core::snippet::escape;

/// What happens while a database is brought to a revision. The text is made to be shown.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'e> {
    /// Another connection holds the database, and it is waited for.
    #[non_exhaustive]
    Waiting {
        /// For how long at most.
        timeout: Duration,
    },
    /// There is something to do, and the write lock is held.
    #[non_exhaustive]
    Started {
        /// Where the database is; `None` at base.
        from: Option<&'e Revision>,
        /// Where it will be.
        to: Option<&'e Revision>,
        /// How many revisions are upgraded, downgraded, stamped or removed.
        steps: usize,
    },
    /// An upgrade begins.
    #[non_exhaustive]
    Upgrading {
        /// The revision.
        revision: &'e Revision,
    },
    /// An upgrade was run and stamped.
    #[non_exhaustive]
    Upgraded {
        /// The revision.
        revision: &'e Revision,
        /// How long its SQL took.
        duration: Duration,
    },
    /// A downgrade begins.
    #[non_exhaustive]
    Downgrading {
        /// The revision.
        revision: &'e Revision,
    },
    /// A downgrade was run, and its stamp removed.
    #[non_exhaustive]
    Downgraded {
        /// The revision.
        revision: &'e Revision,
        /// How long its SQL took.
        duration: Duration,
    },
    /// A revision was recorded without running.
    #[non_exhaustive]
    Stamped {
        /// The revision.
        revision: &'e Revision,
    },
    /// A revision was recorded without running: the database was recognised by its schema.
    #[non_exhaustive]
    Adopted {
        /// The revision.
        revision: &'e Revision,
    },
    /// The schema is no longer that of the revision that the database is at, and the options say that this is no
    /// reason to stop.
    #[non_exhaustive]
    Drifted {
        /// The revision.
        revision: &'e Revision,
    },
    /// The record of a revision was removed without running.
    #[non_exhaustive]
    Unstamped {
        /// The revision.
        revision: &'e Revision,
    },
    /// Rows violate a foreign key as they did before, and the options say that this is no reason to stop.
    #[non_exhaustive]
    StillViolated {
        /// How many there were.
        count: usize,
    },
    /// A backup was made, before anything else is done.
    #[non_exhaustive]
    BackedUp {
        /// Its file.
        path: &'e Path,
    },
    /// A new database was made, at the head: a copy of the image that the program carries.
    #[non_exhaustive]
    Copied {
        /// The head.
        revision: &'e Revision,
    },
    /// All of it is in the database for good.
    #[non_exhaustive]
    Committed {
        /// Where the database is now; `None` at base.
        at: Option<&'e Revision>,
    },
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |revision: &Option<&Revision>| revision.map_or("base", Revision::id).to_owned();
        match self {
            Self::Waiting { timeout } => write!(f, "waiting for another connection, at most {timeout:.1?}"),
            Self::Started { from, to, steps } => write!(f, "{} → {}, {steps} to do", id(from), id(to)),
            Self::Upgrading { revision } => {
                write!(f, "upgrading to {}: {}", revision.id(), escape(revision.summary()))
            }
            Self::Upgraded { revision, duration } => {
                write!(f, "upgraded to {} ({duration:.1?})", revision.id())
            }
            Self::Downgrading { revision } => {
                write!(f, "downgrading {}: {}", revision.id(), escape(revision.summary()))
            }
            Self::Downgraded { revision, duration } => {
                write!(f, "downgraded {} ({duration:.1?})", revision.id())
            }
            Self::Stamped { revision } => write!(f, "stamped {}", revision.id()),
            Self::Adopted { revision } => write!(f, "adopted {}", revision.id()),
            Self::Drifted { revision } => {
                write!(
                    f,
                    "the schema is no longer that of {}: `check` shows what is different",
                    revision.id()
                )
            }
            Self::Unstamped { revision } => write!(f, "removed the stamp of {}", revision.id()),
            Self::StillViolated { count } => {
                write!(f, "rows that point at nothing were there before: {count}")
            }
            Self::BackedUp { path } => write!(f, "backup: {}", escape(&path.to_string_lossy())),
            Self::Copied { revision } => write!(f, "new database at {}, a copy of the image", revision.id()),
            Self::Committed { at } => write!(f, "committed at {}", id(at)),
        }
    }
}

impl Event<'_> {
    /// The event as one of `tracing`, where that feature is on.
    pub(crate) fn trace(&self) {
        #[cfg(feature = "tracing")]
        match self {
            Self::Waiting { .. } | Self::Upgrading { .. } | Self::Downgrading { .. } => {
                tracing::debug!(target: "revchain", "{self}")
            }
            Self::Upgraded { revision, duration } | Self::Downgraded { revision, duration } => {
                let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
                tracing::info!(target: "revchain", revision = revision.id(), duration_us, "{self}");
            }
            Self::StillViolated { .. } => tracing::warn!(target: "revchain", "{self}"),
            Self::Drifted { revision } => {
                tracing::warn!(target: "revchain", revision = revision.id(), "{self}");
            }
            Self::Stamped { revision }
            | Self::Adopted { revision }
            | Self::Unstamped { revision }
            | Self::Copied { revision } => {
                tracing::info!(target: "revchain", revision = revision.id(), "{self}");
            }
            Self::Started { .. } | Self::BackedUp { .. } | Self::Committed { .. } => {
                tracing::info!(target: "revchain", "{self}")
            }
        }
    }
}
