//! The schema of a database, as SQLite keeps it.

use revchain_core::schema::{Part, Schema, Texts};
use rusqlite::Connection;

/// The schema that a database has.
pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Schema> {
    Ok(texts(connection, Part::default())?.schema().clone())
}

/// The texts of a database's schema, of which a part is to be looked at; without what revchain and SQLite keep for
/// themselves, so that they are the same in the proof.
pub(crate) fn texts(connection: &Connection, part: Part) -> rusqlite::Result<Texts> {
    // The text of a function has no zero at its end. SQLite would add it when it is read, and rusqlite panics where there is no
    // memory for that; but to what it has put together itself, SQLite adds it at once.
    let sql = "SELECT coalesce(group_concat(sql, char(0)) || '', '') FROM main.sqlite_master
               WHERE tbl_name NOT GLOB 'revchain_*' AND tbl_name NOT GLOB 'sqlite_*'";
    // SQLite does not mind bytes that are no UTF-8, so somebody may have some.
    connection.query_row(sql, [], |row| {
        Ok(Texts::new(String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned(), part))
    })
}
