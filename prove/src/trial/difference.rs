//! The differences between the tables that two runs leave.

use revchain_core::schema::SchemaFilter;
use revchain_runtime::internal::read_schema_sql;
use rusqlite::{Connection, Result};

use super::counters::rowid_user;
use super::expected::{Tables, find_table, read_tables};
use crate::sample_rows::contents::Contents;
use crate::script_run::Stage;

/// A difference between a cluster and a single machine, or between two replicas.
pub(crate) struct Finding {
    pub(crate) cause: Cause,
    pub(crate) stage: Stage,
    /// The offset of the first statement that makes a difference, or because of which the COMMIT
    /// fails.
    pub(crate) start: Option<usize>,
    pub(crate) is_at_commit: bool,
    pub(crate) effects: Vec<Effect>,
}

/// The cause of a difference.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Cause {
    /// Foreign keys are enforced.
    ForeignKeys,
    /// Rows are read in another order.
    Order,
    /// Each machine evaluates this function by itself.
    Function(&'static str),
}

/// The effect of a difference.
pub(crate) enum Effect {
    /// A statement, or the COMMIT, fails with this message.
    Fails(String),
    /// A table has fewer rows: the number of rows that are lost, and of all rows.
    Rows(String, usize, usize),
    /// A table has other values in these columns.
    Values(String, Vec<String>),
}

/// Reads all tables, and the counters of AUTOINCREMENT.
///
/// Rowids that nothing uses are left out: they tell nothing about the rows.
pub(crate) fn contents(connection: &Connection) -> Result<Tables> {
    let schema = read_schema_sql(connection, &SchemaFilter::default())?;
    let schema = schema.schema();
    let names = schema.tables().chain(["sqlite_sequence"]);
    let mut tables = read_tables(connection, names)?;
    for (name, contents) in &mut tables {
        if rowid_user(connection, name)?.is_none() {
            for row in &mut contents.rows {
                row.rowid = None;
            }
        }
        contents.rows.sort_by_cached_key(|row| format!("{row:?}"));
    }
    Ok(tables)
}

/// Returns the differences between the tables of two runs.
pub(crate) fn effects(before: &Tables, after: &Tables) -> Vec<Effect> {
    let differences = before.iter().filter_map(|(name, contents)| {
        let other = find_table(after, name)?;
        let (rows, total) = (&contents.rows, contents.rows.len());
        if rows == &other.rows {
            return None;
        }
        if other.rows.len() < total {
            return Some(Effect::Rows(name.clone(), total - other.rows.len(), total));
        }
        Some(Effect::Values(
            name.clone(),
            changed_columns(contents, other),
        ))
    });
    differences.collect()
}

/// Returns the columns whose values differ, in any order of the rows.
fn changed_columns(one: &Contents, other: &Contents) -> Vec<String> {
    let values = |contents: &Contents, column: usize| {
        let rows = contents.rows.iter();
        let mut values: Vec<String> = rows
            .map(|row| format!("{:?}", row.values.get(column)))
            .collect();
        values.sort_unstable();
        values
    };
    let columns = one.columns.iter().enumerate();
    let changed = columns.filter(|(column, _)| values(one, *column) != values(other, *column));
    changed.map(|(_, name)| name.clone()).collect()
}
