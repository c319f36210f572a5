//! The functions of `column_order.rs` without the feature `adopt`: no order but that of the chain.

use revchain_core::Chain;
use revchain_core::schema::SchemaSql;

/// Returns the schema as it is, because only the normal form can ignore the order of columns.
pub(super) fn ignoring_column_order(_: &Chain, sql: SchemaSql) -> SchemaSql {
    sql
}

/// Returns no tables.
pub(super) fn reordered_tables(_: &Chain, _: &SchemaSql) -> Vec<String> {
    Vec::new()
}
