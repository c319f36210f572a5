//! SQLite migrations, embedded into the program and proven while it is built. *If it compiles, it migrates.*
//!
//! ```
//! use revchain::{Migrations, embed_migrations};
//!
//! // Reads `migrations/` beside Cargo.toml, while this is compiled.
//! static MIGRATIONS: Migrations = embed_migrations!();
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("app.db");
//! // A database at its newest revision, whether it was new, older, or there already.
//! let db = MIGRATIONS.open(&path)?;
//! # assert_eq!(MIGRATIONS.current(&db)?, MIGRATIONS.head());
//! # Ok(())
//! # }
//! ```
//!
//! # The directory
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
//! Each file names the revision that it revises, the first one `base`. Whatever keeps the directory from being one
//! chain is a compile error that says how to mend it; [`Code`] lists the kinds. See [`embed_migrations!`].
//!
//! # The proof
//!
//! With the feature `prove`, which is on by default, the chain is run in memory while the program is compiled: each
//! revision up, down and up again. SQL that SQLite refuses, a downgrade that does not give back the schema from before, a
//! table or column that is dropped without a `@destroys`, a rebuild that loses rows, values, indexes or triggers, keys that
//! point at nothing: each is a compile error. Where rows are at stake, some are made up; what depends on other values
//! than theirs cannot be shown. A revision that needs functions or modules which only the program registers says
//! `-- @unproven REASON` in its header.
//!
//! Each revision then carries the [fingerprint](Revision::fingerprint) of its schema, by which databases are recognised.
//!
//! A revision in `revchain.lock`, which the command `lock` writes, is released: to change or remove it is a compile
//! error.
//!
//! # What happens to a database
//!
//! | what is found | what happens |
//! | --- | --- |
//! | nothing | every revision is applied; by [`Migrations::open`], where the program has an image, the file is a copy of that |
//! | the head | nothing: two fields of the file's header say so, no table is read |
//! | a history behind the head | what is pending is applied |
//! | a history ahead of the program | an error; nothing is touched, unless a downgrade is asked for and [`Options::on_ahead`] lets it be |
//! | the same, and all that is newer says `@compatible` | nothing: it is opened as it is |
//! | a revision that was edited after it was applied | an error; nothing is touched |
//! | a history, but another schema | an error that shows the difference, or with [`Options::on_drift`] a warning |
//! | tables, but no history | adopted at the revision that has the schema, and upgraded |
//! | tables of which no revision has the schema | an error with the nearest revision and the difference; see [`Options::baseline`] |
//!
//! All pending revisions and their rows in the table `revchain_history` are one transaction. Foreign keys are checked
//! before it commits, and the schema must be the one that was proven. Of several processes that open a database at once, one does the work, and the others wait.
//!
//! ```
//! # use std::time::Duration;
//! # use revchain::{Migrations, Outcome, Request, embed_migrations, rusqlite::Connection};
//! # static MIGRATIONS: Migrations = embed_migrations!();
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("app.db");
//! // Any connection will do; the report says what was done.
//! let mut db = Connection::open(&path)?;
//! let report = MIGRATIONS
//!     .options()
//!     .adopt_as("004") // what could be 003 or 004 by its schema is 004
//!     .ignore_tables(["other_*"]) // tables of another program in the same file
//!     .lock_timeout(Duration::from_secs(5))
//!     .on_event(|event| eprintln!("{event}"))
//!     .upgrade(&mut db)?;
//! assert_eq!(report.outcome, Outcome::New);
//! assert_eq!(report.applied.len(), MIGRATIONS.revisions().len());
//!
//! // Down and up again, as in Alembic: `head`, `base`, a revision, `+n`, `-n`.
//! MIGRATIONS.downgrade_to(&mut db, "-2")?;
//! assert_eq!(MIGRATIONS.pending(&db)?.len(), 2);
//! MIGRATIONS.upgrade_to(&mut db, "+1")?;
//! MIGRATIONS.stamp(&mut db, "008")?; // records where the database is, and runs nothing
//! for stamp in MIGRATIONS.history(&db)? {
//!     println!("{} {} {:?}", stamp.revision, stamp.origin, stamp.applied_at);
//! }
//!
//! // What tells its schema from that of its revision: [`Drift`].
//! db.execute_batch("CREATE TABLE mine (a)")?;
//! println!("{}", MIGRATIONS.check(&db)?); // the schema is no longer that of 008: + table mine (a)
//! db.execute_batch("DROP TABLE mine")?;
//! assert!(MIGRATIONS.check(&db)?.is_none());
//!
//! // To show what will be done before it is: a plan, which is carried out or refused.
//! let request = Request::Downgrade("007".into());
//! let plan = MIGRATIONS.plan(&db, &request)?;
//! for revision in plan.steps.iter().filter_map(|step| step.place()).map(|place| &MIGRATIONS.revisions()[place]) {
//!     println!("reverts {} of {}: {}", revision.id(), revision.date(), revision.summary());
//! }
//! MIGRATIONS.options().carry_out(&mut db, &request, &plan)?;
//! # Ok(())
//! # }
//! ```
//!
//! An [`Error`] is written for people. A program that wants to act on one looks at its [`kind`](Error::kind):
//!
//! ```
//! # use revchain::{Conflict, Error, rusqlite::Connection};
//! fn explain(error: &Error) -> String {
//!     match error.conflict() {
//!         Some(Conflict::Ahead { .. }) => "This file was made by a newer version. Please update.".to_owned(),
//!         _ => error.to_string(),
//!     }
//! }
//! ```
//!
//! # Tests and tools
//!
//! [`Migrations::open_in_memory`] gives each test a database of its own, at the head: a copy of one that the build has
//! made, whatever the chain's length:
//!
//! ```
//! # use revchain::{Migrations, embed_migrations};
//! # static MIGRATIONS: Migrations = embed_migrations!();
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let db = MIGRATIONS.open_in_memory()?;
//! assert_eq!(db.query_row("SELECT count(*) FROM app_passwords", [], |row| row.get::<_, i64>(0))?, 0);
//! # Ok(())
//! # }
//! ```
//!
//! A tool that works on a directory
//! and not on a program reads it with [`Migrations::from_directory`], which says what the macro would: [`Defects`].
//!
//! # Several chains in one database
//!
//! A chain with a name has a history of its own, so that a library and a program can share a file. Each then looks only at the
//! tables and views that it makes itself, and at what is on them.
//!
//! ```
//! # use revchain::{Migrations, Outcome, embed_migrations};
//! # static MIGRATIONS: Migrations = embed_migrations!();
//! static BILLING: Migrations = embed_migrations!("tests/chains/billing", name = "billing");
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut db = MIGRATIONS.open_in_memory()?;
//! assert_eq!(BILLING.upgrade(&mut db)?.outcome, Outcome::New);
//! assert_eq!(MIGRATIONS.upgrade(&mut db)?.outcome, Outcome::UpToDate);
//! # Ok(())
//! # }
//! ```
//!
//! # The commands
//!
//! With the feature `cli`, [`cli::Commands`](https://docs.rs/revchain/latest/revchain/cli) runs upgrade, downgrade,
//! current, history, pending, check, stamp, migrate, lock and rebase, mounted in the clap CLI of an application.
//!
//! # Features
//!
//! - `bundled` (on by default): compiles SQLite into the program. Without it, the system's is linked, and errors in a
//!   statement point at its beginning only.
//! - `prove` (on by default): the proof. Without it, neither SQLite nor C is built for the macro, and no revision has a
//!   fingerprint: databases without a history need a baseline, and drift is only found by [`Migrations::check`].
//! - `cli`: the commands, in `revchain::cli`, to be mounted in a clap CLI.
//! - `tracing`: what is done, as `tracing` events beside [`Options::on_event`]: the target is `revchain`, what is done is
//!   at the level info, what begins or waits at debug.
//!
//! rusqlite is taken as a range of versions, so that the one a program uses already fits. It is re-exported as
//! [`rusqlite`].

