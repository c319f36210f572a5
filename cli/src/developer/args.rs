//! The developers' commands and their arguments, as clap parses them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use crate::args::{DatabaseArgs, EXIT_CODES, OutputArgs, RunArgs};
use crate::developer::import::Range;
use crate::developer::import::tool::Tool;

/// The commands for developers, on a directory of migrations or on a database of a developer.
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
pub enum DeveloperCommand {
    /// Write the next migration file
    #[command(
        visible_alias = "migrate",
        after_help = "Examples:
  new \"Add tags\"         Write a file with empty scripts
  new --rebuild users    Write the rebuild of a table, to edit it
  new --downgrade        Write the downgrade of the newest file

Exit codes: 0 success, 1 failure, 2 usage error"
    )]
    New(NewArgs),
    /// In development: revert edited drafts, and apply them anew
    ///
    /// If no draft differs, revert and apply the newest revision that is not locked.
    /// The data that a reverted revision added is lost.
    /// This is no cure for drift: see `check`.
    #[command(after_help = EXIT_CODES)]
    Redo(RedoArgs),
    /// Mark revisions as released
    #[command(after_help = "Examples:
  lock                   Lock all revisions
  lock 007               Lock the revisions up to 007
  lock --head            Update the head line only

Exit codes: 0 success, 1 failure, 2 usage error")]
    Lock(LockArgs),
    /// Put a second head behind the first
    ///
    /// Join both sides of a conflict in revchain.lock first.
    #[command(after_help = EXIT_CODES)]
    Rebase(DirectoryArgs),
    /// Write a revision that revises both of two heads
    #[command(after_help = EXIT_CODES)]
    Merge(MergeArgs),
    /// Draw the chain, and where a database is in it
    #[command(after_help = "Examples:
  graph                  Draw the chain
  graph -d app.db        Draw the chain and the history of a database
  graph --format mermaid Write a flowchart for Markdown

Exit codes: 0 success, 1 failure, 2 usage error")]
    Graph(GraphArgs),
    /// Print the schema of a revision or of a database
    ///
    /// The SQL is normalized: equal schemas print the same text.
    /// With -d, there need not be any migrations.
    #[command(after_help = "Examples:
  schema > schema.sql         Print the schema at the head
  schema -r -1                Print that of the revision before
  schema -d app.db            Print that of any database
  schema --format mermaid     Draw an entity-relationship diagram
  schema --diff -1 head       Show what the newest revision changes
  schema --diff head app.db   Show how a database differs

Exit codes: 0 success, 1 failure, 2 usage error
With --diff: 0 equal, 1 different or failure, 2 usage error")]
    Schema(SchemaArgs),
    /// Print the SQL of an upgrade or downgrade, for any shell
    ///
    /// The SQL changes everything or nothing.
    /// It checks the history first, and stamps the revisions.
    #[command(after_help = "Examples:
  script                      Print the SQL from an empty database to head
  script --from 005           Print the SQL from 005 to head
  script --from 009 --to 005  Print the SQL of a downgrade
  script --bare               Omit BEGIN and COMMIT, for D1
  sqlite3 app.db < script.sql Run it

Exit codes: 0 success, 1 failure, 2 usage error")]
    Script(ScriptArgs),
    /// List the queries of the program, with tables and plans
    ///
    /// Runs `cargo check`, in which `sql!` records each query.
    #[command(after_help = "Examples:
  queries                     List the queries of the package
  queries --scan              List those that read every row of a table
  queries -- --workspace      Pass arguments to cargo check

Exit codes: 0 success, 1 failure, 2 usage error")]
    Queries(QueriesArgs),
    /// Write a chain from another tool's files
    #[command(after_help = "Examples:
  import migrations.old           Detect the tool
  import sqlx migrations.old      Name the tool
  import migrations.old --dry-run Report, and write nothing

Exit codes: 0 success, 1 stopped early or failed, 2 usage error")]
    Import(ImportArgs),
}

