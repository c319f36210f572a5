//! Reading the directory: the only I/O here.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::defect::{Code, Defect, add};
use crate::lock;

/// The largest migration that is read, in bytes: 64 MiB.
pub const LARGEST: u64 = 64 << 20;

/// How much is read of all migrations together, in bytes: 256 MiB.
pub const LARGEST_OF_ALL: u64 = 256 << 20;

/// How many files a directory may have, dotfiles and `README.md` not counted.
pub const MOST_FILES: usize = 100_000;

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
/// there is a defect, save dotfiles and `README.md`. Symbolic links are followed, for the directory and for files.
pub fn read(directory: &Path, shown: &str, defects: &mut Vec<Defect>) -> (Vec<File>, Option<File>) {
    read_some(directory, shown, MOST_FILES, defects)
}

fn read_some(
    directory: &Path,
    shown: &str,
    most: usize,
    defects: &mut Vec<Defect>,
) -> (Vec<File>, Option<File>) {
    let before = defects.len();
    let mut files: Vec<File> = match list(directory, most) {
        Ok(names) if names.len() > most => {
            let title = format!("there are more than {most} files here");
            let help = "name the directory that the migrations are in, and keep nothing else there";
            defects.push(Defect::new(Code::UnreadableDirectory, title).at(shown).help(help));
            Vec::new()
        }
        Ok(names) => {
            let mut left = LARGEST_OF_ALL;
            names.iter().filter_map(|name| read_file(directory, shown, name, &mut left, defects)).collect()
        }
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

/// The names of the files, in order; one more than `most`, where there are too many.
fn list(directory: &Path, most: usize) -> io::Result<Vec<OsString>> {
    let is_known = |name: &OsString| name.as_encoded_bytes().starts_with(b".") || name == "README.md";
    let names = fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name()));
    let others = names.filter(|name: &io::Result<_>| !name.as_ref().is_ok_and(is_known));
    let mut names = others.take(most + 1).collect::<io::Result<Vec<_>>>()?;
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

/// Reads a file, if there is as much `left` to be read.
fn read_file(
    directory: &Path,
    shown: &str,
    name: &OsStr,
    left: &mut u64,
    defects: &mut Vec<Defect>,
) -> Option<File> {
    let on_disk = directory.join(name);
    let lossy = name.to_string_lossy();
    let path = join(shown, &lossy);
    let is_known = lossy == lock::FILE_NAME || lossy.to_ascii_lowercase().ends_with(".sql");
    if !is_known || on_disk.is_dir() {
        let what = if on_disk.is_dir() { "a directory" } else { "a file" };
        let help = match on_disk.join("up.sql").exists() {
            true => {
                "make one file of its up.sql and down.sql: YYYYMMDD_HHMM_<revision>_<slug>.sql, with the sections\n`-- @upgrade` and `-- @downgrade`"
            }
            false => "move it elsewhere: only *.sql, README.md, revchain.lock and dotfiles may be here",
        };
        let title = format!("{what} that is not a migration");
        add(defects, Defect::new(Code::StrayFile, title).at(&path).help(help));
        return None;
    }
    let bytes = read_at_most(&on_disk, *left).map_err(|error| {
        let title = format!("the file cannot be read: {error}");
        let help =
            "it must be a regular file of at most 64 MiB that the user who builds the program may read";
        add(defects, Defect::new(Code::UnreadableFile, title).at(&path).help(help));
    });
    *left -= bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
    Some(File { name: lossy.into_owned(), path, bytes: bytes.ok() })
}

fn read_at_most(path: &Path, left: u64) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    // A pipe or a device could keep the build waiting for ever.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let check = |length: u64| match () {
        () if length > LARGEST => {
            Err(io::Error::other(format!("it has {length} bytes; the limit is 64 MiB")))
        }
        () if length > left => Err(io::Error::other("all files together may have at most 256 MiB")),
        () => Ok(()),
    };
    check(metadata.len())?;
    // It may be longer than it was, and files of the kernel's have no length at all.
    let bytes = beginning(fs::File::open(path)?, LARGEST.min(left) + 1)?;
    check(bytes.len() as u64)?;
    Ok(bytes)
}

/// All there is, or as much of it.
fn beginning(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that grows while it is read.
    struct Endless(usize);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += buffer.len();
            assert!(self.0 < 10_000, "it is read without an end");
            Ok(buffer.len())
        }
    }

    #[test]
    fn what_has_no_end_is_not_read_to_it() {
        assert_eq!(beginning(Endless(0), 1000).map(|bytes| bytes.len()).ok(), Some(1000));
        assert_eq!(beginning(&b"all"[..], 1000).ok().as_deref(), Some(&b"all"[..]));
    }

    #[test]
    fn a_directory_of_more_files_than_there_may_be_is_not_read() {
        let directory = tempfile::tempdir().expect("there is room");
        for name in [".a", ".b", ".c", "README.md", "20260101_1200_001_x.sql", "x.sql", "y.txt"] {
            fs::write(directory.path().join(name), "").expect("it can be written");
        }
        let codes = |most: usize| {
            let mut defects = Vec::new();
            let (files, _) = read_some(directory.path(), "m", most, &mut defects);
            (files.len(), defects.iter().map(Defect::code).collect::<Vec<_>>())
        };
        assert_eq!(codes(3), (2, vec![Code::StrayFile]));
        assert_eq!(codes(2), (0, vec![Code::UnreadableDirectory]));
    }
}
