//! The state of a database, for the commands that draw it, ask about it, or repair its history.

use revchain_core::DatabaseState;
use rusqlite::Connection;

use super::Migrator;
#[cfg(feature = "adopt")]
use crate::plan::Plan;
use crate::report::error::Error;
#[cfg(feature = "adopt")]
use crate::state::check::{SchemaCheck, check_after, observe};
use crate::state::histories::Histories;

impl Migrator<'_> {
    /// Sets whether an upgrade and its plan read the history even if the marker identifies the
    /// head. Default: `false`.
    ///
    /// Then an upgrade adopts a database whose history something has emptied.
    #[doc(hidden)]
    pub fn read_history_at_head(mut self, read: bool) -> Self {
        self.settings.reads_history_at_head = read;
        self
    }

    /// Returns the state of the database. Each revision that the chain lacks has its description.
    ///
    /// # Errors
    ///
    /// Fails as [`history`](Self::history) does.
    #[doc(hidden)]
    pub fn state(&self, connection: &Connection) -> Result<DatabaseState, Error> {
        self.read(connection, |session| {
            session.read(|database| Histories::read(database)?.state())
        })
    }

    /// Returns the names of all chains with a history in the database, sorted.
    ///
    /// The name of the chain without a name is `None`.
    ///
    /// # Errors
    ///
    /// Fails as [`history`](Self::history) does.
    #[doc(hidden)]
    pub fn chains(&self, connection: &Connection) -> Result<Vec<Option<String>>, Error> {
        self.read(connection, |session| {
            session.read(|database| Ok(Histories::read(database)?.chains()))
        })
    }

    /// Compares the schema with that of the revision that the history has after a plan.
    ///
    /// # Errors
    ///
    /// Fails as [`history`](Self::history) does.
    #[cfg(feature = "adopt")]
    #[doc(hidden)]
    pub fn check_after(
        &self,
        connection: &Connection,
        plan: &Plan<'_>,
    ) -> Result<SchemaCheck, Error> {
        self.read(connection, |session| {
            let observed = session.read(observe)?;
            Ok(check_after(
                session.database(),
                &observed,
                &plan.steps().stamped,
            ))
        })
    }
}
