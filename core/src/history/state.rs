//! The state of a database.

use crate::HistoryRow;
use crate::history::tool_record::ToolRecord;
use crate::schema::SchemaSql;

/// The state of a database that a plan depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseState {
    /// A new database: no history, no tables and no views.
    Empty,
    /// A database with tables or views, but no history.
    Unmanaged(UnmanagedState),
    /// A database in which the history of this chain has another name.
    OtherChain {
        /// The name of the chain in the database; `None` for a history without a name.
        name: Option<String>,
    },
    /// A database with a history.
    Managed {
        /// The rows in the order in which they were written.
        rows: Vec<HistoryRow>,
        /// The schema of the database, if it must be compared with the schema of the revision.
        schema: Option<SchemaSql>,
        /// The jobs that are finished. The plan of a chain without jobs does not need them.
        finished_jobs: Vec<FinishedJob>,
    },
}

/// A job that is finished in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedJob {
    /// The id of the job's revision.
    pub revision: String,
    /// The name of the job.
    pub job: String,
}

/// The contents of a database that has no history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmanagedState {
    /// The schema.
    pub schema: SchemaSql,
    /// The records of other tools.
    pub records: Vec<ToolRecord>,
}
