//! The implementations of the developers' commands. Each command has a file.

pub(super) mod graph;
pub(super) mod import;
pub(super) mod lock;
pub(super) mod merge;
pub(super) mod new;
mod new_downgrade;
pub(super) mod queries;
pub(super) mod rebase;
pub(super) mod redo;
pub(super) mod schema;
pub(super) mod script;
