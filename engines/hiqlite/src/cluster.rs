//! A chain on a cluster: the settings, and the verbs.

use std::time::Duration;

use hiqlite::Client;
use revchain_runtime::{
    Adopt, HistoryEntry, Migrator, OnDrift, Replicated, Request, Revision, SchemaCheck, Target,
};

use crate::copy::Copy;
use crate::error::Error;
use crate::prepare::Preparation;
use crate::replica;
use crate::report::Report;
use crate::request::{Deadline, read, run};

/// The default of [`Cluster::deadline`].
const DEADLINE: Duration = Duration::from_secs(120);

/// The default of [`Cluster::max_entry_size`]: the default of `wal_size`, without what hiqlite adds.
const MAX_ENTRY_SIZE: usize = 2 * 1024 * 1024 - 64 * 1024;

/// A chain on a cluster, with settings.
///
/// [`Upgrade::cluster`](crate::Upgrade::cluster) makes the value.
/// A setting is a method that returns the value with one change. A verb is an `async` method.
///
/// Each verb that writes reads the history and the schema from the leader, and plans the request.
/// It runs the pending SQL in memory, on the schema that it has read, without rows. The build has
/// done this for a new database.
/// Then it sends one transaction, whose first statements compare the history and the schema with
/// those that it has read.
///
/// - If another program was faster, the transaction changes nothing, and the verb reads again.
/// - If there is no answer, the verb reads again: the transaction may be committed or not.
///
/// So each machine may call the same verb at the same time.
/// The planning and the run in memory take milliseconds, and block the thread.
///
/// # Errors of all verbs
///
/// - [`ErrorKind::Unreachable`](crate::ErrorKind::Unreachable) if there was no answer until the
///   [deadline](Self::deadline).
/// - [`ErrorKind::Read`](crate::ErrorKind::Read) and [`ErrorKind::Copy`](crate::ErrorKind::Copy) if
///   the database cannot be read.
/// - [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the state of the database does not
///   allow the request.
#[derive(Clone)]
#[must_use = "a cluster does nothing until a verb is awaited"]
pub struct Cluster<'m> {
    replicated: &'m Replicated,
    migrator: Migrator<'m>,
    client: Client,
    ignored_tables: Vec<String>,
    deadline: Duration,
    max_entry_size: usize,
}

/// Settings.
impl<'m> Cluster<'m> {
    pub(crate) fn new(replicated: &'m Replicated, client: &Client) -> Self {
        Self {
            replicated,
            migrator: replicated.migrator(),
            client: client.clone(),
            ignored_tables: Vec::new(),
            deadline: DEADLINE,
            max_entry_size: MAX_ENTRY_SIZE,
        }
    }

    /// Sets the handling of a database that has tables but no history, as
    /// [`Migrator::adopt`](revchain_runtime::Migrator::adopt) does.
    ///
    /// Default: [`Adopt::Detect`]. It reads hiqlite's own `_migrations`, too, by `@was hiqlite:3`.
    pub fn adopt(mut self, adopt: Adopt) -> Self {
        self.migrator = self.migrator.adopt(adopt);
        self
    }

    /// Sets the handling of a schema that is not that of its revision. Default: [`OnDrift::Refuse`].
    pub fn on_drift(mut self, on_drift: OnDrift) -> Self {
        self.migrator = self.migrator.on_drift(on_drift);
        self
    }

    /// Excludes tables of another program from the schema, as
    /// [`Migrator::ignore_tables`](revchain_runtime::Migrator::ignore_tables) does.
    pub fn ignore_tables<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.ignored_tables.extend_from_slice(&names);
        self.migrator = self.migrator.ignore_tables(names);
        self
    }

    /// Sets the time after which a verb gives up if the cluster does not answer. Default: 120 s.
    ///
    /// A migration that takes longer on one machine needs a longer time.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the largest size of a log entry, in bytes. Default: 1.9 MiB.
    ///
    /// It must be below `wal_size` of each node, by some 64 KiB: an entry that is larger than
    /// `wal_size` ends the log writer of the leader.
    /// An upgrade whose SQL is larger becomes several entries, each with whole revisions.
    pub fn max_entry_size(mut self, bytes: usize) -> Self {
        self.max_entry_size = bytes;
        self
    }
}

