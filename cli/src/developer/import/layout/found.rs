//! The migrations that the layout of a tool has, and failures that all layouts share.

use crate::developer::import::migration::Migration;
use crate::developer::import::tree::{SourceFile, Tree};
use crate::support::Failure;

/// The migrations in a tree.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The migrations, in the order in which the tool runs them.
    pub(crate) migrations: Vec<Migration>,
    /// The paths of SQL files that the tool would not run.
    pub(crate) ignored: Vec<String>,
}

/// Returns the failure for two files of the same version.
pub(super) fn duplicate(version: &str, first: &str, second: &str) -> Failure {
    let message = format!("{second}: the version {version} is also that of {first}");
    Failure::failed("duplicate-version", message).help("remove or renumber one of the files")
}

/// Returns the paths of the SQL files for which `is_used` returns `false`.
pub(super) fn ignored(tree: &Tree, is_used: impl Fn(&SourceFile) -> bool) -> Vec<String> {
    let files = tree.files.iter();
    let unused = files.filter(|file| file.is_sql() && !is_used(file));
    unused.map(|file| file.path.clone()).collect()
}
