//! The guards: statements that fail if a condition does not hold, and otherwise return no row.
//!
//! SQL has no statement that only fails.
//! A path that does not begin with `$` is an error of `json_extract`, which has the path as text.

use super::statement::{Guard, Origin, Statement};
use crate::HistoryRow;
use crate::history::table::{HistoryTableSql, Value};
use crate::schema::{SchemaFilter, string};

/// The start of the text of each guard. It is in the message of the error.
pub const MESSAGE_PREFIX: &str = "revchain: ";

/// The end of the text of each guard.
const MESSAGE_END: &str = "; nothing was changed";

/// The tables, in lowercase, that an engine makes in a new database.
const ENGINE_TABLES: [&str; 7] = [
    "_cf_kv",
    "_cf_metadata",
    "d1_migrations",
    "_litestream_lock",
    "_litestream_seq",
    "_metadata",
    "_migrations",
];

/// The start of the message of [`key_guards`], of [`schema_guard`] and of [`stop_guard`].
const KEY_MESSAGE: &str = "a row of ";
const SCHEMA_MESSAGE: &str = "the schema of this database is not as expected";
const STOP_MESSAGE: &str = "stopped before the rest of the script";

/// The schema as one text, for [`schema_guard`]: a query with one row and one column.
///
/// The order of the objects in the file does not change the text.
/// hiqlite makes its two tables on each machine by itself, so they are not in the text.
pub const SCHEMA_TEXT: &str = "SELECT group_concat(sql, char(10)) FROM (
  SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS sql FROM main.sqlite_master
  WHERE NOT (tbl_name >= 'revchain_' AND tbl_name < 'revchain`')
  AND NOT (tbl_name >= 'sqlite_' AND tbl_name < 'sqlite`')
  AND tbl_name NOT IN ('_metadata', '_migrations')
  ORDER BY type, name)";

/// Returns the guards for a history that has exactly these rows, in this order.
///
/// Without rows, only the second guard remains. It needs the table.
pub(super) fn history_guards(
    table: &HistoryTableSql,
    rows: &[HistoryRow],
) -> Vec<Statement<'static>> {
    let name = table.name();
    let last = rows.last().map(|row| row.revision.as_str());
    let expected = last.unwrap_or("base");
    let starts = format!(", and the script starts at {expected}{MESSAGE_END}");
    let mut guards = Vec::new();
    if last.is_some() {
        let message = format!("this database has no table {name}{starts}");
        let condition = format!(
            "NOT EXISTS (SELECT 1 FROM main.sqlite_master
    WHERE type = 'table' AND name = {} COLLATE NOCASE)",
            string(name)
        );
        guards.push(guard(Guard::History, &message, &condition, []));
    }
    let newest = format!("(SELECT revision FROM main.{name} ORDER BY rowid DESC LIMIT 1)");
    let other = format!(
        "the history of this database is not that of the script up to {expected}, \
         but has another order or other checksums{MESSAGE_END}"
    );
    let sql = format!(
        "SELECT json_extract('{{}}', CASE
  WHEN {newest} IS NOT ?2
  THEN '{MESSAGE_PREFIX}this database is at ' || coalesce({newest}, 'base') || {}
  ELSE {} END)
  WHERE (SELECT group_concat(revision || ':' || checksum, ' ')
    FROM (SELECT revision, checksum FROM main.{name} ORDER BY rowid))
    IS NOT ?1",
        string(&starts),
        string(&format!("{MESSAGE_PREFIX}{other}"))
    );
    let stamps = rows.iter();
    let stamps = stamps.map(|row| format!("{}:{}", row.revision, row.checksum));
    let stamps = last.map(|_| stamps.collect::<Vec<_>>().join(" "));
    let parameters = [Value::from(stamps.as_deref()), Value::from(last)];
    guards.push(Statement::new(
        sql,
        parameters,
        Origin::Guard(Guard::History),
    ));
    guards
}

