//! Errors as data. The module `error_text` has the messages.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use revchain_core::diagnostics::snippet::Snippet;
use revchain_core::schema::Diff;
use revchain_core::{Conflict, Revision};
use rusqlite::{Connection, ErrorCode};

use super::access_problem::{AccessProblem, Goal};
use super::backup_failure::BackupFailure;
pub use super::code_error::CodeError;
pub use super::direction::Direction;
use super::environment::Environment;
use super::job_error::{JobError, sqlite_error};
use super::not_owned::NotOwned;

/// The error of a failed request.
///
/// The database is as it was before the request. There are three exceptions:
///
/// - [`committed`](Self::committed) has the revision up to which an upgrade has committed before a
///   job that a later revision requires.
/// - [`ErrorKind::Sqlite`] with [`Operation::Commit`]: the commit may have taken effect.
/// - [`ErrorKind::TransactionEnded`]: a part of the request may be committed.
///
/// [`kind`](Self::kind) has the data of the error, and [`code`](Self::code) a short name for
/// scripts. `Error` is `Send` and `Sync`.
/// [`source`](std::error::Error::source) returns the error of SQLite, or of a function of the
/// program. The message does not repeat this error.
///
/// - `{}` writes the message: the fact and its place.
/// - `{:#}` adds the cause, the advice, and a last line with the name of the error. The command
///   `revchain explain NAME` prints the page of a name.
/// - `{:?}` writes the same text as `{:#}`, because Rust writes the error that `main` returns in
///   this form.
///
/// ```
/// # use revchain::{Migrations, embed_migrations};
/// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
/// use revchain::{Conflict, ErrorKind};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut db = MIGRATIONS.open_in_memory()?;
/// let error = MIGRATIONS.migrator().upgrade_to(&mut db, "010").expect_err("there is no 010");
/// assert!(matches!(error.kind(), ErrorKind::Conflict(Conflict::UnknownTarget { .. })));
/// assert_eq!(error.code(), "unknown-target");
/// assert_eq!(error.to_string(), "there is no revision `010`");
/// assert!(format!("{error:#}").ends_with("more: run `revchain explain unknown-target`"));
/// # Ok(())
/// # }
/// ```
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    database: Option<String>,
    /// The id of the newest revision that a part of the request has committed.
    committed: Option<String>,
}

