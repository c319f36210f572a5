//! The settings of a migrator, as plain data.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use revchain_core::Policy;

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
    pub(crate) busy_timeout: Duration,
    pub(crate) backup: Option<BackupSettings>,
    /// `true` if rows that violated a foreign key before the migrations are accepted.
    pub(crate) allow_existing_violations: bool,
    pub(crate) callbacks: Vec<Callback<'m>>,
}

/// A function that is called with each event.
pub(crate) type Callback<'m> = Arc<dyn Fn(&Event<'_>) + Send + Sync + 'm>;

/// The directory for backups, and the number of backups to keep.
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
            busy_timeout: Duration::from_secs(30),
            backup: None,
            allow_existing_violations: false,
            callbacks: Vec::new(),
        }
    }
}

impl Settings<'_> {
    /// Returns `true` if anything receives events.
    pub(crate) fn has_listener(&self) -> bool {
        cfg!(feature = "tracing") || !self.callbacks.is_empty()
    }

    /// Passes an event to `tracing`, then to the callbacks in the order of their registration.
    pub(crate) fn emit(&self, event: &Event<'_>) {
        event.trace();
        for callback in &self.callbacks {
            callback(event);
        }
    }
}
