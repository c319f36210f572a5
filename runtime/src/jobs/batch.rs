//! One call of the function of a job, in a transaction of its own.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use revchain_core::schema::SchemaFilter;
use revchain_core::{Conflict, Job, Revision};
use rusqlite::{Connection, ErrorCode, MAIN_DB, Statement, Transaction, TransactionBehavior};

use super::function::{Done, JobFunction};
use super::progress::Progress;
use crate::code::contain::{Escape, contain};
use crate::code::rules::{CodeRules, LastDenied};
use crate::report::box_error::BoxError;
use crate::report::code_error::{Denied, End};
use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::report::event::Event;
use crate::report::job_error::{JobError, as_interrupt};
use crate::report::panic::Panic;
use crate::session::guard::Guard;
use crate::session::lock_wait::LockWait;
use crate::settings::ContextValue;
use crate::state::job_entry::JobState;
use crate::state::jobs_table::{JobId, JobResult, JobStatements, JobsTable};

/// A job to run, and all that a call of its function needs.
pub(crate) struct JobCall<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) table: JobsTable,
    /// Receives the events.
    pub(crate) emit: &'c dyn Fn(&Event<'_>),
    pub(crate) wait: &'c LockWait<'c>,
    pub(crate) guard: Option<&'c Guard>,
    /// Includes the objects that the chain makes.
    pub(crate) own: SchemaFilter,
    pub(crate) context: Option<&'c ContextValue>,
    pub(crate) revision: &'c Revision,
    pub(crate) job: &'c Job,
    pub(crate) function: JobFunction,
}

/// The batches of a job. The statements are prepared once, and the rules are read once.
pub(super) struct Batches<'j> {
    job: &'j JobCall<'j>,
    statements: JobStatements<'j>,
    changes: Statement<'j>,
    schema_version: Statement<'j>,
    /// The rules for code, and the schema version for which they were made.
    rules: Option<(i32, Arc<CodeRules>)>,
    denied: LastDenied,
}

/// The result of a transaction of a job.
pub(super) enum Batch {
    /// The function has returned, and its changes are committed.
    Committed(Done),
    /// Another connection has finished the job.
    AlreadyDone,
    /// The revision of the job is not stamped any more.
    Gone,
}

/// The error of a function.
struct Failure {
    source: BoxError,
    is_panic: bool,
    denied: Option<Denied>,
    /// How the transaction ended inside the function, if that can have committed changes.
    end: Option<End>,
}

impl JobCall<'_> {
    pub(super) fn id(&self) -> JobId<'_> {
        JobId {
            revision: self.revision.id(),
            name: self.job.name(),
        }
    }

    fn begin(&self) -> Result<Transaction<'_>, Error> {
        // A job can run for hours beside other connections. So each batch may wait as long as a
        // request.
        self.wait.restart();
        self.wait.retry(Operation::Lock, || {
            Transaction::new_unchecked(self.connection, TransactionBehavior::Immediate)
        })
    }

    /// Counts a failed attempt in a transaction of its own. Ignores all errors.
    pub(super) fn store_error(&self, error: &str) {
        let Ok(transaction) = self.begin() else {
            return;
        };
        let stored = self.table.store_error(&transaction, self.id(), error);
        if stored.is_ok() {
            let _ = self
                .wait
                .retry(Operation::Commit, || transaction.execute_batch("COMMIT"));
        }
    }

    /// Commits. If the changes break a deferred foreign key, that is a failure of the function.
    fn commit(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        // A busy COMMIT keeps the transaction open, so the wait can repeat the COMMIT.
        let commit = || match transaction.execute_batch("COMMIT") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Ok(Err(error))
            }
            committed => committed.map(Ok),
        };
        let committed = self.wait.retry(Operation::Commit, commit)?;
        committed.map_err(|error| self.error(failure(error)))
    }

    fn error(&self, failure: Failure) -> Error {
        if let Some(source) = as_interrupt(&*failure.source) {
            return Error::new(ErrorKind::Sqlite {
                operation: Operation::RunJob,
                source,
            });
        }
        Error::new(ErrorKind::Job(JobError {
            revision: self.revision.id().to_owned(),
            job: self.job.name().to_owned(),
            path: self.revision.path().to_owned(),
            line: self.job.line(),
            source: failure.source,
            is_panic: failure.is_panic,
            denied: failure.denied,
            end: failure.end,
        }))
    }
}

/// Converts the error of a job because of a read-only database.
///
/// A function can also fail to write to another database.
pub(super) fn as_read_only(error: Error, connection: &Connection) -> Error {
    let source = error.sqlite_error();
    if source.and_then(rusqlite::Error::sqlite_error_code) != Some(ErrorCode::ReadOnly) {
        return error;
    }
    let is_readonly = || connection.is_readonly(MAIN_DB).unwrap_or(true);
    if matches!(error.kind(), ErrorKind::Job(_)) && !is_readonly() {
        return error;
    }
    Error::new(ErrorKind::ReadOnly {
        pending: Vec::new(),
        reason: None,
    })
}