/// The kind of an [`Error`], with its data.
///
/// The [code](Error::code) of a kind is its name in kebab case: `InTransaction` has the code
/// `in-transaction`. There are three exceptions:
///
/// - [`Conflict`](Self::Conflict) has the code of its conflict.
/// - A failure of the disk, the file or the memory has a code of its own, in each operation:
///   `disk-full`, `corrupt`, `not-a-database`, `io` or `out-of-memory`.
/// - [`Backup`](Self::Backup) of a damaged database has the code `corrupt`.
///
/// The catalogue has a page for each code: `revchain explain in-transaction` prints it.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// SQLite cannot open the database file, or its journal or WAL.
    ///
    /// Causes: a wrong path, a missing directory, or missing permissions.
    #[non_exhaustive]
    Open {
        /// SQLite's error.
        source: rusqlite::Error,
        /// The reason why SQLite cannot open the file; `None` if the file system does not reveal
        /// it.
        reason: Option<AccessProblem>,
    },
    /// A function of [`Migrator::on_connect`](crate::Migrator::on_connect) failed.
    ///
    /// Nothing was changed.
    #[non_exhaustive]
    OnConnect {
        /// The error of the function.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database cannot be in WAL mode, which [`Migrator::wal`](crate::Migrator::wal) asks for.
    ///
    /// Causes: a network file system, or a VFS without shared memory.
    #[non_exhaustive]
    NoWal {
        /// The journal mode of the database, as `PRAGMA journal_mode` returns it: `delete`, say.
        journal_mode: String,
    },
    /// The name is not a valid name for a chain. Only the commands can cause this error.
    ///
    /// A name has 1 to 32 characters `[a-z0-9_]`.
    #[non_exhaustive]
    BadName {
        /// The invalid name.
        name: String,
    },
    /// The chain in the program is not the one that the build embedded.
    ///
    /// Cause: a damaged file of the program, or damaged memory.
    #[non_exhaustive]
    DamagedProgram {
        /// The damage.
        message: String,
    },
    /// The connection is inside a transaction, but a migration needs a transaction of its own.
    InTransaction,
    /// Other connections held the database for longer than the busy timeout.
    ///
    /// The same request can succeed later.
    /// [`Migrator::busy_timeout`](crate::Migrator::busy_timeout) sets the timeout.
    #[non_exhaustive]
    Busy {
        /// The total time that the request waited.
        waited: Duration,
        /// The processes that held the database; empty if unknown. Known only on Linux.
        holders: Vec<LockHolder>,
        /// The revision to which the request was rolled back, or `base`; `None` if no step had run.
        rolled_back_to: Option<String>,
    },
    /// The request must change the database, but the database or the connection is read-only.
    ///
    /// Causes: permissions, a read-only file system, a connection that was opened read-only, or
    /// `PRAGMA query_only`.
    #[non_exhaustive]
    ReadOnly {
        /// The ids of the pending revisions; empty if the request is not an upgrade.
        pending: Vec<String>,
        /// The reason why the file cannot be written; `None` if the file system does not reveal it.
        reason: Option<AccessProblem>,
    },
    /// The database was still behind the head after the timeout of
    /// [`Migrator::wait_for_head`](crate::Migrator::wait_for_head).
    ///
    /// Causes: the primary has not been upgraded, or its replication has stopped.
    #[non_exhaustive]
    Behind {
        /// The time that the request waited.
        waited: Duration,
        /// The id of the newest revision of the database; `None` at base, or without a history.
        current: Option<String>,
        /// The ids of the pending revisions; empty if only the history is missing.
        pending: Vec<String>,
    },
    /// revchain could not make the backup. No script ran.
    #[non_exhaustive]
    Backup {
        /// The directory of the backup.
        directory: PathBuf,
        /// `true` for the backup before an upgrade; `false` for a backup that the caller requested.
        before_migrations: bool,
        /// The reason.
        reason: BackupFailure,
    },
    /// The backup is damaged or empty, so it was not restored.
    #[non_exhaustive]
    Damaged {
        /// The damage that SQLite reports, or a note that the backup is empty.
        message: String,
    },
    /// The state of the database or the target prevents the request. Nothing was changed.
    Conflict(Conflict),
    /// SQLite rejected a statement of a migration. The request was rolled back.
    ///
    /// Causes: rows that the statement rejects, or a function that the program does not register.
    Statement(StatementError),
    /// Rows violate a foreign key after the migrations. The request was rolled back.
    ///
    /// Causes: a script that deletes parents, or rows that violated the key before.
    /// [`Migrator::allow_existing_violations`](crate::Migrator::allow_existing_violations) accepts
    /// the latter.
    #[non_exhaustive]
    ForeignKeys {
        /// The first violations, at most 10.
        violations: Vec<ForeignKeyViolation>,
        /// The total number of violations, which can exceed the length of `violations`.
        count: usize,
        /// The number of violations in the same tables before the migrations; `None` if unknown.
        before: Option<usize>,
        /// The revision to which the request was rolled back, or `base`.
        rolled_back_to: String,
    },
    /// The schema after the migrations differs from the proven schema. The request was rolled back.
    ///
    /// Cause: a table that existed before, for example, so that `CREATE TABLE IF NOT EXISTS` has
    /// kept it.
    #[non_exhaustive]
    WrongSchema {
        /// The id of the revision whose proven schema was expected.
        revision: String,
        /// The differences from the proven schema to the schema of the database.
        diff: Diff,
    },
    /// The connection has temporary tables, which can hide tables of the database from migrations.
    ///
    /// Nothing was changed: the request was rolled back, or no script had run.
    #[non_exhaustive]
    TemporaryTables {
        /// The names of the temporary tables and views.
        tables: Vec<String>,
        /// The id of the revision that left these tables; `None` if no revision has run yet.
        revision: Option<String>,
    },
    /// The connection has temporary triggers, which could change the rows that migrations write.
    ///
    /// No script ran.
    #[non_exhaustive]
    TemporaryTriggers {
        /// The names of the triggers.
        triggers: Vec<String>,
    },
    /// A function of the program failed or panicked in a migration. The request was rolled back.
    ///
    /// [`source`](std::error::Error::source) returns the error of the function.
    Code(CodeError),
    /// The function of a job failed or panicked. The changes of its last call were rolled back.
    ///
    /// [`source`](std::error::Error::source) returns the error of the function.
    Job(JobError),
    /// A pending script runs a function that the program does not have. No script ran.
    ///
    /// Cause: the request runs in another program, such as `revchain` without the functions.
    #[non_exhaustive]
    MissingCode {
        /// The id of the revision.
        revision: String,
        /// The name of the function.
        function: String,
        /// The path of the file: the directory as passed to the macro, then the file name.
        path: String,
        /// The line of `@code` in the file, from 1.
        line: u32,
    },
    /// A pending script names a table that does not belong to the chain. No script ran.
    NotOwned(NotOwned),
    /// The journal mode of the connection is OFF, so SQLite could not roll a failed request back.
    ///
    /// No script ran.
    NoJournal,
    /// A statement of a migration ended the transaction, so earlier statements may be committed.
    ///
    /// The build rejects such statements, so this error is a defect of revchain.
    #[non_exhaustive]
    TransactionEnded {
        /// The id of the revision.
        revision: String,
        /// The path of the file: the directory as passed to the macro, then the file name.
        path: String,
    },
    /// SQLite failed in an operation that is not a statement of a migration.
    ///
    /// If the operation is [`Operation::Commit`], the commit may have taken effect. The next open
    /// reads the state of the database. After any other operation, nothing is committed.
    #[non_exhaustive]
    Sqlite {
        /// The operation that failed.
        operation: Operation,
        /// SQLite's error.
        source: rusqlite::Error,
    },
}

