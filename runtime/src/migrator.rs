//! The migrator: methods that change settings, and methods that act on a database.

mod connect;
mod inspect;
mod jobs;
pub(crate) mod proof;
mod wait;

use std::any::Any;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use revchain_core::{Adopt, OnDrift, OnNewer, Request, Revision, Target};
use rusqlite::Connection;

use crate::apply::pipeline;
use crate::apply::preflight::check_functions;
use crate::migrations::Migrations;
use crate::plan::{Plan, current, make_plan};
use crate::report::error::{Error, ErrorKind};
use crate::report::event::Event;
use crate::report::outcome::Report;
use crate::session::guard::GuardedConnection;
use crate::session::lock_wait::LockWait;
use crate::session::unlocked::Session;
use crate::settings::Settings;
use crate::snapshot::file::Installed;
#[cfg(feature = "bundled")]
use crate::snapshot::memory::Snapshot;
use crate::state::check::{SchemaCheck, check, observe};
use crate::state::histories::Histories;
use crate::state::history_entry::HistoryEntry;
use crate::state::marker::{is_at_head, lacks_history};

/// A chain with settings, which upgrades and downgrades databases.
///
/// [`Migrations::migrator`] makes a migrator with the default settings.
/// A setting is a method that returns the migrator with one change.
/// A verb is a method that acts on a database, with the connection of the caller or with a new one.
///
/// - Verbs that write: [`open`](Self::open), [`upgrade`](Self::upgrade),
///   [`upgrade_to`](Self::upgrade_to), [`downgrade_to`](Self::downgrade_to),
///   [`stamp`](Self::stamp), [`apply`](Self::apply),
///   [`run_jobs`](Self::run_jobs), `restore` and `redo`.
/// - Verbs that never write to the database: [`plan`](Self::plan), [`current`](Self::current),
///   [`pending`](Self::pending), [`history`](Self::history), [`check`](Self::check),
///   [`job_states`](Self::job_states), [`wait_for_head`](Self::wait_for_head), `dry_run` and
///   `make_backup`.
///
/// `Migrator` is `Send` and `Sync`, so the threads of a server can share a migrator.
/// A clone shares the callbacks, and copies the other settings.
///
/// # Errors of all verbs
///
/// Each verb can fail with these kinds:
///
/// - [`ErrorKind::Busy`] if other connections held the database longer than the busy timeout.
/// - [`ErrorKind::Sqlite`] if SQLite failed in an operation of revchain itself.
/// - [`ErrorKind::Open`] if SQLite cannot open the journal or the WAL beside the database.
/// - [`ErrorKind::DamagedProgram`] if the bytes of the chain in the program have changed.
///
/// The section "Errors" of a verb lists further kinds.
/// A verb panics only if a function of the program panics.
///
/// # Example
///
/// ```
/// # use revchain::{Migrations, embed_migrations};
/// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("app.db");
/// let db = MIGRATIONS
///     .migrator()
///     .busy_timeout(Duration::from_secs(5))
///     .on_event(|event| eprintln!("{event}"))
///     .open(path)?;
/// assert_eq!(MIGRATIONS.migrator().current(&db)?, MIGRATIONS.head());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a migrator does nothing until a database is opened or upgraded with it"]
pub struct Migrator<'m> {
    migrations: &'m Migrations,
    settings: Settings<'m>,
    /// Runs all jobs after an open; `None` by default.
    ///
    /// This is a pointer, so that a program that does not set it contains no code that runs jobs.
    run_jobs: Option<RunJobs>,
}

