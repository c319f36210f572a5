//! The methods of a migrator that make, restore, or work on a copy of a database.

use std::path::{Path, PathBuf};

use revchain_core::{Request, Revision};
use rusqlite::Connection;

use super::Migrator;
use crate::backup::on_request::{BackupFile, back_up};
use crate::backup::restore::{Backup, restore};
use crate::dry_run::{self, DryRun};
use crate::report::error::{Error, ErrorKind};
use crate::report::outcome::Report;
use crate::session::unlocked::Session;
use crate::settings::BackupSettings;

/// Backups and dry runs, with the feature `backup`.
impl Migrator<'_> {
    /// Makes a backup in `directory` before scripts run, and keeps the `keep` newest backups.
    ///
    /// A backup is named `<name>.<time>.<revision>.<extension>`, such as
    /// `app.20261123T203312Z.008.db`.
    /// The time is in UTC, and the revision is the newest in the history, or `base`.
    /// The backup is made under the write lock, so it includes the content of the WAL.
    /// The backup has a temporary name until the copy is complete.
    ///
    /// - The directory is created if it does not exist.
    /// - No backup is made if no script runs, if the database is new, or if it is in memory.
    /// - The backup is encrypted if [`on_connect`](Self::on_connect) sets a key.
    /// - At least one backup is kept, also if `keep` is zero. Older backups are removed after the
    ///   commit.
    /// - A backup of [`make_backup`](Self::make_backup) is neither counted nor removed.
    /// - If an upgrade fails repeatedly, each attempt replaces the backup of the previous attempt.
    ///
    /// If the backup fails, no script runs, and the request fails with [`ErrorKind::Backup`].
    /// Default: no backup.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let (path, backups) = (directory.path().join("app.db"), directory.path().join("backups"));
    /// # let mut db = revchain::rusqlite::Connection::open(path)?;
    /// # MIGRATIONS.migrator().upgrade_to(&mut db, "008")?;
    /// let report = MIGRATIONS.migrator().backup(backups, 5).upgrade(&mut db)?;
    /// let backup = report.backup.expect("a revision was pending");
    /// assert!(backup.exists());
    /// # Ok(())
    /// # }
    /// ```
    pub fn backup(mut self, directory: impl Into<PathBuf>, keep: usize) -> Self {
        self.settings.backup = Some(BackupSettings {
            directory: directory.into(),
            keep: keep.max(1),
        });
        self
    }

    /// Makes a backup of the database now. revchain never removes this backup.
    ///
    /// `to` is the new file, or a directory if it exists as one or ends with `/`.
    /// A directory is created if it does not exist.
    /// The backup in a directory is named `<name>.<time>.<revision>.kept.<extension>`, such as
    /// `app.20261123T203312Z.008.kept.db`.
    /// Later backups of the same second have `.kept2` and so on.
    ///
    /// - The backup has one state of the database, with the content of the WAL.
    /// - The backup gets its name when `PRAGMA quick_check` finds no damage in it.
    /// - The backup has the permissions of the database, and is encrypted if
    ///   [`on_connect`](Self::on_connect) sets a key.
    /// - The state of the database does not matter: it can be newer, drifted or unmanaged.
    /// - During the copy, other connections can read. In WAL mode, they can also write.
    ///
    /// # Errors
    ///
    /// After an error, no backup and no partial file remain.
    ///
    /// - [`ErrorKind::Backup`] if the file exists, if the database is damaged, or if the copy
    ///   fails. [`BackupFailure`](crate::BackupFailure) has a variant for each reason.
    /// - [`ErrorKind::InTransaction`] if the connection is inside a transaction.
    /// - The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let backups = directory.path().join("backups/");
    /// # let db = MIGRATIONS.open(directory.path().join("app.db"))?;
    /// let backup = MIGRATIONS.migrator().make_backup(&db, backups)?;
    /// assert!(backup.path.exists());
    /// assert_eq!(backup.revision.as_deref(), Some("009"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn make_backup(
        &self,
        connection: &Connection,
        to: impl AsRef<Path>,
    ) -> Result<BackupFile, Error> {
        if !connection.is_autocommit() {
            return Err(Error::new(ErrorKind::InTransaction).in_database_of(connection));
        }
        self.read(connection, |session| back_up(session, to.as_ref()))
    }

    /// Returns the directory of [`backup`](Self::backup).
    #[doc(hidden)]
    pub fn backup_directory(&self) -> Option<&Path> {
        let settings = self.settings.backup.as_ref()?;
        Some(&settings.directory)
    }

    /// Replaces the content of the database with a backup, in one transaction.
    ///
    /// Before the restore, the backup is checked: it must not be damaged or newer than this
    /// program.
    /// The current content of the database is lost.
    ///
    /// A damaged database can prevent a restore.
    /// Then move the damaged file away, and restore the backup to a new file.
    ///
    /// # Errors
    ///
    /// After an error the database is as it was before.
    ///
    /// - [`ErrorKind::Open`] if SQLite cannot open the backup.
    /// - [`ErrorKind::Damaged`] if the backup is damaged or empty.
    /// - [`ErrorKind::Conflict`] if an upgrade of the backup would fail.
    /// - [`ErrorKind::InTransaction`] if the connection is inside a transaction.
    /// - [`ErrorKind::OnConnect`] if a function of [`on_connect`](Self::on_connect) failed.
    /// - The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let backups = directory.path().join("backups");
    /// # let mut db = revchain::rusqlite::Connection::open(directory.path().join("app.db"))?;
    /// # MIGRATIONS.migrator().upgrade_to(&mut db, "008")?;
    /// let migrator = MIGRATIONS.migrator().backup(backups, 5);
    /// let backup = migrator.upgrade(&mut db)?.backup.expect("a revision was pending");
    /// let report = migrator.restore(&mut db, backup)?;
    /// assert_eq!(report.to.as_deref(), Some("008"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn restore(
        &self,
        connection: &mut Connection,
        backup: impl AsRef<Path>,
    ) -> Result<Report, Error> {
        if !connection.is_autocommit() {
            return Err(Error::new(ErrorKind::InTransaction).in_database_of(connection));
        }
        self.migrations
            .decode()
            .map_err(|error| error.in_database_of(connection))?;
        let from = self.current(connection).ok().flatten().map(Revision::id);
        let path = connection.path().unwrap_or_default().to_owned();
        let mut session = Session::new(connection, self.migrations, &self.settings)
            .map_err(|error| error.in_database(&path))?;
        let backup = Backup::open(&session, backup.as_ref())?;
        restore(&mut session, &backup, from).map_err(|error| error.in_database(&path))
    }

    /// Runs a request on a temporary copy of the database, and reports the result.
    ///
    /// The database stays unchanged, and no backup is made.
    /// SQLite keeps the copy in memory or in a temporary file, and removes it when the connection
    /// in the [`DryRun`] closes.
    ///
    /// A script fails if it calls a function that the program registers elsewhere than in
    /// [`on_connect`](Self::on_connect).
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::OnConnect`] if a function of [`on_connect`](Self::on_connect) failed.
    /// - The errors of the request, which [`upgrade_to`](Self::upgrade_to) and
    ///   [`downgrade_to`](Self::downgrade_to) list.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use revchain::{Request, Target};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = revchain::rusqlite::Connection::open_in_memory()?;
    /// # MIGRATIONS.migrator().upgrade_to(&mut db, "008")?;
    /// let migrator = MIGRATIONS.migrator();
    /// let dry_run = migrator.dry_run(&db, Request::Upgrade(Target::Head))?;
    /// assert_eq!(dry_run.report.to.as_deref(), Some("009"));
    /// for rows in &dry_run.tables {
    ///     println!("{}: {:?} → {:?}", rows.table, rows.before, rows.after);
    /// }
    /// assert_eq!(migrator.pending(&db)?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dry_run(&self, connection: &Connection, request: Request) -> Result<DryRun, Error> {
        let mut migrator = self.clone();
        migrator.settings.backup = None;
        let copy = self.read(connection, dry_run::copy_to_temporary)?;
        dry_run::compare(copy, |copy| migrator.run(copy, &request, None))
            .map_err(|error| error.in_database_of(connection))
    }
}
