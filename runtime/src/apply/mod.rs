//! Applying a plan. Apart from a restore, no other code changes an existing database.

mod column_order;
pub(crate) mod foreign_keys;
pub(crate) mod key_changes;
mod key_check;
mod locked_plan;
mod marker_renewal;
mod part;
pub(crate) mod pipeline;
pub(crate) mod preflight;
mod reach;
mod rejected_rows;
pub(crate) mod script;
pub(crate) mod steps;
mod verify;
