//! The content of a database.

use std::fmt::Write as _;
use std::path::Path;

use revchain::rusqlite::Connection;
use revchain::rusqlite::types::ValueRef;

/// Returns the revisions in the history, in insertion order.
pub(crate) fn ids(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare("SELECT revision FROM revchain_history ORDER BY rowid")
        .unwrap();
    statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// Returns the integer that a query returns.
pub(crate) fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Returns the schema as text: columns and indexes of every table, without revchain's own.
pub(crate) fn schema(connection: &Connection) -> String {
    dump(
        connection,
        "SELECT m.type, m.name, c.cid, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk
         FROM sqlite_master m, pragma_table_xinfo(m.name) c
         WHERE m.name NOT LIKE 'revchain%' ORDER BY 2, 3",
    ) + &dump(
        connection,
        "SELECT tbl_name, name, sql FROM sqlite_master
         WHERE type <> 'table' AND name NOT LIKE 'revchain%'
         AND tbl_name NOT LIKE 'revchain%' ORDER BY 1, 2",
    )
}

/// Returns every row of every table as text, without revchain's own tables.
pub(crate) fn rows(connection: &Connection) -> String {
    let mut statement = connection
        .prepare(
            "SELECT name FROM sqlite_master
             WHERE type = 'table' AND name NOT LIKE 'revchain%' AND name NOT LIKE 'sqlite%'
             ORDER BY 1",
        )
        .unwrap();
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    names
        .iter()
        .map(|name| {
            format!(
                "{name}\n{}",
                dump(connection, &format!("SELECT * FROM \"{name}\""))
            )
        })
        .collect()
}

/// Returns the rows of a query as text, one row a line.
pub(crate) fn dump(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut text = String::new();
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            match row.get_ref(column).unwrap() {
                ValueRef::Text(value) => {
                    write!(text, "{} ", String::from_utf8_lossy(value)).unwrap()
                }
                value => write!(text, "{value:?} ").unwrap(),
            }
        }
        text.push('\n');
    }
    text
}

/// Returns `true` if the integrity check of SQLite passes.
pub(crate) fn is_sound(path: &Path) -> bool {
    let connection = Connection::open(path).unwrap();
    let answer: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    answer == "ok"
}
