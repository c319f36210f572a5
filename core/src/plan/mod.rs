//! The plan: the steps that bring a database to the target of a request.
//!
//! Planning does no I/O, so its tests need no database. The engine then applies the steps.

pub mod adoption;
mod adoption_text;
mod advice;
pub mod conflict;
mod conflict_text;
pub mod edited;
mod jobs;
pub mod planner;
pub mod record_problem;
#[cfg(feature = "normal-form")]
mod recorded;
#[cfg(feature = "stored-downgrades")]
mod redo;
pub mod request;
pub mod stamped;
pub mod steps;
mod target;