type RunJobs = fn(&Migrator<'_>, &mut Connection) -> Result<(), Error>;

/// Methods that change the settings.
impl<'m> Migrator<'m> {
    /// Sets the handling of a database that has tables but no history.
    ///
    /// An upgrade stamps the revision that the database has, and then applies the pending
    /// revisions.
    /// Both happen in one transaction.
    /// Default: [`Adopt::Detect`], which recognizes the revision by what another migration tool has
    /// recorded, or else by the schema of the database.
    ///
    /// [`Adopt::AtUnchecked`] also sets [`on_drift`](Self::on_drift) to [`OnDrift::Warn`].
    /// The schema of the database may differ from that of the revision, also after the upgrade.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use revchain::{Adopt, Outcome, rusqlite::Connection};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = Connection::open_in_memory()?;
    /// # MIGRATIONS.migrator().upgrade_to(&mut db, "004")?;
    /// # db.execute_batch("DROP TABLE revchain_history")?;
    /// // 003 and 004 have the same schema: 004 only changes rows.
    /// assert!(MIGRATIONS.upgrade(&mut db).is_err());
    ///
    /// let migrator = MIGRATIONS.migrator().adopt(Adopt::detect_preferring(["004"]));
    /// let report = migrator.upgrade(&mut db)?;
    /// assert_eq!(report.outcome, Outcome::Adopted);
    /// assert_eq!(report.stamped, ["001", "002", "003", "004"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn adopt(mut self, adopt: Adopt) -> Self {
        if let Adopt::AtUnchecked(_) = adopt {
            self.settings.policy.on_drift = OnDrift::Warn;
        }
        self.settings.policy.adopt = adopt;
        self
    }

    /// Adopts a database whose tables have their columns in another order than in the chain.
    ///
    /// The history remembers such an adoption, so later comparisons ignore the order, too.
    /// Other differences are still errors.
    /// A statement that depends on the order, such as `INSERT INTO t SELECT * FROM s`, moves values
    /// to other columns in such a database. A script with such a statement is rejected.
    /// Default: `false`.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use revchain::rusqlite::Connection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = Connection::open_in_memory()?;
    /// # MIGRATIONS.migrator().upgrade_to(&mut db, "002")?;
    /// # db.execute_batch("DROP TABLE revchain_history; DROP TABLE app_passwords")?;
    /// db.execute_batch(
    ///     "CREATE TABLE app_passwords (
    ///        created_at INTEGER NOT NULL,
    ///        updated_at INTEGER NOT NULL,
    ///        user_id TEXT PRIMARY KEY,
    ///        encrypted_password BLOB NOT NULL
    ///      );
    ///      CREATE INDEX idx_app_passwords_updated ON app_passwords (updated_at)",
    /// )?;
    /// assert!(MIGRATIONS.upgrade(&mut db).is_err());
    /// MIGRATIONS.migrator().ignore_column_order(true).upgrade(&mut db)?;
    /// assert!(MIGRATIONS.check(&db)?.is_same());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "adopt")]
    pub fn ignore_column_order(mut self, ignore: bool) -> Self {
        self.settings.ignores_column_order = ignore;
        self
    }

    /// Keeps the `user_version` in which another tool has recorded its migrations.
    ///
    /// The program of that tool can then still open the database, but revchain has no marker, so
    /// each open reads history and schema.
    /// Default: `false`. An adoption by that record replaces the number by the marker, and the
    /// report has it in [`Report::replaced_user_version`].
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/older");
    /// use revchain::Outcome;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = revchain::rusqlite::Connection::open_in_memory()?;
    /// // The database has the tables of 001, and 001 declares `-- @was user_version:1`.
    /// # db.execute_batch(MIGRATIONS.revisions()[0].upgrade().sql())?;
    /// db.pragma_update(None, "user_version", 1)?;
    /// let report = MIGRATIONS.migrator().keep_user_version(true).upgrade(&mut db)?;
    /// assert_eq!(report.outcome, Outcome::Adopted);
    ///
    /// let version: i32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    /// assert_eq!(version, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "adopt")]
    pub fn keep_user_version(mut self, keep: bool) -> Self {
        self.settings.keeps_user_version = keep;
        self
    }

    /// Sets the handling of a database whose schema differs from that of its revision.
    ///
    /// Default: [`OnDrift::Refuse`], which fails with
    /// [`Conflict::Drifted`](crate::Conflict::Drifted).
    /// If the history has a gap, such as a missing branch of a merge, the schema is not compared.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use revchain::{Conflict, OnDrift};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = revchain::rusqlite::Connection::open_in_memory()?;
    /// # MIGRATIONS.migrator().upgrade_to(&mut db, "008")?;
    /// db.execute_batch("CREATE TABLE mine (a)")?;
    /// let error = MIGRATIONS.upgrade(&mut db).expect_err("the table is drift");
    /// assert!(matches!(error.conflict(), Some(Conflict::Drifted { .. })));
    ///
    /// let report = MIGRATIONS.migrator().on_drift(OnDrift::Warn).upgrade(&mut db)?;
    /// assert_eq!(report.to.as_deref(), Some("009"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_drift(mut self, on_drift: OnDrift) -> Self {
        self.settings.policy.on_drift = on_drift;
        self
    }

    /// Sets the handling of a database that has revisions which the chain lacks.
    ///
    /// Default: [`OnNewer::Refuse`], which fails with [`Conflict::Newer`](crate::Conflict::Newer).
    /// If all these revisions are `@compatible` and nothing is pending, an upgrade succeeds with
    /// any setting.
    #[cfg_attr(
        feature = "stored-downgrades",
        doc = "
With [`OnNewer::Downgrade`], [`downgrade_to`](Self::downgrade_to) reverts these revisions.
This method runs the downgrades that the database stores.
The target [`Target::Head`] reverts all of these revisions.
An upgrade never reverts a revision.

A stored downgrade runs only if the stamped checksum matches, and only under an authorizer.
The authorizer allows changes to the tables of this database, and functions of SQLite.
An authorizer that the program has set is lost, because SQLite cannot return it.

