//! SQLite migrations that are embedded into a program, and proven when the program compiles.
//! *If it compiles, it migrates.*
//!
//! ```
//! use revchain::{Migrations, embed_migrations};
//!
//! // Reads the directory `migrations` beside Cargo.toml, at compile time.
//! static MIGRATIONS: Migrations = embed_migrations!();
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("app.db");
//! // Creates the database, or upgrades the database to the newest revision.
//! let db = MIGRATIONS.open(&path)?;
//! # assert_eq!(MIGRATIONS.migrator().current(&db)?, MIGRATIONS.head());
//! # Ok(())
//! # }
//! ```
//!
//! A migration is a file `YYYYMMDD_HHMM_<revision>_<slug>.sql`, dated in UTC, such as
//! `20260113_1200_002_add_app_passwords.sql`:
//!
//! ```sql
//! -- Add app passwords for multi-user BasicAuth.
//! -- @revises 001
//!
//! -- @upgrade
//! CREATE TABLE app_passwords (user_id TEXT PRIMARY KEY, encrypted_password BLOB NOT NULL);
//!
//! -- @downgrade
//! DROP TABLE app_passwords;
//! ```
//!
//! If the migration loses a row or a value, or if its downgrade does not restore the schema, the
//! program does not compile.
//!
//! # Items to begin with
//!
//! - [`embed_migrations!`] reads and proves a directory at compile time.
//! - [`sql!`] checks a query against the head of the chain at compile time.
//! - [`Migrations`] is the embedded chain, with the methods `open`, `upgrade`, and `check`.
//! - [`Migrator`] is the chain with settings. It also has the methods `downgrade_to`, `stamp`,
//!   `restore`, `plan`, `apply`, `dry_run`, `current`, `pending`, and `history`.
//! - [`Error`] is the error of these methods. Its text is for users, and [`Error::kind`] is for
//!   programs.
//! - [`guide`] has a page for each task: [`guide::getting_started`] is the first.
//!
//! # Features
//!
//! - `bundled` (default): compiles SQLite into the program. Otherwise, the program links the
//!   system's SQLite.
//! - `prove` (default): proves the chain at compile time.
//! - `adopt` (default): adopts databases that another program has created, and shows differences
//!   between schemas.
//! - `backup` (default): makes backups, restores them, and runs requests on a copy.
//! - `cli`: adds the commands in `revchain::cli`, which a program mounts in its clap CLI.
//! - `developer`: adds the commands that write and prove a directory of migrations.
//! - `tracing`: emits the events of [`Migrator::on_event`] through `tracing`.
//! - `stored-downgrades`: lets a downgrade revert the revisions of a newer program.
//! - `testing`: adds [`testing::prove`], which proves the chain with its functions, and
//!   [`testing::at`], a database with sample rows at any revision.
//!
//! [`guide::features`] has the effect and the size of each feature.
//! The program chooses the version of rusqlite in a range.
//! `revchain::rusqlite` is this version.

#[doc(no_inline)]
pub use revchain_runtime::rusqlite;
pub use revchain_runtime::{
    Adopt, Applied, Conflict, DefectKind, Diff, Done, Downgrade, Error, ErrorKind, Event,
    HistoryEntry, Job, JobEntry, JobRun, JobState, Jobs, JobsReport, Migrations, Migrator, OnDrift,
    OnNewer, Origin, Outcome, Plan, PlannedJob, Progress, Replicated, Report, Request, Revision,
    SchemaCheck, Step, Target,
};
#[cfg(feature = "backup")]
pub use revchain_runtime::{BackupFile, DryRun, TableRows};

/// The defects of a directory of migrations, which the macro reports as compile errors.
///
/// [`DefectKind`] lists the kinds.
/// A program meets these types only if it loads a directory with the crate `revchain-prove`.
pub mod defect {
    pub use revchain_runtime::{Defect, Defects};
}

/// The types of the data in errors, as the variants of [`ErrorKind`] and [`Conflict`] have them.
pub mod error {
    pub use revchain_runtime::{
        AccessProblem, BackupFailure, CodeError, Direction, EditedRevision, ForeignKeyViolation,
        HistoryRow, JobError, LockHolder, NotOwned, Operation, Owner, RecordProblem, SqlOrigin,
        StatementError, StoredRevision,
    };
}

/// The types of the data in a [`Revision`].
pub mod revision {
    pub use revchain_runtime::{
        Assumes, AssumesKind, Date, Destroys, Script, Statement, Tool, Was,
    };
}

