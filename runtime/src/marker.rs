//! The marker in a database's header: read to find it at the head, written when it is.

use revchain_core::marker::is_free;
use revchain_core::{Chain, Found, Plan, plan};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{Options, connection, history};

/// Whether the header says that the database is at the head, and that its schema is what it was then. Two pragmas in one
/// transaction, which read no table, and of which SQLite need not know the schema.
pub(crate) fn is_at_head(connection: &Connection, chain: &Chain) -> bool {
    let Some(head) = chain.revisions().len().checked_sub(1) else { return false };
    let marked = connection::read(connection, |connection| {
        let user_version = user_version(connection)?;
        // A number of the caller's own is no marker, and there is nothing to compare it with.
        Ok(user_version != 0 && chain.marker(head, schema_version(connection)?) == Some(user_version))
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

/// Marks the database, inside the transaction in which its history has changed: as being at `place` where it is known to be
/// what it should be there, else as being nowhere. A `user_version` that means something else is left alone.
pub(crate) fn write(transaction: &Connection, chain: &Chain, place: Option<usize>) -> rusqlite::Result<()> {
    let before = user_version(transaction)?;
    let marker =
        place.map(|place| Ok::<_, rusqlite::Error>(chain.marker(place, schema_version(transaction)?)));
    let now = marker.transpose()?.flatten().unwrap_or(0);
    if is_free(before) && now != before {
        transaction.pragma_update(None, "user_version", now)?;
    }
    Ok(())
}

/// Marks a database that was found at the head by reading its history and schema, if that can be done at once: the
/// next open then need not read them. Nobody waits for it, and nobody misses it.
pub(crate) fn renew(connection: &Connection, options: &Options<'_>) {
    let renewed = || -> rusqlite::Result<()> {
        if !is_free(user_version(connection)?) {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let found = history::found(&transaction, options)?;
        let request = revchain_core::Request::Upgrade(revchain_core::Target::Head);
        let is_sound = options.plan_from(&found, &request).is_ok_and(|plan| plan.steps.is_empty());
        let place = plan::stamped(options.migrations.chain(), &found).ok().filter(|_| is_sound);
        if let Some(head) = place.and_then(|stamped| stamped.len().checked_sub(1)) {
            if is_as_it_should_be(options.migrations.chain(), &found, head) {
                write(&transaction, options.migrations.chain(), Some(head))?;
                transaction.commit()?;
            }
        }
        Ok(())
    };
    // Busy, read-only: then not.
    let _ = renewed();
}

/// Whether the database has the schema of the revision at `place`, as far as that is known.
pub(crate) fn is_as_it_should_be(chain: &Chain, found: &Found, place: usize) -> bool {
    let Found::Managed { schema, .. } = found else { return false };
    match (chain.revisions()[place].fingerprint(), schema) {
        (Some(_), Some(schema)) => chain.with_schema(schema).contains(&place),
        (Some(_), None) => false,
        // What nothing is known of cannot be found to have changed either.
        (None, _) => true,
    }
}

/// The place at which a database is after a plan was carried out: only where it has every revision up to there, which is
/// what the marker says.
pub(crate) fn place(chain: &Chain, found: &Found, plan: &Plan) -> Option<usize> {
    let stamped = plan::stamped(chain, found).ok()?;
    plan.to.filter(|&place| stamped[..=place].iter().all(|is| *is))
}
