use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use revchain_core::name::is_chain_name;
use revchain_core::{Chain, Defects, Draft, Plan, Request, Revision, Target};
use rusqlite::Connection;

use crate::{Drift, Error, ErrorKind, Options, Report, Scope, Stamp, prove};

/// A chain of migrations, ready to be applied: what `embed_migrations!` makes.
///
/// It is a constant and is kept in a `static`. Its methods take the usual options; [`options`](Self::options)
/// gives others.
#[derive(Clone)]
#[must_use = "migrations do nothing until a database is opened or upgraded with them"]
pub struct Migrations {
    chain: Chain,
    /// Empty where it has none.
    name: Cow<'static, str>,
    directory: Cow<'static, str>,
    /// The program, with its version; empty where it is not known.
    program: Cow<'static, str>,
    /// A database at the head, encoded; empty where there is none.
    #[cfg_attr(not(feature = "bundled"), allow(dead_code, reason = "older SQLites cannot copy it"))]
    image: &'static [u8],
}

impl Migrations {
    /// What the macro calls. `directory` is as the user wrote it, `name` and `program` are empty where there is none.
    #[doc(hidden)]
    pub const fn embedded(
        directory: &'static str,
        name: &'static str,
        program: &'static str,
        revisions: &'static [Revision],
        window: Option<u8>,
        image: &'static [u8],
    ) -> Self {
        let chain = Chain { revisions: Cow::Borrowed(revisions), window };
        let (name, directory) = (Cow::Borrowed(name), Cow::Borrowed(directory));
        Self { chain, name, directory, program: Cow::Borrowed(program), image }
    }

    /// Reads, validates and proves a directory at run time, by the same code as the macro. For tools; a program embeds
    /// its chain, so that nothing can be missing where it runs.
    ///
    /// # Errors
    ///
    /// Every defect of the directory.
    pub fn from_directory(directory: impl AsRef<Path>) -> Result<Self, Defects> {
        Self::from_draft(directory.as_ref(), |draft| prove(draft, Scope::Unlocked))
    }

    /// Reads and validates a directory without proving it, as the macro does without the feature `prove`: what SQLite
    /// would refuse is found when it runs, and no revision has a fingerprint.
    ///
    /// # Errors
    ///
    /// Every defect of the directory that shows without running its SQL.
    pub fn from_directory_unproven(directory: impl AsRef<Path>) -> Result<Self, Defects> {
        Self::from_draft(directory.as_ref(), |draft| draft)
    }

    fn from_draft(directory: &Path, prove: impl FnOnce(Draft) -> Draft) -> Result<Self, Defects> {
        let shown = directory.to_string_lossy().into_owned();
        let chain = prove(Draft::read(directory, &shown)).finish()?;
        Ok(Self::of_chain(chain, shown, ""))
    }

    /// What the macro makes an image from.
    #[doc(hidden)]
    pub fn of_chain(chain: Chain, directory: String, name: &str) -> Self {
        let (name, program) = (name.to_owned().into(), Cow::Borrowed(""));
        Self { chain, name, directory: directory.into(), program, image: &[] }
    }

    /// The same chain, whose stamps say that this program made them: its name and version, such as `token-store 0.4.0`. An
    /// embedded chain says the package that it was embedded by.
    #[must_use = "it is another chain"]
    pub fn stamped_by(self, program: impl Into<String>) -> Self {
        // The image has the stamps of another.
        Self { program: Cow::Owned(program.into()), image: &[], ..self }
    }

    /// The program that its stamps say made them, where that is known.
    pub fn program(&self) -> Option<&str> {
        Some(&*self.program).filter(|program| !program.is_empty())
    }

    /// The same chain with a name, as `embed_migrations!("…", name = "billing")` has it: 1 to 32 characters `[a-z0-9_]`. Its
    /// history is then the table `revchain_history_<name>`, and of a database only the tables and views are looked at that
    /// it makes itself, and what is on them, so that several chains can share one database.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadName`](crate::ErrorKind::BadName).
    pub fn named(self, name: &str) -> Result<Self, Error> {
        if !is_chain_name(name) {
            return Err(Error::new(ErrorKind::BadName { name: name.to_owned() }));
        }
        // The image has the history of a chain without a name.
        Ok(Self { name: name.to_owned().into(), image: &[], ..self })
    }

    /// The name of the chain, where it has one.
    pub fn name(&self) -> Option<&str> {
        Some(&*self.name).filter(|name| !name.is_empty())
    }

