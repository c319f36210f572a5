//! The directory of a chain, as the developers' commands read and write it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use revchain_core::lock_file::Unresolved;
use revchain_core::source::directory::{self, File};
use revchain_core::{
    Chain, Date, DefectKind, DefectList, Defects, LoadedMigrations, LockFile, lock_file,
};
use revchain_runtime::{Migrations, Revision};

use crate::support::{Failure, Result};

/// The chain and the lock file of a directory.
#[derive(Debug)]
pub(crate) struct SourceTree {
    /// The chain; `None` if the directory is empty or missing.
    pub(crate) chain: Option<Chain>,
    pub(crate) lock_file: Option<LockFile>,
}

impl SourceTree {
    /// Creates the source tree from `loaded`, the result of [`load`].
    ///
    /// # Errors
    ///
    /// Fails if the directory has defects, or lacks the head of `embedded`.
    pub(crate) fn new(
        directory: &Path,
        loaded: LoadedMigrations,
        embedded: Option<&Migrations>,
    ) -> Result<Self> {
        let (chain, lock_file) = match loaded.into_chain_and_lock_file() {
            Ok((chain, lock_file)) => (Some(chain), lock_file),
            Err(defects) if is_new(directory, &defects) => (None, None),
            Err(defects) => return Err(defects.into()),
        };
        if let Some(head) = embedded.and_then(Migrations::head) {
            must_contain(chain.as_ref(), head, directory)?;
        }
        Ok(Self { chain, lock_file })
    }
}

/// Fails if the chain of a directory lacks the head of the program.
fn must_contain(chain: Option<&Chain>, head: &Revision, directory: &Path) -> Result<()> {
    let reason = match chain {
        Some(chain) if chain.index_of(head.id()).is_some() => return Ok(()),
        Some(_) => format!("not the chain of this program: no revision {}", head.id()),
        None => "there is no chain".to_owned(),
    };
    let message = format!("{}: {reason}", directory.display());
    let help = "run the command in the source tree, or pass --directory DIR";
    Err(Failure::failed("wrong-directory", message).help(help))
}

/// Reads a directory and validates its chain.
pub(crate) fn load(directory: &Path) -> LoadedMigrations {
    LoadedMigrations::read(directory, &directory.to_string_lossy())
}

/// Reads a directory and validates its chain, as [`load`] does. The lock file may lack its head.
pub(crate) fn load_without_head(directory: &Path) -> LoadedMigrations {
    let mut defects = DefectList::new();
    let (files, mut lock) = directory::read(directory, &directory.to_string_lossy(), &mut defects);
    if let Some(File { bytes, .. }) = &mut lock {
        let text = bytes.as_deref().and_then(lock_file::with_missing_head);
        if let Some(text) = text {
            *bytes = Some(text.into_bytes());
        }
    }
    let mut loaded = LoadedMigrations::from_files(files, lock);
    loaded.defects.extend(defects.iter().cloned());
    loaded
}

/// Returns `true` if all defects disappear when the first migration is written.
fn is_new(directory: &Path, defects: &Defects) -> bool {
    defects.iter().all(|defect| match defect.kind() {
        DefectKind::EmptyDirectory => true,
        DefectKind::UnreadableDirectory => !directory.exists(),
        _ => false,
    })
}

/// The files of a directory whose chain can have two heads, and its lock file.
pub(crate) struct Branches {
    pub(crate) files: Vec<File>,
    /// The lock file. After a conflict in git, it has the lines of both sides.
    pub(crate) lock_file: Option<LockFile>,
    /// `true` if git has marked a conflict in the lock file.
    pub(crate) has_conflict: bool,
}

/// Reads a directory whose chain can have two heads.
///
/// # Errors
///
/// Fails if a file cannot be read, or if the conflict in the lock file cannot be resolved.
pub(crate) fn read_branches(directory: &Path) -> Result<Branches> {
    let mut defects = DefectList::new();
    let (files, lock) = directory::read(directory, &directory.to_string_lossy(), &mut defects);
    let mut branches = Branches {
        files,
        lock_file: None,
        has_conflict: false,
    };
    if let Some(File { path, bytes, .. }) = lock {
        let bytes = bytes.unwrap_or_default();
        let resolved = lock_file::resolve(&bytes, &branches.files)
            .map_err(|error| unresolved(&path, &error))?;
        branches.has_conflict = resolved.is_some();
        let bytes = resolved.map_or(bytes, String::into_bytes);
        branches.lock_file = lock_file::parse(path, &bytes, &mut defects);
    }
    defects.into_result()?;
    Ok(branches)
}

fn unresolved(path: &str, error: &Unresolved) -> Failure {
    let message = format!("{path}: {}", error.reason);
    Failure::failed("undecidable", message).help(&error.help)
}

/// Writes the lock file of a directory.
pub(crate) fn write_lock_file(directory: &Path, text: &str) -> Result<()> {
    replace(&directory.join(lock_file::FILE_NAME), text)
}

/// Sets the modification time of the head's file, so that the next build reads a new lock file.
///
/// Cargo only tracks files that the last build read. The new lock file did not exist then.
/// Errors are ignored: a change of any migration also causes a build.
pub(crate) fn touch(directory: &Path, head: &Revision) {
    let path = directory.join(head.file_name());
    let file = fs::File::options().append(true).open(path);
    let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
}

/// Writes a new file, and creates the directory if needed. Fails if the file exists.
pub(crate) fn create(path: &Path, text: &str) -> Result<()> {
    let directory = path.parent().map_or(Ok(()), fs::create_dir_all);
    let file = directory.and_then(|()| fs::File::create_new(path));
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| io_failure(path, &error))
}

/// Replaces the content of a file atomically.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    // The temporary file may remain after a crash. The dot in the name prevents a defect of the
    // directory.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&new);
        io_failure(path, &error)
    })
}

/// Deletes a file.
pub(crate) fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| io_failure(path, &error))
}

fn io_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::failed("io", format!("{}: {error}", path.display()))
}

/// Returns the current time, in UTC, as the date of a revision.
pub(crate) fn now() -> Date {
    date_of(jiff::Timestamp::now())
}

/// Returns a time, in UTC, as the date of a revision.
pub(crate) fn date_of(time: jiff::Timestamp) -> Date {
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    let year = u16::try_from(time.year()).unwrap_or_default();
    let fields = [time.month(), time.day(), time.hour(), time.minute()];
    let [month, day, hour, minute] = fields.map(i8::unsigned_abs);
    Date::new(year, month, day, hour, minute).unwrap_or(Date::MIN)
}
