//! The state of a database: its history, its marker, and its schema.

pub(crate) mod check;
mod column_order;
pub(crate) mod histories;
pub(crate) mod history_entry;
pub(crate) mod history_rows;
pub(crate) mod history_table;
pub(crate) mod marker;
pub(crate) mod schema;
pub(crate) mod schema_diff;
mod tool_records;
