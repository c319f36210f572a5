//! The sample rows on which a statement fails.

use std::fmt;

use revchain_core::schema::quote;
use revchain_core::sql::change::{Effect, effect};
use revchain_core::sql::inspect::starts_with_one_of;
use revchain_core::{Assumes, AssumesKind};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::copy_sources::sources;
use super::expected::Expected;
use super::matching::positions;
use super::scope::names;
use super::values::shown;
use crate::sample_rows::contents::{Contents, Row};
use crate::sample_rows::hints::Hints;

/// The largest number of rows that a message shows.
pub(crate) const MAX_ROWS: usize = 3;

/// The largest number of columns that a message shows of a row.
const MAX_COLUMNS: usize = 5;

/// A condition that existing rows satisfy. Displays as in `@assumes`: `users(email) not-null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assumption {
    table: String,
    columns: Vec<String>,
    kind: AssumesKind,
}

impl Assumption {
    pub(super) fn new(table: &str, columns: Vec<String>, kind: AssumesKind) -> Self {
        Self {
            table: table.to_owned(),
            columns,
            kind,
        }
    }

    /// Returns the condition with its names in lowercase.
    pub(super) fn in_lowercase(&self) -> Self {
        let columns = self.columns.iter().map(|name| name.to_ascii_lowercase());
        Self::new(
            &self.table.to_ascii_lowercase(),
            columns.collect(),
            self.kind,
        )
    }

    /// Returns the condition that a directive declares.
    pub(crate) fn of(assumes: &Assumes) -> Self {
        let columns = assumes.columns.iter().map(|name| name.to_string());
        Self::new(&assumes.table, columns.collect(), assumes.kind)
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<String> = self.columns.iter().map(|name| quote(name)).collect();
        let (table, kind) = (quote(&self.table), self.kind.name());
        write!(f, "{table}({}) {kind}", columns.join(", "))
    }
}

/// Returns the rows because of which SQLite rejects a statement with `message`, and the condition
/// that other rows satisfy.
///
/// Returns no condition if the message names no column of a table with sample rows.
pub(super) fn failing_rows(
    connection: &Connection,
    message: &str,
    sql: &str,
    expected: &[Expected],
) -> (Vec<String>, Option<Assumption>) {
    let words: Vec<String> = names(sql).collect();
    let is_named = |expected: &&Expected| words.contains(&expected.table.to_ascii_lowercase());
    let named: Vec<&Expected> = expected.iter().filter(is_named).collect();
    if message == "malformed JSON" {
        return without_json(connection, sql, &named);
    }
    let Some((reason, rest)) = message.split_once(" constraint failed: ") else {
        let stored = message.strip_prefix("cannot store ").map(column_name);
        let assumption = values_assumption(&named, |name| match &stored {
            Some(stored) => message.ends_with(&format!(".{name}")) || stored == name,
            None => words.contains(name),
        });
        return (
            Vec::new(),
            // No existing row has a value for a new column.
            assumption.filter(|_| !adds_column(sql)),
        );
    };
    if rest.starts_with("index ") {
        // The message does not name the columns of an index on expressions.
        let assumption = values_assumption(&named, |name| words.contains(name));
        return (Vec::new(), assumption);
    }
    let kind = match reason {
        "NOT NULL" => AssumesKind::NotNull,
        "UNIQUE" => AssumesKind::Unique,
        _ => AssumesKind::Check,
    };
    let mut columns: Vec<String> = rest.split(',').map(column_name).collect();
    if kind == AssumesKind::Check {
        columns = names(rest).collect();
        columns.sort_unstable();
        columns.dedup();
    }
    let source = source_tables(connection, sql, &columns, expected);
    let tables = match source {
        Some((tables, names)) => {
            columns = names;
            tables
        }
        None => named.clone(),
    };
    let found = violating_rows(connection, (kind, rest), &tables, columns.clone());
    if found.1.is_some() {
        return found;
    }
    // An UPDATE from other columns does not depend on the old values of the column.
    let reads_column = |name: &String| words.iter().filter(|word| *word == name).count() > 1;
    let is_read = !starts_with_one_of(sql, &["UPDATE"]) || columns.iter().any(reads_column);
    if kind == AssumesKind::Unique && is_read {
        let target = match effect(sql) {
            Effect::Change(name, _) => Some(name.name.to_ascii_lowercase()),
            _ => None,
        };
        let found = made_equal(&tables, &columns, target);
        if found.1.is_some() {
            return found;
        }
    }
    // The rows can have gone through other tables.
    let all: Vec<&Expected> = expected.iter().collect();
    let found = violating_rows(connection, (kind, rest), &all, columns.clone());
    if found.1.is_some() {
        return found;
    }
    // An expression makes the values, so the condition is about the columns that it reads.
    let is_read = |name: &String| words.contains(name) && !columns.contains(name);
    (Vec::new(), values_assumption(&named, is_read))
}