```
# use revchain::{Migrations, embed_migrations};
# static OLDER: Migrations = embed_migrations!(\"tests/fixtures/older\");
# static NEWER: Migrations = embed_migrations!(\"tests/fixtures/newer\");
use revchain::{Conflict, OnNewer};

# fn main() -> Result<(), Box<dyn std::error::Error>> {
// OLDER has the revision 001, and NEWER has 001 and 002.
let mut db = NEWER.open_in_memory()?;
let error = OLDER.upgrade(&mut db).expect_err(\"002 is unknown\");
assert!(matches!(error.conflict(), Some(Conflict::Newer { .. })));

let report = OLDER.migrator().on_newer(OnNewer::Downgrade).downgrade_to(&mut db, \"head\")?;
assert_eq!(report.reverted[0].revision, \"002\");
# Ok(())
# }
```"
    )]
    pub fn on_newer(mut self, on_newer: OnNewer) -> Self {
        self.settings.policy.on_newer = on_newer;
        self
    }

    /// Excludes tables of another program, with their indexes and triggers, from the schema.
    ///
    /// A name that ends with `*` excludes all tables whose names start with the text before the
    /// `*`.
    /// Indexes and triggers that another program adds to tables of the chain are not excluded.
    /// The history tables of other migration tools are always excluded.
    /// A table that the chain makes cannot be excluded: the verbs then fail with
    /// [`Conflict::IgnoredOwn`](crate::Conflict::IgnoredOwn).
    /// Each call adds names. Default: no tables.
    ///
    /// revchain writes no marker if tables are ignored, so each open reads history and schema.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = MIGRATIONS.open_in_memory()?;
    /// db.execute_batch("CREATE TABLE search_words (word TEXT)")?;
    /// assert!(!MIGRATIONS.check(&db)?.is_same());
    /// assert!(MIGRATIONS.migrator().ignore_tables(["search_*"]).check(&db)?.is_same());
    /// # Ok(())
    /// # }
    /// ```
    pub fn ignore_tables<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.settings
            .ignored_tables
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Accepts rows that violated a foreign key before the migrations.
    ///
    /// [`Event::ExistingViolations`] reports the number of these rows, in the tables that the
    /// request checks.
    /// Rows that violate a foreign key only after the migrations are errors with any setting.
    /// Default: every violation in these tables fails with [`ErrorKind::ForeignKeys`].
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/newer");
    /// use revchain::{ErrorKind, rusqlite::Connection};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = Connection::open_in_memory()?;
    /// # db.pragma_update(None, "foreign_keys", false)?;
    /// # MIGRATIONS.migrator().upgrade_to(&mut db, "001")?;
    /// // The column `author` references a table that has no row 7. 002 changes this table.
    /// db.execute("INSERT INTO notes (text, author) VALUES ('a', 7)", [])?;
    /// let error = MIGRATIONS.upgrade(&mut db).expect_err("a row violates a key");
    /// assert!(matches!(error.kind(), ErrorKind::ForeignKeys { count: 1, .. }));
    ///
    /// let report = MIGRATIONS.migrator().allow_existing_violations().upgrade(&mut db)?;
    /// assert_eq!(report.to.as_deref(), Some("002"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_existing_violations(mut self) -> Self {
        self.settings.allow_existing_violations = true;
        self
    }

    /// Sets the longest time that a request waits for other connections. Default: 30 seconds.
    ///
    /// All waits of one request share this time. The busy timeout of the connection does not add to
    /// it. With zero, a request fails at once. A request that has waited too long fails with
    /// [`ErrorKind::Busy`].
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use std::time::Duration;
    /// use revchain::{ErrorKind, rusqlite::Connection};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("app.db");
    /// let other = Connection::open(&path)?;
    /// other.execute_batch("BEGIN EXCLUSIVE")?;
    ///
    /// let migrator = MIGRATIONS.migrator().busy_timeout(Duration::from_millis(20));
    /// let error = migrator.open(&path).expect_err("the other connection holds the database");
    /// let ErrorKind::Busy { waited, .. } = error.kind() else { panic!("{error:#}") };
    /// assert!(*waited >= Duration::from_millis(20));
    /// # Ok(())
    /// # }
    /// ```
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.settings.busy_timeout = timeout;
        self
    }

    /// Adds a function that sets up each connection that revchain opens.
    ///
    /// The functions are called in the order of their registration, before anything is read.
    /// So a function can set the key of an encrypted database, register functions and collations,
    /// or load extensions.
    ///
    /// revchain opens connections for [`open`](Self::open),
    /// [`open_in_memory`](Self::open_in_memory) and the commands, and to these files:
    ///
    /// - the copy of the snapshot that becomes a new database, which is read-only
    #[cfg_attr(
        feature = "backup",
        doc = "
