//! Backups that the caller requests. revchain never removes them.

use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::copy::{check_copy, copy, create_target};
use super::file_name::{BackupName, is_revision};
use super::make::{current_time, database_path, newest_backup, synchronize};
use crate::report::backup_failure::BackupFailure;
use crate::report::error::{Error, ErrorKind, Operation};
use crate::session::database::Database;
use crate::session::lock_wait::is_busy;
use crate::session::unlocked::Session;
use crate::state::histories::Histories;

/// The largest number of backups that revchain names in one second.
const MAX_NUMBER: u32 = 1000;

/// A backup that [`Migrator::make_backup`](crate::Migrator::make_backup) has made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupFile {
    /// The path of the backup.
    pub path: PathBuf,
    /// The newest revision in the history of the backup; `None` if there is none.
    pub revision: Option<String>,
    /// The size of the backup in bytes.
    pub bytes: u64,
}

/// Makes a backup of a database: the new file `to`, or a file in the directory `to`.
pub(crate) fn back_up(session: &Session<'_, &Connection>, to: &Path) -> Result<BackupFile, Error> {
    let database = session.database();
    let from = database_path(database.connection);
    let name = from.as_deref().and_then(BackupName::of);
    let destination = Destination::of(to);
    let failed = |reason: BackupFailure| {
        let directory = destination.directory.to_owned();
        let newest = name
            .as_ref()
            .and_then(|name| newest_backup(&directory, name));
        Error::new(ErrorKind::Backup {
            directory,
            before_migrations: false,
            reason: reason.with_newest(newest),
        })
    };
    destination
        .check(from.as_deref(), name.as_ref())
        .map_err(failed)?;
    let partial = destination.partial();
    let made = copy_to(session, from.as_deref(), &partial).and_then(|copied| {
        let copy = copied.map_err(failed)?;
        let revision = newest_revision(Database {
            connection: &copy,
            ..database
        });
        let time = current_time(&copy).map_err(BackupFailure::Sqlite);
        drop(copy);
        let time = time.map_err(failed)?;
        let path = |number| match &name {
            Some(name) => destination.path(&name.kept_at(&time, id(revision.as_deref()), number)),
            None => destination.path(""),
        };
        let named = give_free_name(&partial, path, destination.last_number());
        let (path, bytes) = named.map_err(failed)?;
        Ok(BackupFile {
            path,
            revision,
            bytes,
        })
    });
    let backup = made.inspect_err(|_| drop(fs::remove_file(&partial)))?;
    synchronize(destination.directory);
    Ok(backup)
}

/// The place of a backup.
struct Destination<'d> {
    directory: &'d Path,
    /// The path of the backup; `None` if revchain names the file.
    file: Option<&'d Path>,
}

impl<'d> Destination<'d> {
    fn of(to: &'d Path) -> Self {
        let text = to.to_string_lossy();
        if text.is_empty() || text.ends_with(path::is_separator) || to.is_dir() {
            return Self {
                directory: or_current(to),
                file: None,
            };
        }
        Self {
            directory: or_current(to.parent().unwrap_or(to)),
            file: Some(to),
        }
    }

    /// Fails if the backup cannot have its name. Creates the directory if revchain names the file.
    fn check(
        &self,
        from: Option<&Path>,
        name: Option<&BackupName<'_>>,
    ) -> Result<(), BackupFailure> {
        let Some(file) = self.file else {
            if from.is_none() {
                return Err(BackupFailure::InMemory);
            }
            if name.is_none() {
                return Err(BackupFailure::BadName);
            }
            return fs::create_dir_all(self.directory)
                .map_err(|error| BackupFailure::of_file(self.directory, error));
        };
        if file.symlink_metadata().is_ok() {
            return Err(BackupFailure::Exists(file.to_owned()));
        }
        if name.is_some_and(|name| name.revision_of(file).is_some()) {
            return Err(BackupFailure::RemovableName(file.to_owned()));
        }
        Ok(())
    }

    /// Returns the path for the file while it is incomplete. No other backup has the same path.
    fn partial(&self) -> PathBuf {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        self.directory
            .join(format!(".backup.{process}-{count}.new"))
    }

    /// Returns the path for the complete backup, whose file is `name` if revchain names it.
    fn path(&self, name: &str) -> PathBuf {
        match self.file {
            Some(file) => file.to_owned(),
            None if self.directory == Path::new(".") => PathBuf::from(name),
            None => self.directory.join(name),
        }
    }

    /// Returns the largest number in a name. The caller's own name has no number.
    fn last_number(&self) -> u32 {
        if self.file.is_some() { 1 } else { MAX_NUMBER }
    }
}

/// Returns the revision for the name of a backup.
fn id(revision: Option<&str>) -> &str {
    // A history is untrusted input, and could contain the name of a directory.
    let revision = revision.filter(|revision| is_revision(revision));
    revision.unwrap_or("base")
}

fn or_current(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() {
        return Path::new(".");
    }
    directory
}

/// Copies the database to `to`, and waits while the database is busy.
fn copy_to(
    session: &Session<'_, &Connection>,
    from: Option<&Path>,
    to: &Path,
) -> Result<Result<Connection, BackupFailure>, Error> {
    let Database {
        connection,
        settings,
        ..
    } = session.database();
    let mut target = match create_target(settings, from, to) {
        Ok(target) => target,
        Err(failure) => return Ok(Err(failure)),
    };
    let copied = session.retry(Operation::Copy, || match copy(connection, &mut target) {
        Err(error) if is_busy(&error) => Err(error),
        copied => Ok(copied),
    })?;
    Ok(check_copy(copied, to).map(|()| target))
}

/// Returns the newest revision in the history; `None` if there is no history that can be read.
fn newest_revision(database: Database<'_>) -> Option<String> {
    let entries = Histories::read(database).and_then(|histories| histories.entries());
    Some(entries.ok()?.pop()?.revision)
}

/// Gives the complete file `partial` the first of the names `path(1)` to `path(last)` that is free.
///
/// Returns the name, and the size of the file.
fn give_free_name(
    partial: &Path,
    path: impl Fn(u32) -> PathBuf,
    last: u32,
) -> Result<(PathBuf, u64), BackupFailure> {
    for number in 1..last {
        match give_name(partial, &path(number)) {
            Err(BackupFailure::Exists(_)) => {}
            named => return named.map(|bytes| (path(number), bytes)),
        }
    }
    give_name(partial, &path(last)).map(|bytes| (path(last), bytes))
}

/// Gives the complete file `partial` the name `path`, and returns its size.
///
/// Fails if `path` exists: a rename would replace the file.
fn give_name(partial: &Path, path: &Path) -> Result<u64, BackupFailure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupFailure::Exists(path.to_owned()),
        _ => BackupFailure::of_file(partial, error),
    };
    match fs::hard_link(partial, path) {
        Ok(()) => drop(fs::remove_file(partial)),
        Err(error) if path.symlink_metadata().is_ok() => return Err(failed(error)),
        // Not every file system has hard links.
        Err(_) => fs::rename(partial, path).map_err(failed)?,
    }
    let file = fs::metadata(path).map_err(failed)?;
    Ok(file.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_appears_during_the_copy_is_not_replaced() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let (partial, path) = (directory.path().join("new"), directory.path().join("old"));
        fs::write(&partial, "new").expect("a file can be written");
        fs::write(&path, "old").expect("a file can be written");
        let failure = give_name(&partial, &path).expect_err("the name is taken");
        assert!(matches!(failure, BackupFailure::Exists(taken) if taken == path));
        assert_eq!(fs::read(&path).expect("the file exists"), b"old");
    }
}
