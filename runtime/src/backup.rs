//! Backups: copies of a database, made before migrations run on it, and put back.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use revchain_core::{Request, Target};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, ffi};

use crate::error::{self, ErrorKind, Failure};
use crate::{Error, Event, Migrations, Options, connection, history};

/// Where backups are kept, and how many.
#[derive(Debug, Clone)]
pub(crate) struct Backups {
    folder: PathBuf,
    keep: usize,
    /// Called by these pointers, so that a program that makes none does not have the code.
    pub(crate) make: Make,
    pub(crate) prune: fn(&Self, &Connection),
}

type Make = fn(&Backups, &Connection, &Migrations, &str) -> Result<Option<PathBuf>, Error>;

/// What a backup's name says: of which database it is, when it was made, at which revision.
struct Name<'n> {
    stem: &'n str,
    extension: &'n str,
}

impl<'n> Name<'n> {
    fn of(database: &'n Path) -> Option<Self> {
        Some(Self {
            stem: database.file_stem()?.to_str()?,
            extension: database.extension().map_or(Some(""), |extension| extension.to_str())?,
        })
    }

    /// `<stem>.<time>.<revision>.<extension>`
    fn at(&self, time: &str, revision: &str) -> String {
        let dot = if self.extension.is_empty() { "" } else { "." };
        format!("{}.{time}.{revision}{dot}{}", self.stem, self.extension)
    }

    /// The time and the revision.
    fn read<'b>(&self, name: &'b str) -> Option<(&'b str, &'b str)> {
        let rest = name.strip_prefix(self.stem)?.strip_prefix('.')?;
        let rest = match self.extension {
            "" => rest,
            extension => rest.strip_suffix(extension)?.strip_suffix('.')?,
        };
        let (time, revision) = rest.split_once('.')?;
        let is_time = time.len() == TIME.len()
            && time.bytes().zip(TIME.bytes()).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == form,
            });
        let is_revision = !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_time && is_revision).then_some((time, revision))
    }
}

/// The form of a time, in UTC: it sorts by itself.
const TIME: &str = "00000000T000000Z";
const STRFTIME: &str = "%Y%m%dT%H%M%SZ";

impl Backups {
    pub(crate) fn new(folder: PathBuf, keep: usize) -> Self {
        Self { folder, keep: keep.max(1), make: Self::make, prune: Self::prune }
    }

    /// Makes a copy of the database, of which the write lock is held, so that nothing comes between it and what is done next.
    /// None of a database in memory.
    fn make(
        &self,
        connection: &Connection,
        migrations: &Migrations,
        revision: &str,
    ) -> Result<Option<PathBuf>, Error> {
        let Some(database) = connection.path().filter(|path| !path.is_empty()).map(PathBuf::from) else {
            return Ok(None);
        };
        let failed = |reason: String| Error::new(ErrorKind::Backup { folder: self.folder.clone(), reason });
        let name =
            Name::of(&database).ok_or_else(|| failed("the name of the database is no UTF-8".to_owned()))?;
        fs::create_dir_all(&self.folder).map_err(|error| failed(error.to_string()))?;
        let new = self.folder.join(format!(".{}.new", name.at(&std::process::id().to_string(), revision)));
        let made = copy_to(connection, &database, &new)
            .map_err(|error| failed(error::message(&error)))
            .and_then(|time| {
                let path = self.folder.join(name.at(&time, revision));
                fs::rename(&new, &path).map_err(|error| failed(error.to_string()))?;
                Ok(path)
            });
        let path = made.inspect_err(|_| drop(fs::remove_file(&new)))?;
        // Where folders cannot be synchronised, SQLite does not do so either.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        self.remove_vain(connection, migrations, &name, &path, revision)
            .map_err(|error| Failure::Sqlite(error).while_doing("looking for older backups"))?;
        Ok(Some(path))
    }

    /// Removes older backups of what the database still is: they were made for an upgrade that never came to be. A program
    /// that fails at each start would otherwise fill the disk.
    ///
    /// # Errors
    ///
    /// Only where SQLite has rolled the transaction back over it, in which the upgrade was to run.
    fn remove_vain(
        &self,
        connection: &Connection,
        migrations: &Migrations,
        name: &Name<'_>,
        newest: &Path,
        revision: &str,
    ) -> rusqlite::Result<()> {
        let last = match history::stamps(connection, migrations) {
            Ok(stamps) => stamps.iter().map(|stamp| stamp.applied_at).max(),
            Err(error) if connection.is_autocommit() => return Err(error),
            // Where it is not known since when the database is as it is, none is in vain.
            Err(_) => return Ok(()),
        };
        for path in self.of(name).iter().rev().filter(|path| *path != newest) {
            let own = path.file_name().and_then(|own| name.read(own.to_str()?));
            let made = fs::metadata(path).and_then(|file| file.modified()).ok();
            if own.is_none_or(|own| own.1 != revision) || made <= last {
                break;
            }
            let _ = fs::remove_file(path);
        }
        Ok(())
    }

    /// The backups that there are, oldest first.
    fn of(&self, name: &Name<'_>) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.file_name().and_then(|own| name.read(own.to_str()?)).is_some())
            .collect();
        // What stands before the time is the same in each.
        paths.sort_unstable();
        paths
    }

