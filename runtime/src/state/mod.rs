//! The state of a database: its history, its marker, and its schema.

pub(crate) mod check;
#[cfg(feature = "adopt")]
mod column_order;
#[cfg(not(feature = "adopt"))]
#[path = "no_column_order.rs"]
mod column_order;
pub(crate) mod histories;
pub(crate) mod history_entry;
pub(crate) mod history_rows;
pub(crate) mod history_table;
pub(crate) mod job_entry;
pub(crate) mod job_rows;
pub(crate) mod jobs_table;
pub(crate) mod marker;
pub(crate) mod own_tables;
pub(crate) mod schema;
#[cfg(feature = "adopt")]
pub(crate) mod schema_diff;
#[cfg(not(feature = "adopt"))]
#[path = "no_schema_diff.rs"]
pub(crate) mod schema_diff;
#[cfg(feature = "adopt")]
mod tool_records;
#[cfg(not(feature = "adopt"))]
#[path = "no_tool_records.rs"]
mod tool_records;
