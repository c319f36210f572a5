//! The results of a request: reports, events, and errors.

pub(crate) mod error;
mod error_text;
pub(crate) mod event;
pub(crate) mod outcome;
pub(crate) mod sqlite;
