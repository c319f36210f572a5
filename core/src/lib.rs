//! The part of [revchain](https://docs.rs/revchain) that needs no database: the chain of revisions.
//!
//! The macro, the runtime, and the commands share this crate.
//! So all of them read a directory in the same way.
//! The crate does not depend on SQLite, on Rust syntax, or on a command line.
//! The only I/O is in [`source::directory`], which reads the files.
//! Programs use this crate through `revchain`, which re-exports the public types.
//!
//! [`LoadedMigrations`] makes a [`Chain`] from a directory: [`source`] reads the files, [`parse`]
//! parses each file, and [`graph`] orders the revisions.
//! [`plan`] decides the steps for a database, [`script`] writes them as SQL, and [`schema`]
//! compares schemas.

pub mod diagnostics;
pub mod embedded;
pub mod graph;
pub mod history;
pub mod load;
pub mod lock_file;
pub mod model;
pub mod parse;
pub mod plan;
pub mod query;
mod replicated;
pub mod schema;
pub mod script;
pub mod source;
pub mod sql;
#[cfg(feature = "stored-downgrades")]
mod stored_downgrades;
mod tool;
mod unknown_code;

pub use diagnostics::{Defect, DefectKind, DefectList, Defects};
pub use history::row::HistoryRow;
pub use history::state::{DatabaseState, FinishedJob};
pub use load::LoadedMigrations;
pub use lock_file::LockFile;
pub use model::chain::{Chain, SchemaMatch};
pub use model::date::Date;
pub use model::declarations::{Assumes, AssumesKind, Loosens, LoosensKind};
pub use model::job::Job;
pub use model::revision::{CodeLine, Destroys, Downgrade, Part, Revision, Script, Statement};
pub use model::revision_set::{RevisionIndex, RevisionSet};
pub use model::stand_ins::{ArgumentCount, FunctionStandIn, StandIns};
pub use model::target::Target;
pub use model::was::Was;
pub use plan::conflict::Conflict;
pub use plan::edited::EditedRevision;
pub use plan::record_problem::RecordProblem;
pub use plan::request::{Adopt, OnDrift, OnNewer, Policy, Request};
pub use plan::steps::{Plan, RequiredJob, Split, Step};
pub use replicated::replicated_revisions;
pub use tool::Tool;
pub use unknown_code::check_code;
