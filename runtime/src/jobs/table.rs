//! The functions of the jobs of a chain, and the code that runs jobs.

use rusqlite::Connection;

use super::batch::JobCall;
use super::function::{Done, JobFunction};
use super::runner::{Deadline, RunJob, run_job};
use super::without_rows::finish_without_rows;
use crate::report::error::Error;
use crate::report::jobs_report::JobRun;
use crate::session::guard::GuardedConnection;
use crate::session::lock_wait::LockWait;

/// The functions of the jobs of a chain, and the code that runs jobs.
///
/// Only the constructors refer to that code, so a program without jobs does not contain it.
pub struct JobTable {
    functions: Functions,
    guard: MakeGuard,
    run: RunJob,
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
