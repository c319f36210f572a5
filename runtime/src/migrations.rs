//! A chain of migrations as a value for a `static`.

use std::borrow::Cow;
use std::fmt;

use revchain_core::source::file_name::is_chain_name;
use revchain_core::{Chain, Revision};

use crate::report::error::{Error, ErrorKind};

/// A chain of migrations that a program embeds with `embed_migrations!`.
///
/// The macro makes a constant, which a program keeps in a `static`.
/// The methods of `Migrations` use the default settings.
/// To change settings, call [`migrator`](Self::migrator).
#[derive(Clone)]
#[must_use = "migrations do nothing until a database is opened or upgraded with them"]
pub struct Migrations {
    chain: Chain,
    /// The name of the chain; empty if the chain has no name.
    name: Cow<'static, str>,
    directory: Cow<'static, str>,
    /// The name and the version of the program; empty if unknown.
    program: Cow<'static, str>,
    /// The encoded snapshot; empty if the program has no snapshot.
    snapshot: &'static [u8],
}

impl Migrations {
    /// Makes the value that the macro embeds. The macro passes `""` for an absent name or program.
    #[doc(hidden)]
    pub const fn embedded(
        chain: Chain,
        directory: &'static str,
        name: &'static str,
        program: &'static str,
        snapshot: &'static [u8],
    ) -> Self {
        Self {
            chain,
            name: Cow::Borrowed(name),
            directory: Cow::Borrowed(directory),
            program: Cow::Borrowed(program),
            snapshot,
        }
    }

    /// Makes a value from a chain that was read at run time.
    #[doc(hidden)]
    pub fn from_chain(chain: Chain, directory: String) -> Self {
        Self {
            chain,
            name: Cow::Borrowed(""),
            directory: Cow::Owned(directory),
            program: Cow::Borrowed(""),
            snapshot: &[],
        }
    }

    /// Sets the program that new stamps name, such as `token-store 0.4.0`.
    ///
    /// Default: the package that embeds the chain.
    #[doc(hidden)]
    pub fn stamped_by(self, program: impl Into<String>) -> Self {
        Self {
            program: Cow::Owned(program.into()),
            // The stamps in the snapshot name another program, so drop the snapshot.
            snapshot: &[],
            ..self
        }
    }

    /// Sets the name of the chain, as the macro does for `name = "billing"`.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::BadName`](crate::ErrorKind::BadName) if the name is not 1 to 32
    /// characters `[a-z0-9_]`.
    #[doc(hidden)]
    pub fn named(self, name: &str) -> Result<Self, Error> {
        if !is_chain_name(name) {
            let name = name.to_owned();
            return Err(Error::new(ErrorKind::BadName { name }));
        }
        Ok(Self {
            name: Cow::Owned(name.to_owned()),
            // The history table in the snapshot has another name, so drop the snapshot.
            snapshot: &[],
            ..self
        })
    }

    /// Returns the name of the chain; `None` for a chain without a name.
    ///
    /// Several chains can share a database if their names differ.
    /// At most one of these chains has no name.
    /// A chain with a name has its own history table, `revchain_history_<name>`.
    /// The schema of the chain consists of the tables and views that its migrations create.
    pub fn name(&self) -> Option<&str> {
        Some(&*self.name).filter(|name| !name.is_empty())
    }

    /// Returns the program that new stamps name; `None` if unknown.
    #[doc(hidden)]
    pub fn program(&self) -> Option<&str> {
        Some(&*self.program).filter(|program| !program.is_empty())
    }

    /// Returns the directory of the migrations, as written in the macro or in the command.
    #[doc(hidden)]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Returns the chain.
    #[doc(hidden)]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(crate) fn snapshot(&self) -> &'static [u8] {
        self.snapshot
    }

    /// Returns the revisions from the first to the head.
    pub fn revisions(&self) -> &[Revision] {
        self.chain.revisions()
    }

    /// Returns the head, the last revision of the chain.
    ///
    /// Returns `None` only if the build of the chain failed.
    pub fn head(&self) -> Option<&Revision> {
        self.chain.head()
    }
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.revisions().iter().map(Revision::id).collect();
        f.debug_struct("Migrations")
            .field("name", &self.name())
            .field("directory", &self.directory)
            .field("revisions", &ids)
            .finish_non_exhaustive()
    }
}
