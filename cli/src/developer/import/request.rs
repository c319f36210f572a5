//! The request of the user.

use std::path::PathBuf;

use super::squash::Range;
use super::tool::Tool;

/// The request of the user.
#[derive(Debug)]
pub(crate) struct Request {
    /// The tool; `None` to detect it.
    pub(crate) tool: Option<Tool>,
    /// The directory or the file of the tool.
    pub(crate) source: PathBuf,
    /// The directory of the new chain.
    pub(crate) directory: PathBuf,
    /// The migrations to join.
    pub(crate) squash: Vec<Range>,
    /// The database or the SQL file with the schema before the first migration.
    pub(crate) first: Option<PathBuf>,
    pub(crate) dry_run: bool,
}
