//! The operators' commands and their arguments, as clap parses them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ColorChoice, Subcommand, ValueHint};

pub(crate) const EXIT_CODES: &str = "Exit codes: 0 success, 1 failure, 2 usage error";

/// The commands on a database, for operators.
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Apply pending revisions, creating the database if needed
    #[command(after_help = "Examples:
  upgrade           Apply all pending revisions
  upgrade +1        Apply the next revision
  upgrade --dry-run Show the effect, and change nothing
  upgrade --sql     Print the SQL for a shell, and change nothing

Exit codes: 0 success, 1 failure, 2 usage error")]
    Upgrade(Box<UpgradeArgs>),
    /// Revert revisions, newest first
    #[command(after_help = "Examples:
  downgrade         Revert the newest revision
  downgrade -2      Revert the two newest revisions
  downgrade 007     Revert all revisions after 007
  downgrade base    Revert all revisions
  downgrade --sql   Print the SQL for a shell, and change nothing

Exit codes: 0 success, 1 failure, 2 usage error")]
    Downgrade(Box<DowngradeArgs>),
    /// Show the revision of the database
    #[command(after_help = EXIT_CODES)]
    Current(DatabaseArgs),
    /// Show whether an upgrade has anything to do
    #[command(
        after_help = "Exit codes: 0 nothing to do, 3 an upgrade is due, 1 failure, 2 usage error"
    )]
    Status(DatabaseArgs),
    /// List all revisions, newest first, with their times
    #[command(after_help = EXIT_CODES)]
    History(DatabaseArgs),
    /// List the revisions that an upgrade would apply
    #[command(after_help = EXIT_CODES)]
    Pending(DatabaseArgs),
    /// Wait until another process has migrated the database
    #[command(after_help = "Examples:
  wait              Wait at most 30 seconds
  wait --timeout 5  Wait at most 5 seconds

It never writes: a program on a replica, or beside another one
that migrates, can start when it succeeds.

Exit codes: 0 at the head, 1 failure or timeout, 2 usage error")]
    Wait(WaitArgs),
    /// Run the unfinished jobs of applied revisions
    #[command(after_help = "Examples:
  run-jobs              Run each job to its end
  run-jobs --budget 60  Stop after a minute, between two batches

A stopped or killed run continues where it was.

Exit codes: 0 success, 1 failure, 2 usage error")]
    RunJobs(RunJobsArgs),
    /// Check the schema of the database for drift
    #[command(after_help = "`check` does not look for damage: `backup FILE` does.

Exit codes: 0 as expected, 1 drift, unknown schema or failure, 2 usage error")]
    Check(CheckArgs),
    /// Record the revision of the database without running SQL
    #[command(after_help = "Examples:
  stamp head        Record that the database is at the head
  stamp 007         Record that it is at 007
  stamp base        Remove all records

It asks before it removes records, or if the schema differs.

Exit codes: 0 success, 1 failure, 2 usage error")]
    Stamp(StampArgs),
    /// Back up the database to a new file
    #[command(after_help = "Examples:
  backup            Back up to the application's directory of
                    backups, or else beside the database
  backup backups/   Back up to a new file in this directory
  backup app.bak    Back up to this file

No command removes the backup.

Exit codes: 0 success, 1 failure, 2 usage error")]
    Backup(BackupArgs),
    /// Replace the database with a backup
    #[command(after_help = "Example: restore backups/app.20261123T203312Z.008.db

Exit codes: 0 success, 1 failure, 2 usage error")]
    Restore(RestoreArgs),
    /// Print the page of an error
    #[command(after_help = "Examples:
  explain           List the names of all errors
  explain drifted   Print the page of this error

