//! The connections that a migrator opens.

use std::ops::Deref;
use std::path::Path;

use rusqlite::{Connection, MAIN_DB, OpenFlags, ffi};

use super::Migrator;
use crate::report::access_problem::is_url;
use crate::report::error::{Error, ErrorKind};
use crate::report::event::Event;
use crate::session::unlocked::Session;
use crate::session::wal::enter_wal;
use crate::snapshot::file::{Installed, install};

/// Fails with [`ErrorKind::Open`] if the path is a URL of another library.
pub(super) fn reject_url(path: &Path) -> Result<(), Error> {
    if !is_url(path) {
        return Ok(());
    }
    let source = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), None);
    Err(Error::cannot_open(path, source))
}

/// The connections that the commands open themselves. They run no migration.
impl Migrator<'_> {
    /// Sets up a connection that has just been opened, as [`open`](Self::open) does.
    ///
    /// # Errors
    ///
    /// Fails as [`open`](Self::open) does before the upgrade.
    #[doc(hidden)]
    pub fn set_up_to_write(&self, connection: &Connection) -> Result<(), Error> {
        self.set_up(connection)?;
        self.session_of_opened(connection).map(drop)
    }

    /// Calls the functions of [`on_connect`](Self::on_connect). The journal mode stays.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::OnConnect`] if a function fails.
    #[doc(hidden)]
    pub fn set_up(&self, connection: &Connection) -> Result<(), Error> {
        let set_up = self.settings.set_up(connection);
        set_up.map_err(|source| Error::new(ErrorKind::OnConnect { source }))
    }
}

impl Migrator<'_> {
    /// Opens the file at `path`. If the file does not exist, creates a copy of the snapshot.
    pub(super) fn open_or_install(&self, path: &Path) -> Result<(Connection, Installed), Error> {
        reject_url(path)?;
        // Most databases exist already. For these, an open without CREATE avoids a separate check.
        let existing = OpenFlags::default() & !OpenFlags::SQLITE_OPEN_CREATE;
        match Connection::open_with_flags(path, existing) {
            // If another process creates the file during this open, SQLite may open the file
            // read-only. Then open the file again.
            Ok(connection) if !connection.is_readonly(MAIN_DB).unwrap_or(true) => {
                self.set_up_file(path, &connection)?;
                Ok((connection, Installed::Unavailable))
            }
            Ok(_) => {
                let connection = self.open_file(path, OpenFlags::default())?;
                Ok((connection, Installed::Unavailable))
            }
            Err(_) => {
                let installed = install(self.migrations, &self.settings, path);
                let connection = self.open_file(path, OpenFlags::default())?;
                Ok((connection, installed))
            }
        }
    }

    /// Makes a session for a connection that this migrator has opened.
    pub(super) fn session_of_opened<C: Deref<Target = Connection>>(
        &self,
        connection: C,
    ) -> Result<Session<'_, C>, Error> {
        let session = if self.settings.on_connect.is_empty() {
            Session::for_new_connection(connection, self.migrations, &self.settings)?
        } else {
            // A function of the program may have set another busy timeout.
            Session::new(connection, self.migrations, &self.settings)?
        };
        if self.settings.wal {
            enter_wal(&session)?;
        }
        Ok(session)
    }

    pub(super) fn emit_created_from_snapshot(&self) {
        // Without a listener, the chain need not be decoded.
        if !self.settings.has_listener() {
            return;
        }
        if let Some(revision) = self.migrations.head() {
            self.settings.emit(&Event::CreatedFromSnapshot { revision });
        }
    }

    fn open_file(&self, path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|source| Error::cannot_open(path, source))?;
        self.set_up_file(path, &connection)?;
        Ok(connection)
    }

    fn set_up_file(&self, path: &Path, connection: &Connection) -> Result<(), Error> {
        self.set_up(connection)
            .map_err(|error| error.in_database(&path.to_string_lossy()))
    }

    /// Opens an empty database in memory.
    pub(super) fn connect_in_memory(&self) -> Result<Connection, Error> {
        let opened = Connection::open_in_memory();
        let connection = opened.map_err(|source| {
            Error::new(ErrorKind::Open {
                source,
                reason: None,
            })
        })?;
        self.set_up(&connection)?;
        Ok(connection)
    }
}
