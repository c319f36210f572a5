//! The marker in a database's header: read to find it at the head, written when it is.

use revchain_core::marker::is_free;
use revchain_core::{Chain, Found, plan};
use rusqlite::{Connection, MAIN_DB, Transaction, TransactionBehavior};

use crate::{Options, connection, history};

/// Whether the header says that the database is at the head, and that its schema is what it was then. Two pragmas in one
/// transaction, which read no table, and of which SQLite need not know the schema.
pub(crate) fn is_at_head(connection: &Connection, chain: &Chain) -> bool {
    let Some(head) = chain.revisions().len().checked_sub(1) else { return false };
    let marked = connection::read(connection, |connection| {
        let user_version = user_version(connection)?;
        // Without one, there is nothing to compare it with.
        Ok(user_version != 0
            && is_free(user_version)
            && chain.marker(head, schema_version(connection)?) == Some(user_version))
    });
    // Whatever is wrong, is found again where it is told.
    marked.unwrap_or(false)
}

fn user_version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_row("PRAGMA main.user_version", [], |row| row.get(0))
}

fn schema_version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_row("PRAGMA main.schema_version", [], |row| row.get(0))
}

/// Marks the database, inside the transaction in which its history has changed, as being where it is; as being nowhere,
/// where it is not known to be as it should be there. A `user_version` that means something else is left alone.
pub(crate) fn write(
    transaction: &Connection,
    options: &Options<'_>,
    found: &Found,
    stamped: &[bool],
) -> rusqlite::Result<()> {
    let before = user_version(transaction)?;
    let marker = match sound_place(options, found, stamped) {
        Some(place) => options.migrations.chain().marker(place, schema_version(transaction)?),
        None => None,
    };
    let now = marker.unwrap_or(0);
    if is_free(before) && now != before {
        transaction.execute_batch(&format!("PRAGMA main.user_version = {now}"))?;
    }
    Ok(())
}

/// Where a database is, if that can be said by a marker: it has every revision up to there, and nothing is known to be
/// wrong with its schema. What tables are ignored, a marker cannot say.
fn sound_place(options: &Options<'_>, found: &Found, stamped: &[bool]) -> Option<usize> {
    let Found::Managed { schema, .. } = found else { return None };
    let place = stamped.iter().rposition(|is| *is)?;
    let has_schema = |schema| options.migrations.chain().has_schema(stamped, schema);
    let is_wrong = schema.as_ref().and_then(has_schema) == Some(false);
    let has_all = stamped[..=place].iter().all(|is| *is);
    (has_all && !is_wrong && options.ignored.is_empty()).then_some(place)
}

/// Marks a database that was found at the head by reading its history and schema, if that can be done at once: the next
/// open then need not read them.
pub(crate) fn renew(connection: &Connection, options: &Options<'_>) {
    let renewed = || -> rusqlite::Result<()> {
        // Where no marker would come of it, nobody is kept from the database.
        let is_vain = !options.ignored.is_empty() || !is_free(user_version(connection)?);
        if is_vain || connection.is_readonly(MAIN_DB)? {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        // What was read before it may be true no more.
        let found = history::found(&transaction, options)?;
        let stamped = plan::stamped(options.migrations.chain(), &found).unwrap_or_default();
        write(&transaction, options, &found, &stamped)?;
        transaction.commit()
    };
    // If it is busy, or cannot be written: then not.
    let _ = renewed();
}