/// Returns the guard for a database without tables of the chain.
pub(super) fn new_database_guard(filter: &SchemaFilter) -> Statement<'static> {
    let mut condition = "type IN ('table', 'view')".to_owned();
    match &filter.own {
        Some(own) => {
            condition += &format!(" AND lower(name) IN ({})", quoted(own));
        }
        None => {
            condition += " AND NOT (name >= 'revchain_' AND name < 'revchain`')
    AND NOT (name >= 'sqlite_' AND name < 'sqlite`')";
            let engines = ENGINE_TABLES.map(str::to_owned);
            condition += &format!("\n    AND lower(name) NOT IN ({})", quoted(&engines));
        }
    }
    for ignored in &filter.ignored {
        let ignored = ignored.to_ascii_lowercase();
        condition += &match ignored.strip_suffix('*') {
            Some(prefix) => format!(
                " AND substr(lower(name), 1, {}) <> {}",
                prefix.chars().count(),
                string(prefix)
            ),
            None => format!(" AND lower(name) <> {}", string(&ignored)),
        };
    }
    let sql = format!(
        "SELECT json_extract('{{}}', '{MESSAGE_PREFIX}this database is not new: it has '
    || name || '{MESSAGE_END}')
  FROM main.sqlite_master
  WHERE {condition}
  LIMIT 1"
    );
    Statement::new(sql, [], Origin::Guard(Guard::History))
}

/// Returns the guards against rows that violate a foreign key.
///
/// `tables` are the tables to check. `None` checks all tables, and reads every row with a key.
pub fn key_guards(tables: Option<&[String]>) -> Vec<Statement<'static>> {
    let of_table = |from: &str| {
        let sql = format!(
            "SELECT json_extract('{{}}', '{MESSAGE_PREFIX}{KEY_MESSAGE}' || \"table\"
    || ' refers to a row of ' || parent || ' that does not exist{MESSAGE_END}')
  FROM {from}
  LIMIT 1"
        );
        Statement::new(sql, [], Origin::Guard(Guard::ForeignKeys))
    };
    match tables {
        Some(tables) => {
            let from =
                |table: &String| format!("pragma_foreign_key_check({}, 'main')", string(table));
            tables.iter().map(|table| of_table(&from(table))).collect()
        }
        None => vec![of_table("pragma_foreign_key_check WHERE schema = 'main'")],
    }
}

/// Returns the guard for a schema whose [`SCHEMA_TEXT`] is `expected`; `None` is a database without
/// any object.
pub fn schema_guard(expected: Option<&str>) -> Statement<'static> {
    let message = format!("{SCHEMA_MESSAGE}{MESSAGE_END}");
    let condition = format!("({SCHEMA_TEXT}) IS NOT ?1");
    guard(Guard::Schema, &message, &condition, [expected.into()])
}

/// Returns the guard that fails on each database.
///
/// An engine that reports no position finds the failed statement with shorter and shorter scripts
/// that end with this guard, so that nothing of them is committed.
pub fn stop_guard() -> Statement<'static> {
    guard(Guard::Stop, STOP_MESSAGE, "TRUE", [])
}

/// Returns the guard because of which SQLite failed with this message; `None` if no guard failed.
pub fn failed_guard(message: &str) -> Option<Guard> {
    let (_, text) = message.split_once(MESSAGE_PREFIX)?;
    let messages = [
        (KEY_MESSAGE, Guard::ForeignKeys),
        (SCHEMA_MESSAGE, Guard::Schema),
        (STOP_MESSAGE, Guard::Stop),
    ];
    let guard = messages.iter().find(|(start, _)| text.starts_with(start));
    Some(guard.map_or(Guard::History, |(_, guard)| *guard))
}

fn guard(
    kind: Guard,
    message: &str,
    condition: &str,
    parameters: impl Into<Vec<Value>>,
) -> Statement<'static> {
    let message = string(&format!("{MESSAGE_PREFIX}{message}"));
    let sql = format!("SELECT json_extract('{{}}', {message})\n  WHERE {condition}");
    Statement::new(sql, parameters, Origin::Guard(kind))
}

/// Returns lowercase names as string literals, separated by commas.
fn quoted(names: &[String]) -> String {
    let names = names.iter().map(|name| string(&name.to_ascii_lowercase()));
    names.collect::<Vec<_>>().join(", ")
}
