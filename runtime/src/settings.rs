//! The settings of a migrator, as plain data.

use std::any::Any;
#[cfg(feature = "backup")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use revchain_core::Policy;
use rusqlite::Connection;

use crate::report::box_error::BoxError;
use crate::report::event::Event;

/// The settings of a request.
#[derive(Clone)]
pub(crate) struct Settings<'m> {
    pub(crate) policy: Policy,
    /// The names of tables that are excluded from the schema, or patterns of the form `prefix*`.
    pub(crate) ignored_tables: Vec<String>,
    /// `true` if an adoption ignores the order of columns.
    pub(crate) ignores_column_order: bool,
    /// `true` if an adoption keeps a `user_version` that another tool has written.
    pub(crate) keeps_user_version: bool,
    /// `true` if an upgrade reads the history even if the marker identifies the head.
    pub(crate) reads_history_at_head: bool,
    pub(crate) busy_timeout: Duration,
    /// `true` if an open puts the file into WAL mode.
    pub(crate) wal: bool,
    #[cfg(feature = "backup")]
    pub(crate) backup: Option<BackupSettings>,
    /// `true` if rows that violated a foreign key before the migrations are accepted.
    pub(crate) allow_existing_violations: bool,
    /// The functions that set up each connection that revchain opens, in order.
    pub(crate) on_connect: Vec<OnConnect<'m>>,
    pub(crate) callbacks: Vec<Callback<'m>>,
    /// The value that the program passes to its functions.
    pub(crate) context: Option<Arc<ContextValue>>,
}

/// A value of the program, whose type only the program knows.
pub(crate) type ContextValue = dyn Any + Send + Sync;

/// The time at which the jobs of a database run that no pending upgrade requires.
///
/// [`Migrator::jobs`](crate::Migrator::jobs) sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Jobs {
    /// When the program calls [`Migrator::run_jobs`](crate::Migrator::run_jobs).
    #[default]
    OnRequest,
    /// At the end of [`Migrator::open`](crate::Migrator::open) and
    /// [`Migrator::open_in_memory`](crate::Migrator::open_in_memory), each to its end.
    BeforeOpenReturns,
}

/// A function that sets up a connection.
pub(crate) type OnConnect<'m> = Arc<dyn Fn(&Connection) -> Result<(), BoxError> + Send + Sync + 'm>;

/// A function that is called with each event.
pub(crate) type Callback<'m> = Arc<dyn Fn(&Event<'_>) + Send + Sync + 'm>;

/// The directory for backups, and the number of backups to keep.
#[cfg(feature = "backup")]
#[derive(Debug, Clone)]
pub(crate) struct BackupSettings {
    pub(crate) directory: PathBuf,
    pub(crate) keep: usize,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            ignored_tables: Vec::new(),
            ignores_column_order: false,
            keeps_user_version: false,
            reads_history_at_head: false,
            busy_timeout: Duration::from_secs(30),
            wal: false,
            #[cfg(feature = "backup")]
            backup: None,
            allow_existing_violations: false,
            on_connect: Vec::new(),
            callbacks: Vec::new(),
            context: None,
        }
    }
}

impl Settings<'_> {
    /// Returns `true` if anything receives events.
    pub(crate) fn has_listener(&self) -> bool {
        cfg!(feature = "tracing") || !self.callbacks.is_empty()
    }

    /// Sets up a connection that revchain has just opened. No statement has run on it yet.
    ///
    /// # Errors
    ///
    /// Fails with the error of the first function that fails.
    pub(crate) fn set_up(&self, connection: &Connection) -> Result<(), BoxError> {
        self.on_connect
            .iter()
            .try_for_each(|set_up| set_up(connection))
    }

    /// Passes an event to `tracing`, then to the callbacks in the order of their registration.
    pub(crate) fn emit(&self, event: &Event<'_>) {
        event.trace();
        for callback in &self.callbacks {
            callback(event);
        }
    }
}
