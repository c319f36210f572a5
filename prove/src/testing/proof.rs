//! The proof of a chain with the functions of its program, for a test of the program.

use std::path::Path;
use std::{env, fmt};

use revchain_core::{Chain, Defects, LoadedMigrations, Revision};
use revchain_runtime::internal::ProofCode;
use revchain_runtime::{Error, Migrations, Migrator};
use rusqlite::Connection;

use super::jobs::failing_job;
use crate::prover::{Scope, prove_on};

/// Proves a chain as the build does, with the functions that its revisions name.
///
/// The build cannot run the functions of a program.
/// So it leaves them out, and judges the rows only before the first `@code` line of a script.
/// This function runs the whole chain with the functions, on empty tables and on sample rows: up,
/// down, and up again.
/// All checks of the build apply. A function that fails is the defect `code-fails`.
/// If the chain has no other defect, the jobs run on sample rows, too, each to its end: after their
/// revision, after its downgrade and another upgrade, and at the head.
///
/// The function reads the directory of migrations of the package under test.
/// Like the build, it proves the revisions that are not locked. It also proves locked revisions
/// with code, because the lock file is written without their functions.
///
/// `Debug` of the error is its message, so `unwrap` shows the defects as a build does.
///
/// # Errors
///
/// Fails with [`Unproven`] if the chain has a defect, or if the directory is not that of the chain.
pub fn prove(migrations: &Migrations) -> Result<(), Unproven> {
    prove_with(&migrations.migrator())
}

/// Proves a chain as [`prove`] does, with the [context](revchain_runtime::Migrator::context) of a
/// migrator.
///
/// The functions of [`Migrator::on_connect`](revchain_runtime::Migrator::on_connect) set the
/// connection up.
///
/// # Errors
///
/// Fails as [`prove`] does, and if a function that sets the connection up fails.
pub fn prove_with(migrator: &Migrator<'_>) -> Result<(), Unproven> {
    let loaded = load(migrator.migrations())?;
    let opened = Connection::open_in_memory();
    let mut connection = opened.map_err(Error::inserting_sample_rows)?;
    let code = ProofCode::install(migrator, &mut connection)?;
    let sources = loaded.sources.clone();
    let proven = prove_on(Ok(connection), loaded, Scope::Unlocked, Some(&code));
    proven.into_chain()?;
    match failing_job(migrator, &sources)? {
        Some(defect) => Err(Defects::from(defect).into()),
        None => Ok(()),
    }
}

/// Reads the directory of a chain.
fn load(migrations: &Migrations) -> Result<LoadedMigrations, Unproven> {
    let shown = migrations.directory();
    // cargo sets the variable for tests. A path in the binary would depend on the machine.
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let directory = Path::new(&package).join(shown);
    if !directory.is_dir() {
        return Err(Unproven(Reason::NoDirectory {
            directory: shown.to_owned(),
        }));
    }
    let loaded = LoadedMigrations::read(&directory, shown);
    let checksum = |chain: &Chain| chain.head().map(|head| *Revision::chain_checksum(head));
    match &loaded.chain {
        Some(chain) if checksum(chain) != checksum(migrations.chain()) => {
            Err(Unproven(Reason::OtherChain {
                directory: shown.to_owned(),
            }))
        }
        _ => Ok(loaded),
    }
}

/// The reason why [`prove`] has not proven a chain.
pub struct Unproven(Reason);

enum Reason {
    Defects(Defects),
    NoDirectory { directory: String },
    OtherChain { directory: String },
    Failed(Error),
}

impl Unproven {
    /// Returns the defects of the chain; `None` if the proof has not run.
    pub fn defects(&self) -> Option<&Defects> {
        match &self.0 {
            Reason::Defects(defects) => Some(defects),
            _ => None,
        }
    }
}

impl From<Defects> for Unproven {
    fn from(defects: Defects) -> Self {
        Self(Reason::Defects(defects))
    }
}

impl From<Error> for Unproven {
    fn from(error: Error) -> Self {
        Self(Reason::Failed(error))
    }
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Defects(defects) => defects.fmt(f),
            Reason::NoDirectory { directory } => write!(
                f,
                "there is no directory {directory} in the package under test\n\
                 help: run the test with cargo, in the package that embeds the migrations"
            ),
            Reason::OtherChain { directory } => write!(
                f,
                "the files in {directory} are not those that the program embeds\n\
                 help: build the program again: run `cargo clean -p` with the name of its package"
            ),
            Reason::Failed(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Unproven {
    /// Writes the message, which `unwrap` and a test that returns the error show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Unproven {}