- the database, for a backup, and the backup itself
- the backup that [`restore`](Self::restore) reads, which is read-only
- the temporary database of [`dry_run`](Self::dry_run)"
    )]
    ///
    /// The functions are not called on a connection that the caller passes to a method.
    /// If a function sets a key, a new database is not a copy of the snapshot: the chain runs.
    ///
    /// Do not set WAL mode here: a backup is not in WAL mode. [`wal`](Self::wal) sets it.
    ///
    /// If a function fails, the request fails with [`ErrorKind::OnConnect`], and a backup with
    /// [`ErrorKind::Backup`].
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let migrator = MIGRATIONS.migrator().on_connect(|connection| {
    ///     connection.pragma_update(None, "synchronous", "NORMAL")?;
    ///     connection.busy_timeout(Duration::from_secs(10))
    /// });
    /// let db = migrator.open_in_memory()?;
    /// let synchronous: i64 = db.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    /// assert_eq!(synchronous, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_connect<E>(
        mut self,
        set_up: impl Fn(&Connection) -> Result<(), E> + Send + Sync + 'm,
    ) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let set_up = move |connection: &Connection| set_up(connection).map_err(Into::into);
        self.settings.on_connect.push(Arc::new(set_up));
        self
    }

    /// Puts the database into WAL mode on [`open`](Self::open), before the upgrade.
    ///
    /// SQLite fails at once, whatever the busy timeout, if two connections set WAL mode on a new
    /// file. revchain repeats the attempt until the busy timeout of the migrator has passed.
    ///
    /// A read-only file and a database in memory keep their journal mode.
    /// Default: the journal mode stays.
    ///
    /// # Errors
    ///
    /// If the file cannot be in WAL mode, `open` fails with [`ErrorKind::NoWal`].
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("app.db");
    /// let db = MIGRATIONS.migrator().wal().open(path)?;
    /// let mode: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    /// assert_eq!(mode, "wal");
    /// # Ok(())
    /// # }
    /// ```
    pub fn wal(mut self) -> Self {
        self.settings.wal = true;
        self
    }

    /// Sets the value that functions of the program get from [`Step::context`] and
    /// [`Progress::context`].
    ///
    /// The value replaces an earlier one. Examples are a key, or the configuration of the program.
    ///
    /// ```
    /// use revchain::{Migrations, Step, embed_migrations};
    ///
    /// static MIGRATIONS: Migrations =
    ///     embed_migrations!("tests/fixtures/code", code = [encrypt_tokens]);
    ///
    /// struct Key(String);
    ///
    /// # type BoxError = Box<dyn std::error::Error + Send + Sync>;
    /// fn encrypt_tokens(step: &mut Step<'_>) -> Result<(), BoxError> {
    ///     let key: &Key = step.context().ok_or("the migrator has no key")?;
    ///     let sql = "UPDATE accounts SET encrypted = ?1 || token";
    ///     step.execute(sql, [&key.0])?;
    ///     Ok(())
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let migrator = MIGRATIONS.migrator().context(Key("secret".to_owned()));
    /// migrator.open_in_memory()?;
    /// assert!(MIGRATIONS.open_in_memory().is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`Step::context`]: crate::Step::context
    /// [`Progress::context`]: crate::Progress::context
    pub fn context<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.settings.context = Some(Arc::new(value));
        self
    }

    /// Adds a callback that is called with each event, after the callbacks that were added before.
    ///
    /// The callback runs on the thread of the request, and between [`Event::Started`] and
    /// [`Event::Committed`] inside the transaction, so it should return quickly.
    /// No change is final before [`Event::Committed`].
    /// If the callback panics, SQLite rolls the transaction back.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use std::sync::Mutex;
    /// use revchain::Event;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = revchain::rusqlite::Connection::open_in_memory()?;
    /// let ids = Mutex::new(Vec::new());
    /// let migrator = MIGRATIONS.migrator().on_event(|event| {
    ///     if let (Event::Upgraded { revision, .. }, Ok(mut ids)) = (event, ids.lock()) {
    ///         ids.push(revision.id().to_owned());
    ///     }
    /// });
    /// migrator.upgrade_to(&mut db, "002")?;
    /// drop(migrator);
    /// assert_eq!(ids.into_inner()?, ["001", "002"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_event(mut self, callback: impl Fn(&Event<'_>) + Send + Sync + 'm) -> Self {
        self.settings.callbacks.push(Arc::new(callback));
        self
    }

    /// Returns the chain that the migrator applies.
    pub fn migrations(&self) -> &'m Migrations {
        self.migrations
    }
}

