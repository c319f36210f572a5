//! The input and the output of [`groups`](super::groups).

use super::statement::Statement;
use crate::schema::SchemaFilter;
use crate::{Chain, HistoryRow, RevisionIndex};

/// The values that all statements of a script share.
#[derive(Debug, Clone, Copy)]
pub struct ScriptContext<'c> {
    /// The chain.
    pub chain: &'c Chain,
    /// The name of the chain; `None` for a chain without a name.
    pub chain_name: Option<&'c str>,
    /// The name and the version of the program that stamps name; `None` if unknown.
    pub program: Option<&'c str>,
    /// The time of the stamps.
    pub applied_at: AppliedAt,
}

/// The time of the stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppliedAt {
    /// A time in milliseconds since the Unix epoch. It is the same on each replica.
    Milliseconds(i64),
    /// The clock of the machine that runs the script.
    DatabaseClock,
}

/// The database that a script expects. The first group fails on any other database.
#[derive(Debug, Clone)]
pub enum Found {
    /// A new database: a history without rows or none, and no table that the filter includes.
    New(SchemaFilter),
    /// A database that has a history with exactly these rows, in this order.
    History(Vec<HistoryRow>),
    /// A database with tables and without rows in a history.
    ///
    /// [`schema_guard`](super::schema_guard) can check the tables.
    Unmanaged,
}

impl Found {
    /// Returns a new database for a chain.
    ///
    /// If the chain shares the database with others, only its own tables count.
    /// `ignored` are names of other tables, or patterns `prefix*`.
    pub fn new_database(chain: &Chain, is_shared: bool, ignored: &[String]) -> Self {
        Self::New(if is_shared {
            chain.own_objects(ignored)
        } else {
            SchemaFilter {
                ignored: ignored.to_vec(),
                own: None,
            }
        })
    }
}

/// The statements of one revision.
#[derive(Debug, Clone)]
pub struct Group<'c> {
    /// The revision that the statements upgrade, revert or stamp; `None` if there is no step.
    pub revision: Option<RevisionIndex>,
    /// The statements that run first in a transaction that begins with this group.
    ///
    /// They fail unless the database is as expected, and make its marker invalid.
    /// In the first group of a plan that creates the history, the first one creates the table.
    pub start: Vec<Statement<'c>>,
    /// The statements of the script, and then the stamp.
    pub statements: Vec<Statement<'c>>,
}

/// The reason why a plan has no script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoScript {
    /// The revision runs a function of the program, which SQL cannot call.
    Code {
        /// The revision.
        revision: RevisionIndex,
        /// The name of the function.
        name: String,
    },
    /// The revision has or requires a job, which only the program runs.
    Job {
        /// The revision.
        revision: RevisionIndex,
        /// The name of the job.
        name: String,
    },
    /// The database stores the downgrade of this revision, which the chain lacks.
    ///
    /// SQL from a database is untrusted, so it runs only under the rules of the runtime.
    Stored {
        /// The id of the revision.
        revision: String,
    },
}