Exit codes: 0 success, 1 failure, 2 usage error")]
    Explain(ExplainArgs),
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
    /// Database: PATH, sqlite:PATH or file:PATH
    #[arg(short = 'd', long = "database", value_name = "DATABASE", value_hint = ValueHint::FilePath)]
    pub(crate) path: Option<PathBuf>,
    /// Tables of other programs: names, or prefixes ending in `*`
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub(crate) ignore_tables: Vec<String>,
    /// Longest wait for other connections [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) busy_timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The settings and the database of a command that runs migrations.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Continue despite schema drift
    #[arg(long)]
    pub(crate) allow_drift: bool,
    /// Accept rows that violated a foreign key before
    #[arg(long)]
    pub(crate) allow_existing_violations: bool,
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
    /// A revision, head, or +N for N revisions up [default: head]
    #[arg(value_name = "TARGET", allow_negative_numbers = true)]
    pub(crate) target: Option<String>,
    /// The target as an option
    #[arg(short, long, value_name = "TARGET", allow_negative_numbers = true)]
    pub(crate) revision: Option<String>,
    /// Adopt at this revision, which must have the schema
    #[arg(long, value_name = "REVISION", conflicts_with = "adopt_as")]
    pub(crate) adopt: Option<String>,
    /// Choose this one if several revisions have the schema
    #[arg(long, value_name = "REVISION")]
    pub(crate) adopt_as: Vec<String>,
    /// Without a history: accept another order of columns
    #[arg(long)]
    pub(crate) ignore_column_order: bool,
    /// Keep the user_version that another tool has written
    #[arg(long)]
    pub(crate) keep_user_version: bool,
    /// Print the SQL for a shell, and change nothing
    #[arg(long, conflicts_with_all = ["dry_run", "backup", "allow_existing_violations"])]
    pub(crate) sql: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// The arguments of `downgrade`.
#[derive(Debug, Clone, Args)]
pub struct DowngradeArgs {
    /// A revision, base, or -N for N revisions down [default: -1]
    #[arg(value_name = "TARGET", allow_negative_numbers = true)]
    pub(crate) target: Option<String>,
    /// The target as an option
    #[arg(short, long, value_name = "TARGET", allow_negative_numbers = true)]
    pub(crate) revision: Option<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Print the SQL for a shell, and change nothing
    #[arg(long, conflicts_with_all = ["dry_run", "backup", "allow_existing_violations"])]
    pub(crate) sql: bool,
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
    /// Also prove for a cluster what follows a revision
    #[cfg(feature = "developer")]
    #[arg(long, value_name = "REVISION", num_args = 0..=1, require_equals = true)]
    pub(crate) replicated: Option<Option<String>>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The arguments of `stamp`.
#[derive(Debug, Clone, Args)]
pub struct StampArgs {
    /// A revision, head or base
    #[arg(value_name = "TARGET", required_unless_present = "revision")]
    pub(crate) target: Option<String>,
    /// The target as an option
    #[arg(short, long, value_name = "TARGET")]
    pub(crate) revision: Option<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The arguments of `backup`.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// New file, or directory
    #[arg(value_name = "DIR|FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) to: Option<PathBuf>,
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

/// The arguments of `wait`.
#[derive(Debug, Clone, Args)]
pub struct WaitArgs {
    /// Longest wait for the migrations
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "30")]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The arguments of `run-jobs`.
#[derive(Debug, Clone, Args)]
pub struct RunJobsArgs {
    /// Stop after this time [default: run to the end]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) budget: Option<Duration>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The arguments of `explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// Name of the error, as at the end of its message
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

impl Command {
    /// Returns the arguments that name the database; `None` for a command without a database.
    pub(crate) fn database(&self) -> Option<&DatabaseArgs> {
        Some(match self {
            Self::Upgrade(args) => &args.run.database,
            Self::Downgrade(args) => &args.run.database,
            Self::Current(args)
            | Self::Status(args)
            | Self::History(args)
            | Self::Pending(args) => args,
            Self::Check(args) => &args.database,
            Self::Wait(args) => &args.database,
            Self::RunJobs(args) => &args.database,
            Self::Stamp(args) => &args.database,
            Self::Backup(args) => &args.database,
            Self::Restore(args) => &args.database,
            Self::Explain(_) => return None,
        })
    }

    /// Returns the form of the output.
    pub(crate) fn output(&self) -> &OutputArgs {
        match self {
            Self::Explain(args) => &args.output,
            Self::Upgrade(args) => &args.run.database.output,
            Self::Downgrade(args) => &args.run.database.output,
            Self::Current(args)
            | Self::Status(args)
            | Self::History(args)
            | Self::Pending(args) => &args.output,
            Self::Check(args) => &args.database.output,
            Self::Wait(args) => &args.database.output,
            Self::RunJobs(args) => &args.database.output,
            Self::Stamp(args) => &args.database.output,
            Self::Backup(args) => &args.database.output,
            Self::Restore(args) => &args.database.output,
        }
    }
}

/// Parses a number of seconds, such as `5` or `0.5`.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok();
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "expected a number of seconds, such as 5 or 0.5".to_owned())
}
