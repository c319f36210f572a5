//! Making backups, and removing old backups.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::copy::{Source, check_copy, create_target};
use super::file_name::{BackupName, STRFTIME_FORM};
use crate::report::backup_failure::BackupFailure;
use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::session::database::Database;
use crate::session::locked::LockedSession;
use crate::settings::BackupSettings;
use crate::state::histories::Histories;

/// Makes a backup of a database before its first change, and returns the path of the backup.
///
/// Returns `None` for a database in memory.
pub(crate) fn make_backup(
    settings: &BackupSettings,
    locked: &LockedSession<'_>,
    revision: &str,
) -> Result<Option<PathBuf>, Error> {
    let database = locked.database();
    let Some(path) = database_path(database.connection) else {
        return Ok(None);
    };
    let directory = &settings.directory;
    let failed = |reason| {
        Error::new(ErrorKind::Backup {
            directory: directory.clone(),
            before_migrations: true,
            reason,
        })
    };
    let name = BackupName::of(&path).ok_or_else(|| failed(BackupFailure::BadName))?;
    fs::create_dir_all(directory)
        .map_err(|error| failed(BackupFailure::of_file(directory, error)))?;
    // Use a temporary name until the copy is complete and checked.
    let partial = directory.join(format!(
        ".{}.new",
        name.at(&std::process::id().to_string(), revision)
    ));
    let backup = copy_soundly(locked, &path, &partial)
        .and_then(|()| {
            let time = current_time(database.connection).map_err(BackupFailure::Sqlite)?;
            let backup = directory.join(name.at(&time, revision));
            fs::rename(&partial, &backup)
                .map_err(|error| BackupFailure::of_file(&partial, error))?;
            Ok(backup)
        })
        .inspect_err(|_| drop(fs::remove_file(&partial)))
        .map_err(|reason| failed(reason.with_newest(newest_backup(directory, &name))))?;
    synchronize(directory);
    remove_superseded(
        database,
        &existing_backups(directory, &name),
        &backup,
        revision,
    )
    .context(Operation::ReadHistory)?;
    Ok(Some(backup))
}

/// Copies a database, and fails if the database or its copy is damaged.
fn copy_soundly(locked: &LockedSession<'_>, from: &Path, to: &Path) -> Result<(), BackupFailure> {
    let source = Source::open(locked, from)?;
    let mut target = create_target(locked.database().settings, Some(from), to)?;
    check_copy(source.copy_to(&mut target), to)
}

/// Writes the entries of a directory to the disk.
pub(super) fn synchronize(directory: &Path) {
    // Ignore the error of a system that cannot synchronize directories, as SQLite does.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
}

/// Returns the path of a database; `None` for a database in memory.
pub(super) fn database_path(connection: &Connection) -> Option<PathBuf> {
    connection
        .path()
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

pub(super) fn current_time(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT strftime(?1, 'now')", [STRFTIME_FORM], |row| {
        row.get(0)
    })
}

/// Removes the backups of earlier, failed attempts at the same upgrade.
///
/// These backups have the same revision as `newest`, and are newer than the last stamp.
/// Otherwise a program whose upgrade fails at each start would fill the disk.
///
/// # Errors
///
/// Fails only if SQLite has rolled back the transaction of the upgrade.
fn remove_superseded(
    database: Database<'_>,
    backups: &[PathBuf],
    newest: &Path,
    revision: &str,
) -> rusqlite::Result<()> {
    let entries = Histories::read(database).and_then(|histories| histories.entries());
    let last_change = match entries {
        Ok(entries) => entries.iter().map(|entry| entry.applied_at).max(),
        Err(error) if database.connection.is_autocommit() => return Err(error),
        // Keep all backups if the time of the last stamp is unknown.
        Err(_) => return Ok(()),
    };
    let name = database_path(database.connection);
    let Some(name) = name.as_deref().and_then(BackupName::of) else {
        return Ok(());
    };
    for backup in backups.iter().rev().filter(|backup| *backup != newest) {
        let made = fs::metadata(backup).and_then(|file| file.modified()).ok();
        if name.revision_of(backup) != Some(revision) || made <= last_change {
            break;
        }
        let _ = fs::remove_file(backup);
    }
    Ok(())
}

/// Returns the newest backup of a database.
pub(super) fn newest_backup(directory: &Path, name: &BackupName<'_>) -> Option<PathBuf> {
    let paths = paths_in(directory).filter(|path| name.is_backup(path));
    paths.max()
}

/// Returns the backups of a database that revchain may remove, oldest first.
fn existing_backups(directory: &Path, name: &BackupName<'_>) -> Vec<PathBuf> {
    let backups = paths_in(directory).filter(|path| name.revision_of(path).is_some());
    let mut paths: Vec<PathBuf> = backups.collect();
    // All names start with the same stem and then the time, so this sorts the backups by time.
    paths.sort_unstable();
    paths
}

fn paths_in(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

/// Removes the oldest backups of a database, until at most `keep` backups are left.
pub(crate) fn prune_backups(database: Database<'_>) {
    let path = database_path(database.connection);
    let name = path.as_deref().and_then(BackupName::of);
    let (Some(settings), Some(name)) = (&database.settings.backup, name) else {
        return;
    };
    let backups = existing_backups(&settings.directory, &name);
    for backup in &backups[..backups.len().saturating_sub(settings.keep)] {
        let _ = fs::remove_file(backup);
    }
}