    /// Removes the oldest, until as many are left as are to be kept.
    fn prune(&self, connection: &Connection) {
        let Some(database) = connection.path().map(PathBuf::from) else { return };
        let Some(name) = Name::of(&database) else { return };
        let paths = self.of(&name);
        for path in &paths[..paths.len().saturating_sub(self.keep)] {
            let _ = fs::remove_file(path);
        }
    }
}

/// Copies the database to a new file, and gives the time.
fn copy_to(connection: &Connection, database: &Path, new: &Path) -> rusqlite::Result<String> {
    let _ = fs::remove_file(new);
    // SQLite does not copy by a connection that has begun to write. Another one sees the same: nobody has written since.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(database, flags)?;
    let mut to = Connection::open(new)?;
    // Nothing is in it yet: it is to be as closed to others as the database. SQLite makes its journal likewise.
    let permissions = fs::metadata(database).and_then(|file| fs::set_permissions(new, file.permissions()));
    permissions.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    copy(&from, &mut to)?;
    // So that the copy is one file, and can be read where nothing can be written.
    to.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    connection.query_row("SELECT strftime(?1, 'now')", [STRFTIME], |row| row.get(0))
}

/// Copies all of a database over another, in one transaction of that.
pub(crate) fn copy(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(from, to)?;
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        // As if a statement had found it so.
        _ => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    }
}

/// Puts a backup in the place of all that is in the database, if it is one that this program can use. Gives the revision that
/// it is at.
pub(crate) fn restore(
    options: &Options<'_>,
    connection: &mut Connection,
    path: &Path,
) -> Result<Option<String>, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(path, flags).map_err(|source| Error::cannot_open(path, source))?;
    let in_backup = |error: Error| error.in_database(&path.to_string_lossy());
    let damaged = |message: String| in_backup(Error::new(ErrorKind::Damaged { message }));
    let check: String = from
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| damaged(error::message(&error)))?;
    if check != "ok" {
        return Err(damaged(check));
    }
    let is_empty = "SELECT NOT EXISTS (SELECT 1 FROM main.sqlite_master)";
    if from.query_row(is_empty, [], |row| row.get(0)).map_err(|error| damaged(error::message(&error)))? {
        return Err(damaged("it is an empty database".to_owned()));
    }
    let plan = options.plan(&from, &Request::Upgrade(Target::Head)).map_err(in_backup)?;
    let impatient = Impatient::new(connection)
        .map_err(|error| Failure::Sqlite(error).while_doing("setting the busy timeout"))?;
    let start = Instant::now();
    let mut is_told = false;
    while let Err(error) = copy(&from, impatient.connection) {
        let waited = start.elapsed();
        let failure = match connection::is_busy(&error) {
            true if waited < options.lock_timeout => {
                if !std::mem::replace(&mut is_told, true) {
                    options.emit(&Event::Waiting { timeout: options.lock_timeout });
                }
                thread::sleep(Duration::from_millis(10));
                continue;
            }
            true => Failure::locked(impatient.connection, waited),
            false => Failure::Sqlite(error),
        };
        return Err(failure.while_doing("putting the backup back").in_database_of(impatient.connection));
    }
    Ok(plan.id_before(options.migrations.chain()).map(str::to_owned))
}

/// A connection without a busy timeout, which would add to the lock timeout; it gets its own back in the end.
struct Impatient<'c> {
    connection: &'c mut Connection,
    timeout: Duration,
}

impl<'c> Impatient<'c> {
    fn new(connection: &'c mut Connection) -> rusqlite::Result<Self> {
        let timeout: i64 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
        let timeout = Duration::from_millis(timeout.try_into().unwrap_or(0));
        // One that is zero may be a busy handler of the caller's, which could not be put back.
        if !timeout.is_zero() {
            connection.busy_timeout(Duration::ZERO)?;
        }
        Ok(Self { connection, timeout })
    }
}

impl Drop for Impatient<'_> {
    fn drop(&mut self) {
        if !self.timeout.is_zero() {
            // It cannot fail on an open connection, and there would be nobody to tell.
            let _ = self.connection.busy_timeout(self.timeout);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_backup_says_of_what_it_is() {
        let name = Name::of(Path::new("/a/app.db")).expect("it has one");
        let backup = name.at("20261123T203312Z", "008");
        assert_eq!(backup, "app.20261123T203312Z.008.db");
        assert_eq!(name.read(&backup), Some(("20261123T203312Z", "008")));
        for other in [
            "app.db",
            "app.2026.008.db",
            "app.20261123T203312Z.db",
            "app.20261123T203312Z..db",
            "app.20261123T203312Z.0-8.db",
            "app.20261123T203312Z.008",
            "other.20261123T203312Z.008.db",
            ".app.20261123T203312Z.008.db.new",
            "app.2026112xT203312Z.008.db",
        ] {
            assert_eq!(name.read(other), None, "{other}");
        }
        let name = Name::of(Path::new("tokens")).expect("it has one");
        assert_eq!(name.read("tokens.20261123T203312Z.base"), Some(("20261123T203312Z", "base")));
    }
}