    /// The table that its revisions are recorded in.
    pub(crate) fn history_table(&self) -> String {
        history_table(&self.name)
    }

    #[cfg(feature = "bundled")]
    pub(crate) fn image(&self) -> &'static [u8] {
        self.image
    }

    /// The directory that the chain was read from, as it was given to the macro or to
    /// [`from_directory`](Self::from_directory).
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// The chain, which the plan is made from.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The revisions from the first to the head.
    pub fn revisions(&self) -> &[Revision] {
        self.chain.revisions()
    }

    /// The last revision. Only a chain whose build failed has none.
    pub fn head(&self) -> Option<&Revision> {
        self.chain.head()
    }

    /// A builder for options: where databases without a history are, what to do about drift, tables of others, the time to
    /// wait for the write lock, a callback for progress.
    pub fn options(&self) -> Options<'_> {
        Options::new(self)
    }

    /// Opens the database at `path`, makes it if it is not there, and brings it to the head; see
    /// [`Options::open`].
    ///
    /// # Errors
    ///
    /// Where the database cannot be opened, or cannot be upgraded: [`upgrade`](Self::upgrade) says why.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Connection, Error> {
        self.options().open(path)
    }

    /// Opens a new database in memory, at the head: for tests and caches.
    ///
    /// # Errors
    ///
    /// Where a revision fails.
    pub fn open_in_memory(&self) -> Result<Connection, Error> {
        self.options().open_in_memory()
    }

    /// Brings a database to the head; see [`Options::upgrade_to`] for what is written and when.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error the database is as it was before.
    pub fn upgrade(&self, connection: &mut Connection) -> Result<Report, Error> {
        self.options().upgrade(connection)
    }

    /// Brings a database up to `target`; see [`Options::upgrade_to`].
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error the database is as it was before.
    pub fn upgrade_to(
        &self,
        connection: &mut Connection,
        target: impl Into<Target>,
    ) -> Result<Report, Error> {
        self.options().upgrade_to(connection, target)
    }

    /// Brings a database down to `target`; see [`Options::downgrade_to`].
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error the database is as it was before.
    pub fn downgrade_to(
        &self,
        connection: &mut Connection,
        target: impl Into<Target>,
    ) -> Result<Report, Error> {
        self.options().downgrade_to(connection, target)
    }

    /// Records that a database is at `target`, and runs nothing; see [`Options::stamp`].
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error the database is as it was before.
    pub fn stamp(&self, connection: &mut Connection, target: impl Into<Target>) -> Result<Report, Error> {
        self.options().stamp(connection, target)
    }

    /// The newest revision that the database has; `None` at base, and where there is no history. Never writes.
    ///
    /// # Errors
    ///
    /// Where history and chain disagree, as [`Conflict`](crate::Conflict) says.
    pub fn current(&self, connection: &Connection) -> Result<Option<&Revision>, Error> {
        self.options().current(connection)
    }

    /// The revisions that an upgrade to the head would apply, in order. Never writes.
    ///
    /// # Errors
    ///
    /// Where an upgrade would be refused, as [`Conflict`](crate::Conflict) says.
    pub fn pending(&self, connection: &Connection) -> Result<Vec<&Revision>, Error> {
        self.options().pending(connection)
    }

    /// The rows of the history, oldest first, including revisions that this program does not know. Never writes.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub fn history(&self, connection: &Connection) -> Result<Vec<Stamp>, Error> {
        self.options().history(connection)
    }

    /// Compares the schema of a database with that of the revision that it is at; see [`Options::check`]. Never writes.
    ///
    /// # Errors
    ///
    /// Where history and chain disagree, or there is none, as [`Conflict`](crate::Conflict) says.
    pub fn check(&self, connection: &Connection) -> Result<Drift, Error> {
        self.options().check(connection)
    }

    /// What `request` would do, without doing it; see [`Options::plan`].
    ///
    /// # Errors
    ///
    /// Why it would be refused.
    pub fn plan(&self, connection: &Connection, request: &Request) -> Result<Plan, Error> {
        self.options().plan(connection, request)
    }
}

/// The table in which a chain of this name records its revisions; the name is empty where it has none.
pub(crate) fn history_table(name: &str) -> String {
    match name {
        "" => "revchain_history".to_owned(),
        name => format!("revchain_history_{name}"),
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
