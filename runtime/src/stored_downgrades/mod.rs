//! Reverting unknown revisions with the downgrades that a database stores.
//!
//! Anyone who can write to the database can write a stored downgrade, so stored SQL runs in a
//! sandbox.

mod allow_list;
pub(crate) mod sandbox;
mod untrusted_schema;