/// The commands, which a program adds to its own clap CLI.
///
/// [`Command`](cli::Command) lists the commands for operators, which work on a database.
#[cfg_attr(
    feature = "developer",
    doc = "[`DeveloperCommand`](cli::DeveloperCommand) lists the commands for developers, which work on the migrations."
)]
/// The commands for developers need the feature `developer`.
///
/// This program has the commands as `app db`:
///
/// ```
/// use std::process::ExitCode;
/// use clap::Parser;
/// use revchain::cli::{Command, Commands};
/// use revchain::{Migrations, embed_migrations};
///
/// static MIGRATIONS: Migrations = embed_migrations!();
///
/// #[derive(Parser)]
/// enum Cli {
///     /// Serve until stopped
///     Serve,
///     /// Manage the database
///     #[command(subcommand)]
///     Db(Command),
/// }
///
/// # fn main_of(path: &std::path::Path) -> ExitCode {
/// // A program calls `Cli::parse()`, or `revchain::cli::parse()`.
/// match Cli::parse_from(["app", "db", "upgrade"]) {
///     Cli::Serve => ExitCode::SUCCESS,
///     Cli::Db(command) => Commands::new(MIGRATIONS.migrator()).database(path).run(&command),
/// }
/// # }
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("app.db");
/// # assert_eq!(main_of(&path), ExitCode::SUCCESS);
/// # assert!(path.exists());
/// ```
///
/// Results go to standard output. Progress and errors go to standard error.
/// With `--json`, errors go to standard output.
/// [`Commands::run`](cli::Commands::run) lists the exit codes.
///
/// [`parse`](cli::parse) parses the arguments, and advises users of other tools.
#[cfg(feature = "cli")]
pub mod cli {
    #[doc(inline)]
    pub use revchain_cli::*;
}

/// Databases with sample rows, for the tests of a program.
///
/// ```
/// use revchain::{Migrations, embed_migrations, testing};
///
/// static MIGRATIONS: Migrations = embed_migrations!();
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut db = testing::at(&MIGRATIONS, "001")?;
/// let count = "SELECT count(*) FROM refresh_tokens";
/// let before: i64 = db.query_row(count, [], |row| row.get(0))?;
/// assert!(before > 0);
///
/// MIGRATIONS.upgrade(&mut db)?;
/// let after: i64 = db.query_row(count, [], |row| row.get(0))?;
/// assert_eq!(before, after);
/// # Ok(())
/// # }
/// ```
///
/// [`prove`](testing::prove) proves a chain with the functions that its revisions name, which a
/// build cannot run:
///
/// ```
/// use revchain::{Migrations, Step, embed_migrations, rusqlite, testing};
///
/// static MIGRATIONS: Migrations =
///     embed_migrations!("tests/ui/chains/code", code = [encrypt_tokens]);
///
/// fn encrypt_tokens(step: &mut Step<'_>) -> rusqlite::Result<()> {
///     // A real function calls a crate here.
///     let sql = "UPDATE accounts SET encrypted_token = CAST('#' || token AS BLOB)";
///     step.execute(sql, []).map(drop)
/// }
///
/// // #[test]
/// fn chain_is_proven_with_its_functions() {
///     testing::prove(&MIGRATIONS).unwrap();
/// }
/// # chain_is_proven_with_its_functions();
/// ```
#[cfg(feature = "testing")]
pub mod testing {
    #[doc(inline)]
    pub use revchain_prove::testing::{Unproven, at, at_with, prove, prove_with};
}

pub mod guide;

