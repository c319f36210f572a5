//! Backups: copying a database before a migration or on request, and restoring a copy.

mod copy;
mod file_name;
pub(crate) mod make;
pub(crate) mod on_request;
pub(crate) mod restore;
mod soundness;
