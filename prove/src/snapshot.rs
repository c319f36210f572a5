//! The snapshot: an embedded database whose revision is the head.
//!
//! A new database is a copy of the snapshot.

use std::time::Duration;

use revchain_runtime::internal::{
    HistoryTable, JobTable, Stamp, StampWriter, TIMESTAMP_PLACEHOLDER, encode, has_rows,
    marker_index,
};
use revchain_runtime::{Error, Migrations, Origin};
use rusqlite::{Connection, MAIN_DB};

use crate::nondeterminism::is_nondeterministic;

/// Builds the snapshot of a chain.
///
/// Returns `None` in these cases:
///
/// - An upgrade fails, for example because a function of the application is missing. There are no
///   stand-ins here, so the snapshot contains none of their values.
/// - A table has rows before a revision that requires a job, which would change them.
/// - The rows may depend on the time, on random numbers, or on the SQLite library.
/// - An upgrade runs a function of the program, unless the file says `on rows` and the tables are
///   empty.
/// - The marker of the finished database does not identify the head.
/// - The encoder does not find exactly one placeholder for each revision.
pub fn build_snapshot(migrations: &Migrations) -> Option<Vec<u8>> {
    let mut connection = Connection::open_in_memory().ok()?;
    static WITHOUT_ROWS: JobTable = JobTable::WITHOUT_ROWS;
    let migrations = &migrations.clone().with_jobs(&WITHOUT_ROWS);
    let without_code = migrations.without_code();
    let migrator = without_code.migrator();
    for revision in migrations.revisions() {
        let mut code = revision.upgrade().code().peekable();
        if code.peek().is_none() {
            continue;
        }
        migrator.upgrade_to(&mut connection, revision.id()).ok()?;
        if !code.all(|line| line.is_on_rows()) || has_rows(&connection).ok()? {
            return None;
        }
    }
    migrator.upgrade(&mut connection).ok()?;
    let is_nondeterministic = migrations.revisions().iter().any(is_nondeterministic);
    if is_nondeterministic && has_rows(&connection).ok()? {
        return None;
    }
    replace_history(&connection, migrations).ok()?;
    reset_schema_version(&mut connection, migrations).ok()?;
    // Without the marker, opening a copy would be slower than running the chain.
    let head = migrations.chain().head_index()?;
    if marker_index(&connection, migrations).ok()? != Some(head) {
        return None;
    }
    let encoded = encode(&connection.serialize(MAIN_DB).ok()?);
    // Any other count means that a placeholder is missing, or that other data looks like a
    // placeholder.
    if encoded.timestamps != migrations.revisions().len() {
        return None;
    }
    Some(encoded.bytes)
}

/// Replaces the times in the history with placeholders, so that each build is identical.
fn replace_history(connection: &Connection, migrations: &Migrations) -> rusqlite::Result<()> {
    let history = HistoryTable::of(migrations);
    let mut stamps = StampWriter::new(migrations, connection);
    // Delete and insert, because an UPDATE may leave old times in unused parts of a page.
    let name = history.name();
    let delete = format!("PRAGMA secure_delete = ON; DELETE FROM main.{name}");
    connection.execute_batch(&delete)?;
    let [a, b, c, d, e, f] = TIMESTAMP_PLACEHOLDER;
    for revision in migrations.revisions() {
        let stamp = Stamp {
            revision,
            origin: Origin::Snapshot,
            applied_at: i64::from_be_bytes([0, 0, a, b, c, d, e, f]),
            duration: Duration::ZERO,
        };
        stamps.write(&stamp)?;
    }
    Ok(())
}

/// Sets the schema version to 1, and renews the marker, which contains the schema version.
///
/// SQLite's backup API gives a copy the schema version of the target plus 1.
/// A new target has version 0, so the marker stays valid in a copy.
fn reset_schema_version(connection: &mut Connection, migrations: &Migrations) -> Result<(), Error> {
    let reset = connection.execute_batch("PRAGMA main.schema_version = 1");
    if reset.is_ok() {
        migrations.upgrade(connection)?;
    }
    Ok(())
}
