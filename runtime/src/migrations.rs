//! A chain of migrations as a value for a `static`.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use revchain_core::embedded::{Damaged, Section, decode_chain, decode_section};
use revchain_core::model::marker::marker;
use revchain_core::source::file_name::is_chain_name;
use revchain_core::{Chain, Revision, RevisionIndex};

use crate::code::table::CodeTable;
use crate::jobs::table::JobTable;
use crate::report::error::{Error, ErrorKind};

/// A chain of migrations that a program embeds with `embed_migrations!`.
///
/// The macro makes a constant, which a program keeps in a `static`.
/// The methods of `Migrations` use the default settings.
/// To change settings, call [`migrator`](Self::migrator).
///
/// `Migrations` is `Send` and `Sync`. A clone is cheap.
/// The chain is embedded in a compressed form, and decoded once, when it is first needed.
/// An open of a database at the head decodes nothing.
#[derive(Clone)]
#[must_use = "migrations do nothing until a database is opened or upgraded with them"]
pub struct Migrations {
    chain: Source,
    /// The name of the chain; empty if the chain has no name.
    name: Cow<'static, str>,
    directory: Cow<'static, str>,
    /// The name and the version of the program; empty if unknown.
    program: Cow<'static, str>,
    /// `false` if the stamps in the snapshot are not those of this value.
    uses_snapshot: bool,
    /// The functions of the program; `None` if it has none.
    code: Option<&'static CodeTable>,
    /// The functions of the jobs; `None` if the program has none.
    jobs: Option<&'static JobTable>,
}

/// The chain of a program whose embedded bytes are damaged.
static EMPTY: Chain = Chain::EMPTY;

/// The origin of the chain.
#[derive(Clone)]
enum Source {
    /// The bytes that the program embeds.
    ///
    /// A function returns them, because a `const` cannot refer to a cell on Rust 1.85.
    Embedded(fn() -> &'static Embedded, Head),
    /// A chain that was read at run time, and its encoded snapshot.
    Read(Arc<Chain>, Arc<[u8]>),
}

/// The values that an open at the head needs, so that it decodes nothing.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// The id of the head; empty for a chain with defects.
    pub id: &'static str,
    /// The number of revisions.
    pub count: usize,
    /// The salt of the head's markers; `None` if the chain has no markers.
    pub salt: Option<u32>,
    /// `true` if the program has a snapshot.
    pub has_snapshot: bool,
}

/// The sections that a program embeds. Each is decoded when it is first needed.
#[doc(hidden)]
#[derive(Debug)]
pub struct Embedded {
    bytes: &'static [u8],
    chain: OnceLock<Result<Chain, Damaged>>,
    snapshot: OnceLock<Vec<u8>>,
}

impl Embedded {
    /// Makes the value for a `static`. [`encode`](revchain_core::embedded::encode) makes the bytes.
    pub const fn new(bytes: &'static [u8]) -> Self {
        Self {
            bytes,
            chain: OnceLock::new(),
            snapshot: OnceLock::new(),
        }
    }

    fn chain(&self) -> Result<&Chain, Damaged> {
        let chain = self.chain.get_or_init(|| decode_chain(self.bytes));
        chain.as_ref().map_err(|damaged| *damaged)
    }

    fn snapshot(&self) -> &[u8] {
        // Without a snapshot, the chain makes new databases.
        let decode = || decode_section(self.bytes, Section::Snapshot).unwrap_or_default();
        self.snapshot.get_or_init(decode)
    }
}

impl Migrations {
    /// Makes the value that the macro embeds. The macro passes `""` for an absent name or program.
    #[doc(hidden)]
    pub const fn embedded(
        embedded: fn() -> &'static Embedded,
        head: Head,
        [directory, name, program]: [&'static str; 3],
    ) -> Self {
        Self {
            chain: Source::Embedded(embedded, head),
            name: Cow::Borrowed(name),
            directory: Cow::Borrowed(directory),
            program: Cow::Borrowed(program),
            uses_snapshot: true,
            code: None,
            jobs: None,
        }
    }

    /// Makes a value from a chain that was read at run time.
    #[doc(hidden)]
    pub fn from_chain(chain: Chain, directory: String) -> Self {
        Self {
            chain: Source::Read(Arc::new(chain), Arc::new([])),
            name: Cow::Borrowed(""),
            directory: Cow::Owned(directory),
            program: Cow::Borrowed(""),
            uses_snapshot: true,
            code: None,
            jobs: None,
        }
    }

    /// Adds an encoded snapshot to a chain that was read at run time.
    #[doc(hidden)]
    pub fn with_snapshot(mut self, encoded: Vec<u8>) -> Self {
        if let Source::Read(_, snapshot) = &mut self.chain {
            *snapshot = encoded.into();
        }
        self
    }

    /// Adds the functions that scripts name.
    #[doc(hidden)]
    pub const fn with_code(mut self, code: &'static CodeTable) -> Self {
        self.code = Some(code);
        self
    }

    /// Returns the chain without its `@code` lines, for the proof.
    #[doc(hidden)]
    pub fn without_code(&self) -> Self {
        let chain = self.chain().without_code();
        Self {
            chain: Source::Read(Arc::new(chain), Arc::new([])),
            ..self.clone()
        }
    }

    /// Returns the functions of the program; `None` if it has none.
    #[doc(hidden)]
    pub fn code(&self) -> Option<&'static CodeTable> {
        self.code
    }

