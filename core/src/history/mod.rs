//! The history of a database: the revisions that it has, as stamped.

pub mod row;
pub mod state;
pub mod table;
pub mod tool_record;
