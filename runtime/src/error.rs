use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use revchain_core::Conflict;
use revchain_core::name::CHAIN_NAME;
use revchain_core::newer::KEPT;
use revchain_core::schema::Diff;
use revchain_core::snippet::{Snippet, escape};
use rusqlite::{Connection, ErrorCode};

use crate::holders::holders;

/// Why a database was not brought to where it was asked to be. The text says what is wrong, where, and what to
/// do; [`kind`](Self::kind) tells programs. The database is as it was before.
///
/// `{:?}` gives the text too, because that is what a `main` that returns the error shows; `{:#?}` gives the data.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    database: Option<String>,
}

/// The kinds of errors.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// SQLite cannot open the file.
    #[non_exhaustive]
    Open {
        /// SQLite's error.
        source: rusqlite::Error,
        /// What the file system says, where that explains it.
        reason: Option<&'static str>,
    },
    /// A chain cannot have this name.
    #[non_exhaustive]
    BadName {
        /// The name.
        name: String,
    },
    /// The connection has begun a transaction already: a migration needs one of its own.
    InTransaction,
    /// Others held the database for longer than the lock timeout.
    #[non_exhaustive]
    Locked {
        /// How long the program waited.
        waited: Duration,
        /// The processes that held it, by their numbers, with their names where those are known. Only Linux tells.
        holders: Vec<(u32, Option<String>)>,
    },
    /// The database must be changed, and is open for reading only.
    #[non_exhaustive]
    ReadOnly {
        /// The ids of the revisions that an upgrade would have applied; none for other requests.
        pending: Vec<String>,
    },
    /// No backup could be made, so nothing was done.
    #[non_exhaustive]
    Backup {
        /// The folder for backups.
        folder: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// What is to be put back is no sound database.
    #[non_exhaustive]
    Damaged {
        /// What SQLite says.
        message: String,
    },
    /// History and chain, or the request, do not go together.
    Conflict(Conflict),
    /// A statement of a migration failed.
    Statement(StatementError),
    /// The migrations left rows whose foreign keys have no match.
    #[non_exhaustive]
    ForeignKeys {
        /// The first of those rows.
        violations: Vec<Violation>,
        /// How many there are.
        count: usize,
        /// How many there were before the migrations ran, where that could be found out.
        before: Option<usize>,
    },
    /// The migrations have made another schema than they made in the proof.
    #[non_exhaustive]
    WrongSchema {
        /// The revision that the database would have been at.
        revision: String,
        /// What tells the schema from that of the revision.
        diff: Diff,
    },
    /// The connection has temporary tables. They would stand before the tables of the database wherever a migration
    /// names one.
    #[non_exhaustive]
    TemporaryTables {
        /// Their names.
        tables: Vec<String>,
        /// The revision that left them; `None` where they were there before.
        revision: Option<String>,
    },
    /// A statement of a migration ended the transaction, so what ran up to there may be in the database for good. The
    /// rules for statements are there so that this cannot happen: it is a defect of revchain.
    #[non_exhaustive]
    TransactionEnded {
        /// The revision's id.
        revision: String,
        /// Its file.
        path: String,
    },
    /// SQLite failed at something else.
    #[non_exhaustive]
    Sqlite {
        /// What was being done.
        doing: String,
        /// SQLite's error.
        source: rusqlite::Error,
    },
}

/// The direction that a statement ran in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the head.
    Upgrade,
    /// Towards base.
    Downgrade,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upgrade => "upgrade",
            Self::Downgrade => "downgrade",
        })
    }
}

/// A statement of a migration that failed, and where it stands.
#[derive(Debug)]
#[non_exhaustive]
pub struct StatementError {
    /// The revision's id.
    pub revision: String,
    /// Which of its halves.
    pub direction: Direction,
    /// The file, in the directory as it was given to the macro.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// SQLite's own message.
    pub message: String,
    /// SQLite's error.
    pub source: rusqlite::Error,
    pub(crate) snippet: Snippet,
    pub(crate) at: Option<String>,
}