#[doc(inline)]
pub use revchain_runtime::{
    Applied, Chain, Code, Conflict, Date, Defect, Defects, Destroys, Diff, Direction, Downgrade, Drift,
    Error, ErrorKind, Event, Half, Migrations, Newer, OnAhead, OnDrift, Options, Origin, Outcome, Plan,
    Rehearsal, Report, Request, Revision, Stamp, Statement, StatementError, Step, TableRows, Target,
    Violation, rusqlite,
};

#[cfg(feature = "cli")]
#[doc(inline)]
pub use revchain_cli as cli;

/// Embeds a directory of migrations as a [`Migrations`], in a `static`, a `const` or a function.
///
/// `embed_migrations!()` reads `migrations` beside the crate's Cargo.toml, `embed_migrations!("path")` another
/// directory, which counts from there.
///
/// `embed_migrations!("path", name = "billing")` gives the chain a name, 1 to 32 characters `[a-z0-9_]`: it has a history of its own,
/// and can share a database with others.
///
/// Where the chain is proven and SQLite is bundled, a database at the head is embedded too, without its zeros: the image, of which
/// [`Migrations::open_in_memory`], and [`Migrations::open`] where there is no file, make a copy.
/// `embed_migrations!("path", image = false)` leaves it out, and so does a
/// chain that keeps the moment in a row, by `CURRENT_TIMESTAMP` or `random()`: whose new databases differ.
///
/// # Errors
///
/// Every defect of the directory is a compile error of its own, which names itself in brackets, shows the place,
/// and says how to mend it. [`Code`] lists the kinds.
///
/// # When cargo builds anew
///
/// An edit or a removal of a migration rebuilds the crate. A *new* file does not: stable Rust gives a macro no way
/// to say that it read a directory. Where there is a `revchain.lock`, the command `migrate` writes it, which does
/// rebuild the crate. Otherwise a `build.rs` beside Cargo.toml closes the gap:
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
        // Only here is it known under which name the program has this crate.
        $crate::__private::embed_migrations!([$crate] $($arguments)*)
    };
}

/// What the macro's output names. Not for programs.
#[doc(hidden)]
pub mod __private {
    pub use revchain_macros::embed_migrations;
    pub use revchain_runtime::{Columns, Destroys, Migrations, Revision};
}
