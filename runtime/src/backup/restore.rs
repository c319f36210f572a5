//! Restoring a backup.

use std::path::Path;

use revchain_core::{Request, Target};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::soundness::{Extent, find_damage};
use crate::plan::make_plan;
use crate::report::error::{Error, ErrorKind, Operation};
use crate::report::outcome::{Outcome, Report};
use crate::report::sqlite::sqlite_message;
use crate::session::connection_settings::has_journal;
use crate::session::copy::copy_database;
use crate::session::unlocked::Session;

/// A backup that is not damaged and that this program can upgrade.
pub(crate) struct Backup {
    connection: Connection,
    /// The id of the newest revision in the backup; `None` at base.
    revision: Option<String>,
}

impl Backup {
    /// Opens the backup at `path`. Fails if the backup is damaged, or if this program cannot
    /// upgrade it.
    pub(crate) fn open(session: &Session<'_, &mut Connection>, path: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|source| Error::cannot_open(path, source))?;
        let in_backup = |error: Error| error.in_database(&path.to_string_lossy());
        let set_up = session.database().settings.set_up(&connection);
        set_up.map_err(|source| in_backup(Error::new(ErrorKind::OnConnect { source })))?;
        check_sound(&connection).map_err(in_backup)?;
        let database = session.database();
        let backup = Session::new(&connection, database.migrations, database.settings)?;
        let plan = make_plan(&backup, database.migrations, Request::Upgrade(Target::Head))
            .map_err(|error| in_backup(error.without_downgrade()))?;
        let revision = plan.from().map(str::to_owned);
        drop(backup);
        Ok(Self {
            connection,
            revision,
        })
    }
}

/// Fails if SQLite finds damage in the backup, or if the backup is an empty database.
fn check_sound(backup: &Connection) -> Result<(), Error> {
    let damaged = |message: String| Error::new(ErrorKind::Damaged { message });
    let failed = |source: rusqlite::Error| match source.sqlite_error_code() {
        // The backup may be sound and encrypted.
        Some(ErrorCode::NotADatabase) => Error::new(ErrorKind::Sqlite {
            operation: Operation::Restore,
            source,
        }),
        _ => damaged(sqlite_message(&source)),
    };
    if let Some(damage) = find_damage(backup, Extent::TablesAndIndexes).map_err(failed)? {
        return Err(damaged(damage));
    }
    let is_empty = "SELECT NOT EXISTS (SELECT 1 FROM main.sqlite_master)";
    if backup
        .query_row(is_empty, [], |row| row.get(0))
        .map_err(failed)?
    {
        return Err(damaged("it is an empty database".to_owned()));
    }
    Ok(())
}

/// Replaces the content of the database with the backup, in one transaction.
pub(crate) fn restore(
    session: &mut Session<'_, &mut Connection>,
    backup: &Backup,
    from: Option<&str>,
) -> Result<Report, Error> {
    let has_journal = session.retry(Operation::Restore, || {
        has_journal(session.database().connection)
    })?;
    if !has_journal {
        return Err(Error::new(ErrorKind::NoJournal));
    }
    session.retry_mut(Operation::Restore, |connection| {
        copy_database(&backup.connection, connection)
    })?;
    Ok(Report::new(
        Outcome::Restored,
        from,
        backup.revision.as_deref(),
    ))
}
