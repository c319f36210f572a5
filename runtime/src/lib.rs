//! What a chain of migrations *does* to a database: the runtime of [revchain](https://docs.rs/revchain), on
//! rusqlite. Programs use it through `revchain`, whose guide shows how.
//!
//! A request goes one way: [`Options`] hands it to the engine, which waits for the write lock, reads what is
//! found, asks `revchain_core::plan` what to do, does it in one transaction, and reports.

mod backup;
mod connection;
mod distrust;
mod drift;
mod engine;
mod error;
mod event;
mod explain;
mod foreign_keys;
mod history;
mod holders;
#[cfg(feature = "bundled")]
mod image;
mod marker;
mod migrations;
mod options;
mod prove;
mod rehearsal;
mod report;
mod rows;
mod schema;
mod seed;

pub use drift::Drift;
pub use error::{Direction, Error, ErrorKind, StatementError, Violation};
pub use event::Event;
pub use history::{Origin, Stamp};
#[cfg(feature = "bundled")]
#[doc(hidden)]
pub use image::build as build_image;
pub use migrations::Migrations;
pub use options::Options;
#[doc(hidden)]
pub use prove::{Scope, prove};
pub use rehearsal::{Rehearsal, TableRows};
pub use report::{Applied, Outcome, Report};
#[doc(hidden)]
pub use revchain_core::embedded::Columns;
pub use revchain_core::name::Date;
pub use revchain_core::revision::Statement;
pub use revchain_core::schema::Diff;
pub use revchain_core::{
    Chain, Code, Conflict, Defect, Defects, Destroys, Downgrade, Half, Newer, OnAhead, OnDrift, Plan,
    Request, Revision, Step, Target,
};
pub use rusqlite;
