//! Running a query on sample rows.
//!
//! A failure counts only if a literal of the query causes it. The rows and the parameters here are
//! not those of users, so a failure that depends on them proves nothing.

use revchain_core::Defect;
use revchain_core::query::Query;
use revchain_core::sql::tokenizer::unquote;
use revchain_runtime::internal::{quote, sqlite_message, stand_ins};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::database::QueryDatabase;
use super::failure::Failure;
use super::sources::{sources, written};

/// The number of rows of a result that are read.
const MAX_ROWS: usize = 200;

/// Runs the query, and undoes its changes. Returns the defect of a failure that a literal causes.
pub(super) fn check(database: &mut QueryDatabase, query: &Query<'_>) -> Option<Defect> {
    let values = bound_values(database, query);
    let message = run(&database.connection, query.sql(), &values).err()?;
    if database.budget.is_exhausted() {
        return None;
    }
    if stand_ins::may_be_cause(&database.connection, query.sql(), &message) {
        return None;
    }
    Failure {
        database,
        query,
        message: &message,
    }
    .explain()
}

/// Runs a query. The error is the message of a failure while it runs.
fn run(connection: &Connection, sql: &str, values: &[Value]) -> Result<(), String> {
    let Ok(mut statement) = connection.prepare(sql) else {
        return Ok(());
    };
    let is_reading = statement.readonly();
    if !is_reading && connection.execute_batch("BEGIN").is_err() {
        return Ok(());
    }
    for (at, value) in values.iter().enumerate() {
        if at < statement.parameter_count() {
            let _ = statement.raw_bind_parameter(at + 1, value);
        }
    }
    let mut rows = statement.raw_query();
    let mut result = Ok(());
    for _ in 0..MAX_ROWS {
        match rows.next() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => {
                result = Err(sqlite_message(&error));
                break;
            }
        }
    }
    drop(rows);
    drop(statement);
    // `OR ROLLBACK` ends the transaction itself.
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    result
}

/// Returns a value for each number of a parameter, such that the query reaches many rows.
fn bound_values(database: &mut QueryDatabase, query: &Query<'_>) -> Vec<Value> {
    let parameters = query.parameters();
    let count = parameters.iter().map(|parameter| parameter.number).max();
    // A number that is too large is an error of SQLite.
    let mut values = vec![Value::Null; count.unwrap_or(0).min(1_000)];
    if values.is_empty() {
        return values;
    }
    let (sql, tokens) = (query.sql(), query.tokens());
    for parameter in parameters {
        let at = tokens.iter().position(|token| token.span == parameter.span);
        let slot = parameter
            .number
            .checked_sub(1)
            .and_then(|slot| values.get_mut(slot));
        let (Some(at), Some(slot)) = (at, slot) else {
            continue;
        };
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        if before.is_some_and(|before| before.is_one_of(sql, &["LIMIT", "OFFSET"])) {
            *slot = Value::Integer(1);
        }
        let column = before
            .filter(|before| before.is_mark(sql, "="))
            .and(at.checked_sub(2));
        let found = column.and_then(|column| first_value(database, query, column));
        if let Some(value) = found {
            *slot = value;
        }
    }
    let Some((target, written)) = written(query) else {
        return values;
    };
    let Some(table) = database.table(&target) else {
        return values;
    };
    for assignment in written {
        let [only] = &assignment.value[..] else {
            continue;
        };
        let parameters = query.parameters();
        let parameter = parameters.iter().find(|other| other.span == only.span);
        let slot = parameter.and_then(|parameter| values.get_mut(parameter.number.checked_sub(1)?));
        if let (Some(slot), Some(column)) = (slot, table.column(&assignment.column)) {
            *slot = fitting(&column.declared_type);
        }
    }
    values
}

/// Returns the value of the column at `at` in the first sample row of a table that has it.
fn first_value(database: &mut QueryDatabase, query: &Query<'_>, at: usize) -> Option<Value> {
    let (sql, tokens) = (query.sql(), query.tokens());
    let column = unquote(tokens[at].text(sql));
    let qualifier = at
        .checked_sub(2)
        .filter(|_| tokens[at - 1].is_mark(sql, "."))
        .map(|at| unquote(tokens[at].text(sql)));
    let sources = sources(sql, tokens).into_iter();
    let mut sources = sources.filter(|source| {
        let mut qualifier = qualifier.iter();
        qualifier.all(|qualifier| source.name.eq_ignore_ascii_case(qualifier))
    });
    let table = sources.find_map(|source| {
        let table = database.table(&source.table)?;
        (table.is_ordinary && table.column(&column).is_some()).then_some(source.table)
    })?;
    let value = format!(
        "SELECT {} FROM main.{} LIMIT 1",
        quote(&column),
        quote(&table)
    );
    let found = database.connection.query_row(&value, [], |row| row.get(0));
    found.ok()
}

/// Returns a value that a column of this type accepts.
fn fitting(declared_type: &str) -> Value {
    match declared_type {
        "INT" | "INTEGER" => Value::Integer(8_000_001),
        "REAL" => Value::Real(0.5),
        "BLOB" => Value::Blob(vec![0]),
        _ => Value::Text("text".to_owned()),
    }
}
