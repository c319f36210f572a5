//! Opening the database that a command names.

use std::path::{Path, PathBuf};

use revchain_runtime::Error;
use revchain_runtime::rusqlite::{self, Connection, OpenFlags};

use crate::failure::{Failure, in_database};

/// Whether there is a file. One that cannot be seen is not taken for missing: opening it will say why.
pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

pub(crate) fn open(path: &Path) -> Result<Connection, Failure> {
    Connection::open(literal(path)).map_err(|error| cannot_open(path, error))
}

/// The path such that SQLite takes it for nothing else: `file:` would begin a URI, and `:memory:` is no file.
fn literal(path: &Path) -> PathBuf {
    Path::new(".").join(path)
}

fn cannot_open(path: &Path, source: rusqlite::Error) -> Failure {
    in_database(path)(Error::cannot_open(path, source))
}

/// Opens a database to look at it, which makes no file; none if it is not there.
pub(crate) fn look(path: &Path) -> Result<Option<Connection>, Failure> {
    if !exists(path) {
        return Ok(None);
    }
    // Not read-only: that could neither recover after a crash, nor clean up after itself in WAL mode.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(literal(path), flags).map_err(|error| cannot_open(path, error))?;
    connection.pragma_update(None, "query_only", true).map_err(|error| cannot_open(path, error))?;
    Ok(Some(connection))
}

pub(crate) fn must_exist(path: &Path) -> Result<(), Failure> {
    if exists(path) {
        return Ok(());
    }
    Err(missing(path))
}

pub(crate) fn missing(path: &Path) -> Failure {
    Failure::failed("missing", format!("{}: there is no such file", path.display()))
}
