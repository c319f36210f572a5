//! Reading and writing the marker: a number that identifies the revision of a database.
//!
//! The marker of a chain without a name is the `user_version` in the file header.
//! A chain with a name shares the database with other chains.
//! Its marker is a row of `revchain_markers`, because a database has only one `user_version`.

use revchain_core::model::marker::is_unclaimed;
use revchain_core::{RevisionIndex, RevisionSet, SchemaMatch};
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::history_table::HistoryTable;
use crate::migrations::Migrations;
use crate::session::database::Database;
use crate::session::sql::{execute, read};

/// Returns the index of the revision that the marker identifies.
///
/// Returns `None` if the schema has changed since the marker was written.
/// For a chain without a name, this function reads only two pragmas in one transaction.
/// SQLite does not parse the schema for these pragmas.
///
/// # Errors
///
/// Fails only if SQLite rolls back a transaction of the caller, which can happen without memory.
/// For any other failure, this function returns `None`, and the caller reads the history.
pub fn marker_index(
    connection: &Connection,
    migrations: &Migrations,
) -> rusqlite::Result<Option<RevisionIndex>> {
    let was_in_transaction = !connection.is_autocommit();
    let index = read(connection, |connection| {
        let marker = read_marker(connection, migrations)?;
        if marker == 0 || !is_unclaimed(marker) {
            return Ok(None);
        }
        let schema_version = schema_version(connection)?;
        if migrations.head_marker(schema_version) == Some(marker) {
            return Ok(migrations.head_index());
        }
        Ok(migrations.chain().index_for_marker(marker, schema_version))
    });
    match index {
        Err(error) if was_in_transaction && connection.is_autocommit() => Err(error),
        index => Ok(index.unwrap_or(None)),
    }
}

/// Returns `true` if the marker identifies the head of the chain.
pub(crate) fn is_at_head(connection: &Connection, migrations: &Migrations) -> bool {
    let index = marker_index(connection, migrations).unwrap_or(None);
    index.is_some() && index == migrations.head_index()
}

/// Returns `true` if the settings ask for the history at the head, and the history has no row.
pub(crate) fn lacks_history(database: Database<'_>) -> bool {
    let has_rows = || HistoryTable::of(database.migrations).has_rows(database.connection);
    database.settings.reads_history_at_head && !has_rows().unwrap_or(false)
}

/// Returns `true` if revchain has written a marker, even if the schema has changed since.
pub(super) fn has_marker(connection: &Connection, migrations: &Migrations) -> bool {
    let marker = read_marker(connection, migrations);
    marker.is_ok_and(|marker| marker != 0 && is_unclaimed(marker))
}

/// Returns `true` if another program uses `user_version`. Then revchain writes no marker.
pub(crate) fn is_claimed(database: Database<'_>) -> bool {
    let marker = read_marker(database.connection, database.migrations);
    marker.is_ok_and(|marker| !is_unclaimed(marker))
}

/// Returns the `user_version` if another program has written it.
pub(crate) fn foreign_user_version(connection: &Connection) -> rusqlite::Result<Option<i32>> {
    let version = connection.query_row("PRAGMA main.user_version", [], |row| row.get(0))?;
    Ok(Some(version).filter(|&version| !is_unclaimed(version)))
}

/// The handling of a `user_version` that another program has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForeignVersion {
    /// Keep the number, and write no marker.
    Keep,
    /// Replace the number by the marker.
    TakeOver,
}

fn read_marker(connection: &Connection, migrations: &Migrations) -> rusqlite::Result<i32> {
    let Some(name) = migrations.name() else {
        return connection.query_row("PRAGMA main.user_version", [], |row| row.get(0));
    };
    // INDEXED BY fails if `revchain_markers` is a view. A view could run untrusted SQL.
    let sql = "SELECT marker FROM main.revchain_markers
               INDEXED BY sqlite_autoindex_revchain_markers_1 WHERE name = ?1";
    let marker = connection.query_row(sql, [name], |row| Ok(row.get(0).unwrap_or(0)));
    let marker = marker.optional()?.unwrap_or(0);
    // Only revchain writes this table, so a number without the tag is damaged. Ignore the number.
    Ok(if is_unclaimed(marker) { marker } else { 0 })
}

fn schema_version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_row("PRAGMA main.schema_version", [], |row| row.get(0))
}

/// Writes the marker for the stamped revisions, in the transaction that changes the history.
///
/// If no marker can express the state, this function removes an old marker.
/// It does not change a `user_version` of another program, unless `foreign` says so.
/// Returns the number of the other program that the marker has replaced.
/// It writes no marker if another object has the name `revchain_markers`.
///
/// # Errors
///
/// Fails if SQLite fails for any other reason.
pub(crate) fn write(
    database: Database<'_>,
    stamped: &RevisionSet,
    schema: SchemaMatch,
    foreign: ForeignVersion,
) -> rusqlite::Result<Option<i32>> {
    let Database {
        connection,
        migrations,
        ..
    } = database;
    // Create the table first, because its creation changes the schema version in the marker.
    if migrations.name().is_some() && !create_marker_table(connection)? {
        return Ok(None);
    }
    let before = match read_marker(connection, migrations) {
        Ok(marker) => marker,
        // If SQLite has rolled back, the marker would be committed without the changes that it
        // describes.
        Err(error) if connection.is_autocommit() => return Err(error),
        Err(_) => 0,
    };
    let index = markable_index(database, stamped).filter(|_| schema != SchemaMatch::Different);
    let marker = match index {
        Some(index) => migrations
            .chain()
            .marker(index, schema_version(connection)?)
            .unwrap_or(0),
        None => 0,
    };
    let replaced = Some(before).filter(|&before| !is_unclaimed(before));
    // Without a marker, the number of the other program is of more use than zero.
    let keeps = replaced.is_some() && (foreign == ForeignVersion::Keep || marker == 0);
    if marker == before || keeps {
        return Ok(None);
    }
    let Some(name) = migrations.name() else {
        connection.execute_batch(&format!("PRAGMA main.user_version = {marker}"))?;
        return Ok(replaced);
    };
    let sql = "INSERT OR REPLACE INTO main.revchain_markers (name, marker) VALUES (?1, ?2)";
    let written = execute(connection, sql, (name, marker)).map(drop);
    ignore_sql_error(written)?;
    Ok(None)
}

/// Creates the table for the markers of named chains.
///
/// Returns `false` if another object has the name of the table.
fn create_marker_table(connection: &Connection) -> rusqlite::Result<bool> {
    ignore_sql_error(connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS main.revchain_markers
         (name TEXT NOT NULL PRIMARY KEY, marker INTEGER NOT NULL)",
    ))
}

/// Ignores `SQLITE_ERROR`, for example from a view named `revchain_markers`: the marker is
/// optional.
///
/// Returns `true` for success, and `false` for an ignored error.
fn ignore_sql_error(result: rusqlite::Result<()>) -> rusqlite::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the newest revision if a marker can express the state, and otherwise `None`.
///
/// A marker means that all revisions up to the newest are stamped, and that no tables are ignored.
fn markable_index(database: Database<'_>, stamped: &RevisionSet) -> Option<RevisionIndex> {
    let is_markable = stamped.is_prefix() && database.settings.ignored_tables.is_empty();
    stamped.newest().filter(|_| is_markable)
}
