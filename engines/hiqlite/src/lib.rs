//! [revchain](https://docs.rs/revchain) on [hiqlite](https://docs.rs/hiqlite): a chain of
//! migrations on a cluster of machines.
//!
//! Each machine calls [`Upgrade::upgrade_cluster`] when it starts. One of them upgrades the
//! database of the cluster in one transaction, and the others find it done.
//!
//! ```no_run
//! # async fn start(config: hiqlite::NodeConfig) -> Result<(), Box<dyn std::error::Error>> {
//! use revchain::{Replicated, embed_migrations};
//! use revchain_hiqlite::Upgrade;
//!
//! // Revisions after 005 are proven for a cluster.
//! static MIGRATIONS: Replicated = embed_migrations!("../../migrations", replicated = "005");
//!
//! let client = hiqlite::start_node(config).await?;
//! client.wait_until_healthy_db().await;
//! let report = MIGRATIONS.upgrade_cluster(&client).await?;
//! println!("{report}"); // upgraded from 005 to 009 in 1 log entry
//! # Ok(())
//! # }
//! ```
//!
//! hiqlite replicates statements: each machine runs each statement by itself, with foreign keys on.
//! So the crate takes only [`Replicated`], a chain that the build has proven for that.
//!
//! # Never beside it
//!
//! - `client.batch()` is not one transaction: after an error, it goes on.
//! - `client.migrate()` of hiqlite itself, for the same tables.
//! - `PRAGMA foreign_keys = OFF` by `client.execute()`: it holds until a machine restarts, and then
//!   the machines differ.

mod cluster;
mod copy;
mod error;
mod prepare;
mod remote;
mod replica;
mod report;
mod request;

use std::future::Future;
use std::time::Duration;

use hiqlite::Client;
pub use revchain_runtime::{Adopt, OnDrift, Outcome, Replicated, Target};

pub use cluster::Cluster;
pub use error::{Error, ErrorKind, Refused, RefusedStatement};
pub use report::Report;

/// The verbs of a chain on a cluster, with the default settings.
///
/// [`Upgrade::cluster`] has all verbs, and the settings.
pub trait Upgrade {
    /// Returns the chain on the cluster of a client, with the default settings.
    fn cluster<'m>(&'m self, client: &Client) -> Cluster<'m>;

    /// Brings the database of the cluster to the head of the chain.
    ///
    /// All machines may call this method at the same time.
    ///
    /// # Errors
    ///
    /// Fails as [`Cluster::upgrade`] does.
    fn upgrade_cluster(
        &self,
        client: &Client,
    ) -> impl Future<Output = Result<Report, Error>> + Send;

    /// Downgrades the database of the cluster to a revision, `"base"` or `"-n"`.
    ///
    /// # Errors
    ///
    /// Fails as [`Cluster::downgrade_to`] does.
    fn downgrade_cluster(
        &self,
        client: &Client,
        target: impl Into<Target> + Send,
    ) -> impl Future<Output = Result<Report, Error>> + Send;

    /// Compares the replica on this machine with the leader, for up to 5 s.
    ///
    /// # Errors
    ///
    /// Fails as [`Cluster::check_replica`] does.
    fn check_replica(&self, client: &Client) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The time that [`Upgrade::check_replica`] waits.
const REPLICA_TIMEOUT: Duration = Duration::from_secs(5);

impl Upgrade for Replicated {
    fn cluster<'m>(&'m self, client: &Client) -> Cluster<'m> {
        Cluster::new(self, client)
    }

    async fn upgrade_cluster(&self, client: &Client) -> Result<Report, Error> {
        self.cluster(client).upgrade().await
    }

    async fn downgrade_cluster(
        &self,
        client: &Client,
        target: impl Into<Target> + Send,
    ) -> Result<Report, Error> {
        self.cluster(client).downgrade_to(target).await
    }

    async fn check_replica(&self, client: &Client) -> Result<(), Error> {
        self.cluster(client).check_replica(REPLICA_TIMEOUT).await
    }
}
