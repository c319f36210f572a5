//! The check that every foreign key holds, which stands in for their enforcement during a migration.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use crate::Violation;
use crate::connection::quote;

/// How many violations an error tells; there may be as many as rows.
const TOLD: usize = 10;

/// Rows that violate a key, by their table, their row id and the table that the key points at; how many, of tables without
/// row ids.
pub(crate) type Known = HashMap<(String, Option<i64>, String), usize>;

/// The violations that the database has already.
pub(crate) fn known(connection: &Connection, tables: Option<&[String]>) -> rusqlite::Result<Known> {
    let mut known = Known::new();
    each(connection, tables, |row| {
        *known.entry((row.get(0)?, row.get(1)?, row.get(2)?)).or_default() += 1;
        Ok(())
    })?;
    Ok(known)
}

/// Shows every violation, or those in these tables.
fn each(
    connection: &Connection,
    tables: Option<&[String]>,
    mut show: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let checks = match tables {
        None => vec!["PRAGMA main.foreign_key_check".to_owned()],
        Some(tables) => {
            tables.iter().map(|table| format!("PRAGMA main.foreign_key_check({})", quote(table))).collect()
        }
    };
    for check in checks {
        let mut statement = connection.prepare(&check)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            show(row)?;
        }
    }
    Ok(())
}

/// The first violations that the database has, and their number.
pub(crate) fn violations(connection: &Connection) -> rusqlite::Result<(Vec<Violation>, usize)> {
    new_violations(connection, None, Known::new())
}

/// Those that were not known before, in these tables.
pub(crate) fn new_violations(
    connection: &Connection,
    tables: Option<&[String]>,
    mut known: Known,
) -> rusqlite::Result<(Vec<Violation>, usize)> {
    let (mut told, mut count) = (Vec::new(), 0);
    each(connection, tables, |row| {
        if !known.is_empty() {
            match known.get_mut(&(row.get(0)?, row.get(1)?, row.get(2)?)) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        count += 1;
        if told.len() < TOLD {
            let table: String = row.get(0)?;
            let key: i64 = row.get(3)?;
            let columns = columns(connection, &table, key)?;
            told.push(Violation { table, rowid: row.get(1)?, parent: row.get(2)?, columns });
        }
        Ok(())
    })?;
    Ok((told, count))
}

fn columns(connection: &Connection, table: &str, key: i64) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT \"from\" FROM pragma_foreign_key_list(?1, 'main') WHERE id = ?2 ORDER BY seq";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query((table, key))?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next()? {
        columns.push(row.get(0)?);
    }
    Ok(columns)
}

/// A foreign key.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The table that has it.
    pub(crate) table: String,
    pub(crate) parent: String,
    /// Its columns, each with the one of the parent that it points at; the parent's primary key, where none is named.
    pub(crate) columns: Vec<(String, Option<String>)>,
}

/// All foreign keys of the database, those of one table together.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<Key>> {
    let mut statement = connection.prepare(
        "SELECT t.name, k.\"table\", k.\"from\", k.\"to\", k.seq
         FROM main.sqlite_master t, pragma_foreign_key_list(t.name, 'main') k
         WHERE t.type = 'table' ORDER BY t.name, k.id, k.seq",
    )?;
    let mut rows = statement.query([])?;
    let mut keys: Vec<Key> = Vec::new();
    while let Some(row) = rows.next()? {
        let column = (row.get(2)?, row.get(3)?);
        match (row.get::<_, i64>(4)?, keys.last_mut()) {
            (1.., Some(key)) => key.columns.push(column),
            _ => keys.push(Key { table: row.get(0)?, parent: row.get(1)?, columns: vec![column] }),
        }
    }
    Ok(keys)
}
