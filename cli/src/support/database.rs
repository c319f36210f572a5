//! Opening the database that a command names.

#[cfg(feature = "developer")]
use std::fs::{self, File};
#[cfg(feature = "developer")]
use std::io;
use std::path::Path;

use revchain_runtime::rusqlite::{self, Connection, OpenFlags};
use revchain_runtime::{Error, Migrator};
use serde_json::json;

use crate::support::{Failure, Location, Result, in_database};

/// Returns `true` if the file exists, or if the check fails. SQLite then reports why on opening.
pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// Opens a database with the settings of `migrator`, creating the file if needed.
pub(crate) fn open(migrator: &Migrator<'_>, location: &Location) -> Result<Connection> {
    let opened = Connection::open_with_flags(location.name(), location.flags());
    let connection = opened.map_err(|error| cannot_open(location, error))?;
    in_database(location, migrator.set_up_to_write(&connection))?;
    Ok(connection)
}

/// Opens a database for queries only. If there is no file, opens an empty in-memory database.
pub(crate) fn open_to_inspect(migrator: &Migrator<'_>, location: &Location) -> Result<Connection> {
    // A read-only connection cannot recover a database after a crash, or remove the `-wal` file.
    let flags = location.flags() & !OpenFlags::SQLITE_OPEN_CREATE;
    let opened = if exists(location) {
        Connection::open_with_flags(location.name(), flags)
    } else {
        Connection::open_in_memory()
    };
    let connection = opened.map_err(|error| cannot_open(location, error))?;
    in_database(location, migrator.set_up(&connection))?;
    let query_only = connection.pragma_update(None, "query_only", true);
    query_only.map_err(|error| cannot_open(location, error))?;
    Ok(connection)
}

/// Opens a database that need not have a chain, without writing to its files or creating one.
///
/// A connection to a database in WAL mode creates the files `-wal` and `-shm` if they are missing.
/// Without a `-wal` file, the database file has all data, so SQLite reads it as immutable.
#[cfg(feature = "developer")]
pub(crate) fn open_read_only(location: &Location) -> Result<Connection> {
    must_exist(location)?;
    let mut wal = location.as_os_str().to_owned();
    wal.push("-wal");
    let has_wal = fs::metadata(wal).is_ok_and(|wal| wal.len() > 0);
    let name = if is_in_wal_mode(location) && !has_wal {
        location.immutable_name()
    } else {
        location.name()
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(name, flags);
    let connection = opened.map_err(|error| cannot_open(location, error))?;
    let query_only = connection.pragma_update(None, "query_only", true);
    query_only.map_err(|error| cannot_open(location, error))?;
    Ok(connection)
}

/// Returns `true` if the header of the file says that the database is in WAL mode.
#[cfg(feature = "developer")]
fn is_in_wal_mode(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut header));
    read.is_ok() && header.starts_with(b"SQLite format 3\0") && header[18] == 2
}

/// Fails if the file of the database does not exist.
pub(crate) fn must_exist(path: &Path) -> Result<()> {
    if exists(path) {
        return Ok(());
    }
    let message = format!("{}: there is no such file", path.display());
    let database = json!({ "database": path.display().to_string() });
    let failure = Failure::failed("missing", message).help("check the path");
    Err(failure.details(database))
}

pub(crate) fn cannot_open(path: &Path, source: rusqlite::Error) -> Failure {
    Failure::in_database(path, &Error::cannot_open(path, source))
}
