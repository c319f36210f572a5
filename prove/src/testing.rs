//! Databases with sample rows, and the proof with the functions of a program, for its tests.

mod jobs;
mod proof;
pub(crate) mod rows;

use revchain_runtime::{Error, Migrations, Migrator};
use rusqlite::Connection;

use crate::sample_rows::Mode;

pub use proof::{Unproven, prove, prove_with};

/// Returns an in-memory database at a revision, with sample rows in its tables.
///
/// The sample rows are those that the proof inserts, and satisfy the constraints of the schema.
/// A row that references another row finds its parent.
/// If a trigger rejects each row, the rows are inserted without triggers.
/// The same chain and revision always give the same rows.
/// The functions that `@code` names run, and jobs do not.
///
/// A test inserts its own rows, upgrades, and looks at the result.
/// The module has an example.
/// `revision` is a revision of the chain, `"head"`, or `"+n"` for the `n`th revision.
///
/// # Errors
///
/// - [`ErrorKind::Conflict`](revchain_runtime::ErrorKind::Conflict) if the chain has no such
///   revision.
/// - [`ErrorKind::Statement`](revchain_runtime::ErrorKind::Statement) if SQLite rejects a
///   statement, for example because the chain needs an SQL function of the program.
/// - [`ErrorKind::Code`](revchain_runtime::ErrorKind::Code) if a function that `@code` names fails.
/// - [`ErrorKind::Sqlite`](revchain_runtime::ErrorKind::Sqlite) if SQLite fails otherwise, or if
///   the sample rows violate a foreign key.
pub fn at(migrations: &Migrations, revision: &str) -> Result<Connection, Error> {
    at_with(&migrations.migrator(), revision)
}

/// Returns a database as [`at`] does, with the settings of a migrator.
///
/// The settings include the [context](revchain_runtime::Migrator::context) of functions, and the
/// functions of [`Migrator::on_connect`](revchain_runtime::Migrator::on_connect).
///
/// # Errors
///
/// Fails as [`at`] does, and if a function that sets the connection up fails.
pub fn at_with(migrator: &Migrator<'_>, revision: &str) -> Result<Connection, Error> {
    rows::filled(migrator, revision, (Mode::Provenance, &[]))
}
