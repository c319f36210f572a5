//! Opening the database that a command names.

use std::path::Path;

use revchain_runtime::rusqlite::{self, Connection, OpenFlags};
use revchain_runtime::{Error, Migrator};

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

/// Fails if the file of the database does not exist.
pub(crate) fn must_exist(path: &Path) -> Result<()> {
    if exists(path) {
        return Ok(());
    }
    let message = format!("{}: there is no such file", path.display());
    Err(Failure::failed("missing", message).help("check the path"))
}

fn cannot_open(path: &Path, source: rusqlite::Error) -> Failure {
    Failure::in_database(path, &Error::cannot_open(path, source))
}
