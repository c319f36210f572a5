//! A request on a database: the connection, the chain, the settings, and the waits for other
//! connections.

pub(crate) mod connection_settings;
#[cfg(any(feature = "backup", feature = "bundled"))]
pub(crate) mod copy;
pub(crate) mod database;
pub(crate) mod guard;
pub(crate) mod lock_holders;
pub(crate) mod lock_wait;
pub(crate) mod locked;
pub(crate) mod sql;
pub(crate) mod unlocked;
pub(crate) mod wal;
