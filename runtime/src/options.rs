use std::fmt;
#[cfg(feature = "bundled")]
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use revchain_core::schema::Diff;
use revchain_core::{Conflict, Found, OnAhead, OnDrift, Plan, Policy, Request, Revision, Target, plan};
#[cfg(feature = "bundled")]
use rusqlite::MAIN_DB;
use rusqlite::{Connection, OpenFlags};

use crate::backup::{self, Backups};
use crate::connection::Patience;
use crate::distrust::{Distrusted, distrusted};
use crate::error::ErrorKind;
#[cfg(feature = "bundled")]
use crate::image::{self, Created};
use crate::{
    Drift, Error, Event, Migrations, Outcome, Report, Stamp, connection, engine, explain, history, rehearsal,
};

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
#[derive(Clone)]
#[must_use = "options do nothing until a database is opened or upgraded with them"]
pub struct Options<'m> {
    pub(crate) migrations: &'m Migrations,
    pub(crate) policy: Policy,
    /// Tables that are no part of the schema.
    pub(crate) ignored: Vec<String>,
    pub(crate) lock_timeout: Duration,
    pub(crate) backups: Option<Backups>,
    /// By a pointer, so that a program that rehearses nothing does not have the code.
    rehearse: Option<Rehearse>,
    /// What keeps SQL from a database in its bounds; by a pointer, too.
    pub(crate) distrust: Option<Distrustful>,
    /// Whether rows that point at nothing may stay, if they were there before.
    pub(crate) allows_violations: bool,
    on_event: Vec<Callback<'m>>,
}

type Rehearse = fn(&Connection, &Options<'_>, &Request, Option<&Plan>) -> Result<(Connection, Report), Error>;

type Distrustful = for<'c> fn(&'c mut Connection) -> rusqlite::Result<Distrusted<'c>>;

type Callback<'m> = Rc<dyn Fn(&Event<'_>) + 'm>;

impl<'m> Options<'m> {
    pub(crate) fn new(migrations: &'m Migrations) -> Self {
        Self {
            migrations,
            policy: Policy::default(),
            ignored: Vec::new(),
            lock_timeout: Duration::from_secs(30),
            backups: None,
            rehearse: None,
            distrust: None,
            allows_violations: false,
            on_event: Vec::new(),
        }
    }

    /// Where a database is that has tables but no history: one from before the migrations. An upgrade stamps it
    /// there, leaves its tables as they are, and goes on from there, all in one transaction.
    ///
    /// Its schema must be that of the baseline, else it is refused, and the error shows what is different. Where the
    /// chain was not proven, that cannot be known, and the baseline is believed. Without a baseline, an upgrade looks
    /// for the revision that has the schema.
    pub fn baseline(mut self, target: impl Into<Target>) -> Self {
        self.policy.baseline = Some(target.into());
        self.policy.is_baseline_unchecked = false;
        self
    }

    /// Like [`baseline`](Self::baseline), whatever the schema is. What comes of the migrations is then not checked, and
    /// since such a database stays another than the chain makes, so does drift from now on:
    /// [`on_drift`](Self::on_drift) is set to [`OnDrift::Warn`].
    pub fn baseline_unchecked(mut self, target: impl Into<Target>) -> Self {
        self.policy.baseline = Some(target.into());
        self.policy.is_baseline_unchecked = true;
        self.policy.on_drift = OnDrift::Warn;
        self
    }

    /// At which revision a database without a history is, where its schema is that of several: revisions that only
    /// change rows leave it as it was. May be given several times, for several such groups.
    pub fn adopt_as(mut self, revision: impl Into<String>) -> Self {
        self.policy.adopt_as.push(revision.into());
        self
    }

    /// What is done about a database whose schema is no longer that of its revision: refused unless told. One that has a
    /// branch, and not yet the merge, is compared once it has that.
    pub fn on_drift(mut self, on_drift: OnDrift) -> Self {
        self.policy.on_drift = on_drift;
        self
    }

    /// What is done about a database that has revisions which this program does not know: refused unless told. With
    /// [`OnAhead::Downgrade`], [`downgrade_to`](Self::downgrade_to) reverts them, by the SQL that the program which stamped them has
    /// left in the database for that; for users who go back to an older version. An upgrade, and with it an open, refuses such a
    /// database all the same.
    ///
    /// That SQL is run only if the checksum that was stamped accounts for it, and under an authorizer: it can change the
    /// tables of that database (not revchain's), with functions that are SQLite's own, and nothing else: no ATTACH, no PRAGMA, no
    /// extension. An authorizer that the connection has is gone afterwards: SQLite does not give it back.
    pub fn on_ahead(mut self, on_ahead: OnAhead) -> Self {
        self.policy.on_ahead = on_ahead;
        self.distrust = (on_ahead == OnAhead::Downgrade).then_some(distrusted as Distrustful);
        self
    }

