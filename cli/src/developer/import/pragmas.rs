//! The comparison of the schema with and without `legacy_alter_table` and `writable_schema`.

use revchain_core::schema::{SchemaFilter, diff};
use revchain_runtime::internal::{ProofSettings, read_schema_sql};
use revchain_runtime::rusqlite::{Connection, Result as SqliteResult};

use super::draft::Draft;

/// Returns the index of the first draft whose schema depends on a pragma that was left out.
///
/// Runs the drafts with the pragmas and without them, and compares the schemas from the first
/// pragma on.
pub(crate) fn first_difference(drafts: &[Draft]) -> SqliteResult<Option<usize>> {
    let has_pragma = |draft: &Draft| draft.upgrade_with_pragmas.is_some();
    let Some(first) = drafts.iter().position(has_pragma) else {
        return Ok(None);
    };
    let (with, without) = (Connection::open_in_memory()?, Connection::open_in_memory()?);
    let _settings = [ProofSettings::new(&with)?, ProofSettings::new(&without)?];
    for (index, draft) in drafts.iter().enumerate() {
        // A failure without the pragmas is a defect, which the proof describes.
        if without.execute_batch(&draft.upgrade).is_err() {
            return Ok(None);
        }
        let runs = with.execute_batch(draft.replayed()).is_ok();
        if !runs || (index >= first && differ(&with, &without)?) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Returns `true` if the drafts run with the pragmas that were left out.
pub(crate) fn run_with_pragmas(drafts: &[Draft]) -> SqliteResult<bool> {
    let connection = Connection::open_in_memory()?;
    let _settings = ProofSettings::new(&connection)?;
    let mut scripts = drafts.iter().map(Draft::replayed);
    Ok(scripts.all(|script| connection.execute_batch(script).is_ok()))
}

fn differ(a: &Connection, b: &Connection) -> SqliteResult<bool> {
    let a = read_schema_sql(a, &SchemaFilter::default())?;
    let b = read_schema_sql(b, &SchemaFilter::default())?;
    Ok(a != b && !diff(a.schema(), b.schema()).is_empty())
}