/// Returns the tables and columns from which an `INSERT … SELECT` takes the values of `columns`.
///
/// The message of SQLite names the columns of the target, and the rows are those of the source.
fn source_tables<'e>(
    connection: &Connection,
    sql: &str,
    columns: &[String],
    expected: &'e [Expected],
) -> Option<(Vec<&'e Expected>, Vec<String>)> {
    let sources = sources(connection, sql, columns)?;
    let (first, _) = sources.first()?;
    if sources.iter().any(|(table, _)| table != first) {
        return None;
    }
    let is_source = |expected: &&Expected| expected.table.eq_ignore_ascii_case(first);
    let tables: Vec<&Expected> = expected.iter().filter(is_source).collect();
    let columns = sources.iter().map(|(_, column)| column.clone());
    (!tables.is_empty()).then(|| (tables, columns.collect()))
}

/// Returns the rows of the first table that violate a constraint, and the condition that other rows
/// satisfy.
fn violating_rows(
    connection: &Connection,
    (kind, rest): (AssumesKind, &str),
    tables: &[&Expected],
    mut columns: Vec<String>,
) -> (Vec<String>, Option<Assumption>) {
    for expected in tables {
        let contents = &expected.contents;
        if kind == AssumesKind::Check {
            columns.retain(|name| contents.columns.contains(name));
        }
        let positions = positions(contents, &columns);
        let rows: Vec<&Row> = match (kind, positions.first()) {
            (_, None) => continue,
            (AssumesKind::NotNull, Some(&column)) => {
                let rows = contents.rows.iter();
                rows.filter(|row| row.values[column] == Value::Null)
                    .collect()
            }
            (AssumesKind::Unique, _) => duplicates(contents, &positions, Value::clone),
            _ => violating(connection, expected, rest),
        };
        if !rows.is_empty() || kind == AssumesKind::Check {
            let rows = rows.into_iter().take(MAX_ROWS);
            let rows = rows.map(|row| show_row(&expected.table, &contents.columns, row, &columns));
            let assumption = Assumption::new(&expected.table, columns.clone(), kind);
            return (rows.collect(), Some(assumption));
        }
    }
    (Vec::new(), None)
}

/// Returns the first rows that a statement makes equal, and the condition that other rows satisfy.
///
/// The rows differ in case or blanks only, or they are rows of two tables. `target` is the table
/// that the statement changes.
fn made_equal(
    named: &[&Expected],
    columns: &[String],
    target: Option<String>,
) -> (Vec<String>, Option<Assumption>) {
    for expected in named {
        let contents = &expected.contents;
        let rows = duplicates(contents, &positions(contents, columns), without_case);
        if !rows.is_empty() {
            let rows = rows.into_iter().take(MAX_ROWS);
            let rows = rows.map(|row| show_row(&expected.table, &contents.columns, row, columns));
            let columns = columns.to_vec();
            let assumption = Assumption::new(&expected.table, columns, AssumesKind::Values);
            return (rows.collect(), Some(assumption));
        }
    }
    // Rows of several tables have the same key.
    let copied = |expected: &&Expected| {
        let contents = &expected.contents;
        target != Some(expected.table.to_ascii_lowercase())
            && !positions(contents, columns).is_empty()
            && !contents.rows.is_empty()
    };
    let Some(copied) = named.iter().copied().find(copied) else {
        return (Vec::new(), None);
    };
    let contents = &copied.contents;
    let row = show_row(&copied.table, &contents.columns, &contents.rows[0], columns);
    let assumption = Assumption::new(&copied.table, columns.to_vec(), AssumesKind::Values);
    (vec![row], Some(assumption))
}

/// Returns a text in lowercase and without blanks around it.
fn without_case(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(text.trim().to_lowercase()),
        other => other.clone(),
    }
}

/// Returns the condition that the columns which a statement reads have values that it accepts.
///
/// Uses the first table with such a column.
fn values_assumption(named: &[&Expected], is_read: impl Fn(&String) -> bool) -> Option<Assumption> {
    named.iter().find_map(|expected| {
        let columns = expected.contents.columns.iter();
        let columns: Vec<String> = columns.filter(|name| is_read(name)).cloned().collect();
        let has_columns = !columns.is_empty();
        has_columns.then(|| Assumption::new(&expected.table, columns, AssumesKind::Values))
    })
}

