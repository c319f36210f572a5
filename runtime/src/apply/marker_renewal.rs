//! Renewing the marker of a database whose history and schema are those of the head.

use revchain_core::plan::stamped::stamped;
use revchain_core::{DatabaseState, SchemaMatch};
use rusqlite::{MAIN_DB, Transaction, TransactionBehavior};

use crate::session::connection_settings::has_journal;
use crate::session::database::Database;
use crate::state::histories::Histories;
use crate::state::marker::{self, ForeignVersion};

/// Writes the marker, so that the next open need not read history and schema.
///
/// All errors are ignored: a busy or read-only database keeps its old marker.
pub(super) fn renew_marker(database: Database<'_>) {
    let _ = try_renew(database);
}

fn try_renew(database: Database<'_>) -> rusqlite::Result<()> {
    let Database {
        connection,
        settings,
        ..
    } = database;
    // If no marker can be written, do not take the write lock, which would delay other connections.
    if marker::is_claimed(database)
        || !settings.ignored_tables.is_empty()
        || connection.is_readonly(MAIN_DB)?
        || !has_journal(connection)?
    {
        return Ok(());
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // The database may have changed before the write lock was taken, so read the state again.
    let histories = Histories::read(database)?;
    let state = histories.state()?;
    let DatabaseState::Managed { rows, schema, .. } = &state else {
        return Ok(());
    };
    let is_known = |id: &str| database.chain().index_of(id).is_some();
    if rows.last().is_some_and(|row| !is_known(&row.revision)) {
        return Ok(());
    }
    let Ok(stamped) = stamped(database.chain(), &state, &settings.policy) else {
        return Ok(());
    };
    let verdict = match schema {
        Some(sql) => database.chain().schema_match(&stamped, sql),
        None => SchemaMatch::Unknown,
    };
    marker::write(database, &stamped, verdict, ForeignVersion::Keep)?;
    transaction.commit()
}
