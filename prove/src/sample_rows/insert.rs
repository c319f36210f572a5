//! Inserting one row with the first combination of values that a table accepts.

use std::collections::HashMap;

use revchain_runtime::internal::{quote, sqlite_message};
use rusqlite::types::Value;
use rusqlite::{Connection, Result, Statement, params_from_iter};

use super::condition_reader::names_in_check;
use super::table::{Column, TableInfo, TableKey};

/// The maximum number of attempts to insert a row.
const MAX_ATTEMPTS: usize = 800;

/// The values of a row by the lowercase names of their columns.
pub(super) type RowValues = HashMap<String, Value>;

/// A table that is being filled.
pub(super) struct Target<'t> {
    pub(super) name: &'t str,
    pub(super) info: &'t TableInfo,
    /// The columns, as the assumptions require them.
    pub(super) columns: Vec<Column>,
    /// The foreign keys, and the keys that statements imply.
    pub(super) keys: Vec<TableKey>,
}

/// Inserts a row with the first combination of `candidates` that the table accepts.
///
/// Returns `None` if no combination was accepted.
pub(super) fn try_insert(
    connection: &Connection,
    target: &Target<'_>,
    candidates: &[Vec<Value>],
) -> Result<Option<RowValues>> {
    let columns = &target.columns;
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let sql = format!(
        "INSERT OR ABORT INTO main.{} ({}) VALUES ({})",
        quote(target.name),
        names.join(", "),
        vec!["?"; columns.len()].join(", ")
    );
    // `columns` is empty for a view, and SQLite rejects an empty list.
    let Ok(mut statement) = connection.prepare(&sql) else {
        return Ok(None);
    };
    // Constraints on several columns usually accept some of the first values, or NULL.
    let few: Vec<Vec<Value>> = candidates
        .iter()
        .map(|values| first_values(values))
        .collect();
    for candidates in [few, candidates.to_vec()] {
        let row = try_values(&mut statement, target, candidates)?;
        // A trigger may have rolled the transaction back.
        if row.is_some() || connection.is_autocommit() {
            return Ok(row);
        }
    }
    Ok(None)
}

/// Returns the first values and NULL, if NULL is among the values.
fn first_values(values: &[Value]) -> Vec<Value> {
    let mut first: Vec<Value> = values.iter().take(4).cloned().collect();
    if values.last() == Some(&Value::Null) && !first.contains(&Value::Null) {
        first.push(Value::Null);
    }
    first
}

/// Inserts a row with the first combination of values that the table accepts.
fn try_values(
    statement: &mut Statement<'_>,
    target: &Target<'_>,
    mut candidates: Vec<Vec<Value>>,
) -> Result<Option<RowValues>> {
    let columns = &target.columns;
    let mut chosen = vec![0; columns.len()];
    for _ in 0..MAX_ATTEMPTS {
        let values = candidates.iter().zip(&chosen);
        let values = values.map(|(values, &choice)| values[choice].clone());
        let values: Vec<Value> = values.collect();
        let message = match statement.execute(params_from_iter(&values)) {
            Ok(0) => return Ok(None),
            Ok(_) => {
                let names = columns.iter().map(|column| column.name.clone());
                return Ok(Some(names.zip(values).collect()));
            }
            Err(error) => sqlite_message(&error),
        };
        let Some(rejected) = rejected_columns(&message, target) else {
            return Ok(None);
        };
        if let [column] = rejected[..] {
            // No other value of another column helps, so the value is no candidate any more.
            candidates[column].remove(chosen[column]);
            if candidates[column].is_empty() {
                return Ok(None);
            }
            chosen[column] %= candidates[column].len();
        } else if !advance(&mut chosen, &rejected, &candidates) {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Returns the indexes of the columns whose values SQLite rejects with `message`.
///
/// Returns `None` if other values cannot help.
fn rejected_columns(message: &str, target: &Target<'_>) -> Option<Vec<usize>> {
    let all = 0..target.columns.len();
    let position = |name: &str| {
        let name = name.trim().rsplit('.').next().unwrap_or_default();
        let mut columns = target.columns.iter();
        columns.position(|column| column.name.eq_ignore_ascii_case(name))
    };
    if let Some(check) = message.strip_prefix("CHECK constraint failed: ") {
        let sql = target
            .info
            .sql
            .first()
            .map(String::as_str)
            .unwrap_or_default();
        let names = names_in_check(sql, check);
        let mut named: Vec<usize> = names.iter().filter_map(|name| position(name)).collect();
        named.sort_unstable();
        named.dedup();
        return Some(if named.is_empty() {
            all.collect()
        } else {
            named
        });
    }
    if let Some(names) = message.strip_prefix("UNIQUE constraint failed: ") {
        let named: Vec<usize> = names.split(',').filter_map(position).rev().collect();
        return Some(if named.is_empty() {
            all.collect()
        } else {
            named
        });
    }
    let column = message.strip_prefix("NOT NULL constraint failed: ");
    let stored = message
        .starts_with("cannot store ")
        .then(|| message.rsplit(' ').next());
    let column = column.or(stored.flatten())?;
    position(column).map(|column| vec![column])
}

/// Advances `chosen` to the next combination of candidates for `columns`, like a counter.
///
/// Returns `false` after the last combination.
fn advance(chosen: &mut [usize], columns: &[usize], candidates: &[Vec<Value>]) -> bool {
    for &column in columns {
        if chosen[column] + 1 < candidates[column].len() {
            chosen[column] += 1;
            return true;
        }
        chosen[column] = 0;
    }
    false
}
