//! The values of sample rows.

use revchain_core::sql::tokenizer::{Kind, tokens, unquote};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::table::{Affinity, Column};

/// The offset that is added to the row number to get a sample value.
///
/// A chain is unlikely to insert numbers in this range.
const OFFSET: i64 = 7_000_000;

/// Returns the values to try for a column, the preferred value first.
///
/// `row` is the index of the row. `literals` are the values in the SQL of the table.
pub(super) fn candidates(column: &Column, row: usize, literals: &[Value]) -> Vec<Value> {
    let number = i64::try_from(row).unwrap_or_default() + 1;
    let unique_number = OFFSET + number;
    let unique_text = format!("revchain {} {number}", column.name);
    let mut values = vec![match column.affinity {
        Affinity::Integer | Affinity::Numeric => Value::Integer(unique_number),
        #[expect(clippy::cast_precision_loss, reason = "the number is small")]
        Affinity::Real => Value::Real(unique_number as f64 + 0.5),
        Affinity::Text => Value::Text(unique_text),
        Affinity::Blob => Value::Blob(unique_text.into_bytes()),
    }];
    let usual = [
        Value::Integer(number),
        Value::Text(format!("{{\"revchain\": {number}}}")),
        Value::Text(format!("2026-01-0{number}")),
        Value::Text(format!("2026-01-0{number} 12:00:00")),
        Value::Text(format!("revchain{number}@example.org")),
        Value::Text(format!("r{number}")),
    ];
    let fitting = literals
        .iter()
        .chain(&usual)
        .filter(|value| fits(column.affinity, value));
    values.extend(fitting.cloned());
    if !column.is_required {
        values.push(Value::Null);
    }
    values
}

fn fits(affinity: Affinity, value: &Value) -> bool {
    match value {
        Value::Integer(_) => affinity != Affinity::Text,
        Value::Text(_) => !matches!(affinity, Affinity::Integer | Affinity::Real),
        _ => false,
    }
}

/// Returns the strings and integers in the SQL of a table: a CHECK may require these values.
///
/// Includes each integer plus and minus 1: a CHECK such as `a > 5` excludes 5.
pub(super) fn literals(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Value>> {
    let query =
        "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    let sql: Option<String> = connection
        .query_row(query, [table], |row| row.get(0))
        .optional()?;
    let sql = sql.unwrap_or_default();
    let mut values = Vec::new();
    for token in tokens(&sql) {
        let text = token.text(&sql);
        match token.kind {
            Kind::String => values.push(Value::Text(unquote(text))),
            Kind::Number => {
                if let Ok(number) = text.parse::<i64>() {
                    let near = [number, number.saturating_add(1), number.saturating_sub(1)];
                    values.extend(near.map(Value::Integer));
                }
            }
            _ => {}
        }
    }
    values.dedup();
    Ok(values)
}
