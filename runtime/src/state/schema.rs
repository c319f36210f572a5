//! The schema of a database, as SQLite stores it.

use revchain_core::schema::{SchemaFilter, SchemaSql};
use rusqlite::Connection;

/// Reads the SQL of the schema, without the tables `revchain_*` and `sqlite_*` and the objects on
/// these tables.
///
/// # Errors
///
/// Fails if SQLite cannot read the schema.
pub fn read_schema_sql(
    connection: &Connection,
    filter: SchemaFilter,
) -> rusqlite::Result<SchemaSql> {
    // The result of group_concat() has no NUL terminator. rusqlite panics if SQLite has no memory
    // to add the terminator. The result of `||` always has a terminator.
    let sql = "SELECT coalesce(group_concat(sql, char(0)) || '', '') FROM main.sqlite_master
               WHERE tbl_name NOT GLOB 'revchain_*' AND tbl_name NOT GLOB 'sqlite_*'";
    connection.query_row(sql, [], |row| {
        // SQLite accepts SQL that is not UTF-8, so replace the invalid bytes.
        let joined = String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned();
        Ok(SchemaSql::new(joined, filter))
    })
}
