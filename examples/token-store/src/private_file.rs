use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

#[cfg(unix)]
use revchain::rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::Error;

/// Makes the database file private: only the owner can read and write the file (mode 0600).
///
/// A file that is no database stays as it is: SQLite fails to open it.
/// A file of another user stays as it is if its group alone can read it: its owner chose the group.
/// If there is no file, this function creates the directory and an empty file.
/// SQLite creates its journals with the mode of the database, so the journals are private too.
///
/// # Errors
///
/// [`Error::File`] if the operating system fails.
pub fn make_private(path: &Path) -> Result<(), Error> {
    if is_special(path) {
        let message = "SQLite does not interpret this name as a path: write ./ before it";
        return Err(file_error(
            path,
            io::Error::new(io::ErrorKind::InvalidInput, message),
        ));
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|error| file_error(directory, error))?;
    }
    let result = match create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => restrict(path),
        result => result,
    };
    result.map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, source: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}

/// Returns `true` if SQLite does not interpret the name as the path of a file.
fn is_special(path: &Path) -> bool {
    let path = path.to_string_lossy();
    path == ":memory:" || path.starts_with("file:")
}

/// Creates the file with mode 0600, so that other users can never read the file.
///
/// Fails with `AlreadyExists` instead of opening an existing file.
/// Closing an existing file would release the locks that SQLite holds on the file.
fn create(path: &Path) -> io::Result<()> {
    // Hold the mutex until the file is closed. Otherwise another thread could open the database
    // first, and the close would release the locks of that thread.
    static CREATING: Mutex<()> = Mutex::new(());
    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Removes the permissions of other users.
#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let metadata = fs::metadata(path)?;
    let mut permissions = metadata.permissions();
    // Do not change the mode of a directory. SQLite fails to open the directory as a database.
    if !metadata.is_file() || permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    if is_no_database(path) {
        return Ok(());
    }
    let is_open_to_all = permissions.mode() & 0o007 != 0;
    permissions.set_mode(0o600);
    match fs::set_permissions(path, permissions) {
        // Only the owner of a file can change its mode.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            if !is_open_to_all {
                return Ok(());
            }
            // With mode 600, only the owner could read the file. So the owner decides.
            let help = format!(
                "it belongs to the user with the id {}: run the command as that user, or give the \
                 file to the user of the program first",
                metadata.uid()
            );
            Err(io::Error::new(error.kind(), help))
        }
        result => result,
    }
}

/// Returns `true` if the file has content that is no database.
///
/// SQLite reads the file, because a close by this program would release the locks of SQLite.
#[cfg(unix)]
fn is_no_database(path: &Path) -> bool {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let read = connection
        .and_then(|connection| connection.query_row("PRAGMA schema_version", [], |_| Ok(())));
    read.is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::NotADatabase))
}

/// Does nothing: on systems other than Unix, the file inherits the permissions of the directory.
#[cfg(not(unix))]
fn restrict(_path: &Path) -> io::Result<()> {
    Ok(())
}
