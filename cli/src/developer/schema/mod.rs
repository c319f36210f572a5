//! The schema of a revision or of a database, for the command `schema`.
//!
//! `operand` decides which schema an argument names, and `subject` opens a database with it.
//! `read` makes the `model`, which `json` prints. `mermaid` and `dot` print its `diagram`.
//! The SQL is that of `revchain_core::schema`.

pub(super) mod diagram;
pub(super) mod dot;
pub(super) mod json;
pub(super) mod mermaid;
mod model;
pub(super) mod operand;
mod read;
pub(super) mod subject;

pub(super) use model::Model;
