//! The schema of a revision or of a database, for the command `schema`.
//!
//! `operand` decides which schema an argument names, and `subject` opens a database with it.
//! `read` makes the `model`, which `json` and `diagram` print; core prints the SQL.

pub(super) mod diagram;
pub(super) mod json;
mod model;
pub(super) mod operand;
mod read;
pub(super) mod subject;

pub(super) use model::Model;