/// Methods that write to the database.
impl<'m> Migrator<'m> {
    /// Opens the database at `path`, and upgrades it to the head.
    ///
    /// The file is created if it does not exist.
    /// SQLite also accepts a URI `file:…`, such as `file:app.db?mode=rw`.
    /// A read-only file is accepted if the database is at the head.
    ///
    /// If the program has an embedded snapshot, a new file is a copy of the snapshot.
    /// The copy is written to the file `<path>-revchain`, synchronized, and then linked to `path`.
    /// The link fails if another process has created `path`. Then the existing file is opened.
    /// If the file system has no hard links, the chain runs instead.
    ///
    /// If the process is killed, a partial file `<path>-revchain` can remain.
    /// The next open that creates the database removes this file.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Open`] if SQLite cannot open the file, or if `path` is a URL `sqlite:…`.
    /// - [`ErrorKind::OnConnect`] if a function of [`on_connect`](Self::on_connect) failed.
    /// - [`ErrorKind::NoWal`] if the file cannot be in WAL mode, which [`wal`](Self::wal) asks for.
    /// - The errors of [`upgrade_to`](Self::upgrade_to).
    ///
    /// After an error of the upgrade, an existing database is as it was before.
    /// A new file can remain, without tables. The next open uses this file.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// let db = MIGRATIONS.migrator().open(directory.path().join("app.db"))?;
    /// assert_eq!(MIGRATIONS.migrator().current(&db)?, MIGRATIONS.head());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Connection, Error> {
        let path = path.as_ref();
        let (mut connection, installed) = self.open_or_install(path)?;
        self.upgrade_opened(&mut connection)
            // SQLite reports an absolute path. The error shows the path as the caller wrote it.
            .map_err(|error| error.in_database(&path.to_string_lossy()))?;
        self.run_jobs_of_opened(&mut connection)
            .map_err(|error| error.in_database(&path.to_string_lossy()))?;
        match installed {
            Installed::Complete => self.emit_created_from_snapshot(),
            // The database exists, so nobody needs the partial file. A process that still writes
            // the partial file will open the database instead.
            Installed::InProgress(partial) => drop(std::fs::remove_file(partial)),
            Installed::Unavailable => {}
        }
        Ok(connection)
    }

    /// Opens a new database in memory, at the head.
    ///
    /// If the program has an embedded snapshot, the database is a copy of the snapshot.
    /// Otherwise the chain runs.
    /// The database is gone when the connection closes.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::OnConnect`] if a function of [`on_connect`](Self::on_connect) failed.
    /// - The errors of [`upgrade_to`](Self::upgrade_to).
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = MIGRATIONS.migrator().open_in_memory()?;
    /// assert_eq!(MIGRATIONS.migrator().current(&db)?, MIGRATIONS.head());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open_in_memory(&self) -> Result<Connection, Error> {
        #[cfg(feature = "bundled")]
        if let Some(snapshot) = Snapshot::load(self.migrations) {
            if let Some(mut copy) = snapshot.copy_to(self.connect_in_memory()?) {
                self.emit_created_from_snapshot();
                self.run_jobs_of_opened(&mut copy)?;
                return Ok(copy);
            }
        }
        let mut connection = self.connect_in_memory()?;
        self.upgrade(&mut connection)?;
        self.run_jobs_of_opened(&mut connection)?;
        Ok(connection)
    }

    /// Upgrades to the head, as [`upgrade_to`](Self::upgrade_to) does with [`Target::Head`].
    ///
    /// # Errors
    ///
    /// Fails as [`upgrade_to`](Self::upgrade_to) does.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use revchain::{Outcome, rusqlite::Connection};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut db = Connection::open_in_memory()?;
    /// let report = MIGRATIONS.migrator().upgrade(&mut db)?;
    /// assert_eq!(report.outcome, Outcome::New);
    /// assert_eq!(report.applied.len(), MIGRATIONS.revisions().len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn upgrade(&self, connection: &mut Connection) -> Result<Report, Error> {
        self.upgrade_to(connection, Target::Head)
    }

    /// Upgrades to `target`: a revision, `"head"`, `"base"`, or `"+n"`.
    ///
    /// Applied revisions beyond the target stay.
    ///
    /// - If the marker identifies the head, an upgrade to the head reads neither history nor
    ///   schema, and writes nothing.
    /// - Otherwise the upgrade reads history and schema. If revisions are pending, it takes the
    ///   write lock before it decides the steps.
    /// - All pending revisions and their rows in `revchain_history` are one transaction.
    /// - If a pending revision requires a job that is not finished, there are several transactions:
    ///   the upgrade commits before the revision, runs the job to its end, and goes on.
    /// - Foreign keys are off during the transaction, because a table rebuild would otherwise
    ///   delete child rows. Before COMMIT, the keys are checked in which a script can have left a
    ///   violation. The setting is restored.
    /// - After the scripts, the schema must be the proven schema. Otherwise the upgrade rolls back.
    ///
    /// The marker of a chain without a name is in `user_version`.
    /// If another program uses `user_version`, revchain writes no marker.
    /// Then each upgrade reads history and schema.
    ///
    /// # Errors
    ///
    /// After an error the database is as it was before.
    /// The exception is an error of COMMIT itself: the commit may have taken effect.
    /// The next open then reads the state of the database.
    /// If a revision requires a job, [`Error::committed`] has the last committed revision.
    ///
    /// - [`ErrorKind::Conflict`] if the state of the database or the target prevents the upgrade.
    ///   [`Conflict`](crate::Conflict) has a variant for each reason.
    /// - [`ErrorKind::Statement`] if SQLite rejected a statement of a migration.
    /// - [`ErrorKind::ForeignKeys`] or [`ErrorKind::WrongSchema`] if a check before COMMIT failed.
    /// - [`ErrorKind::ReadOnly`], [`ErrorKind::InTransaction`], [`ErrorKind::NoJournal`],
    ///   [`ErrorKind::TemporaryTables`], or [`ErrorKind::TemporaryTriggers`] if the state of the
    ///   connection prevents migrations.
    /// - [`ErrorKind::NotOwned`] if a script names a table that does not belong to the chain.
    /// - [`ErrorKind::Backup`] if the backup before the upgrade failed.
    /// - [`ErrorKind::Job`] if a job failed that a revision requires.
    /// - The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = revchain::rusqlite::Connection::open_in_memory()?;
    /// let migrator = MIGRATIONS.migrator();
    /// assert_eq!(migrator.upgrade_to(&mut db, "003")?.to.as_deref(), Some("003"));
    /// assert_eq!(migrator.upgrade_to(&mut db, "+1")?.to.as_deref(), Some("004"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn upgrade_to(
        &self,
        connection: &mut Connection,
        target: impl Into<Target>,
    ) -> Result<Report, Error> {
        self.run(connection, &Request::Upgrade(target.into()), None)
    }

    /// Downgrades to `target`: a revision, `"base"`, or `"-n"`.
    ///
    /// Reverts all revisions except the target and its ancestors, newest first, in one transaction.
    /// `-n` reverts the `n` newest revisions.
    /// revchain runs the downgrade script of each revision, and removes its row from the history.
    ///
    /// # Errors
    ///
    /// - [`Conflict::Irreversible`](crate::Conflict::Irreversible) if a revision has no downgrade
    ///   script. Then no script runs.
    /// - [`Conflict::UnknownTarget`](crate::Conflict::UnknownTarget) if the chain lacks the target.
    /// - [`Conflict::OutOfReach`](crate::Conflict::OutOfReach) if the target is not below the
    ///   current revision.
    /// - The errors of [`upgrade_to`](Self::upgrade_to).
    ///
    /// After an error the database is as it was before, except after an error of COMMIT itself.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut db = MIGRATIONS.open_in_memory()?;
    /// let report = MIGRATIONS.migrator().downgrade_to(&mut db, "-2")?;
    /// assert_eq!(report.reverted.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn downgrade_to(
        &self,
        connection: &mut Connection,
        target: impl Into<Target>,
    ) -> Result<Report, Error> {
        self.run(connection, &Request::Downgrade(target.into()), None)
    }

    /// Records that the database is at `target`: a revision, `"head"`, or `"base"`. Runs no script.
    ///
    /// Afterwards the history contains exactly the target and its ancestors.
    /// A row whose checksum differs from that of the chain is replaced.
    /// The other tables stay as they are. Their schema is not compared with that of the target.
    ///
    /// # Errors
    ///
    /// - [`Conflict::Newer`](crate::Conflict::Newer) if the database has revisions that the chain
    ///   lacks.
    /// - The errors of [`upgrade_to`](Self::upgrade_to).
    ///
    /// After an error the database is as it was before, except after an error of COMMIT itself.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut db = MIGRATIONS.open_in_memory()?;
    /// let report = MIGRATIONS.migrator().stamp(&mut db, "008")?;
    /// assert_eq!(report.unstamped, ["009"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stamp(
        &self,
        connection: &mut Connection,
        target: impl Into<Target>,
    ) -> Result<Report, Error> {
        self.run(connection, &Request::Stamp(target.into()), None)
    }

    /// Reverts the revisions that are not as in the chain, and upgrades to the head.
    ///
    /// This is for the development of a migration.
    /// In one transaction, the redo does these steps:
    ///
    /// 1. It reverts each revision that was edited after the database had applied it, and each
    ///    revision of another branch that has an id of the chain.
    ///    It runs the downgrades that the database stores, as [`OnNewer::Downgrade`] describes.
    /// 2. It reverts the revisions that revise these.
    /// 3. It applies all pending revisions.
    ///
    /// If no revision differs, the redo reverts the newest revision that is not locked.
    /// It reverts a revision that the chain lacks only with [`OnNewer::Downgrade`].
    /// Rows in tables that the downgrades do not change are kept.
    ///
    /// # Errors
    ///
    /// - [`Conflict::Locked`](crate::Conflict::Locked) if a revision to revert is locked, and the
    ///   database has the form of it that is in the lock file.
    /// - [`Conflict::Untrusted`](crate::Conflict::Untrusted) if the stored downgrade is not that of
    ///   the stamp.
    /// - [`ErrorKind::WrongSchema`] if the stored downgrades do not lead to the schema of a
    ///   revision.
    /// - The errors of [`downgrade_to`](Self::downgrade_to).
    ///
    /// After an error the database is as it was before, except after an error of COMMIT itself.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut db = MIGRATIONS.open_in_memory()?;
    /// let report = MIGRATIONS.migrator().redo(&mut db)?;
    /// assert_eq!(report.reverted[0].revision, "009");
    /// assert_eq!(report.applied[0].revision, "009");
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "stored-downgrades")]
    pub fn redo(&self, connection: &mut Connection) -> Result<Report, Error> {
        self.run(connection, &Request::Redo, None)
    }

    /// Runs the steps of a plan.
    ///
    /// [`plan`](Self::plan) makes the plan.
    /// See [`upgrade_to`](Self::upgrade_to) for the transaction and the checks.
    ///
    /// # Errors
    ///
    /// - [`Conflict::Changed`](crate::Conflict::Changed) if the database has changed, so that the
    ///   request needs other steps.
    /// - The errors of [`upgrade_to`](Self::upgrade_to).
    ///
    /// After an error the database is as it was before, except after an error of COMMIT itself.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use revchain::Request;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = MIGRATIONS.open_in_memory()?;
    /// let migrator = MIGRATIONS.migrator();
    /// let plan = migrator.plan(&db, Request::Downgrade("007".into()))?;
    /// for revision in plan.reverts() {
    ///     println!("reverts {} of {}: {}", revision.id(), revision.date(), revision.summary());
    /// }
    /// let report = migrator.apply(&mut db, plan)?;
    /// assert_eq!(report.reverted.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply(&self, connection: &mut Connection, plan: Plan<'_>) -> Result<Report, Error> {
        self.run(connection, plan.request(), Some(&plan))
    }
}

