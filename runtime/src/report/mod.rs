//! The results of a request: reports, events, and errors.

pub(crate) mod direction;
pub(crate) mod error;
mod error_text;
pub(crate) mod event;
pub(crate) mod not_owned;
pub(crate) mod outcome;
pub(crate) mod sqlite;
