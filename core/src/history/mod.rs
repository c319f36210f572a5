//! The history of a database: the revisions that it has, as stamped.

pub mod row;
pub mod state;
pub mod tool_record;