/// Methods that never write to the database.
impl<'m> Migrator<'m> {
    /// Plans a request for the current state of the database. Never writes.
    ///
    /// If the marker identifies the head, the plan of an upgrade to the head reads neither history
    /// nor schema.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Conflict`] if the state of the database or the target prevents the request.
    /// - The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use revchain::{Request, Target};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = revchain::rusqlite::Connection::open_in_memory()?;
    /// # MIGRATIONS.migrator().upgrade_to(&mut db, "007")?;
    /// let plan = MIGRATIONS.migrator().plan(&db, Request::Upgrade(Target::Head))?;
    /// let pending: Vec<&str> = plan.upgrades().map(|revision| revision.id()).collect();
    /// assert_eq!(pending, ["008", "009"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn plan(&self, connection: &Connection, request: Request) -> Result<Plan<'m>, Error> {
        self.read(connection, |session| {
            // At the head, the marker alone decides, as in `upgrade_to`.
            let wants_head = request == Request::Upgrade(Target::Head);
            let database = session.database();
            let is_at_head = wants_head && is_at_head(database.connection, self.migrations);
            if is_at_head && !lacks_history(database) {
                return Ok(Plan::at_head(self.migrations, request));
            }
            make_plan(session, self.migrations, request)
        })
    }

    /// Plans a request for a database that does not exist yet.
    ///
    /// # Errors
    ///
    /// Fails if the request cannot succeed, for example because a function is missing.
    #[doc(hidden)]
    pub fn plan_new(&self, request: Request) -> Result<Plan<'m>, Error> {
        self.migrations.decode()?;
        let plan = Plan::for_new_database(self.migrations, &self.settings, request)?;
        // A program with a snapshot creates the database without its functions.
        if self.migrations.snapshot().is_empty() {
            check_functions(self.migrations, plan.steps())?;
        }
        Ok(plan)
    }

    /// Returns the newest revision of the chain that the history contains.
    ///
    /// Returns `None` at base and without a history.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Conflict`] if history and chain disagree, for example after an edit of a
    ///   migration.
    /// - The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = MIGRATIONS.open_in_memory()?;
    /// assert_eq!(MIGRATIONS.migrator().current(&db)?, MIGRATIONS.head());
    /// # Ok(())
    /// # }
    /// ```
    pub fn current(&self, connection: &Connection) -> Result<Option<&'m Revision>, Error> {
        self.read(connection, |session| current(session, self.migrations))
    }

    /// Returns the revisions that an upgrade to the head would apply, in order.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Conflict`] if the state of the database prevents an upgrade.
    /// - The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = MIGRATIONS.open_in_memory()?;
    /// # MIGRATIONS.migrator().downgrade_to(&mut db, "008")?;
    /// let pending = MIGRATIONS.migrator().pending(&db)?;
    /// assert_eq!(pending[0].summary(), "Add the paths of documents.");
    /// # Ok(())
    /// # }
    /// ```
    pub fn pending(&self, connection: &Connection) -> Result<Vec<&'m Revision>, Error> {
        let plan = self.plan(connection, Request::Upgrade(Target::Head))?;
        Ok(plan.upgrades().collect())
    }

    /// Returns the rows of the history, oldest first. Includes revisions that the chain lacks.
    ///
    /// Without a history of this chain, there are no rows.
    ///
    /// # Errors
    ///
    /// The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = MIGRATIONS.open_in_memory()?;
    /// let history = MIGRATIONS.migrator().history(&db)?;
    /// for entry in &history {
    ///     println!("{} {} {:?}", entry.revision, entry.origin, entry.applied_at);
    /// }
    /// assert_eq!(history.len(), 9);
    /// # Ok(())
    /// # }
    /// ```
    pub fn history(&self, connection: &Connection) -> Result<Vec<HistoryEntry>, Error> {
        self.read(connection, |session| {
            session.read(|database| Histories::read(database)?.entries())
        })
    }

    /// Compares the schema with that of the revision that the database is at. Never writes.
    ///
    /// For a database without a history, the revision is detected by the schema.
    /// A new database is compared with the empty schema.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Conflict`] if history and chain disagree, for example after an edit of a
    ///   migration.
    /// - [`Conflict::Unrecognized`](crate::Conflict::Unrecognized) or
    ///   [`Conflict::Ambiguous`](crate::Conflict::Ambiguous) if the database has no history, and
    ///   its schema is not that of exactly one revision.
    /// - The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// Drift is no error of this method: it returns [`SchemaCheck::Drifted`].
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// use revchain::SchemaCheck;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = MIGRATIONS.open_in_memory()?;
    /// assert!(MIGRATIONS.migrator().check(&db)?.is_same());
    /// db.execute_batch("CREATE TABLE mine (a)")?;
    /// match MIGRATIONS.migrator().check(&db)? {
    ///     SchemaCheck::Drifted { diff, .. } => assert_eq!(diff.to_string(), "+ table mine (a)"),
    ///     check => panic!("{check}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn check(&self, connection: &Connection) -> Result<SchemaCheck, Error> {
        self.read(connection, |session| {
            let observed = session.read(observe)?;
            check(session.database(), &observed)
        })
    }
}

