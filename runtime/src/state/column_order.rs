//! Databases whose tables have the columns of the chain in another order.
//!
//! The setting `ignore_column_order` accepts such a database at its adoption, and the history
//! remembers it. From then on, its schema is read as if the columns had the order of the chain.

use revchain_core::Chain;
use revchain_core::schema::{ColumnOrder, SchemaSql, diff};

use super::schema_diff::Replay;

/// Returns the schema of the revision that differs from `sql` only in the order of columns.
///
/// Returns `None` if a revision has exactly this schema, or if no revision has these columns.
pub(super) fn in_order_of_chain(chain: &Chain, sql: &SchemaSql) -> Option<SchemaSql> {
    if sql.is_empty() || !chain.with_schema(sql).is_empty() {
        return None;
    }
    let actual = sql.schema().clone().with_column_order(ColumnOrder::Free);
    let mut replay = Replay::new().ok()?;
    for revision in chain.revisions() {
        replay.run(revision).ok()?;
        let schema = replay.schema().clone();
        if schema.with_column_order(ColumnOrder::Free) == actual {
            return Some(replay.sql().clone());
        }
    }
    None
}

/// Returns the names of the tables whose columns have another order than in the chain.
pub(super) fn reordered_tables(chain: &Chain, sql: &SchemaSql) -> Vec<String> {
    let Some(ordered) = in_order_of_chain(chain, sql) else {
        return Vec::new();
    };
    let differences = diff(ordered.schema(), sql.schema());
    differences.names().map(str::to_owned).collect()
}
