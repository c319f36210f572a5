//! The hash of a schema's SQL.

use revchain_core::schema::{SchemaSql, SchemaSqlHash};

fn schema_sql(all: &[&str]) -> SchemaSql {
    SchemaSql::new(all.join("\0"))
}

#[test]
fn same_statements_in_any_order_have_one_hash() {
    let all = [
        "CREATE TABLE a (b)",
        "CREATE INDEX i ON a (b)",
        "CREATE TABLE c (d)",
    ];
    let hash = schema_sql(&all).hash();
    assert_eq!(schema_sql(&[all[2], all[0], all[1]]).hash(), hash);
    assert_ne!(schema_sql(&all[..2]).hash(), hash);
    assert_ne!(schema_sql(&[all[0], all[1], all[1]]).hash(), hash);
    assert_ne!(
        schema_sql(&["CREATE TABLE a (B)", all[1], all[2]]).hash(),
        hash
    );
    let mut changed = schema_sql(&all[..2]).hash();
    changed.apply_delta([all[1]], [all[2], all[1]]);
    assert_eq!(changed, hash);
    assert_eq!(SchemaSqlHash::from_bytes(changed.to_bytes()), changed);
}

#[test]
fn space_before_the_semicolon_does_not_change_the_hash() {
    let hash = schema_sql(&["CREATE INDEX i ON a (b)"]).hash();
    assert_eq!(schema_sql(&["CREATE INDEX i ON a (b)\n"]).hash(), hash);
}
