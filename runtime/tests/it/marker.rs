//! The marker of a chain with a name, which is a row of a table.

use revchain::{Migrations, embed_migrations};
use revchain_runtime::internal::marker_index;
use revchain_runtime::rusqlite::Connection;

static BILLING: Migrations = embed_migrations!("../tests/chains/billing", name = "billing");

#[test]
fn missing_table_of_markers_means_no_marker() {
    let db = Connection::open_in_memory().unwrap();
    assert_eq!(marker_index(&db, &BILLING).unwrap(), None);
}
