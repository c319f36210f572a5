//! The columns from which an `INSERT … SELECT` takes its values.

use revchain_core::sql::cursor::{self, Cursor, position_outside, split};
use revchain_core::sql::tokenizer::{Token, unquote};
use rusqlite::Connection;

use crate::sample_rows::contents::stored_columns;
use crate::sample_rows::hints::aliases;

/// A source of values: the lowercase table and column.
pub(super) type Source = (String, String);

/// Returns the sources of the target columns of an `INSERT … SELECT`.
///
/// `columns` has lowercase names, and the result omits names that are no target.
/// Returns `None` if a column has an expression for a source, or if the statement is no such copy.
pub(super) fn sources(
    connection: &Connection,
    sql: &str,
    columns: &[String],
) -> Option<Vec<Source>> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    while !cursor.eat(&["INTO"]) {
        cursor.next()?;
    }
    let target = cursor.qualified_name()?;
    let targets: Vec<String> = match cursor.group() {
        Some(group) => split(sql, group)
            .into_iter()
            .filter_map(|name| Some(unquote(name.first()?.text(sql)).to_ascii_lowercase()))
            .collect(),
        None => stored_columns(connection, &target).ok()?,
    };
    cursor.expect(&["SELECT"])?;
    cursor.eat(&["DISTINCT"]);
    // A subquery in parentheses has a FROM of its own.
    let tokens = cursor.rest();
    let position = position_outside(sql, tokens, |at| tokens[at].is_word(sql, "FROM"))?;
    let (list, from) = tokens.split_at(position);
    let expressions = split(sql, list);
    let mut from = Cursor::new(sql, &from[1..]);
    let first = from.qualified_name()?.to_ascii_lowercase();
    let aliases = aliases(sql);
    let source = |column: &String| {
        let position = targets.iter().position(|target| target == column)?;
        let name = |token: &Token| unquote(token.text(sql)).to_ascii_lowercase();
        match *expressions.get(position)? {
            [column] if !column.is_mark(sql, "*") => Some((first.clone(), name(column))),
            [table, dot, column] if dot.is_mark(sql, ".") => {
                let table = name(table);
                Some((aliases.get(&table).cloned().unwrap_or(table), name(column)))
            }
            _ => None,
        }
    };
    let known = columns.iter().filter(|column| targets.contains(column));
    known.map(source).collect()
}
