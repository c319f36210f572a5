//! New databases in memory, as copies of the snapshot.

use rusqlite::{Connection, MAIN_DB};

use super::codec::{Decoder, timestamp};
use crate::migrations::Migrations;
use crate::session::copy::copy_database;
use crate::state::marker::is_at_head;
use crate::state::own_tables::current_time;

/// The snapshot, loaded into a connection that only serves as the source of a copy.
///
/// SQLite keeps a deserialized database in its file system `memdb`, which has a limit of 1 GiB.
/// A plain database in memory has no such limit.
pub(crate) struct Snapshot<'m> {
    migrations: &'m Migrations,
    connection: Connection,
}

impl<'m> Snapshot<'m> {
    /// Loads the snapshot.
    ///
    /// Returns `None` if the program has no snapshot, or if its SQLite or rusqlite cannot load the
    /// snapshot.
    pub(crate) fn load(migrations: &'m Migrations) -> Option<Self> {
        let now = timestamp(current_time());
        let mut decoder = Decoder::new(migrations.snapshot(), &now)?;
        let mut connection = Connection::open_in_memory().ok()?;
        let length = decoder.length;
        connection
            .deserialize_read_exact(MAIN_DB, &mut decoder, length, false)
            .ok()?;
        Some(Self {
            migrations,
            connection,
        })
    }

    /// Copies the snapshot to an empty database in memory.
    ///
    /// Returns `None` if the copy fails, for example because the database is encrypted.
    pub(crate) fn copy_to(&self, mut connection: Connection) -> Option<Connection> {
        copy_database(&self.connection, &mut connection).ok()?;
        // The build has made the marker for the schema version that the copy gets.
        is_at_head(&connection, self.migrations).then_some(connection)
    }
}

/// A stand-in for a method that rusqlite has since version 0.34.
///
/// Rust prefers the inherent method of `Connection` to this method.
#[allow(dead_code, reason = "rusqlite 0.34 and later have the method")]
trait Deserialize {
    fn deserialize_read_exact<N, R>(
        &mut self,
        _: N,
        _: R,
        _: usize,
        _: bool,
    ) -> rusqlite::Result<()> {
        Err(rusqlite::Error::InvalidQuery)
    }
}

impl Deserialize for Connection {}
