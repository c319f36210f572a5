//! Jobs: functions of the program that change rows after an upgrade, in small transactions.
//!
//! `batch.rs` calls a function once, `runner.rs` calls it until the job is finished, and
//! `sequence.rs` chooses the jobs. A chain without jobs has no [`JobTable`](table::JobTable).
//! Then nothing refers to the code that runs jobs, so the linker leaves that code out.

pub(crate) mod batch;
pub(crate) mod function;
pub(crate) mod progress;
pub(crate) mod runner;
pub(crate) mod sequence;
pub(crate) mod table;
pub(crate) mod without_rows;