/// Verbs.
impl<'m> Cluster<'m> {
    /// Brings the database to the head of the chain.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Refused`](crate::ErrorKind::Refused) if SQLite rejected a statement because of
    ///   the rows, with the file and the line.
    /// - [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) if a revision does not fit into an
    ///   entry of the log.
    /// - [`ErrorKind::Unproven`](crate::ErrorKind::Unproven) if the database is not new, and a
    ///   pending revision is not proven for a cluster.
    /// - [`ErrorKind::NeedsFile`](crate::ErrorKind::NeedsFile) if a new cluster would not have the
    ///   rows of a single machine.
    /// - Those of all verbs.
    pub async fn upgrade(&self) -> Result<Report, Error> {
        self.upgrade_to(Target::Head).await
    }

    /// Upgrades to a revision, `"head"` or `"+n"`. Never reverts a newer revision.
    ///
    /// # Errors
    ///
    /// Fails as [`upgrade`](Self::upgrade) does.
    pub async fn upgrade_to(&self, target: impl Into<Target>) -> Result<Report, Error> {
        self.run(Request::Upgrade(target.into())).await
    }

    /// Downgrades to a revision, `"base"` or `"-n"`.
    ///
    /// `replicated = "005"` proves no downgrade of 005 and its ancestors, so 005 is the oldest target.
    ///
    /// # Errors
    ///
    /// Fails as [`upgrade`](Self::upgrade) does.
    pub async fn downgrade_to(&self, target: impl Into<Target>) -> Result<Report, Error> {
        self.run(Request::Downgrade(target.into())).await
    }

    /// Records that the database is at a revision, `"head"` or `"base"`. Runs no script.
    ///
    /// # Errors
    ///
    /// Fails as [`upgrade`](Self::upgrade) does.
    pub async fn stamp(&self, target: impl Into<Target>) -> Result<Report, Error> {
        self.run(Request::Stamp(target.into())).await
    }

    /// Returns the newest revision of the chain that the history has, by a linearizable read.
    ///
    /// # Errors
    ///
    /// Fails with the errors of all verbs.
    pub async fn current(&self) -> Result<Option<&'m Revision>, Error> {
        let copy = self.read().await?;
        Ok(self.migrator.current(&copy.connection)?)
    }

    /// Returns the rows of the history, oldest first, by a linearizable read.
    ///
    /// # Errors
    ///
    /// Fails with the errors of all verbs.
    pub async fn history(&self) -> Result<Vec<HistoryEntry>, Error> {
        let copy = self.read().await?;
        Ok(self.migrator.history(&copy.connection)?)
    }

    /// Compares the schema with that of the revision that the database is at, by a linearizable
    /// read.
    ///
    /// # Errors
    ///
    /// Fails with the errors of all verbs.
    pub async fn check(&self) -> Result<SchemaCheck, Error> {
        let copy = self.read().await?;
        Ok(self.migrator.check(&copy.connection)?)
    }

    /// Compares the history and the schema of the replica on this machine with those of the leader.
    ///
    /// Waits up to `timeout` for entries that the replica has not applied yet.
    /// hiqlite does not compare the replicas, so a replica that differs stays so in silence.
    /// This verb does not compare the rows of other tables.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::ReplicaDiffers`](crate::ErrorKind::ReplicaDiffers), or with the
    /// errors of all verbs.
    pub async fn check_replica(&self, timeout: Duration) -> Result<(), Error> {
        replica::check(&self.client, self.replicated.name(), timeout).await
    }

    /// Waits until the replica on this machine is at the head of this program.
    ///
    /// For a program that only reads: another program upgrades the cluster. Reads only the replica.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Behind`](crate::ErrorKind::Behind) after `timeout`.
    /// - [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the state of the database does not
    ///   allow an upgrade, for example because it is newer than this program.
    pub async fn wait_for_head(&self, timeout: Duration) -> Result<(), Error> {
        replica::wait_for_head(&self.client, self.replicated, &self.migrator, timeout).await
    }

    async fn run(&self, request: Request) -> Result<Report, Error> {
        let preparation = Preparation {
            migrations: self.replicated,
            migrator: &self.migrator,
            ignored_tables: &self.ignored_tables,
            max_entry_size: self.max_entry_size,
            request: &request,
        };
        run(&self.client, preparation, self.deadline).await
    }

    async fn read(&self) -> Result<Copy, Error> {
        let mut deadline = Deadline::new(self.deadline);
        let name = self.replicated.name();
        let empty = Copy::empty(name)?;
        let copy = read(&self.client, name, &empty.dump, &mut deadline, &mut 0).await?;
        Ok(copy.unwrap_or(empty))
    }
}
