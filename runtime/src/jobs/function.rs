//! The functions of jobs, as the macro embeds them.

use rusqlite::{Connection, Transaction};

use super::batch::JobCall;
use super::progress::Progress;
use super::runner::{Deadline, RunJob, run_job};
use super::without_rows::finish_without_rows;
use crate::report::error::Error;
use crate::report::jobs_report::JobRun;
use crate::session::guard::GuardedConnection;
use crate::session::lock_wait::LockWait;
use crate::settings::BoxError;

/// The state of a job after a call of its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The job is finished. revchain never calls the function again.
    Yes,
    /// The job has more to do, so revchain calls the function again, in another transaction.
    NotYet,
}

/// The functions of the jobs of a chain, and the code that runs jobs.
///
/// Only the constructors refer to that code, so a program without jobs does not contain it.
pub struct JobTable {
    functions: Functions,
    guard: MakeGuard,
    run: RunJob,
}

/// A function of the program, and the name of the job that it does.
#[derive(Clone, Copy)]
pub struct JobFunction {
    /// The name of the job.
    pub name: &'static str,
    /// Calls the function. The macro makes it with [`call_job`].
    pub run: fn(&Transaction<'_>, &mut Progress<'_>) -> Result<Done, BoxError>,
}

enum Functions {
    Of(&'static [JobFunction]),
    /// One function for all names.
    Same(JobFunction),
}

type MakeGuard =
    for<'c> fn(&'c mut Connection, &LockWait<'_>) -> Result<GuardedConnection<'c>, Error>;

impl JobTable {
    /// The table for a database without rows, in which each job is finished at once.
    ///
    /// If a table has rows, a job fails with [`ErrorKind::MissingCode`](crate::ErrorKind).
    pub const WITHOUT_ROWS: Self = Self {
        functions: Functions::Same(JobFunction {
            name: "",
            run: |_, _| Ok(Done::Yes),
        }),
        guard: |connection, _| Ok(GuardedConnection::without_guard(connection)),
        run: finish_without_rows,
    };

    /// Makes the table for a `static`.
    pub const fn new(functions: &'static [JobFunction]) -> Self {
        Self {
            functions: Functions::Of(functions),
            guard: |connection, wait| GuardedConnection::new(connection, wait),
            run: run_job,
        }
    }

    /// Returns the function of a job; `None` if the program does not have it.
    pub(crate) fn function(&self, name: &str) -> Option<JobFunction> {
        match self.functions {
            Functions::Of(functions) => {
                let mut functions = functions.iter();
                functions.find(|function| function.name == name).copied()
            }
            Functions::Same(function) => Some(function),
        }
    }

    /// Installs the guard under which jobs run.
    ///
    /// # Errors
    ///
    /// Fails as [`GuardedConnection::new`] does.
    pub(crate) fn guard<'c>(
        &self,
        connection: &'c mut Connection,
        wait: &LockWait<'_>,
    ) -> Result<GuardedConnection<'c>, Error> {
        (self.guard)(connection, wait)
    }

    /// Runs a job until it is finished or the deadline has passed.
    ///
    /// # Errors
    ///
    /// Fails as [`run_job`] does.
    pub(crate) fn run(&self, call: &JobCall<'_>, deadline: &Deadline) -> Result<JobRun, Error> {
        (self.run)(call, deadline)
    }
}

/// Calls the function of a job, and converts its error.
///
/// # Errors
///
/// Fails as the function does.
pub fn call_job<E: Into<BoxError>>(
    function: impl FnOnce(&Transaction<'_>, &mut Progress<'_>) -> Result<Done, E>,
    transaction: &Transaction<'_>,
    progress: &mut Progress<'_>,
) -> Result<Done, BoxError> {
    function(transaction, progress).map_err(Into::into)
}
