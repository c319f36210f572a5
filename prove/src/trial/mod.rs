//! The trials of a revision with sample rows: every value must arrive, and no statement may fail.
//!
//! - The trial for provenance has rows whose values identify their origin. After each script, each
//!   value must be where a user looks for it.
//! - The trial for failures has rows such as those of users. No statement may fail on them, and no
//!   row may be lost.
//! - The trial for shared keys has rows of different tables with equal keys. It only runs for a
//!   script that copies rows into a table that can have rows.
//!
//! If a new value does not contain the old value, a further trial changes the old values.
//! The new value must then change as well.

mod arrival;
mod assumed;
mod conversion;
mod copy_sources;
mod counters;
mod difference;
mod dropped_table;
mod expected;
mod failing_rows;
mod failure;
mod intent;
mod judge;
mod judged;
mod matching;
mod replicated;
mod run;
mod scope;
mod start;
mod subject;
mod texts;
mod too_long;
mod trial_runs;
mod trials;
mod values;
mod verdict;
mod violations;

pub(crate) use counters::uses_rowids;
pub(crate) use difference::{Cause, Effect, Finding, contents, effects};
pub(crate) use expected::Tables;
pub(crate) use replicated::{configure, run_replicated};
pub(crate) use subject::{Outcome, Subject};
pub(crate) use texts::failed_trial;
pub(crate) use too_long::runs_too_long;
pub(crate) use trials::run;
