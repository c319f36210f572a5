//! The schema of a database, as SQLite stores it.

use revchain_core::schema::{SchemaFilter, SchemaSql};
use rusqlite::Connection;

/// The objects of `sqlite_master` that may belong to a chain.
///
/// The condition leaves out the prefixes `revchain_` and `sqlite_`: the backtick follows `_`.
/// Comparisons take a third of the time of a pattern.
const OBJECTS: &str = "FROM main.sqlite_master
    WHERE NOT (tbl_name >= 'revchain_' AND tbl_name < 'revchain`')
    AND NOT (tbl_name >= 'sqlite_' AND tbl_name < 'sqlite`')";

/// Reads the SQL of the tables and views that `filter` includes, with their indexes and triggers.
///
/// Leaves out the tables `revchain_*` and `sqlite_*`.
///
/// # Errors
///
/// Fails if SQLite cannot read the schema.
pub fn read_schema_sql(
    connection: &Connection,
    filter: &SchemaFilter,
) -> rusqlite::Result<SchemaSql> {
    let joined = if filter.is_all() {
        read_all(connection)?
    } else {
        read_included(connection, filter)?
    };
    Ok(SchemaSql::new(joined))
}

/// Reads all statements in one row. The proof of a long chain reads many large schemas.
fn read_all(connection: &Connection) -> rusqlite::Result<String> {
    // The result of group_concat() has no NUL terminator. rusqlite panics if SQLite has no memory
    // to add the terminator. The result of `||` always has a terminator.
    let sql = format!("SELECT coalesce(group_concat(sql, char(0)) || '', '') {OBJECTS}");
    connection.query_row(&sql, [], |row| {
        // SQLite accepts SQL that is not UTF-8, so replace the invalid bytes.
        Ok(String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned())
    })
}

fn read_included(connection: &Connection, filter: &SchemaFilter) -> rusqlite::Result<String> {
    let sql = format!("SELECT tbl_name, sql {OBJECTS} AND sql IS NOT NULL");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut joined = String::new();
    while let Some(row) = rows.next()? {
        let table = String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?);
        if filter.includes(&table) {
            joined += &String::from_utf8_lossy(row.get_ref(1)?.as_bytes()?);
            joined.push('\0');
        }
    }
    Ok(joined)
}