/// The directory of a command, and the form of the output.
#[derive(Debug, Clone, Args)]
pub struct DirectoryArgs {
    /// Directory of migrations [default: that of the chain]
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The arguments of `queries`.
#[derive(Debug, Clone, Args)]
pub struct QueriesArgs {
    /// List only queries that read every row of a table
    #[arg(long)]
    pub(crate) scan: bool,
    /// Arguments of cargo check
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) cargo: Vec<OsString>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The arguments of `redo`.
#[derive(Debug, Clone, Args)]
pub struct RedoArgs {
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// The arguments of `new`.
#[derive(Debug, Clone, Args)]
pub struct NewArgs {
    /// Summary of the revision, such as "Add browser sessions"
    #[arg(required_unless_present_any = ["rebuild", "downgrade"])]
    pub(crate) description: Option<String>,
    /// Write the rebuild of a table, to edit it
    #[arg(long, value_name = "TABLE")]
    pub(crate) rebuild: Option<String>,
    /// Write the downgrade of the newest revision
    #[arg(long, conflicts_with_all = ["description", "rebuild", "revision"])]
    pub(crate) downgrade: bool,
    /// Id of the new revision [default: the one after the head]
    #[arg(short, long)]
    pub(crate) revision: Option<String>,
    #[command(flatten)]
    pub(crate) source: DirectoryArgs,
}

/// The arguments of `merge`.
#[derive(Debug, Clone, Args)]
pub struct MergeArgs {
    /// Summary of the revision [default: "Merge A and B"]
    pub(crate) summary: Option<String>,
    /// Id of the new revision [default: the one after the head]
    #[arg(short, long)]
    pub(crate) revision: Option<String>,
    #[command(flatten)]
    pub(crate) source: DirectoryArgs,
}

/// The arguments of `lock`.
#[derive(Debug, Clone, Args)]
pub struct LockArgs {
    /// Lock up to this revision [default: head]
    #[arg(value_name = "REVISION", conflicts_with = "revision")]
    pub(crate) target: Option<String>,
    /// The revision as an option
    #[arg(short, long)]
    pub(crate) revision: Option<String>,
    /// Only update the head line of revchain.lock
    #[arg(long, conflicts_with_all = ["target", "revision"])]
    pub(crate) head: bool,
    #[command(flatten)]
    pub(crate) source: DirectoryArgs,
}

/// The arguments of `graph`.
#[derive(Debug, Clone, Args)]
pub struct GraphArgs {
    /// Directory of migrations [default: that of the chain]
    #[arg(value_name = "DIR")]
    pub(crate) migrations: Option<PathBuf>,
    /// Form of the picture
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: GraphFormat,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The form in which `graph` draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Lines for a terminal
    #[default]
    Text,
    /// Flowchart of Mermaid, for Markdown
    Mermaid,
    /// Language of Graphviz
    Dot,
}

/// The arguments of `import`.
#[derive(Debug, Clone, Args)]
#[command(allow_missing_positional = true)]
pub struct ImportArgs {
    /// Tool that ran the migrations [default: detected]
    #[arg(value_name = "TOOL")]
    pub(crate) tool: Option<Tool>,
    /// Directory or file of the tool's migrations
    #[arg(value_name = "DIR", required = true)]
    pub(crate) source: PathBuf,
    /// Join the migrations from version A to version B
    #[arg(long, value_name = "A..B", value_parser = Range::parse)]
    pub(crate) squash: Vec<Range>,
    /// Database or SQL file with the schema before them
    #[arg(long, value_name = "DATABASE|FILE")]
    pub(crate) first: Option<PathBuf>,
    /// Report only; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) target: DirectoryArgs,
}

/// The arguments of `schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    /// Directory of migrations [default: that of the chain]
    #[arg(value_name = "DIR")]
    pub(crate) migrations: Option<PathBuf>,
    /// Database: PATH, sqlite:PATH or file:PATH
    #[arg(short, long, value_name = "DATABASE", value_hint = ValueHint::FilePath,
        conflicts_with_all = ["migrations", "revision"])]
    pub(crate) database: Option<PathBuf>,
    /// A revision, head, base, +N or -N [default: head]
    #[arg(short, long, allow_negative_numbers = true)]
    pub(crate) revision: Option<String>,
    /// Form of the schema
    #[arg(long, value_enum, default_value_t,
        conflicts_with_all = ["json", "diff"])]
    pub(crate) format: SchemaFormat,
    /// Show what changes from A to B: revisions or databases
    #[arg(long, num_args = 2, value_names = ["A", "B"], allow_negative_numbers = true,
        conflicts_with_all = ["database", "revision"])]
    pub(crate) diff: Option<Vec<OsString>>,
    /// Tables to leave out: names, or prefixes ending in `*`
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub(crate) ignore_tables: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The arguments of `script`.
#[derive(Debug, Clone, Args)]
pub struct ScriptArgs {
    /// Directory of migrations [default: that of the chain]
    #[arg(value_name = "DIR")]
    pub(crate) migrations: Option<PathBuf>,
    /// Revision of the database: an id, base, or -N from head
    #[arg(
        long,
        value_name = "REVISION",
        default_value = "base",
        allow_hyphen_values = true
    )]
    pub(crate) from: String,
    /// Revision after the script: an id, base, head, or -N
    #[arg(
        long,
        value_name = "REVISION",
        default_value = "head",
        allow_hyphen_values = true
    )]
    pub(crate) to: String,
    /// For a runner with a transaction of its own; proves it
    #[arg(long)]
    pub(crate) bare: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The form in which `schema` prints a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// Normalized SQL
    #[default]
    Sql,
    /// Entity-relationship diagram for Mermaid
    Mermaid,
    /// Graph for Graphviz
    Dot,
}

impl DeveloperCommand {
    /// Returns the form of the output.
    pub(crate) fn output(&self) -> &OutputArgs {
        let directory = match self {
            Self::New(args) => &args.source,
            Self::Redo(args) => return &args.run.database.output,
            Self::Lock(args) => &args.source,
            Self::Rebase(args) => args,
            Self::Merge(args) => &args.source,
            Self::Graph(args) => return &args.database.output,
            Self::Schema(args) => return &args.output,
            Self::Script(args) => return &args.output,
            Self::Queries(args) => return &args.output,
            Self::Import(args) => &args.target,
        };
        &directory.output
    }
}