/// Returns the rows of the column that a statement reads as JSON, if they are no JSON.
///
/// The statement can read a generated column, which reads the column.
fn without_json(
    connection: &Connection,
    sql: &str,
    named: &[&Expected],
) -> (Vec<String>, Option<Assumption>) {
    let sql_of_table = "SELECT sql FROM main.sqlite_master WHERE name = ?1 COLLATE NOCASE";
    for expected in named {
        let table = connection.query_row(sql_of_table, [&expected.table], |row| row.get(0));
        let table: String = table.unwrap_or_default();
        let hints = Hints::read([sql, table.as_str()]);
        let contents = &expected.contents;
        let mut columns = contents.columns.iter().enumerate();
        let Some((column, name)) = columns.find(|(_, name)| hints.reads_json(name)) else {
            continue;
        };
        let is_json = |value: &Value| {
            let valid = connection.query_row("SELECT json_valid(?1)", [value], |row| row.get(0));
            valid.unwrap_or(Some(true)).unwrap_or(true)
        };
        let columns = [name.clone()];
        let rows = contents.rows.iter();
        let rows = rows
            .filter(|row| !is_json(&row.values[column]))
            .take(MAX_ROWS);
        let rows = rows.map(|row| show_row(&expected.table, &contents.columns, row, &columns));
        let assumption = Assumption::new(&expected.table, columns.to_vec(), AssumesKind::Values);
        return (rows.collect(), Some(assumption));
    }
    (Vec::new(), None)
}

/// Returns `true` for `ALTER TABLE … ADD COLUMN`.
pub(super) fn adds_column(sql: &str) -> bool {
    let words: Vec<String> = names(sql).take(6).collect();
    let has_word = |word: &str| words.iter().any(|other| other == word);
    starts_with_one_of(sql, &["ALTER"])
        && has_word("add")
        && !has_word("constraint")
        && !has_word("check")
}

fn column_name(name: &str) -> String {
    let name = name.trim().rsplit('.').next().unwrap_or_default();
    name.to_ascii_lowercase()
}

/// Returns the rows for which the expression of a CHECK is false.
///
/// Returns no rows if `check` is a name: the name of a constraint, or the name in quotes with which
/// the expression begins.
fn violating<'e>(connection: &Connection, expected: &'e Expected, check: &str) -> Vec<&'e Row> {
    if expected
        .contents
        .columns
        .contains(&check.to_ascii_lowercase())
    {
        return Vec::new();
    }
    let sql = format!(
        "SELECT rowid FROM main.{} WHERE NOT ({check})",
        quote(&expected.table)
    );
    let Ok(mut statement) = connection.prepare(&sql) else {
        return Vec::new();
    };
    let rowids = statement.query_map([], |row| row.get::<_, i64>(0));
    let rowids: Vec<i64> = rowids
        .map(|rows| rows.flatten().collect())
        .unwrap_or_default();
    let rows = expected.contents.rows.iter();
    rows.filter(|row| row.rowid.is_some_and(|rowid| rowids.contains(&rowid)))
        .collect()
}

/// Returns the first rows for which `key` gives the same values in the columns at `positions`.
fn duplicates<'c>(
    contents: &'c Contents,
    positions: &[usize],
    key: fn(&Value) -> Value,
) -> Vec<&'c Row> {
    let values = |row: &Row| -> Vec<Value> {
        let columns = positions.iter();
        columns.map(|&column| key(&row.values[column])).collect()
    };
    if positions.is_empty() {
        return Vec::new();
    }
    for row in &contents.rows {
        let wanted = values(row);
        if wanted.contains(&Value::Null) {
            continue;
        }
        let same: Vec<&Row> = contents
            .rows
            .iter()
            .filter(|other| values(other) == wanted)
            .collect();
        if same.len() > 1 {
            return same;
        }
    }
    Vec::new()
}

/// Returns a row as text, such as `users: id = 7000001, email = NULL`.
///
/// Shows the first column, and the `important` columns.
pub(crate) fn show_row(table: &str, names: &[String], row: &Row, important: &[String]) -> String {
    let mut columns: Vec<usize> = (0..names.len())
        .filter(|&column| column == 0 || important.contains(&names[column]))
        .collect();
    if columns.len() < 2 {
        columns = (0..names.len()).collect();
    }
    let is_cut = columns.len() > MAX_COLUMNS;
    columns.truncate(MAX_COLUMNS);
    let values: Vec<String> = columns
        .into_iter()
        .map(|column| format!("{} = {}", names[column], shown(&row.values[column])))
        .collect();
    let more = if is_cut { ", …" } else { "" };
    format!("{table}: {}{more}", values.join(", "))
}