/// Embeds a directory of migrations as a [`Migrations`].
///
/// The macro can be called in a `static`, a `const`, or a function.
///
/// | form | effect |
/// | --- | --- |
/// | `embed_migrations!()` | reads `migrations` beside the crate's Cargo.toml |
/// | `embed_migrations!("path")` | reads another directory, relative to Cargo.toml |
/// | `embed_migrations!("path", name = "billing")` | gives the chain a name and its own history |
/// | `embed_migrations!("path", code = [crate::steps::encrypt])` | has the functions of revisions |
/// | `embed_migrations!("path", snapshot = false)` | embeds no snapshot |
/// | `embed_migrations!("path", notes = false)` | shows no notes of the proof |
/// | `embed_migrations!("path", replicated = "009")` | proves the chain for a cluster, too |
///
/// A name has 1 to 32 characters `[a-z0-9_]`. Chains can share a database if their names differ.
///
/// The list `code` has the path of each function that a revision names in `@code` or `@job`.
/// The last segment of the path is the name.
/// [Code](crate::guide::code) and [jobs](crate::guide::jobs) describe the functions.
///
/// The snapshot is an embedded database at the head. A new database is a copy of the snapshot.
/// The snapshot needs the features `prove` and `bundled`.
/// The macro embeds no snapshot if the rows of a new database may depend on the time or on chance.
/// Examples are rows with `CURRENT_TIMESTAMP` or `random()`.
/// It embeds none either if a revision runs code without `on rows`.
///
/// With `replicated`, the value is a [`Replicated`], which engines for clusters take.
/// The revisions after the named one, and the schema at the head, are proven for a cluster.
/// `replicated = true` proves all revisions for a cluster.
/// A chain with `replicated` has no snapshot and no `code`.
///
/// # Errors
///
/// The macro reports each defect of the directory as a compile error.
/// The error names the kind of the defect in brackets, shows the place, and advises a fix.
/// [`DefectKind`] lists the kinds.
/// The macro also reports a function in the list `code` that no revision names.
///
/// # Notes
///
/// The proof cannot check everything, for example if a trigger rejects each sample row.
/// The compiler shows these notes as one warning a chain, for revisions that are not locked.
/// The argument `notes = false` silences the warning, as does `#[allow(deprecated)]` on the
/// `static`: the warning is that of a deprecated constant, because a macro cannot emit another.
///
/// # When cargo rebuilds
///
/// After an edit or a removal of a migration, cargo rebuilds the crate.
/// After an addition, cargo does not: stable Rust gives a macro no way to report that it read a
/// directory.
/// The command `new` writes the name of the new file to `revchain.lock`, so cargo rebuilds the
/// crate.
/// If you write files without the command, add a `build.rs` beside Cargo.toml:
///
/// ```
/// println!("cargo::rerun-if-changed=migrations"); // in its main()
/// ```
///
/// # Example
///
/// ```
/// use revchain::{Migrations, embed_migrations};
///
/// static MIGRATIONS: Migrations = embed_migrations!();
/// const THE_SAME: Migrations = embed_migrations!("migrations");
///
/// assert_eq!(MIGRATIONS.head().map(|head| head.id()), Some("009"));
/// assert_eq!(MIGRATIONS.revisions(), THE_SAME.revisions());
/// ```
#[macro_export]
macro_rules! embed_migrations {
    ($($arguments:tt)*) => {
        // Pass `$crate`, because the procedural macro cannot know the name of this crate in the
        // program.
        $crate::__private::embed_migrations!([$crate] $($arguments)*)
    };
}

/// Checks a query against the head of a chain, and expands to its text.
///
/// The text is a `&'static str` for any function that takes SQL.
/// The macro prepares the query at compile time, on the schema after all migrations.
///
/// | form | effect |
/// | --- | --- |
/// | `sql!("…")` | checks the text against `migrations` beside the crate's Cargo.toml |
/// | `sql!(in "billing", "…")` | checks against another directory, relative to Cargo.toml |
/// | `sql!(at "007", "…")` | checks against the schema of a revision |
/// | `sql!(all "…")` | lets an UPDATE or a DELETE change every row |
/// | `sql!(function "fuzzy", "…")` | knows a function of the program; also `collation`, `module` |
/// | `sql!("SELECT … ", "FROM …")` | joins pieces, also those of `concat!` |
///
/// # Errors
///
/// Each mistake is a compile error with its name, the line of the text, and a fix.
/// [`guide::queries`] lists the checks.
/// The macro reports nothing if the directory has defects: [`embed_migrations!`] reports these.
/// Without the feature `prove`, the macro checks nothing.
///
/// # Example
///
/// ```
/// use revchain::{Migrations, embed_migrations, sql};
///
/// static MIGRATIONS: Migrations = embed_migrations!();
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = MIGRATIONS.open_in_memory()?;
/// let mut query = db.prepare(sql!("SELECT user_id FROM app_passwords WHERE user_id = :user"))?;
/// assert!(!query.exists(&[(":user", "ann")])?);
/// # Ok(())
/// # }
/// ```
pub use revchain_macros::sql;

/// Items for the output of the macro and for the tests of revchain. Programs must not use them.
#[doc(hidden)]
pub mod __private {
    pub use revchain_macros::embed_migrations;
    pub use revchain_runtime::internal::{
        Chain, CodeFunction, CodeTable, Embedded, Head, JobFunction, JobTable, call_code, call_job,
        encode_sections,
    };
    pub use revchain_runtime::{Migrations, Replicated};
}
