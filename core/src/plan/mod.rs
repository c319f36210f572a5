//! The plan: the steps that bring a database to the target of a request.
//!
//! Planning does no I/O, so its tests need no database. The engine then applies the steps.

pub mod adoption;
mod adoption_text;
pub mod conflict;
mod conflict_text;
pub mod planner;
pub mod record_problem;
mod recorded;
pub mod request;
pub mod stamped;
pub mod steps;
mod target;
