//! The marker: read to find a database at the head, written when it is. It stands in the header, in `user_version`. A
//! chain with a name, which shares the database with others, has its own in a row of `revchain_markers`.

use revchain_core::marker::is_free;
use revchain_core::{Found, plan};
use rusqlite::{Connection, ErrorCode, MAIN_DB, OptionalExtension, Transaction, TransactionBehavior};

use crate::connection::execute;
use crate::{Migrations, Options, connection, history};

/// The place of the revision that the marker says the database is at, with the schema that it had then. Two pragmas in one
/// transaction, which read no table, and of which SQLite need not know the schema; of a chain with a name, a pragma and a row.
///
/// # Errors
///
/// Whatever is wrong, is found again where it is told, and is none. But where SQLite rolls a transaction of the caller's back, as
/// it may when memory is out, nobody may go on as if it were there.
pub(crate) fn place(connection: &Connection, migrations: &Migrations) -> rusqlite::Result<Option<usize>> {
    let was_in_transaction = !connection.is_autocommit();
    let marked = connection::read(connection, |connection| {
        let marker = marker(connection, migrations)?;
        // Without one, there is nothing to compare it with.
        if marker == 0 || !is_free(marker) {
            return Ok(None);
        }
        Ok(migrations.chain().marked(marker, schema_version(connection)?))
    });
    match marked {
        Err(error) if was_in_transaction && connection.is_autocommit() => Err(error),
        marked => Ok(marked.unwrap_or(None)),
    }
}

fn marker(connection: &Connection, migrations: &Migrations) -> rusqlite::Result<i32> {
    let Some(name) = migrations.name() else {
        return connection.query_row("PRAGMA main.user_version", [], |row| row.get(0));
    };
    // By its index, which only the table has: reading a view would run what somebody has written, for as long as it likes.
    let sql = "SELECT marker FROM main.revchain_markers INDEXED BY sqlite_autoindex_revchain_markers_1 WHERE name = ?1";
    let marker = connection.query_row(sql, [name], |row| Ok(row.get(0).unwrap_or(0))).optional()?;
    // It is nobody else's: what it may be else is as good as none.
    Ok(marker.filter(|marker| is_free(*marker)).unwrap_or(0))
}

fn schema_version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_row("PRAGMA main.schema_version", [], |row| row.get(0))
}

/// Marks the database, inside the transaction in which its history has changed, as being where it is; as being nowhere,
/// where it is not known to be as it should be there. A `user_version` that means something else is left alone.
pub(crate) fn write(
    transaction: &Connection,
    options: &Options<'_>,
    stamped: &[bool],
    has_schema: Option<bool>,
) -> rusqlite::Result<()> {
    let migrations = options.migrations;
    if migrations.name().is_some() {
        // It moves the schema version, so it comes first. Where something else is in its place, there is no marker.
        let made = transaction.execute_batch(
            "CREATE TABLE IF NOT EXISTS main.revchain_markers (name TEXT NOT NULL PRIMARY KEY, marker INTEGER NOT NULL)",
        );
        if let Some(result) = without_marker(made) {
            return result;
        }
    }
    let before = match marker(transaction, migrations) {
        Ok(marker) => marker,
        // Without the transaction, the marker would be kept, and nothing that it speaks of.
        Err(error) if transaction.is_autocommit() => return Err(error),
        Err(_) => 0,
    };
    let place = sound_place(options, stamped).filter(|_| has_schema != Some(false));
    let marker = match place {
        Some(place) => migrations.chain().marker(place, schema_version(transaction)?),
        None => None,
    };
    let now = marker.unwrap_or(0);
    if now == before || !is_free(before) {
        return Ok(());
    }
    match migrations.name() {
        None => transaction.execute_batch(&format!("PRAGMA main.user_version = {now}")),
        Some(name) => {
            let sql = "INSERT OR REPLACE INTO main.revchain_markers (name, marker) VALUES (?1, ?2)";
            let written = execute(transaction, sql, (name, now)).map(drop);
            without_marker(written).unwrap_or(Ok(()))
        }
    }
}

/// What came of it, where that is no success: all is well if SQLite could only not do what was asked, since a view, say, has the
/// name of the table.
fn without_marker(result: rusqlite::Result<()>) -> Option<rusqlite::Result<()>> {
    match result {
        Ok(()) => None,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => Some(Ok(())),
        Err(error) => Some(Err(error)),
    }
}

/// Where a database is, if that can be said by a marker: it has every revision up to there. What tables are ignored, a
/// marker cannot say.
fn sound_place(options: &Options<'_>, stamped: &[bool]) -> Option<usize> {
    let place = stamped.iter().rposition(|is| *is)?;
    (stamped[..=place].iter().all(|is| *is) && options.ignored.is_empty()).then_some(place)
}

/// Marks a database that was found at the head by reading its history and schema, if that can be done at once: the next
/// open then need not read them.
pub(crate) fn renew(connection: &Connection, options: &Options<'_>) {
    let renewed = || -> rusqlite::Result<()> {
        // Where no marker would come of it, nobody is kept from the database.
        let is_taken = marker(connection, options.migrations).is_ok_and(|marker| !is_free(marker));
        if is_taken || !options.ignored.is_empty() || connection.is_readonly(MAIN_DB)? {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        // What was read before it may be true no more.
        let chain = options.migrations.chain();
        let found = history::found(&transaction, options)?;
        let (stamped, has_schema) = match &found {
            // Another program may have upgraded it since.
            Found::Managed { newer, .. } if !newer.is_empty() => return Ok(()),
            Found::Managed { schema, .. } => {
                let stamped = plan::stamped(chain, &found, &options.policy).unwrap_or_default();
                let has_schema = schema.as_ref().and_then(|texts| chain.has_schema(&stamped, texts));
                (stamped, has_schema)
            }
            _ => Default::default(),
        };
        write(&transaction, options, &stamped, has_schema)?;
        transaction.commit()
    };
    // If it is busy, or cannot be written: then not.
    let _ = renewed();
}
