//! The chain, its revisions, and the values that pin them.

pub mod chain;
pub mod checksum;
pub mod date;
pub mod declarations;
pub mod job;
pub mod marker;
pub mod revision;
pub mod revision_set;
pub mod shared;
pub mod stand_ins;
pub mod target;
pub mod was;
