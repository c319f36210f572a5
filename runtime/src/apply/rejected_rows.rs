//! The rows because of which a statement has failed.

use revchain_core::sql::inspect::{named_objects, starts_with_one_of};
use revchain_core::sql::sqlite_messages::{ColumnConstraint, failed_columns};
use revchain_core::{Assumes, AssumesKind, Revision};
use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use crate::report::error::StatementError;
use crate::session::sql::{contains_word, quote};

/// The largest number of rows that an error lists for each condition.
const MAX_ROWS: usize = 10;

/// Returns the rows because of which a statement has failed, as lines with headings.
///
/// Reads the rows after a statement has failed, and before the rollback.
pub(super) fn rejected_rows(
    connection: &Connection,
    revision: &Revision,
    error: &StatementError,
) -> Vec<String> {
    let lines = violated_assumptions(connection, revision);
    if lines.is_empty() {
        return violated_constraint(connection, error);
    }
    lines
}

/// Returns the rows that violate the UNIQUE or NOT NULL constraint which SQLite reports.
///
/// A rebuild copies rows into a new table, so the rows of all tables in the statement count.
fn violated_constraint(connection: &Connection, error: &StatementError) -> Vec<String> {
    let Some((constraint, table, columns)) = failed_columns(&error.message) else {
        return Vec::new();
    };
    // Duplicates outside of a partial index are no violation.
    if starts_with_one_of(&error.sql, &["CREATE"]) && contains_word(error.sql.as_bytes(), "where") {
        return Vec::new();
    }
    let (kind, heading) = match constraint {
        ColumnConstraint::Unique => (AssumesKind::Unique, "duplicates in"),
        ColumnConstraint::NotNull => (AssumesKind::NotNull, "rows with NULL in"),
    };
    let mut tables = named_objects(&error.sql);
    tables.insert(0, table.to_owned());
    let found = tables.into_iter().find_map(|table| {
        let condition = Assumes {
            table,
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            kind,
            reason: String::new(),
        };
        let rows = violating_rows(connection, &condition).unwrap_or_default();
        (!rows.is_empty()).then_some((condition.table, rows))
    });
    let Some((table, rows)) = found else {
        return Vec::new();
    };
    let mut lines = vec![format!("{heading} {}({}):", table, columns.join(", "))];
    lines.extend(rows);
    lines
}

/// Returns a line for each `@assumes` that rows violate, and a line for each of these rows.
///
/// Skips a condition if its table or column does not exist any more.
/// Only SQLite knows the rows that violate a CHECK or an unnamed expectation of a statement.
fn violated_assumptions(connection: &Connection, revision: &Revision) -> Vec<String> {
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
    // SQLite can read a name without a table as a string.
    let columns = assumes.columns.iter();
    let columns: Vec<String> = columns.map(|name| format!("t.{}", quote(name))).collect();
    let (list, table) = (columns.join(", "), quote(&assumes.table));
    let terms = |test: &str, joined: &str| {
        let terms = columns.iter().map(|column| format!("{column} {test}"));
        terms.collect::<Vec<_>>().join(joined)
    };
    let sql = match assumes.kind {
        AssumesKind::Unique => format!(
            "SELECT {list}, count(*) FROM main.{table} AS t WHERE {} GROUP BY {list}
             HAVING count(*) > 1 LIMIT {MAX_ROWS}",
            terms("IS NOT NULL", " AND ")
        ),
        AssumesKind::NotNull => format!(
            "SELECT {list}, count(*) FROM main.{table} AS t WHERE {} GROUP BY {list}
             LIMIT {MAX_ROWS}",
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