    /// Adds the functions of the jobs.
    #[doc(hidden)]
    pub const fn with_jobs(mut self, jobs: &'static JobTable) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// Returns the functions of the jobs; `None` if the program has none.
    pub(crate) fn job_table(&self) -> Option<&'static JobTable> {
        self.jobs
    }

    /// Sets the program that new stamps name, such as `token-store 0.4.0`.
    ///
    /// Default: the package that embeds the chain.
    #[doc(hidden)]
    pub fn stamped_by(self, program: impl Into<String>) -> Self {
        Self {
            program: Cow::Owned(program.into()),
            // The stamps in the snapshot name another program, so drop the snapshot.
            uses_snapshot: false,
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
            uses_snapshot: false,
            ..self
        })
    }

    /// Returns the name of the chain; `None` for a chain without a name.
    ///
    /// Several chains can share a database if their names differ.
    /// At most one of these chains has no name.
    /// A chain with a name has its own history table, `revchain_history_<name>`.
    /// The schema of the chain consists of the tables and views that its migrations create.
    ///
    /// ```
    /// use revchain::{Migrations, embed_migrations};
    ///
    /// static BILLING: Migrations = embed_migrations!("../migrations", name = "billing");
    ///
    /// assert_eq!(BILLING.name(), Some("billing"));
    /// ```
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

    /// Returns the chain. Decodes the chain at the first call.
    ///
    /// The chain is empty if the embedded bytes are damaged; see [`Self::decode`].
    #[doc(hidden)]
    pub fn chain(&self) -> &Chain {
        match &self.chain {
            Source::Embedded(embedded, _) => embedded().chain().unwrap_or(&EMPTY),
            Source::Read(chain, _) => chain,
        }
    }

    /// Decodes the chain.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::DamagedProgram`] if the embedded bytes are not those of the build.
    pub(crate) fn decode(&self) -> Result<(), Error> {
        match &self.chain {
            Source::Embedded(embedded, _) => match embedded().chain() {
                Ok(_) => Ok(()),
                Err(damaged) => {
                    let message = damaged.to_string();
                    Err(Error::new(ErrorKind::DamagedProgram { message }))
                }
            },
            Source::Read(..) => Ok(()),
        }
    }

    /// Returns the encoded snapshot; empty if the program has no snapshot.
    pub(crate) fn snapshot(&self) -> &[u8] {
        match &self.chain {
            _ if !self.uses_snapshot => &[],
            Source::Embedded(embedded, head) if head.has_snapshot => embedded().snapshot(),
            Source::Embedded(..) => &[],
            Source::Read(_, snapshot) => snapshot,
        }
    }

    /// Returns the id of the head, without decoding the chain.
    pub(crate) fn head_id(&self) -> Option<&str> {
        match &self.chain {
            Source::Embedded(_, head) => Some(head.id).filter(|id| !id.is_empty()),
            Source::Read(chain, _) => chain.head().map(Revision::id),
        }
    }

    /// Returns the index of the head, without decoding the chain.
    pub(crate) fn head_index(&self) -> Option<RevisionIndex> {
        match &self.chain {
            Source::Embedded(_, head) => head.count.checked_sub(1).map(RevisionIndex::new),
            Source::Read(chain, _) => chain.head_index(),
        }
    }

    /// Returns the marker of a database at the head, without decoding the chain.
    pub(crate) fn head_marker(&self, schema_version: i32) -> Option<i32> {
        let salt = match &self.chain {
            Source::Embedded(_, head) => head.salt,
            Source::Read(chain, _) => chain.head_salt(),
        };
        Some(marker(salt?, schema_version))
    }

    /// Returns the revisions from the first to the head.
    ///
    /// Each revision comes after the revisions that it revises.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// let first = &MIGRATIONS.revisions()[0];
    /// assert_eq!(first.id(), "001");
    /// assert_eq!(first.file_name(), "20251217_2200_001_initial_schema.sql");
    /// assert_eq!(MIGRATIONS.revisions().last(), MIGRATIONS.head());
    /// ```
    pub fn revisions(&self) -> &[Revision] {
        self.chain().revisions()
    }

    /// Returns the head, the last revision of the chain.
    ///
    /// Returns `None` only if the build of the chain failed, or if the program is damaged.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// let head = MIGRATIONS.head().expect("the chain has revisions");
    /// assert_eq!((head.id(), head.revises().next()), ("009", Some("008")));
    /// ```
    pub fn head(&self) -> Option<&Revision> {
        self.chain().head()
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
