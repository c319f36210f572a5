//! The runtime of [revchain](https://docs.rs/revchain): it applies a chain of migrations to an
//! SQLite database.
//!
//! Programs use this crate through `revchain`. The guide of `revchain` has examples.
//!
//! A request passes through these parts:
//!
//! 1. [`Migrator`] holds the settings and receives the request.
//! 2. `session` waits for other connections, and restores the settings of the connection.
//! 3. `state` reads the history, the marker, and the schema.
//! 4. `revchain_core::plan` decides the steps.
//! 5. `apply` runs the steps in one transaction, with the functions of the program in `code`.
//!    Functions in `jobs` run between two transactions, or on request.
//! 6. `report` defines reports, events, and errors.

mod apply;
#[cfg(feature = "backup")]
mod backup;
mod code;
#[cfg(feature = "backup")]
mod dry_run;
mod jobs;
mod migrations;
mod migrator;
mod plan;
mod replicated;
mod report;
mod session;
mod settings;
mod snapshot;
#[cfg(feature = "adopt")]
mod stand_ins;
mod state;
#[cfg(feature = "stored-downgrades")]
mod stored_downgrades;

#[cfg(feature = "backup")]
pub use backup::on_request::BackupFile;
pub use code::step::Step;
#[cfg(feature = "backup")]
pub use dry_run::{DryRun, TableRows};
pub use jobs::function::Done;
pub use jobs::progress::Progress;
pub use migrations::Migrations;
pub use migrator::Migrator;
pub use plan::{Plan, PlannedJob};
pub use replicated::Replicated;
pub use report::access_problem::AccessProblem;
pub use report::backup_failure::BackupFailure;
pub use report::error::{
    CodeError, Direction, Error, ErrorKind, ForeignKeyViolation, LockHolder, Operation, SqlOrigin,
    StatementError,
};
pub use report::event::Event;
pub use report::job_error::JobError;
pub use report::jobs_report::{JobRun, JobsReport};
pub use report::not_owned::{NotOwned, Owner};
pub use report::outcome::{Applied, Outcome, Report};
pub use revchain_core::history::row::{HistoryRow, StoredRevision};
pub use revchain_core::schema::Diff;
pub use revchain_core::{
    Adopt, Assumes, AssumesKind, Conflict, Date, Defect, DefectKind, Defects, Destroys, Downgrade,
    EditedRevision, Job, OnDrift, OnNewer, RecordProblem, Request, Revision, Script, Statement,
    Target, Tool, Was,
};
#[doc(no_inline)]
pub use rusqlite;
pub use settings::Jobs;
pub use state::check::SchemaCheck;
pub use state::history_entry::{HistoryEntry, Origin};
pub use state::job_entry::{JobEntry, JobState};

/// Items for the proof and for the output of the macro. Programs must not use these items.
#[doc(hidden)]
pub mod internal {
    pub use revchain_core::Chain;
    pub use revchain_core::embedded::encode as encode_sections;

    pub use crate::apply::foreign_keys::{
        ForeignKey, Violations, foreign_keys, key_columns, violations, violations_in,
    };
    pub use crate::apply::key_changes::KeyChanges;
    pub use crate::apply::script::{reject_temporary_tables, run_statement};
    pub use crate::code::function::{CodeFunction, call_code};
    pub use crate::code::table::CodeTable;
    pub use crate::jobs::function::{JobFunction, call_job};
    pub use crate::jobs::table::JobTable;
    pub use crate::jobs::without_rows::has_rows;
    pub use crate::migrations::{Embedded, Head};
    pub use crate::migrator::proof::ProofCode;
    pub use crate::report::sqlite::{sqlite_message, sqlite_offset};
    pub use crate::session::connection_settings::ProofSettings;
    pub use crate::session::sql::{execute, quote};
    pub use crate::snapshot::codec::{Encoded, TIMESTAMP_PLACEHOLDER, encode};
    pub use crate::state::history_rows::MAX_UNKNOWN_ROWS;
    pub use crate::state::history_table::{HistoryTable, Stamp, StampWriter};
    pub use crate::state::marker::marker_index;
    pub use crate::state::own_tables::current_time;
    pub use crate::state::schema::read_schema_sql;

    /// The stand-ins for objects that only the program registers.
    #[cfg(feature = "adopt")]
    pub mod stand_ins {
        pub use crate::stand_ins::{
            add_missing_columns, copies_columns, has_any, is_function, known_names, may_be_cause,
            register, register_missing, rejection, run_otherwise, virtual_table,
        };
    }
}
