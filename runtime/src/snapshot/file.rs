//! New database files, as copies of the snapshot.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::codec::{Decoder, TIMESTAMP_PLACEHOLDER, timestamp};
use crate::migrations::Migrations;
use crate::settings::Settings;
use crate::state::marker::is_at_head;
use crate::state::own_tables::current_time;

/// The suffix of the temporary file for the copy: `<database>-revchain`.
const PARTIAL_SUFFIX: &str = "-revchain";

/// The position of the two bytes in the header of a database that enable WAL mode.
const JOURNAL_BYTES: Range<usize> = 18..20;

/// The result of [`install`].
pub(crate) enum Installed {
    /// The new file exists and is complete.
    Complete,
    /// Another process has created this temporary file. That process is still writing, or was
    /// killed.
    InProgress(PathBuf),
    /// No copy was made, so the chain must run.
    Unavailable,
}

/// Creates a copy of the snapshot at `path`, unless a file exists there.
///
/// The copy is written to a temporary file, which then gets the name `path` by a hard link.
/// So no process sees an incomplete file at `path`, and no existing file is replaced.
///
/// No copy is made if the program cannot read the copy, for example because it uses a key.
pub(crate) fn install(migrations: &Migrations, settings: &Settings<'_>, path: &Path) -> Installed {
    try_install(migrations, settings, path).unwrap_or(Installed::Unavailable)
}

fn try_install(migrations: &Migrations, settings: &Settings<'_>, path: &Path) -> Option<Installed> {
    let now = timestamp(current_time());
    let decoder = Decoder::new(migrations.snapshot(), &now)?;
    if exists(path) || !is_plain_path(path) {
        return None;
    }
    // If a removed database has left a journal or a WAL, let SQLite handle these files.
    if exists(&with_suffix(path, "-journal")?) || exists(&with_suffix(path, "-wal")?) {
        return None;
    }
    let partial = with_suffix(path, PARTIAL_SUFFIX)?;
    let file = match create_new(&partial) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return is_partial_copy(migrations, &partial).then_some(Installed::InProgress(partial));
        }
        Err(_) => return None,
    };
    let is_complete = write(file, decoder).is_ok()
        && is_sound(migrations, settings, &partial)
        && (!settings.wal || set_wal(&partial).is_ok());
    let is_installed = is_complete && fs::hard_link(&partial, path).is_ok();
    let _ = fs::remove_file(&partial);
    if !is_installed {
        return None;
    }
    // Ignore the error of a system that cannot synchronize directories, as SQLite does.
    let directory = path
        .parent()
        .filter(|directory| !directory.as_os_str().is_empty());
    let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|file| file.sync_all());
    Some(Installed::Complete)
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Returns `true` if SQLite reads the path as a file name, not as a URI or as `:memory:`.
fn is_plain_path(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    !bytes.starts_with(b"file:") && !bytes.starts_with(b":")
}

fn with_suffix(path: &Path, suffix: &str) -> Option<PathBuf> {
    let mut name = path.file_name()?.to_owned();
    name.push(suffix);
    Some(path.with_file_name(name))
}

fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // SQLite creates database files with the same mode.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options.open(path)
}

/// Writes and closes the file.
///
/// A close after the hard link would drop the locks that SQLite holds on the database.
fn write(mut file: File, decoder: Decoder<'_>) -> io::Result<()> {
    file.write_all(&decoder.decode()?)?;
    file.sync_all()
}

/// Returns `true` if this program can read the copy, and its marker identifies the head.
fn is_sound(migrations: &Migrations, settings: &Settings<'_>, path: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags);
    connection.is_ok_and(|connection| {
        settings.set_up(&connection).is_ok() && is_at_head(&connection, migrations)
    })
}

/// Puts the copy into WAL mode, while no connection uses it.
///
/// A PRAGMA would create files beside the copy, and a crash would leave them.
fn set_wal(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::Start(JOURNAL_BYTES.start as u64))?;
    // SQLite calls these numbers the write version and the read version of the file format.
    file.write_all(&[2, 2])?;
    file.sync_all()
}

/// Returns `true` if the file is a complete or incomplete copy of the snapshot.
///
/// Any other file belongs to somebody else, and must not be removed.
fn is_partial_copy(migrations: &Migrations, path: &Path) -> bool {
    let decoder = Decoder::new(migrations.snapshot(), &TIMESTAMP_PLACEHOLDER);
    let Some(Ok(expected)) = decoder.map(Decoder::decode) else {
        return false;
    };
    let is_short_enough = path
        .symlink_metadata()
        .is_ok_and(|file| file.is_file() && file.len() <= expected.len() as u64);
    let Some(Ok(found)) = is_short_enough.then(|| fs::read(path)) else {
        return false;
    };
    let mut position = 0;
    while position < found.len() {
        // Skip the timestamp and the journal mode, because each copy has its own.
        if JOURNAL_BYTES.contains(&position) {
            position += 1;
        } else if expected[position..].starts_with(&TIMESTAMP_PLACEHOLDER) {
            position += TIMESTAMP_PLACEHOLDER.len();
        } else if found[position] == expected[position] {
            position += 1;
        } else {
            return false;
        }
    }
    true
}
