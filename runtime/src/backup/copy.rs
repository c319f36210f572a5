//! Copying a database to a file, and checking the copy.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::soundness::{Extent, find_damage};
use crate::report::backup_failure::BackupFailure;
use crate::report::sqlite::sqlite_message;
use crate::session::connection_settings::is_exclusive;
use crate::session::copy::copy_database;
use crate::session::locked::LockedSession;
use crate::settings::Settings;

/// Damage in a database or in its copy.
pub(super) enum Damage {
    /// The database itself is damaged.
    InDatabase(String),
    /// Only the copy is damaged.
    InCopy(String),
}

/// The database that a backup copies.
pub(super) enum Source<'l> {
    /// Another connection to the same file, because SQLite cannot copy through a connection that
    /// has begun to write. The caller holds the write lock, so both read the same content.
    Other(Connection),
    /// The connection of the request. Its locking mode is EXCLUSIVE, so no other can read the file.
    Own(&'l LockedSession<'l>),
}

impl<'l> Source<'l> {
    /// Opens another connection to the file, if the locking mode permits.
    pub(super) fn open(locked: &'l LockedSession<'l>, path: &Path) -> Result<Self, BackupFailure> {
        let is_exclusive = is_exclusive(locked.connection()).map_err(BackupFailure::Sqlite)?;
        if is_exclusive {
            return Ok(Self::Own(locked));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(BackupFailure::Sqlite)?;
        let set_up = locked.database().settings.set_up(&connection);
        set_up.map_err(BackupFailure::OnConnect)?;
        Ok(Self::Other(connection))
    }

    /// Copies the database to `target`.
    ///
    /// Returns the damage that SQLite finds in the copy; `None` if the copy is sound.
    pub(super) fn copy_to(&self, target: &mut Connection) -> rusqlite::Result<Option<Damage>> {
        match self {
            Self::Other(source) => copy(source, target),
            Self::Own(locked) => locked.between_transactions(|source| copy(source, target)),
        }
    }
}

/// Creates the new file `to` for the copy of a database, with the permissions of the database.
///
/// `from` is `None` for a database in memory.
pub(super) fn create_target(
    settings: &Settings<'_>,
    from: Option<&Path>,
    to: &Path,
) -> Result<Connection, BackupFailure> {
    let _ = fs::remove_file(to);
    let target = Connection::open(to).map_err(|error| BackupFailure::of_copy(to, error))?;
    // Set the permissions first, so that nobody else can read the content.
    if let Some(from) = from {
        fs::metadata(from)
            .and_then(|file| fs::set_permissions(to, file.permissions()))
            .map_err(|error| BackupFailure::of_file(to, error))?;
    }
    settings.set_up(&target).map_err(BackupFailure::OnConnect)?;
    Ok(target)
}

/// Copies a database.
///
/// Returns the damage that SQLite finds in the copy; `None` if the copy is sound.
pub(super) fn copy(
    source: &Connection,
    target: &mut Connection,
) -> rusqlite::Result<Option<Damage>> {
    copy_database(source, target)?;
    // Leave WAL mode, because SQLite cannot read a WAL database in a read-only directory.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    let Some(damage) = find_damage(target, Extent::Tables)? else {
        return Ok(None);
    };
    match find_damage(source, Extent::Tables)? {
        Some(damage) => Ok(Some(Damage::InDatabase(damage))),
        None => Ok(Some(Damage::InCopy(damage))),
    }
}

/// Fails if the copy at `to` failed, or if the database or the copy is damaged.
pub(super) fn check_copy(
    copied: rusqlite::Result<Option<Damage>>,
    to: &Path,
) -> Result<(), BackupFailure> {
    match copied {
        Ok(None) => Ok(()),
        Ok(Some(Damage::InDatabase(message))) => Err(BackupFailure::damaged_database(message)),
        Ok(Some(Damage::InCopy(message))) => Err(BackupFailure::DamagedCopy(message)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Err(BackupFailure::damaged_database(sqlite_message(&error)))
        }
        Err(error) => Err(BackupFailure::of_copy(to, error)),
    }
}