/// A row whose foreign key has no match.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The table that the row is in.
    pub table: String,
    /// The row; `None` in a table without row ids.
    pub rowid: Option<i64>,
    /// The columns of the key.
    pub columns: Vec<String>,
    /// The table that the key points at.
    pub parent: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, database: None }))
    }

    /// The file at `path` could not be opened. SQLite only says that, so the file system is asked why.
    #[doc(hidden)]
    pub fn cannot_open(path: &Path, source: rusqlite::Error) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let reason = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Some("it is a directory"),
            Err(_) if folder.is_some_and(|folder| !folder.exists()) => Some("its folder does not exist"),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some("permission denied"),
            // Opening it to see would be worse: closing it again drops every lock of this process on it.
            _ => None,
        };
        Self::new(ErrorKind::Open { source, reason }).in_database(&path.to_string_lossy())
    }

    pub(crate) fn from_conflict(conflict: Conflict) -> Self {
        Self::new(ErrorKind::Conflict(conflict))
    }

    pub(crate) fn in_database(mut self, database: &str) -> Self {
        self.0.database = Some(database.to_owned()).filter(|path| !path.is_empty());
        self
    }

    pub(crate) fn in_database_of(self, connection: &Connection) -> Self {
        match connection.path() {
            Some(path) => self.in_database(path),
            None => self,
        }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The conflict, if it is one.
    pub fn conflict(&self) -> Option<&Conflict> {
        match self.kind() {
            ErrorKind::Conflict(conflict) => Some(conflict),
            _ => None,
        }
    }

    /// A short name of the kind, as `--json` shows it.
    pub fn code(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Open { .. } => "open",
            ErrorKind::BadName { .. } => "bad-name",
            ErrorKind::InTransaction => "in-transaction",
            ErrorKind::Locked { .. } => "locked",
            ErrorKind::ReadOnly { .. } => "read-only",
            ErrorKind::Backup { .. } => "backup",
            ErrorKind::Damaged { .. } => "damaged",
            ErrorKind::Conflict(conflict) => conflict.code(),
            ErrorKind::Statement(_) => "statement",
            ErrorKind::ForeignKeys { .. } => "foreign-keys",
            ErrorKind::WrongSchema { .. } => "wrong-schema",
            ErrorKind::TemporaryTables { .. } => "temporary-tables",
            ErrorKind::TransactionEnded { .. } => "transaction-ended",
            ErrorKind::Sqlite { .. } => "sqlite",
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() { self.0.fmt(f) } else { fmt::Display::fmt(self, f) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(database) = &self.0.database {
            write!(f, "{}: ", escape(database))?;
        }
        self.0.kind.fmt(f)
    }
}

impl fmt::Display for ErrorKind {
    /// The error without the path of the database.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { source, reason } => {
                write!(
                    f,
                    "the database cannot be opened: {}",
                    reason.map_or_else(|| escape(&message(source)), str::to_owned)
                )
            }
            Self::BadName { name } => write!(f, "a chain's name is {CHAIN_NAME}, and not `{}`", escape(name)),
            Self::InTransaction => f.write_str(
                "the connection is inside a transaction\n\
                 help: commit or roll it back first: migrations run in one of their own",
            ),
            Self::Locked { waited, holders } => {
                write!(
                    f,
                    "the database is locked: another connection held it for all of the {waited:.1?} that were waited"
                )?;
                for (place, (process, name)) in holders.iter().enumerate() {
                    let name = name.as_deref().map(|name| format!(" ({})", escape(name))).unwrap_or_default();
                    let is_this = if *process == std::process::id() { ", which is this one" } else { "" };
                    write!(f, "{} process {process}{name}{is_this}", if place == 0 { ":" } else { "," })?;
                }
                f.write_str(match holders.is_empty() {
                    true => "\nhelp: close other programs that use it, or wait longer (lock_timeout in the options)",
                    false => "\nhelp: let that finish or end it, or wait longer (lock_timeout in the options)",
                })
            }
            Self::ReadOnly { pending } if pending.is_empty() => f.write_str(
                "the database is read-only, and this would change it\n\
                 help: open it with permission to write to it and its folder",
            ),
            Self::ReadOnly { pending } => write!(
                f,
                "the database is read-only, and {} pending: {}\n\
                 help: open it once with permission to write to it and its folder",
                if pending.len() == 1 { "a revision is" } else { "revisions are" },
                pending.join(", ")
            ),
            Self::Backup { folder, reason } => write!(
                f,
                "no backup could be made in {}, so nothing was changed: {}\n\
                 help: make room there or let the program write there; without .backup(…) in the options, none is made",
                escape(&folder.to_string_lossy()),
                escape(reason)
            ),
            Self::Damaged { message } => write!(
                f,
                "this cannot be put back, so nothing was changed: {}\nhelp: take another backup",
                escape(message)
            ),
            Self::Conflict(conflict) => conflict.fmt(f),
            Self::Statement(error) => error.fmt(f),
            Self::ForeignKeys { violations, count, before } => foreign_keys(f, violations, *count, *before),
            Self::WrongSchema { revision, diff } => {
                write!(
                    f,
                    "the schema would not have become that of {revision}, so nothing was changed:{}\n\
                     help: {}:\n      it was there before and is none of the chain's, so leave it out, .ignore_tables([…]) or --ignore-tables; or it\n      \
                     stood in the way, as a table does to CREATE TABLE IF NOT EXISTS; or the connection has a setting that\n      \
                     changes what SQL means, such as legacy_alter_table",
                    diff.indented(),
                    Diff::legend(revision)
                )
            }
            Self::TemporaryTables { tables, revision: Some(revision) } => write!(
                f,
                "{revision} leaves temporary tables ({}), which would hide those of the database from what comes after it\n\
                 help: drop them at its end",
                escape(&tables.join(", "))
            ),
            Self::TemporaryTables { tables, revision: None } => write!(
                f,
                "the connection has temporary tables ({}), which would hide those of the database from the migrations\n\
                 help: upgrade before they are created, or drop them first",
                escape(&tables.join(", "))
            ),
            Self::TransactionEnded { revision, path } => write!(
                f,
                "a statement of {revision} ended the transaction, so part of it may have been kept\n  {}\n\
                 help: this is a defect of revchain; check the database against a backup",
                escape(path)
            ),
            Self::Sqlite { source, .. } if source.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                f.write_str("this is no SQLite database, or it is encrypted")
            }
            Self::Sqlite { doing, source } => {
                let message = message(source);
                write!(f, "{doing} failed: {}", escape(&message))?;
                if message.starts_with("foreign key mismatch") {
                    return f.write_str(
                        "\nhelp: the columns that a key points at must be the PRIMARY KEY of their table or have a UNIQUE index:\n      \
                         let a migration add one, or rebuild the table without the key",
                    );
                }
                if doing == COMMITTING {
                    return f.write_str(
                        "\nhelp: the database is whole; whether it was still committed, the next who opens it will find",
                    );
                }
                match source.sqlite_error_code() {
                    Some(ErrorCode::DatabaseCorrupt) => f.write_str(
                        "\nhelp: the file is damaged, or its disk cannot be read: look at the disk, and restore a backup",
                    ),
                    Some(ErrorCode::ReadOnly) => f.write_str(
                        "\nhelp: a database in WAL mode can only be read where its folder can be written, or while its\n      \
                         files -wal and -shm are there",
                    ),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// What may fail when it is done already.
pub(crate) const COMMITTING: &str = "committing";

fn foreign_keys(
    f: &mut fmt::Formatter<'_>,
    violations: &[Violation],
    count: usize,
    before: Option<usize>,
) -> fmt::Result {
    let rows = if count == 1 { "1 row violates" } else { &format!("{count} rows violate") };
    write!(f, "{rows} a foreign key, so nothing was changed")?;
    violations.iter().try_for_each(|violation| write!(f, "\n  {violation}"))?;
    if count > violations.len() {
        write!(f, "\n  … and {} more", count - violations.len())?;
    }
    match before {
        None | Some(0) => f.write_str(
            "\nhelp: the pending migrations leave these rows behind: let them delete or mend them",
        ),
        Some(before) => write!(
            f,
            "\nhelp: {before} such {} there before the pending migrations ran: let a migration delete or mend them, or let them be,\n      \
             .allow_existing_violations() on the options",
            if before == 1 { "row was" } else { "rows were" }
        ),
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, rowid, columns, parent } = self;
        let row = rowid.map_or("a row".to_owned(), |rowid| format!("row {rowid}"));
        let columns = columns.join(", ");
        write!(f, "{}, {row}: ({}) has no match in {}", escape(table), escape(&columns), escape(parent))
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, direction, path, line, column, message, snippet, at, .. } = self;
        write!(
            f,
            "the {direction} of {revision} failed: {}\n  {}:{line}:{column}\n{snippet}",
            escape(message),
            escape(path)
        )?;
        match at {
            Some(at) => write!(f, "\nnothing was changed: the database is still at {at}")?,
            None => f.write_str("\nnothing was changed")?,
        }
        // SQLite has several words for it, and a code for some of them only.
        let denied = ["not authorized", "authorization denied", "prohibited", "unsafe use"];
        let is_denied = denied.iter().any(|words| message.contains(words));
        if is_denied && path.ends_with(KEPT) {
            f.write_str(
                "\nhelp: SQL that comes out of a database may change the tables of that database, and nothing else: let the program\n      \
                 that has this revision take it back",
            )?;
        }
        Ok(())
    }
}

