//! The chain on which a developers' command works.

use std::path::{Path, PathBuf};

use revchain_prove::migrations_from_directory;
use revchain_runtime::Migrations;

use crate::app::Commands;
use crate::support::{Failure, Result};

/// The directory of migrations of the program `revchain`, if no argument names one.
pub(crate) const DEFAULT_DIRECTORY: &str = "migrations";

/// The chain on which a developers' command works.
pub(crate) enum Source<'s> {
    /// The chain and the settings of an application.
    Application(&'s Commands<'s>),
    /// The chain of a directory, for the program `revchain`.
    Directory {
        /// The directory.
        directory: &'s Path,
        /// The name of the chain.
        name: Option<&'s str>,
    },
}

impl Source<'_> {
    /// Returns the directory of the migrations, unless `--directory` is given.
    pub(super) fn directory(&self) -> PathBuf {
        match self {
            Self::Application(app) => app.migrations_directory(),
            Self::Directory { directory, .. } => directory.to_path_buf(),
        }
    }

    /// Returns the chain of the application; `None` for the program `revchain`.
    pub(super) fn embedded(&self) -> Option<&Migrations> {
        match self {
            Self::Application(app) => Some(app.migrations()),
            Self::Directory { .. } => None,
        }
    }

    /// Returns the name of the chain.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Application(app) => app.migrations().name(),
            Self::Directory { name, .. } => *name,
        }
    }

    /// Calls `run` with the chain: that of the application, or that of the directory.
    pub(super) fn on_chain(&self, run: impl FnOnce(&Commands<'_>) -> Result) -> Result {
        match *self {
            Self::Application(app) => run(app),
            Self::Directory { directory, name } => {
                let migrations = read_chain(directory, name)?;
                run(&commands(&migrations))
            }
        }
    }
}

/// Reads and proves the chain of a directory.
pub(crate) fn read_chain(directory: &Path, name: Option<&str>) -> Result<Migrations> {
    identify(migrations_from_directory(directory)?, name)
}

/// Sets the name of the chain. Sets `revchain` as the program to record in the history.
pub(crate) fn identify(migrations: Migrations, name: Option<&str>) -> Result<Migrations> {
    let migrations = migrations.stamped_by(concat!("revchain ", env!("CARGO_PKG_VERSION")));
    match name {
        Some(name) => migrations.named(name).map_err(|error| {
            Failure::usage(error.message()).help(&error.help().unwrap_or_default())
        }),
        None => Ok(migrations),
    }
}

/// Returns the commands of the program `revchain` on a chain.
pub(crate) fn commands(migrations: &Migrations) -> Commands<'_> {
    Commands::new(migrations.migrator()).database_from_env("DATABASE_URL")
}
