//! The check that every foreign key holds, which stands in for their enforcement during a migration.

use rusqlite::Connection;

use crate::Violation;

/// How many violations an error tells; there may be as many as rows.
const TOLD: usize = 10;

/// The first violations that the database has, and their number.
pub(crate) fn violations(connection: &Connection) -> rusqlite::Result<(Vec<Violation>, usize)> {
    let mut statement = connection.prepare("PRAGMA main.foreign_key_check")?;
    let mut rows = statement.query([])?;
    let (mut told, mut count) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        count += 1;
        if told.len() < TOLD {
            let table: String = row.get(0)?;
            let key: i64 = row.get(3)?;
            let columns = columns(connection, &table, key)?;
            told.push(Violation { table, rowid: row.get(1)?, parent: row.get(2)?, columns });
        }
    }
    Ok((told, count))
}

fn columns(connection: &Connection, table: &str, key: i64) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT \"from\" FROM pragma_foreign_key_list(?1, 'main') WHERE id = ?2 ORDER BY seq";
    let mut statement = connection.prepare(sql)?;
    let columns = statement.query_map((table, key), |row| row.get(0))?;
    columns.collect()
}
