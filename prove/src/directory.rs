//! The functions that read migrations from a directory at run time.

use std::path::Path;

use revchain_core::{Defects, LoadedMigrations};
use revchain_runtime::Migrations;

use crate::prover::{Scope, prove};

/// Reads, validates and proves a directory at run time, with the same code as the macro.
///
/// This function is for tools. An application should embed the chain, so that no file can be
/// missing at run time.
///
/// # Errors
///
/// Returns the defects of the directory.
pub fn migrations_from_directory(directory: impl AsRef<Path>) -> Result<Migrations, Defects> {
    read(directory.as_ref(), |loaded| prove(loaded, Scope::Unlocked))
}

/// Reads and validates a directory without the proof, like the macro without the feature `prove`.
///
/// SQLite reports an error in the SQL only when an upgrade or downgrade runs the SQL.
/// The revisions have no fingerprints.
///
/// # Errors
///
/// Returns the defects that can be detected without running the SQL.
pub fn migrations_from_directory_unproven(
    directory: impl AsRef<Path>,
) -> Result<Migrations, Defects> {
    read(directory.as_ref(), |loaded| loaded)
}

fn read(
    directory: &Path,
    prove: impl FnOnce(LoadedMigrations) -> LoadedMigrations,
) -> Result<Migrations, Defects> {
    let path = directory.to_string_lossy();
    let chain = prove(LoadedMigrations::read(directory, &path)).into_chain()?;
    Ok(Migrations::from_chain(chain, path.into_owned()))
}
