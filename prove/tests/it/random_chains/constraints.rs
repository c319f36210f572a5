//! The constraints and objects of a database, one a line, as SQLite's pragmas show them.

use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use super::model::Schema;
use super::sql::{create, view};

/// Returns the lines that a schema must have.
pub(crate) fn of_schema(schema: &Schema) -> Vec<String> {
    let db = Connection::open_in_memory().unwrap();
    for table in &schema.tables {
        db.execute_batch(&create(table).join(";")).unwrap();
    }
    for part in &schema.views {
        db.execute_batch(&view(part)).unwrap();
    }
    of_database(&db).unwrap()
}

pub(crate) fn of_database(db: &Connection) -> Result<Vec<String>> {
    let mut lines = rows(
        db,
        "SELECT type, name, tbl_name FROM sqlite_master
         WHERE type IN ('view', 'trigger') AND name NOT LIKE 'revchain%'",
    )?;
    let tables: Vec<(String, String)> = db
        .prepare(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'
             AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'revchain%'",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_>>()?;
    for (table, sql) in tables {
        lines.extend(
            of_table(db, &table)?
                .into_iter()
                .map(|line| format!("{table}: {line}")),
        );
        let sql = sql.replace('"', "");
        for word in ["AUTOINCREMENT", "COLLATE NOCASE", "DEFERRABLE"] {
            let count = sql.matches(word).count();
            lines.extend((0..count).map(|number| format!("{table}: {word} {number}")));
        }
        lines.extend(checks(&sql).map(|check| format!("{table}: {check}")));
    }
    Ok(lines)
}

fn of_table(db: &Connection, table: &str) -> Result<Vec<String>> {
    let name = table.replace('\'', "''");
    let mut lines = Vec::new();
    for sql in [
        "SELECT 'options', wr, strict FROM pragma_table_list WHERE name = '?'",
        "SELECT 'column', name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo('?')",
        "SELECT 'key', \"table\", \"from\", \"to\", on_delete FROM pragma_foreign_key_list('?')",
        // The indexes of UNIQUE and PRIMARY KEY have names with numbers, which may change.
        "SELECT 'index', iif(origin = 'c', i.name, origin), \"unique\", partial,
                (SELECT group_concat(c.name || ' ' || c.coll) FROM pragma_index_xinfo(i.name) c WHERE c.key)
         FROM pragma_index_list('?') i",
    ] {
        lines.extend(rows(db, &sql.replace('?', &name))?);
    }
    Ok(lines)
}

/// Returns the rows of a query as text, in a fixed order.
pub(crate) fn rows(db: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut statement = db.prepare(sql)?;
    let count = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values: Vec<Value> = (0..count)
            .map(|index| row.get(index))
            .collect::<Result<_>>()?;
        Ok(format!("{values:?}"))
    })?;
    let mut rows: Vec<String> = rows.collect::<Result<_>>()?;
    rows.sort_unstable();
    Ok(rows)
}

/// Returns each CHECK in a CREATE TABLE statement, with its condition.
fn checks(sql: &str) -> impl Iterator<Item = &str> {
    sql.match_indices("CHECK (").map(|(start, _)| {
        let mut depth = 0;
        let end = sql[start..].find(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => return false,
            }
            depth == 0
        });
        &sql[start..=start + end.unwrap()]
    })
}
