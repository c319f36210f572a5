//! The hash of a schema's SQL.

use revchain_core::schema::{SchemaFilter, SchemaSql, SchemaSqlHash};

fn schema_sql(all: &[&str]) -> SchemaSql {
    SchemaSql::new(all.join("\0"), SchemaFilter::default())
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
    let mut changed = schema_sql(&all[..2]).hash().expect("nothing is filtered");
    changed.apply_delta([all[1]], [all[2], all[1]]);
    assert_eq!(Some(changed), hash);
    assert_eq!(SchemaSqlHash::from_bytes(changed.to_bytes()), changed);
}

#[test]
fn filtered_schema_has_no_hash() {
    let filter = SchemaFilter {
        ignored: vec!["c".to_owned()],
        ..SchemaFilter::default()
    };
    assert_eq!(
        SchemaSql::new("CREATE TABLE c (d)".to_owned(), filter.clone()).hash(),
        None
    );
    assert!(SchemaSql::new("CREATE TABLE c (d)".to_owned(), filter).is_empty());
}
