//! The differences between a database and the schema of a revision.
//!
//! A program embeds the fingerprints of the revisions, but not their schemas.
//! To show a diff, revchain runs the upgrades in memory and reads the resulting schema.

use revchain_core::plan::stamped::stamped;
use revchain_core::schema::{ColumnOrder, Diff, Schema, SchemaFilter, SchemaSql, diff};
use revchain_core::sql::inspect;
use revchain_core::sql::sqlite_messages::UnregisteredObject;
use revchain_core::{Chain, Conflict, DatabaseState, Revision, RevisionIndex, RevisionSet};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::schema::read_schema_sql;
use crate::report::error::Error;
use crate::report::sqlite::sqlite_message;
use crate::session::database::Database;
use crate::session::sql::execute;
use crate::stand_ins;

/// Makes the error of a conflict. First adds the schema differences that the conflict reports.
pub(crate) fn explain(
    mut conflict: Conflict,
    database: Database<'_>,
    state: &DatabaseState,
) -> Error {
    let chain = database.chain();
    match (&mut conflict, state) {
        (Conflict::Unrecognized { nearest, diff, .. }, DatabaseState::Unmanaged(schema)) => {
            if let Some(found) = find_nearest(chain, schema.schema()) {
                *nearest = Some(chain[found.index].id().to_owned());
                *diff = found.diff;
            }
        }
        (Conflict::BaselineDiffers { revision, diff, .. }, DatabaseState::Unmanaged(schema)) => {
            let revisions = match chain.index_of(revision) {
                Some(index) => chain.ancestry(index),
                None => RevisionSet::empty(chain.len()),
            };
            *diff = difference(chain, &revisions, schema.schema()).unwrap_or_default();
        }
        (
            Conflict::Drifted { diff, .. },
            DatabaseState::Managed {
                schema: Some(schema),
                ..
            },
        ) => {
            if let Ok(stamped) = stamped(chain, state, &database.settings.policy) {
                *diff = difference(chain, &stamped, schema.schema()).unwrap_or_default();
            }
        }
        _ => {}
    }
    Error::from_conflict(conflict)
}

/// Returns the differences from the schema of `revisions` to the schema `actual`.
///
/// Returns `None` if an upgrade fails in memory, for example if it calls functions of the program.
pub(crate) fn difference(chain: &Chain, revisions: &RevisionSet, actual: &Schema) -> Option<Diff> {
    let mut replay = Replay::new().ok()?;
    for index in revisions.iter() {
        replay.run(&chain[index]).ok()?;
    }
    let order = match revisions.newest() {
        Some(newest) => chain.column_order(newest),
        None => ColumnOrder::Fixed,
    };
    let expected = replay.schema.with_column_order(order);
    Some(diff(&expected, &actual.clone().with_column_order(order)))
}

/// The revision whose schema differs least from that of a database, and the differences.
struct Nearest {
    index: RevisionIndex,
    diff: Diff,
}

/// Finds the newest of the revisions whose schemas differ least from `actual`.
///
/// Returns `None` if that schema and `actual` have no table or view name in common.
fn find_nearest(chain: &Chain, actual: &Schema) -> Option<Nearest> {
    let mut replay = Replay::new().ok()?;
    let free = actual.clone().with_column_order(ColumnOrder::Free);
    let mut nearest: Option<(usize, RevisionIndex, Schema)> = None;
    for (index, is_linear) in chain.linear() {
        if replay.run(&chain[index]).is_err() {
            break;
        }
        let order = if is_linear {
            ColumnOrder::Fixed
        } else {
            ColumnOrder::Free
        };
        let schema = replay.schema.clone().with_column_order(order);
        let distance = schema.distance(if is_linear { actual } else { &free });
        if nearest
            .as_ref()
            .is_none_or(|(least, ..)| distance <= *least)
        {
            nearest = Some((distance, index, schema));
        }
    }
    let (_, index, schema) = nearest?;
    let has_name = |name: &str| actual.names().any(|other| other.eq_ignore_ascii_case(name));
    if !schema.names().any(has_name) {
        return None;
    }
    let actual = actual.clone().with_column_order(schema.column_order());
    Some(Nearest {
        index,
        diff: diff(&schema, &actual),
    })
}

/// A database in memory that runs upgrades, and the schema after the last upgrade.
struct Replay {
    connection: Connection,
    before: SchemaSql,
    schema: Schema,
}

impl Replay {
    fn new() -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        Ok(Self {
            connection,
            before: SchemaSql::default(),
            schema: Schema::default(),
        })
    }

    /// Runs an upgrade. Fails if a schema change fails.
    ///
    /// A proven revision runs on stand-ins for the objects that only the program registers.
    fn run(&mut self, revision: &Revision) -> rusqlite::Result<()> {
        for statement in revision.upgrade().statements() {
            let result = if revision.proven().is_some() {
                self.execute_on_stand_ins(statement.sql())
            } else {
                execute(&self.connection, statement.sql(), []).map(drop)
            };
            // A statement that only changes rows does not affect the schema, so ignore its failure.
            if !inspect::changes_rows_only(statement.sql()) {
                result?;
            }
        }
        let mut after = read_schema_sql(&self.connection, &SchemaFilter::default())?;
        if stand_ins::has_any(&self.connection) {
            after = after.with_replaced(stand_ins::virtual_table);
        }
        let (removed, added) = self.before.changes(&after);
        self.schema.apply_delta(removed, added);
        self.before = after;
        Ok(())
    }

    /// Runs a statement, and registers a stand-in for each object that SQLite lacks.
    fn execute_on_stand_ins(&self, sql: &str) -> rusqlite::Result<()> {
        loop {
            let Err(error) = execute(&self.connection, sql, []) else {
                return Ok(());
            };
            let message = sqlite_message(&error);
            let missing = UnregisteredObject::parse(&message);
            let is_registered =
                missing.is_some_and(|object| stand_ins::register_missing(&self.connection, object));
            if is_registered {
                continue;
            }
            if stand_ins::run_otherwise(&self.connection, sql, &message) {
                return Ok(());
            }
            return Err(error);
        }
    }
}
