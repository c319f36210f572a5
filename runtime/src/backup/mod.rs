//! Backups: copying a database before a migration, and restoring a copy.

mod copy;
mod file_name;
pub(crate) mod make;
pub(crate) mod restore;
mod soundness;