/// An operation of revchain, other than a statement of a migration, in which SQLite can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Setting up the connection: the busy timeout, foreign keys, the authorizer.
    Configure,
    /// Taking the write lock.
    Lock,
    /// Reading the history.
    ReadHistory,
    /// Reading the schema.
    ReadSchema,
    /// Writing the history or the marker.
    WriteHistory,
    /// Reading the state of the jobs.
    ReadJobs,
    /// Running a job.
    RunJob,
    /// Writing the state of the jobs.
    WriteJobs,
    /// Checking foreign keys.
    CheckForeignKeys,
    /// Rolling back.
    RollBack,
    /// Committing.
    Commit,
    /// Copying the database for a dry run, or reading the copy.
    Copy,
    /// Restoring the backup.
    Restore,
    /// Opening a database for a test, and inserting sample rows into its tables.
    InsertSampleRows,
}

/// A process that held the database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockHolder {
    /// The process id.
    pub process: u32,
    /// The name of the process; `None` if unknown.
    pub name: Option<String>,
}

/// The source of the SQL of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqlOrigin {
    /// The script is from a migration file.
    File,
    /// The script is a downgrade that the history of the database stores.
    StoredInDatabase,
}

/// A statement of a migration that SQLite rejected.
#[derive(Debug)]
#[non_exhaustive]
pub struct StatementError {
    /// The id of the revision.
    pub revision: String,
    /// The direction of the script that failed.
    pub direction: Direction,
    /// The source of the script.
    pub origin: SqlOrigin,
    /// The path of the file: the directory as passed to the macro, then the file name.
    ///
    /// For a stored downgrade, this is a description of the source.
    pub path: String,
    /// The line of the error in the file, from 1.
    pub line: u32,
    /// The column of the error, from 1, in characters.
    ///
    /// Without the feature `bundled`, the line and the column are those of the statement.
    pub column: u32,
    /// SQLite's message, without the text that rusqlite adds.
    pub message: String,
    /// SQLite's error.
    pub source: rusqlite::Error,
    pub(crate) snippet: Snippet,
    pub(crate) sql: String,
    /// The rows because of which the statement failed, as lines.
    pub(crate) rejected_rows: Vec<String>,
    /// The id of the newest revision after the rollback; `None` at base.
    pub(crate) current: Option<String>,
    /// `true` if the request has adopted the database, and the rollback has undone that.
    pub(crate) is_adoption: bool,
}