impl<'m> Migrator<'m> {
    /// Calls `verb` with a session that only reads.
    fn read<T>(
        &self,
        connection: &Connection,
        verb: impl FnOnce(&Session<'_, &Connection>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let decoded = self.migrations.decode();
        decoded
            .and_then(|()| Session::new(connection, self.migrations, &self.settings))
            .and_then(|session| verb(&session))
            .map_err(|error| error.in_database_of(connection))
    }

    /// Upgrades a database that this migrator has opened.
    fn upgrade_opened(&self, connection: &mut Connection) -> Result<Report, Error> {
        let request = Request::Upgrade(Target::Head);
        if !self.has_functions() {
            let session = self.session_of_opened(connection)?;
            return pipeline::run(&session, &request, None, None);
        }
        let session = self.session_of_opened(&mut *connection)?;
        if let Some(report) = pipeline::report_at_head(session.database(), &request) {
            return Ok(report);
        }
        drop(session);
        let mut guarded = self.guard_for_functions(connection)?.0;
        let guard = guarded.guard();
        let session = self.session_of_opened(&mut *guarded)?;
        pipeline::run(&session, &request, None, guard.as_ref())
    }

    fn run(
        &self,
        connection: &mut Connection,
        request: &Request,
        approved: Option<&Plan<'_>>,
    ) -> Result<Report, Error> {
        self.try_run(connection, request, approved)
            .map_err(|error| error.in_database_of(connection))
    }

    fn try_run(
        &self,
        connection: &mut Connection,
        request: &Request,
        approved: Option<&Plan<'_>>,
    ) -> Result<Report, Error> {
        if !connection.is_autocommit() {
            return Err(Error::new(ErrorKind::InTransaction));
        }
        let approved = approved.map(Plan::steps);
        if self.has_functions() && approved.is_none_or(revchain_core::Plan::is_empty) {
            let session = Session::new(&*connection, self.migrations, &self.settings)?;
            if let Some(report) = pipeline::report_at_head(session.database(), request) {
                return Ok(report);
            }
        }
        let (mut guarded, waited) = self.guard(connection, request)?;
        let guard = guarded.guard();
        let session = Session::after_wait(&mut *guarded, self.migrations, &self.settings, waited)?;
        pipeline::run(&session, request, approved, guard.as_ref())
    }

    /// Installs a guard if the request may need one. Returns the time that the request has waited.
    fn guard<'c>(
        &self,
        connection: &'c mut Connection,
        request: &Request,
    ) -> Result<(GuardedConnection<'c>, Duration), Error> {
        #[cfg(feature = "stored-downgrades")]
        {
            let start = std::time::Instant::now();
            if self.may_run_stored(connection, request)? {
                let wait = LockWait::new(connection, &self.settings, start.elapsed());
                let guarded = GuardedConnection::new(connection, &wait)?;
                return Ok((guarded, wait.waited()));
            }
        }
        if self.has_functions() && !matches!(request, Request::Stamp(_)) {
            return self.guard_for_functions(connection);
        }
        Ok((GuardedConnection::without_guard(connection), Duration::ZERO))
    }

