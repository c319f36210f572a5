//! `restore`: replacing the database with a backup.

#[cfg(unix)]
use std::fs::{OpenOptions, Permissions};
#[cfg(unix)]
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::SystemTime;
use std::{fs, io};

use revchain_runtime::rusqlite::OpenFlags;
use revchain_runtime::{Migrator, Report, Revision};
use serde_json::{Value, json};

use crate::app::Commands;
use crate::args::RestoreArgs;
use crate::support::{
    Failure, FailureKind, Location, Result, confirm, exists, must_exist, open, open_to_inspect,
    report, rfc3339, size,
};

pub(crate) fn run(app: &Commands<'_>, args: &RestoreArgs) -> Result {
    let (path, migrator) = app.database_of(&args.database)?;
    must_exist(&args.file)?;
    must_be_another_file(&args.file, &path)?;
    let replaced = Replaced::read(&path, &migrator);
    if let (Some(replaced), false) = (&replaced, args.yes) {
        let (database, backup) = (path.display(), args.file.display());
        let content = replaced.text();
        let loss = "Everything that is in the database now will be lost:";
        confirm(&format!(
            "{database}: restoring {backup}\n{loss} {content}."
        ))?;
    }
    let is_new = replaced.is_none();
    if is_new && path.flags().contains(OpenFlags::SQLITE_OPEN_CREATE) {
        // If this fails, opening the database reports why.
        let _ = create_private_as(&args.file, &path);
    }
    let restored = restore(&migrator, &args.file, &path);
    if is_new && restored.is_err() {
        // Remove the empty file.
        let _ = fs::remove_file(&*path);
    }
    let mut answer = report::report(&path, &restored?);
    match &replaced {
        Some(replaced) => answer.text += &format!("\nreplaced: {}", replaced.text()),
        None => answer.text += " into a new file",
    }
    answer.json["replaced"] = json!(replaced.as_ref().map(Replaced::to_json));
    Ok(answer)
}

fn restore(migrator: &Migrator<'_>, backup: &Path, path: &Location) -> Result<Report> {
    let mut connection = open(migrator, path).map_err(with_help_on_damage)?;
    migrator.restore(&mut connection, backup).map_err(|error| {
        // Show the path of the backup or the database as the user wrote the path. The error has
        // an absolute path from SQLite.
        if error.database() == Some(&*backup.to_string_lossy()) {
            Failure::in_database(backup, &error)
        } else {
            with_help_on_damage(Failure::in_database(path, &error))
        }
    })
}

/// Replaces the advice if the present file is damaged: the user is restoring a backup already.
fn with_help_on_damage(mut failure: Failure) -> Failure {
    if matches!(
        failure.kind,
        FailureKind::Failed("corrupt" | "not-a-database")
    ) {
        failure.help.insert(
            0,
            "move the present file away, with its `-wal`, `-shm` and `-journal`: it is damaged, \
             not the backup; then run the command again"
                .to_owned(),
        );
        failure
            .help
            .retain(|line| !line.contains("restore a backup"));
    }
    failure
}

/// Fails if the backup is a directory, or the file of the database.
fn must_be_another_file(backup: &Path, database: &Path) -> Result<()> {
    let shown = backup.display();
    if backup.is_dir() {
        let failure = Failure::usage(format!("{shown}: the path is a directory"));
        return Err(failure.help("name a backup in the directory"));
    }
    let (Ok(backup), Ok(database)) = (fs::canonicalize(backup), fs::canonicalize(database)) else {
        // Opening a file reports why.
        return Ok(());
    };
    if backup == database {
        let failure = Failure::usage(format!("{shown}: the backup is the database itself"));
        return Err(failure.help("name a backup, or another database with -d"));
    }
    Ok(())
}

/// Creates the file of the database with the mode of the backup, so that no user can read more.
#[cfg(unix)]
fn create_private_as(backup: &Path, path: &Path) -> io::Result<()> {
    let mode = fs::metadata(backup)?.permissions().mode();
    let mut private = OpenOptions::new();
    let file = private
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    // SQLite writes the file, also if the backup is read-only.
    file.set_permissions(Permissions::from_mode(mode & 0o777 | 0o600))
}

#[cfg(not(unix))]
fn create_private_as(_backup: &Path, _path: &Path) -> io::Result<()> {
    Ok(())
}

/// The database that a restore replaces.
struct Replaced {
    /// The id of the newest revision; `None` if the history cannot be read, or at base.
    revision: Option<String>,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Replaced {
    /// Returns `None` if the file does not exist.
    fn read(path: &Location, migrator: &Migrator<'_>) -> Option<Self> {
        if !exists(path) {
            return None;
        }
        let file = fs::metadata(&**path).ok();
        let current = open_to_inspect(migrator, path)
            .ok()
            .and_then(|connection| migrator.current(&connection).ok().flatten());
        Some(Self {
            revision: current.map(Revision::id).map(str::to_owned),
            bytes: file.as_ref().map_or(0, fs::Metadata::len),
            modified: file.and_then(|file| file.modified().ok()),
        })
    }

    fn text(&self) -> String {
        let revision = self.revision.as_deref();
        let revision = revision.map_or("no known revision".to_owned(), |id| format!("at {id}"));
        let mut text = format!("{revision}, {}", size(self.bytes));
        if let Some(modified) = self.modified {
            text += &format!(", last written {}", rfc3339(modified));
        }
        text
    }

    fn to_json(&self) -> Value {
        json!({
            "revision": self.revision,
            "bytes": self.bytes,
            "modified_at": self.modified.map(rfc3339),
        })
    }
}
