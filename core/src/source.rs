//! Reading the directory: the only I/O here.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use crate::defect::{Code, Defect};
use crate::lock;

/// The largest migration that is read, in bytes: 64 MiB.
pub const LARGEST: u64 = 64 << 20;

/// A migration file as it is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The file's name.
    pub name: String,
    /// The file's path in the directory as the user wrote it.
    pub path: String,
    /// What is in it; `None` where it could not be read, which is a defect then.
    pub bytes: Option<Vec<u8>>,
}

/// Reads every migration in `directory`, in the order of their names, and the lock if there is one. What else is
/// there is a defect, save dotfiles and `README.md`.
pub fn read(directory: &Path, shown: &str, defects: &mut Vec<Defect>) -> (Vec<File>, Option<File>) {
    let before = defects.len();
    let mut files: Vec<File> = match list(directory) {
        Ok(names) => names.iter().filter_map(|name| read_file(directory, shown, name, defects)).collect(),
        Err(error) => {
            defects.push(unreadable(shown, &error));
            Vec::new()
        }
    };
    let lock = files.iter().position(|file| file.name == lock::FILE_NAME).map(|at| files.remove(at));
    // With a lock, what is missing is said revision by revision.
    if files.is_empty() && lock.is_none() && defects.len() == before {
        defects.push(
            Defect::new(Code::EmptyDirectory, "there are no migrations here")
                .at(shown)
                .help(
                    "write the first one, YYYYMMDD_HHMM_001_<slug>.sql with `-- @revises base`, or let `revchain migrate \"Create …\"` do it",
                ),
        );
    }
    (files, lock)
}

fn list(directory: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let mut names =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn unreadable(shown: &str, error: &io::Error) -> Defect {
    let (title, help) = match error.kind() {
        io::ErrorKind::NotFound => (
            "there is no such directory".to_owned(),
            "create it, or name another: embed_migrations! counts from the folder of Cargo.toml",
        ),
        io::ErrorKind::NotADirectory => {
            ("this is not a directory".to_owned(), "name the directory that the migrations are in")
        }
        _ => (
            format!("the directory cannot be read: {error}"),
            "make it readable for the user who runs the build",
        ),
    };
    Defect::new(Code::UnreadableDirectory, title).at(shown).help(help)
}

/// The path of `name` in the directory that the user wrote as `shown`, with forward slashes on every system.
pub fn join(shown: &str, name: &str) -> String {
    let shown = shown.trim_end_matches('/');
    if shown.is_empty() { name.to_owned() } else { format!("{shown}/{name}") }
}

/// The file's name in such a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn read_file(directory: &Path, shown: &str, name: &OsStr, defects: &mut Vec<Defect>) -> Option<File> {
    let on_disk = directory.join(name);
    let lossy = name.to_string_lossy();
    let path = join(shown, &lossy);
    if lossy.starts_with('.') || lossy == "README.md" {
        return None;
    }
    let is_known = lossy == lock::FILE_NAME || lossy.to_ascii_lowercase().ends_with(".sql");
    if !is_known || on_disk.is_dir() {
        let what = if on_disk.is_dir() { "a directory" } else { "a file" };
        let help = match on_disk.join("up.sql").exists() {
            true => {
                "make one file of its up.sql and down.sql: YYYYMMDD_HHMM_<revision>_<slug>.sql, with the sections\n`-- @upgrade` and `-- @downgrade`"
            }
            false => "move it elsewhere: only *.sql, README.md, revchain.lock and dotfiles may be here",
        };
        defects.push(
            Defect::new(Code::StrayFile, format!("{what} that is not a migration")).at(&path).help(help),
        );
        return None;
    }
    let bytes = read_at_most(&on_disk, LARGEST).map_err(|error| {
        defects.push(
            Defect::new(Code::UnreadableFile, format!("the file cannot be read: {error}")).at(&path).help(
                "it must be a regular file of at most 64 MiB that the user who builds the program may read",
            ),
        );
    });
    Some(File { name: lossy.into_owned(), path, bytes: bytes.ok() })
}

fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    // A pipe or a device could keep the build waiting for ever.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > most {
        return Err(io::Error::other(format!("it has {} bytes; the limit is 64 MiB", metadata.len())));
    }
    fs::read(path)
}
