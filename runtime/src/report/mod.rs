//! The results of a request: reports, events, and errors.

pub(crate) mod access_problem;
pub(crate) mod backup_failure;
pub(crate) mod box_error;
pub(crate) mod code_error;
pub(crate) mod direction;
mod environment;
pub(crate) mod error;
mod error_text;
pub(crate) mod event;
pub(crate) mod job_error;
pub(crate) mod jobs_report;
pub(crate) mod not_owned;
pub(crate) mod outcome;
pub(crate) mod panic;
mod process_user;
pub(crate) mod sqlite;
