//! The commands and their arguments, as clap has them. What they do is in [`Commands`](crate::Commands).

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The commands on a chain and a database.
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Apply what is pending, creating the database if it does not exist
    Upgrade(Upgrade),
    /// Revert revisions, newest first
    Downgrade(Downgrade),
    /// Show the revision that the database is at
    Current(Look),
    /// Show every revision, newest first, and when it was applied
    History(Look),
    /// Show the revisions that an upgrade would apply
    Pending(Look),
    /// Compare the schema of the database with that of its revision; with DIR, prove the migrations there
    Check(Check),
    /// Record that the database is at a revision, and run nothing
    Stamp(Stamp),
    /// Put a backup in the place of all that is in the database
    Restore(Restore),
    /// Write the next file of the chain (for developers)
    #[command(visible_alias = "new")]
    Migrate(Migrate),
    /// Lock the chain: what is in it is released, and changing it becomes a compile error (for developers)
    Lock(Lock),
    /// Put a second head behind the first: a new parent, and a new time if need be (for developers)
    Rebase(Rebase),
}

/// Which database, and how to answer.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The database file [default: the application's own, if it has one]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) database: Option<PathBuf>,
    /// Tables that another program keeps in the same file: names, or beginnings that end with `*`
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub(crate) ignore_tables: Vec<String>,
    /// Print JSON, for scripts
    #[arg(long)]
    pub(crate) json: bool,
}

/// What the commands that only look take.
#[derive(Debug, Clone, Args)]
pub struct Look {
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What `upgrade` takes.
#[derive(Debug, Clone, Args)]
pub struct Upgrade {
    /// Target: a revision, head, or +N steps
    #[arg(short, long, default_value = "head", allow_hyphen_values = true)]
    pub(crate) revision: String,
    /// Where a database without a history is, if its schema is that of several revisions
    #[arg(long, value_name = "REVISION")]
    pub(crate) adopt_as: Vec<String>,
    /// Go on although the schema is no longer that of the revision that the database is at
    #[arg(long)]
    pub(crate) allow_drift: bool,
    #[command(flatten)]
    pub(crate) dry_run: DryRun,
    #[command(flatten)]
    pub(crate) backup: Backup,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Where backups are made.
#[derive(Debug, Clone, Args)]
pub(crate) struct Backup {
    /// Make a backup in this folder before anything is run [default: as the application does]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) backup: Option<PathBuf>,
    /// How many backups to keep there
    #[arg(long, value_name = "N", default_value_t = 5, requires = "backup")]
    pub(crate) keep: usize,
}

/// Whether it is only tried.
#[derive(Debug, Clone, Args)]
pub(crate) struct DryRun {
    /// Do it to a copy, say what came of it, and leave the database as it is
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What `restore` takes.
#[derive(Debug, Clone, Args)]
pub struct Restore {
    /// The backup
    pub(crate) file: PathBuf,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What `downgrade` takes.
#[derive(Debug, Clone, Args)]
pub struct Downgrade {
    /// Target: a revision, base, or -N steps
    #[arg(short, long, default_value = "-1", allow_hyphen_values = true)]
    pub(crate) revision: String,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Go on although the schema is no longer that of the revision that the database is at
    #[arg(long)]
    pub(crate) allow_drift: bool,
    #[command(flatten)]
    pub(crate) dry_run: DryRun,
    #[command(flatten)]
    pub(crate) backup: Backup,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What `check` takes.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Prove the migrations in this directory, as a build does
    #[arg(value_name = "DIR")]
    pub(crate) migrations: Option<PathBuf>,
    /// Prove the locked ones again, too
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What `stamp` takes.
#[derive(Debug, Clone, Args)]
pub struct Stamp {
    /// Where the database is: a revision, head or base
    #[arg(short, long)]
    pub(crate) revision: String,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What `migrate` takes.
#[derive(Debug, Clone, Args)]
pub struct Migrate {
    /// What the revision does, such as "Add browser sessions"
    pub(crate) description: String,
    /// The new revision's id [default: counted on from the head's]
    #[arg(short, long)]
    pub(crate) revision: Option<String>,
    /// The directory of the migrations [default: that of the chain]
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    // Its database is of no use here; it is taken so that each command takes the same.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What `lock` takes.
#[derive(Debug, Clone, Args)]
pub struct Lock {
    /// Lock up to this revision, and not up to the head
    #[arg(short, long)]
    pub(crate) revision: Option<String>,
    /// Lock no more than is locked already, only say which revision is the head
    #[arg(long, conflicts_with = "revision")]
    pub(crate) head: bool,
    /// The directory of the migrations [default: that of the chain]
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    // As for `migrate`.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What `rebase` takes.
#[derive(Debug, Clone, Args)]
pub struct Rebase {
    /// The directory of the migrations [default: that of the chain]
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    // As for `migrate`.
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Command {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Upgrade(Upgrade { common, .. })
            | Self::Downgrade(Downgrade { common, .. })
            | Self::Check(Check { common, .. })
            | Self::Stamp(Stamp { common, .. })
            | Self::Restore(Restore { common, .. })
            | Self::Migrate(Migrate { common, .. })
            | Self::Lock(Lock { common, .. })
            | Self::Rebase(Rebase { common, .. })
            | Self::Current(Look { common })
            | Self::History(Look { common })
            | Self::Pending(Look { common }) => common,
        }
    }
}
