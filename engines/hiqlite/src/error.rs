//! Errors as data, and their text.

use std::fmt;
use std::time::Duration;

use revchain_core::diagnostics::escape::escape;
use revchain_runtime::rusqlite;

/// The error of a request on a cluster.
///
/// [`kind`](Self::kind) has the data of the error, and [`code`](Self::code) a short name for
/// scripts.
///
/// - `{}` writes the message: the fact and its place.
/// - `{:#}` and `{:?}` add the cause and the advice.
///
/// If an entry of the request was committed before the error, [`committed`](Self::committed) has
/// its revision.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    committed: Option<String>,
}

/// The kind of an [`Error`], with its data.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The state of the database does not allow the request, or a pending script fails in memory.
    ///
    /// The cluster received nothing. The error is that of a database on one machine.
    Rejected(revchain_runtime::Error),
    /// SQLite rejected a statement, on each machine in the same way. Nothing was changed.
    Refused(Refused),
    /// A revision does not fit into an entry of the log. The cluster received nothing.
    ///
    /// On a new cluster, all revisions that are not proven for a cluster share an entry.
    #[non_exhaustive]
    TooLarge {
        /// The id of the revision.
        revision: String,
        /// The path of the file: the directory as passed to the macro, then the file name.
        path: String,
        /// The size of the entry that would have the revision, in bytes.
        size: usize,
        /// The largest size of an entry, in bytes. See
        /// [`Cluster::max_entry_size`](crate::Cluster::max_entry_size).
        limit: usize,
    },
    /// The request needs the program, or SQL that only the database stores. SQL alone cannot do it.
    #[non_exhaustive]
    NeedsProgram {
        /// The id of the revision.
        revision: String,
        /// The reason.
        reason: String,
    },
    /// The script of a revision is not proven for a cluster, and the database is not new.
    ///
    /// `replicated = "005"` proves neither 005 nor its ancestors. Their scripts could lose rows
    /// here, so the cluster received nothing.
    #[non_exhaustive]
    Unproven {
        /// The id of the revision.
        revision: String,
        /// The revision after which the chain is proven for a cluster.
        after: String,
        /// `true` if the script is the downgrade.
        is_downgrade: bool,
    },
    /// On a new cluster, a revision that is not proven for a cluster leaves other rows than on a
    /// single machine. The cluster received nothing.
    #[non_exhaustive]
    NeedsFile {
        /// The reason, which [`Replicated::needs_file`](crate::Replicated::needs_file) returns.
        reason: String,
    },
    /// The cluster gave no usable answer until the deadline.
    ///
    /// The last transaction may be committed, or may be committed later. To find out, repeat the
    /// request: it reads the database first.
    #[non_exhaustive]
    Unreachable {
        /// The time that the request waited.
        waited: Duration,
        /// The last error, as text.
        last: String,
    },
    /// The replica on this machine is not at the head of the program after the timeout.
    #[non_exhaustive]
    Behind {
        /// The id of the newest revision of the replica; `None` at base.
        current: Option<String>,
        /// The id of the head of the program.
        head: String,
        /// The time that the request waited.
        waited: Duration,
    },
    /// The schema or the history of the replica on this machine is not that of the leader.
    ///
    /// Until the deadline, it did not become so.
    #[non_exhaustive]
    ReplicaDiffers {
        /// The statements that make only the replica on this machine.
        replica: Vec<String>,
        /// The statements that make only the database of the leader.
        leader: Vec<String>,
    },
    /// The cluster rejected a query of revchain itself.
    #[non_exhaustive]
    Read {
        /// SQLite's message.
        message: String,
    },
    /// SQLite cannot make the schema of the cluster in memory.
    #[non_exhaustive]
    Copy {
        /// SQLite's error.
        source: rusqlite::Error,
    },
}

/// A transaction that the cluster rolled back because SQLite rejected a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The statement that failed; `None` if it could not be found, or if the commit failed.
    pub statement: Option<RefusedStatement>,
    /// SQLite's message, in the words of hiqlite.
    pub message: String,
}

