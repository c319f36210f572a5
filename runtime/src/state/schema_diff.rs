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
    let found = differences_of(&mut conflict, database, state);
    if let Some((diff, revision)) = found {
        if let Some(ignored) = ignored_own(database, diff, revision) {
            return Error::from_conflict(ignored);
        }
    }
    Error::from_conflict(conflict)
}

/// Adds the differences to a conflict. Returns them, and the revision from which they are.
fn differences_of<'c>(
    conflict: &'c mut Conflict,
    database: Database<'_>,
    state: &DatabaseState,
) -> Option<(&'c Diff, &'c str)> {
    let chain = database.chain();
    match (conflict, state) {
        (Conflict::Unrecognized { nearest, diff, .. }, DatabaseState::Unmanaged(unmanaged)) => {
            let found = find_nearest(chain, unmanaged.schema.schema())?;
            *diff = found.diff;
            Some((diff, nearest.insert(chain[found.index].id().to_owned())))
        }
        (Conflict::BaselineDiffers { revision, diff, .. }, DatabaseState::Unmanaged(unmanaged)) => {
            let revisions = match chain.index_of(revision) {
                Some(index) => chain.ancestry(index),
                None => RevisionSet::empty(chain.len()),
            };
            *diff = difference(chain, &revisions, &unmanaged.schema)?;
            Some((diff, revision))
        }
        (
            Conflict::RecordDiffers {
                revisions: ids,
                diff,
                ..
            },
            DatabaseState::Unmanaged(unmanaged),
        ) => {
            let mut revisions = RevisionSet::empty(chain.len());
            for index in ids.iter().filter_map(|id| chain.index_of(id)) {
                revisions.insert(index);
            }
            *diff = difference(chain, &revisions, &unmanaged.schema)?;
            Some((diff, ids.last().map_or("base", String::as_str)))
        }
        (
            Conflict::Drifted { revision, diff, .. },
            DatabaseState::Managed {
                schema: Some(schema),
                ..
            },
        ) => {
            let stamped = stamped(chain, state, &database.settings.policy).ok()?;
            *diff = difference(chain, &stamped, schema)?;
            Some((diff, revision))
        }
        _ => None,
    }
}

/// Returns the conflict for tables that the settings exclude, and that the chain makes.
pub(crate) fn ignored_own(database: Database<'_>, diff: &Diff, revision: &str) -> Option<Conflict> {
    let filter = SchemaFilter {
        ignored: database.settings.ignored_tables.clone(),
        own: None,
    };
    let tables = diff.names().filter(|name| !filter.includes(name));
    let tables: Vec<String> = tables.map(str::to_owned).collect();
    if tables.is_empty() {
        return None;
    }
    let revision = revision.to_owned();
    Some(Conflict::ignored_own(tables, revision))
}

/// Returns the differences from the schema of `revisions` to the schema `actual`.
///
/// Returns `None` if an upgrade fails in memory, for example if it calls functions of the program.
pub(crate) fn difference(
    chain: &Chain,
    revisions: &RevisionSet,
    actual: &SchemaSql,
) -> Option<Diff> {
    let mut replay = Replay::new().ok()?;
    for index in revisions.iter() {
        replay.run(&chain[index]).ok()?;
    }
    let actual = actual.schema();
    let order = match revisions.newest() {
        Some(newest) if actual.column_order() == ColumnOrder::Fixed => chain.column_order(newest),
        _ => actual.column_order(),
    };
    let expected = replay.schema.with_column_order(order);
    Some(diff(&expected, &actual.clone().with_column_order(order)))
}

/// The revision whose schema differs least from that of a database, and the differences.
struct Nearest {
    index: RevisionIndex,
    diff: Diff,
    /// `true` if the schema and that of the database have the name of a table or view in common.
    is_similar: bool,
}

/// Finds the newest of the revisions whose schemas differ least from `actual`.
///
/// The measure is the number of differences, where a missing table counts each column.
/// Returns `None` if that schema and `actual` have no table or view name in common.
fn find_nearest(chain: &Chain, actual: &Schema) -> Option<Nearest> {
    let mut replay = Replay::new().ok()?;
    let free = actual.clone().with_column_order(ColumnOrder::Free);
    let mut nearest: Option<Nearest> = None;
    let mut least_distance = usize::MAX;
    for (index, is_linear) in chain.linear() {
        if replay.run(&chain[index]).is_err() {
            break;
        }
        let (order, actual) = if is_linear && actual.column_order() == ColumnOrder::Fixed {
            (ColumnOrder::Fixed, actual)
        } else {
            (ColumnOrder::Free, &free)
        };
        let schema = replay.schema.clone().with_column_order(order);
        // The number of objects that differ is known already, so skip the diff of a schema in which
        // far more objects differ.
        let distance = schema.distance(actual);
        least_distance = least_distance.min(distance);
        if distance > 2 * least_distance + 2 {
            continue;
        }
        let diff = diff(&schema, actual);
        let least = nearest.as_ref().map(|nearest| nearest.diff.weight());
        if least.is_none_or(|least| diff.weight() <= least) {
            let has_name =
                |name: &str| actual.names().any(|other| other.eq_ignore_ascii_case(name));
            nearest = Some(Nearest {
                index,
                diff,
                is_similar: schema.names().any(has_name),
            });
        }
    }
    nearest.filter(|nearest| nearest.is_similar)
}

/// A database in memory that runs upgrades, and the schema after the last upgrade.
pub(super) struct Replay {
    connection: Connection,
    before: SchemaSql,
    schema: Schema,
}

impl Replay {
    pub(super) fn new() -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        Ok(Self {
            connection,
            before: SchemaSql::default(),
            schema: Schema::default(),
        })
    }

    /// Returns the schema after the last upgrade.
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the SQL of the schema after the last upgrade.
    pub(super) fn sql(&self) -> &SchemaSql {
        &self.before
    }

    /// Runs an upgrade. Fails if a schema change fails.
    ///
    /// A proven revision runs on stand-ins for the objects that only the program registers.
    pub(super) fn run(&mut self, revision: &Revision) -> rusqlite::Result<()> {
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
