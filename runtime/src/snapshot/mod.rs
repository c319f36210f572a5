//! The snapshot: an embedded database whose revision is the head.
//! A new database is a copy of the snapshot.

pub(crate) mod codec;
pub(crate) mod file;
#[cfg(feature = "bundled")]
pub(crate) mod memory;
