use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::Error;

/// Sees to it that there is a file at `path` that only its owner can read and write, before a database is written
/// to it: makes its folder and an empty file (mode 0600), or takes the rights of all others away from the file
/// that is there. SQLite gives its journals the mode of the database.
///
/// # Errors
///
/// [`Error::File`] where the system refuses.
pub fn make_private(path: &Path) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::File { path: path.to_owned(), source };
    if is_special(path) {
        let what = "SQLite takes this for something else than a path: write ./ before it";
        return Err(failed(path, io::Error::new(io::ErrorKind::InvalidInput, what)));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    }
    match create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => tighten(path),
        result => result,
    }
    .map_err(|error| failed(path, error))
}

/// Whether SQLite would open something else than the file of this name.
fn is_special(path: &Path) -> bool {
    let path = path.to_string_lossy();
    path == ":memory:" || path.starts_with("file:")
}

/// Makes the file with the mode that it will have, so that it can be read by others at no time. Never touches one
/// that is there: closing a file drops every lock that the process has on it, also SQLite's.
fn create(path: &Path) -> io::Result<()> {
    // No other thread may have opened the database when the new file is closed, for the same reason.
    static CREATING: Mutex<()> = Mutex::new(());
    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(unix)]
fn tighten(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = fs::metadata(path)?;
    let mut permissions = metadata.permissions();
    // What is not a file, such as a folder, is left as it is, and to SQLite to refuse.
    if !metadata.is_file() || permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    permissions.set_mode(0o600);
    fs::set_permissions(path, permissions)
}

/// Elsewhere the folder's rights decide who can read the file.
#[cfg(not(unix))]
fn tighten(_path: &Path) -> io::Result<()> {
    Ok(())
}