    /// Tables that another program keeps in the same file, and what is on them: they are no part of the schema. An index or
    /// a trigger of its own on a table of the chain is. With this, a database has no marker, so that history and schema
    /// are read at each open. A name may end with `*`, for all that begin so. What other migration tools keep is left out in any case.
    pub fn ignore_tables<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.ignored.extend(names.into_iter().map(Into::into));
        self
    }

    /// Goes on where rows violate a foreign key that did so before the migrations ran: [`Event::StillViolated`] tells how many.
    /// Those that the migrations leave behind themselves are refused all the same. Without this, every violation is, and
    /// the error says how many were there before.
    pub fn allow_existing_violations(mut self) -> Self {
        self.allows_violations = true;
        self
    }

    /// How long to wait while others hold the database: 30 seconds unless told. The connection's own busy timeout
    /// does not add to it.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Makes a backup before SQL of migrations is run on a database: a copy in `folder`, which is made where it is not there,
    /// called `<name>.<time>.<revision>.<extension>`, such as `app.20261123T203312Z.008.db`: the time in UTC, and the revision that
    /// the database was at, or `base`. It is made while the write lock is held, WAL included, under another name, which it
    /// loses when it is whole. None is made where nothing is pending, of a new database, and of one in memory.
    ///
    /// The `keep` newest of this database are kept, and at least one; others go once the migrations are committed. Where an upgrade
    /// fails again and again, the backup for it is replaced.
    pub fn backup(mut self, folder: impl Into<PathBuf>, keep: usize) -> Self {
        self.backups = Some(Backups::new(folder.into(), keep));
        self
    }

    /// Leaves the database as it is, and does what is asked for to a copy: a temporary database. The [`Report`] then has a
    /// [`Rehearsal`](crate::Rehearsal): how many rows each table had and has, and what is different in the schema. What
    /// [`open`](Self::open) gives is that copy. It has none of the functions that the program registers on its connections.
    pub fn rehearse(mut self, rehearse: bool) -> Self {
        self.rehearse = rehearse.then_some(rehearsal::rehearse as Rehearse);
        self
    }

    pub(crate) fn without_rehearsal(mut self) -> Self {
        self.rehearse = None;
        self.backups = None;
        self
    }

    /// Does what `request` asks for, or rehearses it.
    fn run(
        &self,
        connection: &mut Connection,
        request: &Request,
        expected: Option<&Plan>,
    ) -> Result<Report, Error> {
        match self.rehearse {
            // To a database at which nothing is to be done, none of this is.
            Some(rehearse) if !self.plan(connection, request)?.steps.is_empty() => {
                let rehearsed = rehearse(connection, self, request, expected);
                rehearsed.map(|(_, report)| report).map_err(|error| error.in_database_of(connection))
            }
            _ => engine::run(connection, self, request, expected),
        }
    }

    /// Calls `callback` as things happen, after those that were given before. Between [`Event::Started`] and
    /// [`Event::Committed`] it runs inside the transaction, so it should be quick; nothing that it reports is final
    /// before `Committed`.
    pub fn on_event(mut self, callback: impl Fn(&Event<'_>) + 'm) -> Self {
        self.on_event.push(Rc::new(callback));
        self
    }

    /// The migrations that these are the options of.
    pub fn migrations(&self) -> &'m Migrations {
        self.migrations
    }

    /// Opens the database at `path` as [`Connection::open`] does, which makes the file if it is not there, and
    /// upgrades it to the head. A file that cannot be written opens all the same if it is at the head.
    ///
    /// Where there is nothing at `path`, and the program carries an image, the file is a copy of that. It is written beside
    /// `path`, with `-revchain` after its name, synchronised, and only then gets its own name, unless another process was
    /// faster. A kill can leave that other file behind, which nothing reads. Where it cannot be done so, as on a file system
    /// without hard links, the chain is run.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Open`] where SQLite cannot open the file, and those of [`upgrade_to`](Self::upgrade_to).
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Connection, Error> {
        let path = path.as_ref();
        if let Some(rehearse) = self.rehearse {
            let copy = self.open_copy(path, rehearse);
            return copy.map_err(|error| error.in_database(&path.to_string_lossy()));
        }
        // Nearly always it is there: to find that out by opening it costs nothing.
        #[cfg(feature = "bundled")]
        let (there, created) =
            match Connection::open_with_flags(path, OpenFlags::default() & !OpenFlags::SQLITE_OPEN_CREATE) {
                // Where another process makes the file at this very moment, SQLite finds none to write and then one to read.
                Ok(connection) if connection.is_readonly(MAIN_DB).unwrap_or(true) => (None, Created::No),
                Ok(connection) => (Some(connection), Created::No),
                Err(_) => (None, image::create(self.migrations, path)),
            };
        #[cfg(not(feature = "bundled"))]
        let there = None;
        let connection = match there {
            Some(connection) => connection,
            None => Connection::open(path).map_err(|source| Error::cannot_open(path, source))?,
        };
        // The path in an error is the one that was given.
        engine::open(&connection, self).map_err(|error| error.in_database(&path.to_string_lossy()))?;
        #[cfg(feature = "bundled")]
        match created {
            Created::Whole => self.emit_copied(),
            // Of no use any more, now that there is a database. If somebody is at it yet, he will find that, too.
            Created::Begun(other) => drop(fs::remove_file(other)),
            Created::No => {}
        }
        Ok(connection)
    }

    /// A copy of the database at `path`, upgraded; makes no file.
    fn open_copy(&self, path: &Path, rehearse: Rehearse) -> Result<Connection, Error> {
        let cannot_open = |source| Error::cannot_open(path, source);
        let connection = match path.try_exists() {
            Ok(false) => Connection::open_in_memory().map_err(cannot_open)?,
            _ => {
                let flags = OpenFlags::default() & !OpenFlags::SQLITE_OPEN_CREATE;
                Connection::open_with_flags(path, flags).map_err(cannot_open)?
            }
        };
        let request = Request::Upgrade(Target::Head);
        rehearse(&connection, self, &request, None).map(|(copy, _)| copy)
    }

    #[cfg(feature = "bundled")]
    fn emit_copied(&self) {
        if let Some(revision) = self.migrations.head() {
            self.emit(&Event::Copied { revision });
        }
    }

    /// Opens a new database in memory, at the head: a copy of the image that the program carries, where it has one, else
    /// the chain is run. A copy holds no more than 1 GiB.
    ///
    /// # Errors
    ///
    /// Those of [`upgrade_to`](Self::upgrade_to).
    pub fn open_in_memory(&self) -> Result<Connection, Error> {
        #[cfg(feature = "bundled")]
        if let Some(connection) = image::open(self.migrations) {
            self.emit_copied();
            return Ok(connection);
        }
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
    /// At the head, two pragmas read the file's header, and that is all: `user_version` holds a marker, which is written
    /// with each change of the history, and anew where something has moved SQLite's `schema_version` since. (Rows of the
    /// history that somebody changes by hand do not move it.) A `user_version` that is neither zero nor a marker is left
    /// alone; then history and schema are read each time.
    ///
    /// Otherwise the write lock is taken, and what is found is read again under it. All pending revisions, and a row of
    /// `revchain_history` (of a chain with a name: `revchain_history_<name>`) for each, are then written in one transaction. While it runs foreign keys are not enforced, as a
    /// table rebuild needs it; every key is checked before the commit, and the connection's setting is put back. The schema
    /// must then be the one that the proof has found, else all of it is rolled back.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. After an error the database is as it was before; only where SQLite fails in the COMMIT itself, it
    /// may be as it would be after it, which the next open finds.
    pub fn upgrade_to(
        &self,
        connection: &mut Connection,
        target: impl Into<Target>,
    ) -> Result<Report, Error> {
        self.run(connection, &Request::Upgrade(target.into()), None)
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
        self.run(connection, &Request::Downgrade(target.into()), None)
    }

    /// Records that the database is at `target`, which is a revision, `"head"` or `"base"`, and runs nothing. The
    /// history then has the target and all before it, and nothing else; a row whose checksum is not that of the
    /// revision is written anew.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. A database that is ahead of the program is refused.
    pub fn stamp(&self, connection: &mut Connection, target: impl Into<Target>) -> Result<Report, Error> {
        self.run(connection, &Request::Stamp(target.into()), None)
    }

    /// Puts a backup in the place of all that is in the database, in one transaction: first it is checked that it is sound, and
    /// one that this program can open. What is in the database is lost, also where it is at the same revision.
    ///
    /// A database that is damaged itself can stop this: move it away first, and put the backup in the place of a new one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Damaged`] where the backup is not sound; why it would be refused by an upgrade, as one that is
    /// ahead of the program is; [`ErrorKind::Locked`]. After an error the database is as it was before.
    pub fn restore(&self, connection: &mut Connection, backup: impl AsRef<Path>) -> Result<Report, Error> {
        if !connection.is_autocommit() {
            return Err(Error::new(ErrorKind::InTransaction).in_database_of(connection));
        }
        let from = self.current(connection).ok().flatten().map(|revision| revision.id().to_owned());
        let to = backup::restore(self, connection, backup.as_ref())?;
        Ok(Report::of(Outcome::Restored, from, to))
    }

    /// What `request` would do to the database as it is now, without doing it. Never writes.
    ///
    /// # Errors
    ///
    /// Why it would be refused.
    pub fn plan(&self, connection: &Connection, request: &Request) -> Result<Plan, Error> {
        self.look(connection, |found| self.plan_from(found, request))
    }

    /// Does what `request` asks for, if that is still what `plan` says: for programs that show what they will do, and
    /// ask. See [`upgrade_to`](Self::upgrade_to) for what is written and when.
    ///
    /// # Errors
    ///
    /// [`Conflict::Changed`](crate::Conflict::Changed) where the database has been changed since; and see
    /// [`ErrorKind`]. After an error the database is as it was before.
    pub fn carry_out(
        &self,
        connection: &mut Connection,
        request: &Request,
        plan: &Plan,
    ) -> Result<Report, Error> {
        self.run(connection, request, Some(plan))
    }

    /// The newest revision that the database has; `None` at base, and where there is no history. Never writes.
    ///
    /// # Errors
    ///
    /// Where history and chain disagree, as [`Conflict`](crate::Conflict) says.
    pub fn current(&self, connection: &Connection) -> Result<Option<&'m Revision>, Error> {
        let chain = self.migrations.chain();
        let place = self.look(connection, |found| plan::current(chain, found, &self.policy))?;
        Ok(place.map(|place| self.revision(place)))
    }

    /// The revisions that an upgrade to the head would apply, in order. Never writes.
    ///
    /// # Errors
    ///
    /// Where an upgrade would be refused, as [`Conflict`](crate::Conflict) says.
    pub fn pending(&self, connection: &Connection) -> Result<Vec<&'m Revision>, Error> {
        let plan = self.plan(connection, &Request::Upgrade(Target::Head))?;
        Ok(plan.upgrades().map(|place| self.revision(place)).collect())
    }

    /// The rows of the history, oldest first, including revisions that this program does not know. Never writes.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub fn history(&self, connection: &Connection) -> Result<Vec<Stamp>, Error> {
        self.read(connection, |connection| history::stamps(connection, self.migrations))
    }

    /// Compares the schema with that of the revision that the database is at; of one without a history, with that of the
    /// revision at which an upgrade would adopt it; of a new one, with nothing. Never writes.
    ///
    /// # Errors
    ///
    /// Where history and chain disagree, or no revision is recognised, as [`Conflict`](crate::Conflict) says.
    pub fn check(&self, connection: &Connection) -> Result<Drift, Error> {
        let chain = self.migrations.chain();
        let (found, texts) = self.read(connection, |connection| {
            let found = history::found(connection, self)?;
            let texts = match &found {
                Found::Managed { schema: Some(texts), .. } | Found::Unmanaged(texts) => texts.clone(),
                _ => history::texts(connection, self)?,
            };
            Ok((found, texts))
        })?;
        let stamped = match &found {
            Found::Unmanaged(_) => plan::recognise(chain, &texts, &self.policy).map(|place| {
                let mut stamped = vec![false; chain.revisions().len()];
                stamped[..=place].fill(true);
                stamped
            }),
            _ => plan::stamped(chain, &found, &self.policy),
        };
        let stamped = stamped
            .map_err(|conflict| explain::conflict(conflict, self, &found).in_database_of(connection))?;
        if let Found::Managed { newer, .. } = &found {
            if let Some(newest) = newer.last() {
                return Ok(Drift { revision: Some(newest.revision.clone()), diff: None, is_newer: true });
            }
        }
        let diff = match chain.has_schema(&stamped, &texts) {
            Some(true) => Some(Diff::default()),
            _ => explain::difference(self, &stamped, texts.schema()),
        };
        let place = stamped.iter().rposition(|is| *is);
        let revision = place.map(|place| self.revision(place).id().to_owned());
        Ok(Drift { revision, diff, is_newer: false })
    }

    /// Concludes something from what is found in the database.
    fn look<T>(
        &self,
        connection: &Connection,
        conclude: impl FnOnce(&Found) -> Result<T, Conflict>,
    ) -> Result<T, Error> {
        let found = self.read(connection, |connection| history::found(connection, self))?;
        conclude(&found)
            .map_err(|conflict| explain::conflict(conflict, self, &found).in_database_of(connection))
    }

    fn read<T>(
        &self,
        connection: &Connection,
        query: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        Patience::new(connection, self)
            .and_then(|patience| {
                let read = patience.retry(|| connection::read(connection, &query));
                read.map_err(|failure| failure.while_doing("reading the history"))
            })
            .map_err(|error| error.in_database_of(connection))
    }

    pub(crate) fn plan_from(&self, found: &Found, request: &Request) -> Result<Plan, Conflict> {
        plan::plan(self.migrations.chain(), found, &self.policy, request)
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
            .field("policy", &self.policy)
            .field("ignored", &self.ignored)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}
