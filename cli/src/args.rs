//! The operators' commands and their arguments, as clap parses them.

use std::path::PathBuf;

use clap::{Args, ColorChoice, Subcommand};

/// The commands on a database, for operators.
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Apply pending revisions, creating the database if needed
    Upgrade(UpgradeArgs),
    /// Revert revisions, newest first
    Downgrade(DowngradeArgs),
    /// Show the revision of the database
    Current(DatabaseArgs),
    /// List all revisions, newest first, with their times
    History(DatabaseArgs),
    /// List the revisions that an upgrade would apply
    Pending(DatabaseArgs),
    /// Check the schema of the database for drift
    Check(CheckArgs),
    /// Record the revision of the database without running SQL
    Stamp(StampArgs),
    /// Replace the database with a backup
    Restore(RestoreArgs),
}

/// The form of the output.
///
/// The ids `quiet` and `color` are those that an application would use for global flags.
/// clap then sets both from one flag, if both have the same type.
#[derive(Debug, Clone, Args)]
pub struct OutputArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print errors only, and the JSON of --json
    #[arg(long)]
    pub(crate) quiet: bool,
    /// When to print colors
    #[arg(long, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorChoice,
}

/// The database of a command, and the form of the output.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// Database file [default: the application's, if it has one]
    #[arg(short = 'd', long = "database", value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// Tables of other programs: names, or prefixes ending in `*`
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub(crate) ignore_tables: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The settings and the database of a command that runs migrations.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Continue despite schema drift
    #[arg(long)]
    pub(crate) allow_drift: bool,
    /// Run on a temporary copy and report the result
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Back up into DIR first [default: as the application does]
    #[arg(long, value_name = "DIR")]
    pub(crate) backup: Option<PathBuf>,
    /// Number of backups to keep
    #[arg(long, value_name = "N", default_value_t = 5, requires = "backup")]
    pub(crate) keep: usize,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The arguments of `upgrade`.
#[derive(Debug, Clone, Args)]
pub struct UpgradeArgs {
    /// Target: a revision, head or +N (N revisions up)
    #[arg(short, long, default_value = "head", allow_hyphen_values = true)]
    pub(crate) revision: String,
    /// Revision to adopt if several match the schema
    #[arg(long, value_name = "REVISION")]
    pub(crate) adopt_as: Vec<String>,
    /// Adopt tables whose columns have another order
    #[arg(long)]
    pub(crate) ignore_column_order: bool,
    /// Keep the user_version that another tool has written
    #[arg(long)]
    pub(crate) keep_user_version: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// The arguments of `downgrade`.
#[derive(Debug, Clone, Args)]
pub struct DowngradeArgs {
    /// Target: a revision, base or -N (N revisions down)
    #[arg(short, long, default_value = "-1", allow_hyphen_values = true)]
    pub(crate) revision: String,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// The arguments of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Prove the migrations in this directory, as a build does
    #[cfg(feature = "developer")]
    #[arg(value_name = "DIR")]
    pub(crate) migrations: Option<PathBuf>,
    /// Prove locked revisions too
    #[cfg(feature = "developer")]
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The arguments of `stamp`.
#[derive(Debug, Clone, Args)]
pub struct StampArgs {
    /// Revision to record: an id, head or base
    #[arg(short, long)]
    pub(crate) revision: String,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The arguments of `restore`.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// Backup file
    pub(crate) file: PathBuf,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

impl Command {
    /// Returns the form of the output.
    pub(crate) fn output(&self) -> &OutputArgs {
        let database = match self {
            Self::Upgrade(args) => &args.run.database,
            Self::Downgrade(args) => &args.run.database,
            Self::Current(args) | Self::History(args) | Self::Pending(args) => args,
            Self::Check(args) => &args.database,
            Self::Stamp(args) => &args.database,
            Self::Restore(args) => &args.database,
        };
        &database.output
    }
}
