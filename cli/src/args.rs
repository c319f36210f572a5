//! The commands and their arguments, as clap has them. What they do is in [`Commands`](crate::Commands).

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The commands on a chain and a database.
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Apply what is pending; a database that is not there yet is made
    Upgrade(Upgrade),
    /// Revert revisions, newest first
    Downgrade(Downgrade),
    /// Show the revision that the database is at
    Current(Look),
    /// Show every revision, newest first, and when it was applied
    History(Look),
    /// Show the revisions that an upgrade would apply
    Pending(Look),
    /// Record that the database is at a revision, and run nothing
    Stamp(Stamp),
    /// Write the next file of the chain (for developers)
    #[command(visible_alias = "new")]
    Migrate(Migrate),
}

/// Which database, and how to answer.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The database file [default: the application's own, if it has one]
    #[arg(short, long, value_name = "PATH")]
    pub database: Option<PathBuf>,
    /// Answer in JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// What the commands that only look take.
#[derive(Debug, Clone, Args)]
pub struct Look {
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub common: Common,
}

/// What `upgrade` takes.
#[derive(Debug, Clone, Args)]
pub struct Upgrade {
    /// Where to: a revision, head, or +N steps
    #[arg(short, long, default_value = "head", allow_hyphen_values = true)]
    pub revision: String,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub common: Common,
}

/// What `downgrade` takes.
#[derive(Debug, Clone, Args)]
pub struct Downgrade {
    /// Where to: a revision, base, or -N steps
    #[arg(short, long, default_value = "-1", allow_hyphen_values = true)]
    pub revision: String,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub common: Common,
}

/// What `stamp` takes.
#[derive(Debug, Clone, Args)]
pub struct Stamp {
    /// Where the database is: a revision, head or base
    #[arg(short, long)]
    pub revision: String,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub common: Common,
}

/// What `migrate` takes.
#[derive(Debug, Clone, Args)]
pub struct Migrate {
    /// What the revision does, such as "Add browser sessions"
    pub description: String,
    /// The new revision's id [default: counted on from the head's]
    #[arg(short, long)]
    pub revision: Option<String>,
    /// The directory of the migrations [default: that of the chain]
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Answer in JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

impl Command {
    /// Whether the answer is to be JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Migrate(migrate) => migrate.json,
            _ => self.common().is_some_and(|common| common.json),
        }
    }

    fn common(&self) -> Option<&Common> {
        match self {
            Self::Upgrade(Upgrade { common, .. })
            | Self::Downgrade(Downgrade { common, .. })
            | Self::Stamp(Stamp { common, .. })
            | Self::Current(Look { common })
            | Self::History(Look { common })
            | Self::Pending(Look { common }) => Some(common),
            Self::Migrate(_) => None,
        }
    }
}
