//! The functions of jobs, as the macro embeds them.

use rusqlite::Transaction;

use super::progress::Progress;
use crate::report::box_error::BoxError;

/// The state of a job after a call of its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The job is finished. revchain never calls the function again.
    Yes,
    /// The job has more to do, so revchain calls the function again, in another transaction.
    NotYet,
}

/// A function of the program, and the name of the job that it does.
#[derive(Clone, Copy)]
pub struct JobFunction {
    /// The name of the job.
    pub name: &'static str,
    /// Calls the function. The macro makes it with [`call_job`].
    pub run: fn(&Transaction<'_>, &mut Progress<'_>) -> Result<Done, BoxError>,
}

/// Calls the function of a job, and converts its error.
///
/// # Errors
///
/// Fails as the function does.
pub fn call_job<E: Into<BoxError>>(
    function: fn(&Transaction<'_>, &mut Progress<'_>) -> Result<Done, E>,
    transaction: &Transaction<'_>,
    progress: &mut Progress<'_>,
) -> Result<Done, BoxError> {
    function(transaction, progress).map_err(Into::into)
}