    /// Returns `true` if the program has a function that an upgrade may run.
    fn has_functions(&self) -> bool {
        self.migrations.code().is_some() || self.migrations.job_table().is_some()
    }

    /// Installs the guard under which functions of the program run, if the request may run one.
    fn guard_for_functions<'c>(
        &self,
        connection: &'c mut Connection,
    ) -> Result<(GuardedConnection<'c>, Duration), Error> {
        self.migrations.decode()?;
        let jobs = self.migrations.job_table();
        let jobs = jobs.filter(|_| self.migrations.chain().requires_jobs());
        let wait = LockWait::new(connection, &self.settings, Duration::ZERO);
        let guarded = match (self.migrations.code(), jobs) {
            (Some(code), _) => code.guard(connection, &wait)?,
            (None, Some(jobs)) => jobs.guard(connection, &wait)?,
            (None, None) => GuardedConnection::without_guard(connection),
        };
        Ok((guarded, wait.waited()))
    }

    /// Returns `true` if the plan for the current state contains stored downgrades.
    ///
    /// The authorizer must be set before the transaction begins, so this function reads the state
    /// without the write lock.
    /// The steps themselves are decided under the write lock.
    #[cfg(feature = "stored-downgrades")]
    fn may_run_stored(&self, connection: &Connection, request: &Request) -> Result<bool, Error> {
        let may_revert_unknown = match request {
            Request::Downgrade(_) => self.settings.policy.on_newer == OnNewer::Downgrade,
            Request::Redo => true,
            _ => false,
        };
        if !may_revert_unknown {
            return Ok(false);
        }
        let plan = self.plan(connection, request.clone())?;
        Ok(plan.runs_stored())
    }
}

impl fmt::Debug for Migrator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator")
            .field("migrations", self.migrations)
            .field("policy", &self.settings.policy)
            .finish_non_exhaustive()
    }
}

/// Methods that use the default settings.
impl Migrations {
    /// Returns a migrator with the default settings. The methods of the migrator change them.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut db = revchain::rusqlite::Connection::open_in_memory()?;
    /// let report = MIGRATIONS.migrator().upgrade_to(&mut db, "002")?;
    /// assert_eq!(report.applied.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn migrator(&self) -> Migrator<'_> {
        Migrator {
            migrations: self,
            settings: Settings::default(),
            run_jobs: None,
        }
    }

    /// Opens or creates the database at `path`, and upgrades it to the head.
    ///
    /// [`Migrator::open`] describes what is written, and when.
    ///
    /// # Errors
    ///
    /// Fails as [`Migrator::open`] does.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("app.db");
    /// let db = MIGRATIONS.open(path)?;
    /// assert_eq!(MIGRATIONS.migrator().current(&db)?, MIGRATIONS.head());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Connection, Error> {
        self.migrator().open(path)
    }

    /// Opens a new database in memory, at the head, for example for a test or a cache.
    ///
    /// # Errors
    ///
    /// Fails as [`Migrator::open_in_memory`] does.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = MIGRATIONS.open_in_memory()?;
    /// let sql = "SELECT count(*) FROM app_passwords";
    /// assert_eq!(db.query_row(sql, [], |row| row.get::<_, i64>(0))?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn open_in_memory(&self) -> Result<Connection, Error> {
        self.migrator().open_in_memory()
    }

    /// Upgrades a database to the head.
    ///
    /// See [`Migrator::upgrade_to`] for the transaction and the checks.
    ///
    /// # Errors
    ///
    /// Fails as [`Migrator::upgrade_to`] does.
    /// After an error the database is as it was before, except after an error of COMMIT itself.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut db = revchain::rusqlite::Connection::open_in_memory()?;
    /// let report = MIGRATIONS.upgrade(&mut db)?;
    /// assert!(report.to_string().starts_with("new database at 009: 9 revisions applied in "));
    /// # Ok(())
    /// # }
    /// ```
    pub fn upgrade(&self, connection: &mut Connection) -> Result<Report, Error> {
        self.migrator().upgrade(connection)
    }

    /// Compares the schema of a database with the schema of its revision. Never writes.
    ///
    /// # Errors
    ///
    /// Fails as [`Migrator::check`] does.
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = MIGRATIONS.open_in_memory()?;
    /// assert!(MIGRATIONS.check(&db)?.is_same());
    /// # Ok(())
    /// # }
    /// ```
    pub fn check(&self, connection: &Connection) -> Result<SchemaCheck, Error> {
        self.migrator().check(connection)
    }
}

// The module is last, because rustdoc shows the methods in the order of the source.
#[cfg(feature = "backup")]
mod backup;
