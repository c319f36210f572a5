//! The rows that violate a condition which a revision declares by `@assumes`.

use revchain_core::{Assumes, AssumesKind, Revision};
use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use crate::session::sql::quote;

/// The largest number of rows that an error lists for each condition.
const MAX_ROWS: usize = 10;

/// Returns a line for each condition that rows violate, and a line for each of these rows.
///
/// Reads the rows after a statement has failed, and before the rollback.
/// Skips a condition if its table or column does not exist any more.
/// Only SQLite knows the rows that violate a CHECK or an unnamed expectation of a statement.
pub(super) fn violated_assumptions(connection: &Connection, revision: &Revision) -> Vec<String> {
    let mut lines = Vec::new();
    for assumes in revision.assumes() {
        let rows = violating_rows(connection, assumes).unwrap_or_default();
        if !rows.is_empty() {
            let columns: Vec<String> = assumes
                .columns
                .iter()
                .map(|name| name.to_string())
                .collect();
            lines.push(format!(
                "rows violate `@assumes {}({}) {}`:",
                assumes.table,
                columns.join(", "),
                assumes.kind.name()
            ));
            lines.extend(rows);
        }
    }
    lines
}

fn violating_rows(connection: &Connection, assumes: &Assumes) -> Result<Vec<String>> {
    let columns: Vec<String> = assumes.columns.iter().map(|name| quote(name)).collect();
    let (list, table) = (columns.join(", "), quote(&assumes.table));
    let terms = |test: &str, joined: &str| {
        let terms = columns.iter().map(|column| format!("{column} {test}"));
        terms.collect::<Vec<_>>().join(joined)
    };
    let sql = match assumes.kind {
        AssumesKind::Unique => format!(
            "SELECT {list}, count(*) FROM main.{table} WHERE {} GROUP BY {list}
             HAVING count(*) > 1 LIMIT {MAX_ROWS}",
            terms("IS NOT NULL", " AND ")
        ),
        AssumesKind::NotNull => format!(
            "SELECT {list}, count(*) FROM main.{table} WHERE {} GROUP BY {list} LIMIT {MAX_ROWS}",
            terms("IS NULL", " OR ")
        ),
        // The foreign key check lists the rows without a parent.
        AssumesKind::References | AssumesKind::Check | AssumesKind::Values => {
            return Ok(Vec::new());
        }
    };
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::new();
        for (index, name) in assumes.columns.iter().enumerate() {
            values.push(format!("{name} = {}", shown(&row.get(index)?)));
        }
        let count: i64 = row.get(columns.len())?;
        let rows = if count == 1 { "row" } else { "rows" };
        lines.push(format!(
            "  {}: {} ({count} {rows})",
            assumes.table,
            values.join(", ")
        ));
    }
    Ok(lines)
}

/// Returns a value as SQL, in one line of limited length.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => {
            let mut start: String = text.chars().take(40).collect();
            if start.len() < text.len() {
                start.push('…');
            }
            format!("'{}'", start.replace('\'', "''"))
        }
        Value::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    }
}
