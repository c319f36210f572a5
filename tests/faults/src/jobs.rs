//! A chain with a job that a later revision requires.

use revchain::rusqlite::{self, Transaction};
use revchain::{Done, Migrations, Progress, embed_migrations};

pub(crate) static JOBS: Migrations = embed_migrations!("jobs", code = [raise]);

/// The number of rows in a batch of the job.
pub(crate) const BATCH: i64 = 3;

/// Adds 1 to each item, so that an item that is done twice is visible.
///
/// Each item is a statement of its own, so that a kill also falls between two of them.
fn raise(transaction: &Transaction<'_>, progress: &mut Progress<'_>) -> rusqlite::Result<Done> {
    let before: i64 = progress.watermark()?.unwrap_or(0);
    let mut changed = 0;
    for id in before + 1..=before + BATCH {
        changed += transaction.execute("UPDATE items SET done = done + 1 WHERE id = ?1", [id])?;
    }
    progress.set_watermark(before + BATCH)?;
    Ok(if changed == 0 {
        Done::Yes
    } else {
        Done::NotYet
    })
}