// Without a source: the text says what SQLite said already, and would be told twice. The data is in `kind`.
impl std::error::Error for Error {}

/// What went wrong with one thing that SQLite was asked to do, before it is known what that was for.
#[derive(Debug)]
pub(crate) enum Failure {
    Locked { waited: Duration, holders: Vec<(u32, Option<String>)> },
    Sqlite(rusqlite::Error),
}

impl Failure {
    /// The database was held for as long.
    pub(crate) fn locked(connection: &Connection, waited: Duration) -> Self {
        let path = connection.path().unwrap_or_default();
        Self::Locked { waited, holders: holders(Path::new(path)) }
    }

    pub(crate) fn while_doing(self, doing: impl Into<String>) -> Error {
        Error::new(match self {
            Self::Locked { waited, holders } => ErrorKind::Locked { waited, holders },
            Self::Sqlite(source) => ErrorKind::Sqlite { doing: doing.into(), source },
        })
    }
}

/// SQLite's own message, without what rusqlite puts around it.
pub(crate) fn message(error: &rusqlite::Error) -> String {
    // With this code, SQLite may only say what it was doing, and rusqlite only which file it was.
    if error.sqlite_error_code() == Some(ErrorCode::OutOfMemory) {
        return "out of memory".to_owned();
    }
    match error {
        #[cfg(feature = "bundled")]
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

/// Where in the statement SQLite saw the error, in bytes, where it tells.
pub(crate) fn offset(error: &rusqlite::Error) -> Option<usize> {
    match error {
        // Older SQLites do not tell, so rusqlite has this only with the newer one that is bundled.
        #[cfg(feature = "bundled")]
        rusqlite::Error::SqlInputError { offset, .. } => usize::try_from(*offset).ok(),
        _ => None,
    }
}
