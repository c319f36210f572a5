//! The functions of `tool_records.rs` without the feature `adopt`: no record is read.

use revchain_core::history::tool_record::ToolRecord;
use revchain_core::schema::SchemaSql;

use crate::session::database::Database;

/// Returns no records, because an upgrade does not adopt databases.
pub(super) fn read_records(
    _: Database<'_>,
    _: &SchemaSql,
    _: bool,
) -> rusqlite::Result<Vec<ToolRecord>> {
    Ok(Vec::new())
}