impl<'j> Batches<'j> {
    /// Prepares the batches. Returns `None` if no revision with a job is stamped.
    pub(super) fn new(job: &'j JobCall<'j>) -> Result<Option<Self>, Error> {
        let prepare = || {
            let Some(statements) = job.table.prepare(job.connection)? else {
                return Ok(None);
            };
            Ok(Some(Self {
                job,
                statements,
                changes: job.connection.prepare("SELECT total_changes()")?,
                schema_version: job.connection.prepare("PRAGMA main.schema_version")?,
                rules: None,
                denied: LastDenied::default(),
            }))
        };
        job.wait.retry(Operation::ReadJobs, prepare)
    }

    /// Calls the function once, and commits.
    ///
    /// The row of the job is read under the write lock, so no other connection repeats the call.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Job`] if the function fails. Its changes are rolled back.
    /// - [`ErrorKind::Sqlite`] if SQLite was interrupted, or if it fails outside of the function.
    pub(super) fn run(&mut self) -> Result<Batch, Error> {
        let (job, id) = (self.job, self.job.id());
        let transaction = job.begin()?;
        let row = self.statements.read(id);
        let Some(row) = row.context(Operation::ReadJobs)? else {
            return Ok(Batch::Gone);
        };
        if row.state == JobState::Done {
            return Ok(Batch::AlreadyDone);
        }
        let mut progress = Progress::new(id.revision, row.watermark.clone(), job.context);
        let before = self.changes().context(Operation::RunJob)?;
        let called = self.call(&transaction, &mut progress)?;
        let called = if transaction.is_autocommit() {
            Err(self.ended(called, before))
        } else {
            called
        };
        let done = called.map_err(|failure| job.error(failure))?;
        let has_changed_rows = self.changes().context(Operation::RunJob)? != before;
        if done == Done::NotYet && !has_changed_rows && *progress.value() == row.watermark {
            // The next call would do the same, so the job would never end.
            let source =
                "the function returned `Done::NotYet`, but changed no row and no watermark";
            return Err(job.error(failure(source)));
        }
        let result = JobResult {
            state: match done {
                Done::Yes => JobState::Done,
                Done::NotYet => JobState::Pending,
            },
            watermark: progress.value(),
            rows: progress.reported_rows(),
        };
        let stored = self.statements.store(id, &result);
        stored.context(Operation::WriteJobs)?;
        job.commit(&transaction)?;
        if let Some((done, total)) = result.rows {
            (job.emit)(&Event::JobProgress {
                revision: job.revision,
                job: id.name,
                done,
                total,
            });
        }
        Ok(Batch::Committed(done))
    }

    fn call(
        &mut self,
        transaction: &Transaction<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Result<Done, Failure>, Error> {
        let Some(guard) = self.job.guard else {
            // Before the write lock, no job was to run, so the database has changed.
            return Err(Error::from_conflict(Conflict::Changed));
        };
        let rules = self.rules().context(Operation::ReadSchema)?;
        // After a panic, the batch rolls back and drops the progress, so no broken state is seen.
        let run = AssertUnwindSafe(|| (self.job.function.run)(transaction, progress));
        let (source, is_panic) = match contain(guard, transaction, rules, run) {
            Ok(Ok(done)) => return Ok(Ok(done)),
            Ok(Err(source)) => (source, false),
            Err(payload) => (Panic::new(&*payload).into(), true),
        };
        Ok(Err(Failure {
            source,
            is_panic,
            denied: self.denied.take(),
            end: None,
        }))
    }

    /// Returns the failure of a call inside which the transaction has ended.
    fn ended(&mut self, called: Result<Done, Failure>, before: i64) -> Failure {
        let Err(called) = called else {
            return Failure {
                end: Some(End::Ignored),
                ..failure("the function ignored the end of its transaction")
            };
        };
        let end = if called.source.is::<Escape>() {
            Some(End::Escape)
        } else if self.changes().ok() == Some(before) {
            // SQLite does not count the statement that it rolled back, so nothing is committed.
            None
        } else {
            Some(End::Unknown)
        };
        Failure { end, ..called }
    }

    /// Returns the rules for code. They depend on the schema, which another connection can change.
    fn rules(&mut self) -> rusqlite::Result<Arc<CodeRules>> {
        let version: i32 = self.schema_version.query_row([], |row| row.get(0))?;
        if let Some((of, rules)) = &self.rules {
            if *of == version {
                return Ok(Arc::clone(rules));
            }
        }
        let own = self.job.own.clone();
        let rules = Arc::new(CodeRules::read(
            self.job.connection,
            own,
            self.denied.clone(),
        )?);
        self.rules = Some((version, Arc::clone(&rules)));
        Ok(rules)
    }

    /// Returns the number of rows that the connection has changed since it was opened.
    fn changes(&mut self) -> rusqlite::Result<i64> {
        self.changes.query_row([], |row| row.get(0))
    }
}

fn failure(source: impl Into<BoxError>) -> Failure {
    Failure {
        source: source.into(),
        is_panic: false,
        denied: None,
        end: None,
    }
}