/// A row that violates a foreign key: the parent table has no matching row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForeignKeyViolation {
    /// The table that contains the row.
    pub table: String,
    /// The rowid of the row; `None` in a WITHOUT ROWID table.
    pub rowid: Option<i64>,
    /// The columns of the foreign key.
    pub columns: Vec<String>,
    /// The parent table, which the foreign key references.
    pub parent: String,
}

impl ForeignKeyViolation {
    /// Makes the description of a violation. The proof calls this function.
    #[doc(hidden)]
    pub fn new(table: String, rowid: Option<i64>, columns: Vec<String>, parent: String) -> Self {
        Self {
            table,
            rowid,
            columns,
            parent,
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            database: None,
            committed: None,
        }))
    }

    /// Makes the error for a file that SQLite cannot open.
    #[doc(hidden)]
    pub fn cannot_open(path: &Path, source: rusqlite::Error) -> Self {
        let reason = None;
        Self::new(ErrorKind::Open { source, reason }).in_database(&path.to_string_lossy())
    }

    /// Makes the error for sample rows that SQLite rejects.
    #[doc(hidden)]
    pub fn inserting_sample_rows(source: rusqlite::Error) -> Self {
        let operation = Operation::InsertSampleRows;
        Self::new(ErrorKind::Sqlite { operation, source })
    }

    /// Makes the error for a function that the program lacks. `line` is that of the file.
    pub(crate) fn missing_code(revision: &Revision, function: &str, line: u32) -> Self {
        Self::new(ErrorKind::MissingCode {
            revision: revision.id().to_owned(),
            function: function.to_owned(),
            path: revision.path().to_owned(),
            line,
        })
    }

    #[doc(hidden)]
    pub fn from_conflict(conflict: Conflict) -> Self {
        Self::new(ErrorKind::Conflict(conflict))
    }

    /// Adds the path of the database, and the reason why the file system denies an access.
    pub(crate) fn in_database(mut self, database: &str) -> Self {
        self.0.kind = self.0.kind.with_reason(Path::new(database));
        self.0.database = Some(database.to_owned()).filter(|path| !path.is_empty());
        self
    }

    pub(crate) fn in_database_of(self, connection: &Connection) -> Self {
        match connection.path() {
            Some(path) => self.in_database(path),
            None => self,
        }
    }

    /// Adds the revision after the rollback to the error of a script, and the source of the script
    /// to a [`StatementError`].
    ///
    /// Returns any other error unchanged.
    pub(crate) fn with_current(mut self, current: Option<&str>, origin: SqlOrigin) -> Self {
        let current = current.map(str::to_owned);
        match &mut self.0.kind {
            ErrorKind::Statement(error) => {
                error.current = current;
                error.origin = origin;
            }
            ErrorKind::Code(error) => error.current = current,
            _ => {}
        }
        self
    }

    /// Declares that the rollback has undone an adoption.
    ///
    /// Changes nothing but the error of a script.
    pub(crate) fn of_adoption(mut self) -> Self {
        match &mut self.0.kind {
            ErrorKind::Statement(error) => error.is_adoption = true,
            ErrorKind::Code(error) => error.is_adoption = true,
            _ => {}
        }
        self
    }

    /// Adds the revision after the rollback to an error of the COMMIT.
    ///
    /// Returns any other error unchanged.
    pub(crate) fn with_rolled_back_to(mut self, revision: &str) -> Self {
        if let ErrorKind::Busy { rolled_back_to, .. } = &mut self.0.kind {
            *rolled_back_to = Some(revision.to_owned());
        }
        self
    }

    /// Sets the time that the request waited, with all of its pauses.
    ///
    /// Returns an error that has no such time unchanged.
    pub(crate) fn after_wait(mut self, total: Duration) -> Self {
        if let ErrorKind::Busy { waited, .. } | ErrorKind::Behind { waited, .. } = &mut self.0.kind
        {
            *waited = total;
        }
        self
    }

    /// Removes the advice to run a downgrade, which would change another database.
    #[cfg(feature = "backup")]
    pub(crate) fn without_downgrade(mut self) -> Self {
        if let ErrorKind::Conflict(Conflict::Newer { may_downgrade, .. }) = &mut self.0.kind {
            *may_downgrade = false;
        }
        self
    }

    /// Adds the rows because of which a statement failed to a [`StatementError`].
    ///
    /// Returns any other error unchanged.
    pub(crate) fn with_rejected_rows(
        mut self,
        find: impl FnOnce(&StatementError) -> Vec<String>,
    ) -> Self {
        if let ErrorKind::Statement(error) = &mut self.0.kind {
            error.rejected_rows = find(error);
        }
        self
    }

    /// Returns the kind of the error, with its data.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the conflict if the kind is [`ErrorKind::Conflict`].
    pub fn conflict(&self) -> Option<&Conflict> {
        match self.kind() {
            ErrorKind::Conflict(conflict) => Some(conflict),
            _ => None,
        }
    }

    /// Returns the id of the newest revision that a part of the failed request has committed.
    ///
    /// An upgrade has several parts if a revision `@requires` a job.
    /// Returns `None` if the request has changed nothing.
    pub fn committed(&self) -> Option<&str> {
        self.0.committed.as_deref()
    }

    /// Adds the revision up to which an earlier part of the request has committed.
    pub(crate) fn after_commit_of(mut self, revision: Option<&str>) -> Self {
        self.0.committed = revision.map(str::to_owned);
        self
    }

    /// Returns `true` if another job can succeed.
    pub(crate) fn is_of_one_job(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Job(_) | ErrorKind::MissingCode { .. }
        )
    }

    /// Returns the path of the database; `None` for a database in memory.
    #[doc(hidden)]
    pub fn database(&self) -> Option<&str> {
        self.0.database.as_deref()
    }

    /// Returns the error of SQLite that caused this error; `None` if there is no such error.
    pub(crate) fn sqlite_error(&self) -> Option<&rusqlite::Error> {
        match self.kind() {
            ErrorKind::Open { source, .. } | ErrorKind::Sqlite { source, .. } => Some(source),
            ErrorKind::Statement(error) => Some(&error.source),
            ErrorKind::Code(error) => error.sqlite_error(),
            ErrorKind::Job(error) => sqlite_error(&*error.source),
            ErrorKind::Backup {
                reason: BackupFailure::Sqlite(source),
                ..
            } => Some(source),
            _ => None,
        }
    }

    /// Returns the short name of the error, such as `busy`. Commands print this name with `--json`.
    ///
    /// This is the name of the kind, or of a failure that can occur in each operation, such as
    /// `disk-full`. [`ErrorKind`] has the rules.
    pub fn code(&self) -> &'static str {
        let environment = match self.kind() {
            // The reason says more: SQLite opens a directory, and then fails to read it.
            ErrorKind::Open {
                reason: Some(_), ..
            } => None,
            _ => self.sqlite_error().and_then(Environment::of),
        };
        if let Some(environment) = environment {
            return environment.code();
        }
        match self.kind() {
            ErrorKind::Open { .. } => "open",
            ErrorKind::OnConnect { .. } => "on-connect",
            ErrorKind::NoWal { .. } => "no-wal",
            ErrorKind::BadName { .. } => "bad-name",
            ErrorKind::DamagedProgram { .. } => "damaged-program",
            ErrorKind::InTransaction => "in-transaction",
            ErrorKind::Busy { .. } => "busy",
            ErrorKind::ReadOnly { .. } => "read-only",
            ErrorKind::Behind { .. } => "behind",
            ErrorKind::Backup {
                reason: BackupFailure::DamagedDatabase { .. },
                ..
            } => Environment::DamagedFile.code(),
            ErrorKind::Backup { .. } => "backup",
            ErrorKind::Damaged { .. } => "damaged",
            ErrorKind::Conflict(conflict) => conflict.code(),
            ErrorKind::Statement(_) => "statement",
            ErrorKind::Code(_) => "code",
            ErrorKind::Job(_) => "job",
            ErrorKind::MissingCode { .. } => "missing-code",
            ErrorKind::ForeignKeys { .. } => "foreign-keys",
            ErrorKind::WrongSchema { .. } => "wrong-schema",
            ErrorKind::TemporaryTables { .. } => "temporary-tables",
            ErrorKind::TemporaryTriggers { .. } => "temporary-triggers",
            ErrorKind::NotOwned(_) => "not-owned",
            ErrorKind::NoJournal => "no-journal",
            ErrorKind::TransactionEnded { .. } => "transaction-ended",
            ErrorKind::Sqlite { .. } => "sqlite",
        }
    }
}

