//! The tables that a query names, with their aliases, and the values that it writes.

use std::ops::Range;

use revchain_core::query::{Assignment, Query, Source};
use revchain_core::sql::references::looked_up;
use revchain_core::sql::tokenizer::{Kind, Token, unquote};

/// The words that follow a table and are no alias.
const NOT_ALIASES: &[&str] = &[
    "WHERE",
    "SET",
    "JOIN",
    "LEFT",
    "RIGHT",
    "FULL",
    "INNER",
    "CROSS",
    "NATURAL",
    "OUTER",
    "ON",
    "USING",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "WINDOW",
    "VALUES",
    "SELECT",
    "DEFAULT",
    "RETURNING",
    "INDEXED",
    "NOT",
    "AND",
    "OR",
    "THEN",
    "END",
    "ELSE",
];

/// A table that the query reads or writes, with its name or alias in the query.
pub(super) struct TableSource {
    /// The name before the dot of a column, in lowercase.
    pub(super) name: String,
    pub(super) table: String,
    /// The indexes of the tokens of the name and of the alias.
    pub(super) tokens: Range<usize>,
}

/// Returns the tables of a query. Subqueries and common table expressions are omitted.
pub(super) fn sources(sql: &str, tokens: &[Token]) -> Vec<TableSource> {
    let is_word = |at: usize, words: &[&str]| {
        tokens
            .get(at)
            .is_some_and(|token| token.is_one_of(sql, words))
    };
    let names = looked_up(sql).into_iter();
    names
        .filter_map(|name| {
            let mut tokens_from = tokens.iter();
            let at = tokens_from.position(|token| token.span.start == name.offset)?;
            let alias = at + 1 + usize::from(is_word(at + 1, &["AS"]));
            let is_alias = tokens
                .get(alias)
                .is_some_and(|token| matches!(token.kind, Kind::Word | Kind::QuotedWord))
                && !is_word(alias, NOT_ALIASES);
            let last = if is_alias { alias } else { at };
            Some(TableSource {
                name: unquote(tokens[last].text(sql)).to_ascii_lowercase(),
                table: name.name,
                tokens: at..last + 1,
            })
        })
        .collect()
}

/// Returns the table that a query writes, and the values that the query writes into columns.
pub(super) fn written(query: &Query<'_>) -> Option<(String, Vec<Assignment>)> {
    let mut written = query.assignments();
    if let Some(insert) = query.insert() {
        let columns = insert.columns.unwrap_or_default();
        if let Source::Values(rows) = insert.source {
            for row in rows {
                let values = columns.iter().zip(row);
                written.extend(values.map(|((column, _), value)| Assignment {
                    column: column.clone(),
                    value,
                }));
            }
        }
        return Some((insert.target.name, written));
    }
    let sql = query.sql();
    let tokens = query.main_tokens();
    let first = tokens.first()?;
    if !first.is_word(sql, "UPDATE") {
        return None;
    }
    let skipped = if tokens.get(1)?.is_word(sql, "OR") {
        3
    } else {
        1
    };
    let is_qualified = tokens.get(skipped + 1)?.is_mark(sql, ".");
    let name = tokens.get(skipped + if is_qualified { 2 } else { 0 })?;
    Some((unquote(name.text(sql)), written))
}
