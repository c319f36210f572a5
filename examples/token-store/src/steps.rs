//! The functions that migrations run, with a module for each revision.

pub(crate) mod r010;
