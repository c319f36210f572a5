//! The comparison of the schema with and without `legacy_alter_table` and `writable_schema`.

use revchain_core::schema::{Schema, SchemaFilter, diff};
use revchain_runtime::internal::{ProofSettings, read_schema_sql};
use revchain_runtime::rusqlite::{Connection, Result as SqliteResult};

use super::draft::Draft;

/// Returns the index of the first draft whose schema depends on a pragma that was left out.
///
/// Runs the drafts with the pragmas and without them, and compares the schemas after each one.
pub(crate) fn first_difference(drafts: &[Draft]) -> SqliteResult<Option<usize>> {
    let (with, without) = (Connection::open_in_memory()?, Connection::open_in_memory()?);
    let _settings = [ProofSettings::new(&with)?, ProofSettings::new(&without)?];
    for (index, draft) in drafts.iter().enumerate() {
        // A failure without the pragmas is a defect, which the proof describes.
        if without.execute_batch(&draft.upgrade).is_err() {
            return Ok(None);
        }
        let runs = with.execute_batch(&draft.upgrade_with_pragmas).is_ok();
        if !runs || !diff(&schema(&with)?, &schema(&without)?).is_empty() {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

fn schema(connection: &Connection) -> SqliteResult<Schema> {
    Ok(read_schema_sql(connection, SchemaFilter::default())?
        .schema()
        .clone())
}