impl ErrorKind {
    /// Adds the reason why the file system denies the access to the database at `path`.
    ///
    /// SQLite does not report the reason, so this function asks the file system.
    fn with_reason(self, path: &Path) -> Self {
        match self {
            // Another error, such as a lack of memory, is the reason itself.
            Self::Open {
                source,
                reason: None,
            } if source.sqlite_error_code() == Some(ErrorCode::CannotOpen) => Self::Open {
                source,
                reason: AccessProblem::find(path, Goal::Open),
            },
            Self::ReadOnly { pending, .. } => Self::ReadOnly {
                pending,
                reason: AccessProblem::find(path, Goal::Write),
            },
            // SQLite opens journals, the WAL and its index later than the database.
            Self::Sqlite { operation, source } => match source.sqlite_error_code() {
                Some(ErrorCode::CannotOpen) => Self::Open {
                    source,
                    reason: AccessProblem::find(path, Goal::Open),
                },
                Some(ErrorCode::ReadOnly) => match AccessProblem::find(path, Goal::Write) {
                    reason @ Some(_) => Self::Open { source, reason },
                    None => Self::Sqlite { operation, source },
                },
                _ => Self::Sqlite { operation, source },
            },
            other => other,
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            ErrorKind::OnConnect { source }
            | ErrorKind::Backup {
                reason: BackupFailure::OnConnect(source),
                ..
            } => Some(&**source),
            ErrorKind::Code(error) => Some(&*error.source),
            ErrorKind::Job(error) => Some(&*error.source),
            _ => self.sqlite_error().map(|source| source as _),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

/// A method that adds the failed operation to an error of SQLite.
pub(crate) trait Context<T> {
    /// Converts SQLite's error to [`ErrorKind::Sqlite`] with the operation.
    fn context(self, operation: Operation) -> Result<T, Error>;
}

impl<T> Context<T> for rusqlite::Result<T> {
    fn context(self, operation: Operation) -> Result<T, Error> {
        self.map_err(|source| Error::new(ErrorKind::Sqlite { operation, source }))
    }
}
