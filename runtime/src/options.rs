use std::fmt;
use std::path::Path;
use std::time::Duration;

use revchain_core::{Plan, Request, Revision, Step, Target, plan};
use rusqlite::Connection;

use crate::error::ErrorKind;
use crate::{Error, Event, Migrations, Report, Stamp, connection, engine, history};

/// How databases are brought to a revision: [`Migrations`], with options.
///
/// ```
/// # use std::time::Duration;
/// # fn open(migrations: &revchain_runtime::Migrations) -> Result<(), revchain_runtime::Error> {
/// let db = migrations
///     .options()
///     .baseline("001")
///     .lock_timeout(Duration::from_secs(5))
///     .on_event(|event| eprintln!("{event}"))
///     .open("app.db")?;
/// # Ok(())
/// # }
/// ```
#[must_use = "options do nothing until a database is opened or upgraded with them"]
pub struct Options<'m> {
    pub(crate) migrations: &'m Migrations,
    pub(crate) baseline: Option<Target>,
    pub(crate) lock_timeout: Duration,
    on_event: Vec<Callback<'m>>,
}

type Callback<'m> = Box<dyn Fn(&Event<'_>) + 'm>;

impl<'m> Options<'m> {
    pub(crate) fn new(migrations: &'m Migrations) -> Self {
        Self { migrations, baseline: None, lock_timeout: Duration::from_secs(30), on_event: Vec::new() }
    }

    /// Where a database is that has tables but no history: one from before the migrations. An upgrade stamps it
    /// there, leaves its tables as they are, and goes on from there, all in one transaction. Without a baseline
    /// such a database is refused.
    pub fn baseline(mut self, target: impl Into<Target>) -> Self {
        self.baseline = Some(target.into());
        self
    }

    /// How long to wait while others hold the database: 30 seconds unless told. The connection's own busy timeout
    /// does not add to it.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Calls `callback` as things happen, after those that were given before. It runs inside the transaction, so it should be quick; what it says is
    /// done is only kept once [`Event::Committed`] has come.
    pub fn on_event(mut self, callback: impl Fn(&Event<'_>) + 'm) -> Self {
        self.on_event.push(Box::new(callback));
        self
    }

    /// The migrations that these are the options of.
    pub fn migrations(&self) -> &'m Migrations {
        self.migrations
    }

    /// Opens the database at `path` as [`Connection::open`] does, which makes the file if it is not there, and
    /// upgrades it to the head. A file that cannot be written opens all the same if it is at the head.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Open`] where SQLite cannot open the file, and those of [`upgrade_to`](Self::upgrade_to).
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Connection, Error> {
        let path = path.as_ref();
        let mut connection = Connection::open(path).map_err(|source| Error::cannot_open(path, source))?;
        self.upgrade(&mut connection)?;
        Ok(connection)
    }

    /// Opens a new database in memory, at the head.
    ///
    /// # Errors
    ///
    /// Those of [`upgrade_to`](Self::upgrade_to).
    pub fn open_in_memory(&self) -> Result<Connection, Error> {
        let mut connection = Connection::open_in_memory()
            .map_err(|source| Error::new(ErrorKind::Open { source, reason: None }))?;
        self.upgrade(&mut connection)?;
        Ok(connection)
    }

    /// Upgrades to the head: [`upgrade_to`](Self::upgrade_to) with [`Target::Head`].
    ///
    /// # Errors
    ///
    /// Those of [`upgrade_to`](Self::upgrade_to).
    pub fn upgrade(&self, connection: &mut Connection) -> Result<Report, Error> {
        self.upgrade_to(connection, Target::Head)
    }

    /// Upgrades to `target`, which is a revision, `"head"`, `"base"` or `"+n"`. Revisions beyond it that are
    /// applied already stay.
    ///
    /// Where nothing is pending, two queries read, and nothing is written. Otherwise the write lock is taken, and
    /// what is found is read again under it. All pending revisions, and a row of `revchain_history` for each, are
    /// then written in one transaction. While it runs foreign keys are not enforced, as a table rebuild needs it;
    /// every key is checked before the commit, and the connection's setting is put back.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. After an error the database is as it was before.
    pub fn upgrade_to(
        &self,
        connection: &mut Connection,
        target: impl Into<Target>,
    ) -> Result<Report, Error> {
        engine::run(connection, self, &Request::Upgrade(target.into()))
    }

    /// Downgrades to `target`, which is a revision, `"base"` or `"-n"`: runs the downgrades of all revisions that
    /// are neither the target nor before it, newest first, and removes their rows, in one transaction.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. Where a revision on the way is irreversible, nothing is run. After an error the database
    /// is as it was before.
    pub fn downgrade_to(
        &self,
        connection: &mut Connection,
        target: impl Into<Target>,
    ) -> Result<Report, Error> {
        engine::run(connection, self, &Request::Downgrade(target.into()))
    }

    /// Records that the database is at `target`, which is a revision, `"head"` or `"base"`, and runs nothing. The
    /// history then has the target and all before it, and nothing else; a row whose checksum is not that of the
    /// revision is written anew.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. A database that is ahead of the program is refused.
    pub fn stamp(&self, connection: &mut Connection, target: impl Into<Target>) -> Result<Report, Error> {
        engine::run(connection, self, &Request::Stamp(target.into()))
    }

    /// What `request` would do to the database as it is now, without doing it. Never writes.
    ///
    /// # Errors
    ///
    /// Why it would be refused.
    pub fn plan(&self, connection: &Connection, request: &Request) -> Result<Plan, Error> {
        self.plan_from(connection, self.baseline.as_ref(), request)
    }

    /// What is stamped, in the order in which it was. Never writes.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub fn history(&self, connection: &Connection) -> Result<Vec<Stamp>, Error> {
        connection::wait(self, || connection::read(connection, history::stamps))
            .map_err(|error| error.while_doing("reading the history").in_database_of(connection))
    }

    pub(crate) fn read_current(&self, connection: &Connection) -> Result<Option<usize>, Error> {
        // Nothing lies below base, so this runs nothing; it only checks history against chain.
        let request = Request::Upgrade(Target::Base);
        Ok(self.plan_from(connection, Some(&Target::Base), &request)?.from)
    }

    pub(crate) fn read_pending(&self, connection: &Connection) -> Result<Vec<usize>, Error> {
        let steps = self.plan(connection, &Request::Upgrade(Target::Head))?.steps;
        Ok(steps
            .into_iter()
            .filter_map(|step| if let Step::Upgrade(place) = step { Some(place) } else { None })
            .collect())
    }

    fn plan_from(
        &self,
        connection: &Connection,
        baseline: Option<&Target>,
        request: &Request,
    ) -> Result<Plan, Error> {
        let found = connection::wait(self, || connection::read(connection, history::found))
            .map_err(|error| error.while_doing("reading the history").in_database_of(connection))?;
        plan::plan(self.migrations.chain(), &found, baseline, request)
            .map_err(|conflict| Error::from_conflict(conflict).in_database_of(connection))
    }

    pub(crate) fn revision(&self, place: usize) -> &'m Revision {
        &self.migrations.revisions()[place]
    }

    pub(crate) fn emit(&self, event: &Event<'_>) {
        event.trace();
        self.on_event.iter().for_each(|callback| callback(event));
    }
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("baseline", &self.baseline)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}