/// A statement of a migration that the cluster rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedStatement {
    /// The id of the revision.
    pub revision: String,
    /// The path of the file: the directory as passed to the macro, then the file name.
    pub path: String,
    /// The line on which the statement begins, from 1.
    pub line: u32,
    /// `true` if the statement is one of the downgrade.
    pub is_downgrade: bool,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            committed: None,
        }))
    }

    pub(crate) fn after(mut self, committed: Option<&str>) -> Self {
        self.0.committed = committed.map(str::to_owned);
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the revision up to which earlier entries of the request are committed.
    ///
    /// Returns `None` if none is. An upgrade has several entries only if one is too small for it.
    pub fn committed(&self) -> Option<&str> {
        self.0.committed.as_deref()
    }

    /// Returns a short name for scripts, such as `refused`.
    ///
    /// The code of [`ErrorKind::Rejected`] is that of the error inside.
    pub fn code(&self) -> &'static str {
        match &self.0.kind {
            ErrorKind::Rejected(error) => error.code(),
            ErrorKind::Refused(_) => "refused",
            ErrorKind::TooLarge { .. } => "too-large",
            ErrorKind::NeedsProgram { .. } => "needs-program",
            ErrorKind::Unproven { .. } => "unproven",
            ErrorKind::NeedsFile { .. } => "needs-file",
            ErrorKind::Unreachable { .. } => "unreachable",
            ErrorKind::Behind { .. } => "behind",
            ErrorKind::ReplicaDiffers { .. } => "replica-differs",
            ErrorKind::Read { .. } => "read",
            ErrorKind::Copy { .. } => "copy",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match &self.0.kind {
            ErrorKind::Unproven {
                after,
                is_downgrade: false,
                ..
            } => {
                return Some(format!(
                    "upgrade the file to {after} or further on a single machine, and begin the \
                     cluster with it; upgrade a new cluster to {after} or further at once"
                ));
            }
            ErrorKind::Unproven { after, .. } => {
                return Some(format!(
                    "a cluster goes down to {after}, and no further: write a new revision that \
                     undoes the change"
                ));
            }
            ErrorKind::NeedsFile { .. } => {
                "create the file with `open` on a single machine, and begin the cluster with it"
            }
            ErrorKind::Refused(_) => "fix the rows, or add the revision again with other SQL",
            ErrorKind::TooLarge { .. } => {
                "split the revision, or raise `wal_size` of each node and `max_entry_size`"
            }
            ErrorKind::NeedsProgram { .. } => "run the request with the program that has it",
            ErrorKind::Unreachable { .. } => {
                "wait until the cluster is healthy, then repeat the request: it reads the database \
                 first, and never applies a revision twice"
            }
            ErrorKind::Behind { .. } => {
                "upgrade the cluster, or check that this machine receives its log"
            }
            ErrorKind::ReplicaDiffers { .. } => {
                "stop this node, remove its data directory, and start it again: it gets a snapshot"
            }
            ErrorKind::Rejected(_) | ErrorKind::Read { .. } | ErrorKind::Copy { .. } => {
                return None;
            }
        };
        Some(help.to_owned())
    }
}

impl From<revchain_runtime::Error> for Error {
    fn from(error: revchain_runtime::Error) -> Self {
        Self::new(ErrorKind::Rejected(error))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(source: rusqlite::Error) -> Self {
        Self::new(ErrorKind::Copy { source })
    }
}

impl fmt::Display for Error {
    /// Writes the message. `{:#}` adds the cause and the advice.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ErrorKind::Rejected(error) = &self.0.kind {
            fmt::Display::fmt(error, f)?;
        } else {
            write!(f, "{}", self.0.kind)?;
        }
        if let Some(committed) = self.committed() {
            write!(f, "; the cluster is at {}", escape(committed))?;
        }
        if f.alternate() {
            if let ErrorKind::Copy { source } = &self.0.kind {
                write!(f, ": {source}")?;
            }
            if let Some(help) = self.help() {
                write!(f, "\nhelp: {help}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(error) => write!(f, "{error}"),
            Self::Refused(refused) => write!(f, "{refused}"),
            Self::TooLarge {
                revision,
                path,
                size,
                limit,
            } => write!(
                f,
                "{} needs an entry of {size} bytes, and the log takes at most {limit}: {}",
                escape(revision),
                escape(path)
            ),
            Self::NeedsProgram { revision, reason } => {
                write!(f, "{} {reason}", escape(revision))
            }
            Self::Unproven {
                revision,
                is_downgrade,
                ..
            } => {
                let script = script(*is_downgrade);
                let revision = escape(revision);
                write!(f, "the {script} of {revision} is not proven for a cluster")
            }
            Self::NeedsFile { reason } => {
                let reason = escape(reason);
                write!(
                    f,
                    "a new cluster must begin with a file of a single machine: {reason}"
                )
            }
            Self::Unreachable { waited, last } => {
                write!(
                    f,
                    "no answer of the cluster in {waited:.0?}: {}",
                    escape(last)
                )
            }
            Self::Behind {
                current,
                head,
                waited,
            } => write!(
                f,
                "the replica on this machine is at {} and not at {} after {waited:.0?}",
                escape(current.as_deref().unwrap_or("base")),
                escape(head)
            ),
            Self::ReplicaDiffers { replica, leader } => {
                f.write_str("the replica on this machine differs from the leader")?;
                for statement in replica {
                    write!(f, "\n  only here: {}", escape(&shortened(statement)))?;
                }
                for statement in leader {
                    write!(f, "\n  only there: {}", escape(&shortened(statement)))?;
                }
                Ok(())
            }
            Self::Read { message } => {
                write!(f, "cannot read the database: {}", escape(message))
            }
            Self::Copy { .. } => f.write_str("cannot make the schema of the cluster in memory"),
        }
    }
}

/// Returns the start of a statement, which is enough to recognize it.
fn shortened(statement: &str) -> String {
    const LENGTH: usize = 100;
    match statement.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &statement[..end]),
        None => statement.to_owned(),
    }
}

fn script(is_downgrade: bool) -> &'static str {
    if is_downgrade { "downgrade" } else { "upgrade" }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = escape(&self.message);
        let Some(statement) = &self.statement else {
            return write!(f, "the cluster refused: {message}; nothing was changed");
        };
        let script = script(statement.is_downgrade);
        write!(
            f,
            "the cluster refused the {script} of {}: {message}; nothing was changed\n  --> {}:{}",
            escape(&statement.revision),
            escape(&statement.path),
            statement.line
        )
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Rejected(error) => std::error::Error::source(error),
            ErrorKind::Copy { source } => Some(source),
            _ => None,
        }
    }
}
