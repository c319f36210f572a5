//! Reading of the directory of migrations. No other module of this crate does I/O.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::{Defect, DefectKind, DefectList};

/// The name of the lock file.
pub const LOCK_FILE_NAME: &str = "revchain.lock";

/// The maximum size of a file, in bytes: 64 MiB.
pub const MAX_FILE_SIZE: u64 = 64 << 20;

/// The maximum size of all files together, in bytes: 256 MiB.
pub const MAX_TOTAL_SIZE: u64 = 256 << 20;

/// A file in the directory of migrations, with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The name of the file.
    pub name: String,
    /// The path of the file: the directory as the user wrote it, then the file name.
    pub path: String,
    /// The content; `None` if the file cannot be read. [`read`] reports such a file.
    pub bytes: Option<Vec<u8>>,
}

/// Reads the lock file and all migrations in `directory`. Sorts the migrations by name.
///
/// Messages contain `shown` as the path of the directory.
/// Ignores dotfiles and `README.md`. Reports every other file as a defect.
/// Follows symbolic links to the directory and to files.
pub fn read(directory: &Path, shown: &str, defects: &mut DefectList) -> (Vec<File>, Option<File>) {
    let names = list(directory).unwrap_or_else(|error| {
        defects.push(unreadable_directory(shown, &error));
        Vec::new()
    });
    let (mut files, mut lock_file) = (Vec::new(), None);
    let mut size_left = MAX_TOTAL_SIZE;
    for name in &names {
        let on_disk = directory.join(name);
        let name = name.to_string_lossy().into_owned();
        let path = join(shown, &name);
        let is_lock_file = name == LOCK_FILE_NAME;
        let is_expected = is_lock_file || name.to_ascii_lowercase().ends_with(".sql");
        if !is_expected || on_disk.is_dir() {
            defects.push(stray_file(&on_disk, &path));
            continue;
        }
        let bytes = read_limited(&on_disk, size_left)
            .inspect_err(|error| defects.push(unreadable_file(&path, error)))
            .ok();
        size_left -= bytes.as_ref().map_or(0, Vec::len) as u64;
        let file = File { name, path, bytes };
        if is_lock_file {
            lock_file = Some(file);
        } else {
            files.push(file);
        }
    }
    // If a lock file exists, `check_missing` reports each missing revision.
    if files.is_empty() && lock_file.is_none() && defects.is_empty() {
        defects.push(empty_directory(shown));
    }
    (files, lock_file)
}

/// Returns the sorted names of all files, except dotfiles and `README.md`.
fn list(directory: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") && name != "README.md" {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Reads a regular file. Fails if the file is larger than `MAX_FILE_SIZE` or `size_left`.
///
/// `size_left` is the part of `MAX_TOTAL_SIZE` that earlier files left, in bytes.
fn read_limited(path: &Path, size_left: u64) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    // Reading a pipe or a device could block the build forever.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    check_size(metadata.len(), size_left)?;
    // `metadata` may be wrong: the file may grow, and a file in `/proc` has the size 0.
    let max_size = MAX_FILE_SIZE.min(size_left);
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    file.take(max_size + 1).read_to_end(&mut bytes)?;
    check_size(bytes.len() as u64, size_left)?;
    Ok(bytes)
}

fn check_size(size: u64, size_left: u64) -> io::Result<()> {
    if size > MAX_FILE_SIZE {
        let message = format!("it has {size} bytes; the limit is 64 MiB");
        return Err(io::Error::other(message));
    }
    if size > size_left {
        let message = "all files together may have at most 256 MiB";
        return Err(io::Error::other(message));
    }
    Ok(())
}

/// Joins a directory and a file name with a forward slash, on every operating system.
fn join(directory: &str, name: &str) -> String {
    let directory = directory.trim_end_matches('/');
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}

fn unreadable_directory(shown: &str, error: &io::Error) -> Defect {
    let (title, help) = match error.kind() {
        io::ErrorKind::NotFound => (
            "there is no such directory".to_owned(),
            "create it, or name another directory, relative to the one of Cargo.toml",
        ),
        io::ErrorKind::NotADirectory => (
            "this is not a directory".to_owned(),
            "name the directory that contains the migrations",
        ),
        _ => (
            format!("the directory cannot be read: {error}"),
            "make it readable for the user who runs the build",
        ),
    };
    let defect = Defect::new(DefectKind::UnreadableDirectory, title);
    defect.at(shown).help(help)
}

fn empty_directory(shown: &str) -> Defect {
    let help = "write the first one, YYYYMMDD_HHMM_001_<slug>.sql with `-- @revises base`, or \
                run `revchain new \"Create …\"`";
    let defect = Defect::new(DefectKind::EmptyDirectory, "there are no migrations here");
    defect.at(shown).help(help)
}

fn stray_file(on_disk: &Path, path: &str) -> Defect {
    let title = if on_disk.is_dir() {
        "a directory that is not a migration"
    } else {
        "a file that is not a migration"
    };
    // Diesel and some other tools keep each migration in its own directory, with an `up.sql`.
    let help = if on_disk.join("up.sql").exists() {
        "make one file of its up.sql and down.sql: YYYYMMDD_HHMM_<revision>_<slug>.sql, with the sections\n\
         `-- @upgrade` and `-- @downgrade`"
    } else {
        "move it elsewhere: only *.sql, README.md, revchain.lock and dotfiles may be here"
    };
    let defect = Defect::new(DefectKind::StrayFile, title);
    defect.at(path).help(help)
}

fn unreadable_file(path: &str, error: &io::Error) -> Defect {
    let title = format!("the file cannot be read: {error}");
    let help = "make it a regular file of at most 64 MiB, readable for the user who runs the build";
    let defect = Defect::new(DefectKind::UnreadableFile, title);
    defect.at(path).help(help)
}
