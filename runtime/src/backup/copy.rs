//! Copying a database to a file, and checking the copy.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::soundness::{Extent, find_damage};
use crate::session::copy::copy_database;

/// Damage in a database or in its copy.
pub(super) enum Damage {
    /// The database itself is damaged.
    InDatabase(String),
    /// Only the copy is damaged.
    InCopy(String),
}

/// Copies the database at `from` to the new file `to`, with the same permissions.
///
/// Returns the damage that SQLite finds in the copy; `None` if the copy is sound.
pub(super) fn copy_to_file(from: &Path, to: &Path) -> rusqlite::Result<Option<Damage>> {
    let _ = fs::remove_file(to);
    // SQLite cannot copy through a connection that has begun to write, so open another connection.
    // The caller holds the write lock, so both connections read the same content.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    let mut target = Connection::open(to)?;
    // Set the permissions first, so that nobody else can read the content.
    let permissions =
        fs::metadata(from).and_then(|file| fs::set_permissions(to, file.permissions()));
    permissions.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    copy_database(&source, &mut target)?;
    // Leave WAL mode, because SQLite cannot read a WAL database in a read-only directory.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    let Some(damage) = find_damage(&target, Extent::Tables)? else {
        return Ok(None);
    };
    match find_damage(&source, Extent::Tables)? {
        Some(damage) => Ok(Some(Damage::InDatabase(damage))),
        None => Ok(Some(Damage::InCopy(damage))),
    }
}
