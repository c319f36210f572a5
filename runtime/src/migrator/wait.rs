//! Waiting until another process has migrated the database.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use revchain_core::{Request, Target};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Migrator;
use super::connect::reject_url;
use crate::report::access_problem::{AccessProblem, Goal};
use crate::report::error::{Error, ErrorKind};
use crate::report::event::Event;
use crate::state::marker::marker_index;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The method that waits.
impl Migrator<'_> {
    /// Waits until another process has brought the database to the head. Opens it read-only.
    ///
    /// This method is for a process that must not migrate: a reader beside the process that
    /// upgrades, or a program on a replica, which gets the migration from its primary.
    /// It blocks the thread, and returns a read-only connection as soon as the database is one that
    /// [`open`](Self::open) would accept without a change.
    ///
    /// - `timeout` limits the whole wait. With zero, there is one check.
    /// - The file need not exist yet. Each check opens the file again, so another file can take its
    ///   name at any time. The pauses between two checks grow from 10 to 250 milliseconds.
    /// - A check reads two header fields if the marker identifies a revision of the chain, and
    ///   otherwise history and schema.
    /// - The functions of [`on_connect`](Self::on_connect) set up the connection of each check.
    ///   They must not write.
    /// - Nothing is written to the database. In WAL mode, SQLite may create the files `-wal` and
    ///   `-shm`.
    /// - Jobs that no revision requires may still run when the database is at the head.
    ///
    /// The first check that fails emits [`Event::WaitingForHead`].
    /// The settings [`busy_timeout`](Self::busy_timeout) and [`wal`](Self::wal) have no effect.
    ///
    /// # Errors
    ///
    /// After the timeout:
    ///
    /// - [`ErrorKind::Behind`] if revisions are still pending.
    /// - The error of the last check if the file is missing, or cannot be read.
    ///
    /// At once, because waiting changes nothing:
    ///
    /// - [`ErrorKind::Conflict`] if an upgrade would be rejected, too: a revision was edited, the
    ///   schema has drifted, or a newer program has migrated the database.
    /// - [`ErrorKind::Open`] if the path is a directory, or a URL `sqlite:…`.
    /// - [`ErrorKind::OnConnect`] if a function of [`on_connect`](Self::on_connect) failed.
    /// - [`ErrorKind::Sqlite`] if the file is no database, or is encrypted.
    /// - [`ErrorKind::DamagedProgram`] if the bytes of the chain in the program have changed.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use std::thread;
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("app.db");
    /// # let primary_path = path.clone();
    /// // The primary starts later than the reader.
    /// let primary = thread::spawn(move || {
    ///     thread::sleep(Duration::from_millis(50));
    ///     MIGRATIONS.open(primary_path).map(drop)
    /// });
    ///
    /// let db = MIGRATIONS.migrator().wait_for_head(&path, Duration::from_secs(30))?;
    /// assert_eq!(MIGRATIONS.migrator().current(&db)?, MIGRATIONS.head());
    /// # primary.join().expect("the primary does not panic")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// After the timeout, the error has the revision of the database:
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # use std::time::Duration;
    /// use revchain::ErrorKind;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("app.db");
    /// # let mut db = revchain::rusqlite::Connection::open(&path)?;
    /// # MIGRATIONS.migrator().upgrade_to(&mut db, "008")?;
    /// let wait = MIGRATIONS.migrator().wait_for_head(&path, Duration::ZERO);
    /// let error = wait.expect_err("009 is pending");
    /// let ErrorKind::Behind { current, pending, .. } = error.kind() else { panic!("{error:#}") };
    /// assert_eq!(current.as_deref(), Some("008"));
    /// assert_eq!(*pending, ["009"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_for_head(
        &self,
        path: impl AsRef<Path>,
        timeout: Duration,
    ) -> Result<Connection, Error> {
        let path = path.as_ref();
        reject_url(path)?;
        // Each check must end at once, because the pauses are the wait.
        let migrator = self.clone().busy_timeout(Duration::ZERO);
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let waited = start.elapsed();
            let error = match migrator.open_at_head(path) {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            if waited >= timeout || !can_pass(&error) {
                let error = error.after_wait(start.elapsed());
                return Err(error.in_database(&path.to_string_lossy()));
            }
            if pause == FIRST_PAUSE {
                self.settings.emit(&Event::WaitingForHead { timeout });
            }
            thread::sleep(pause.min(timeout - waited));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Opens the database read-only. Fails with [`ErrorKind::Behind`] if it is not at the head.
    fn open_at_head(&self, path: &Path) -> Result<Connection, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|source| {
            let reason = AccessProblem::find(path, Goal::Read);
            Error::new(ErrorKind::Open { source, reason })
        })?;
        self.set_up(&connection)?;
        let behind = |current: Option<&str>, pending: Vec<String>| {
            Error::new(ErrorKind::Behind {
                waited: Duration::ZERO,
                current: current.map(str::to_owned),
                pending,
            })
        };
        // Below the head, too, the marker alone says which revisions are stamped.
        let index = self.read(&connection, |session| {
            let connection = session.database().connection;
            Ok(marker_index(connection, self.migrations).unwrap_or(None))
        })?;
        if let Some(index) = index.filter(|_| index != self.migrations.head_index()) {
            let chain = self.migrations.chain();
            let pending = chain.revisions().iter().skip(index.get() + 1);
            let pending = pending.map(|revision| revision.id().to_owned()).collect();
            return Err(behind(Some(chain[index].id()), pending));
        }
        let plan = self.plan(&connection, Request::Upgrade(Target::Head))?;
        if plan.is_empty() {
            return Ok(connection);
        }
        let pending = plan.upgrades().map(|revision| revision.id().to_owned());
        Err(behind(plan.from(), pending.collect()))
    }
}

/// Returns `true` if the next check can succeed where this one failed.
fn can_pass(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Behind { .. } | ErrorKind::Busy { .. } => true,
        ErrorKind::Open { reason, .. } => !reason.as_ref().is_some_and(AccessProblem::is_permanent),
        // The connection only reads, so it meets this code where another one must recover.
        ErrorKind::Sqlite { source, .. } => {
            source.sqlite_error_code() == Some(ErrorCode::ReadOnly) || is_unreadable(source)
        }
        ErrorKind::OnConnect { source } => source.downcast_ref().is_some_and(is_unreadable),
        _ => false,
    }
}

/// Returns `true` if the file can be missing, locked, or changing while SQLite reads it.
fn is_unreadable(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::SystemIoFailure
        )
    )
}
