//! The parsers for single clauses of a table definition. Each returns the clause in normal form.
//!
//! A parser returns `None` for text that this version cannot parse.

use super::render::{ALL_NAMES, ALL_STRINGS, IsString, quote, render, string};
use crate::sql::cursor::{Cursor, split};
use crate::sql::keywords::{COLUMN_CONSTRAINTS, is_reserved};
use crate::sql::tokenizer::{Kind, Token, unquote};

/// Parses the type of a column. Returns an empty text if the column has no type.
pub(super) fn type_name(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut words = Vec::new();
    while !cursor.is_at(&COLUMN_CONSTRAINTS) && !cursor.clone().eat(&["GENERATED", "ALWAYS"]) {
        let Some(word) = cursor.name() else { break };
        words.push(word.to_ascii_uppercase());
    }
    let mut type_name = words.join(" ");
    if !words.is_empty() && cursor.is_at_mark("(") {
        type_name += &format!("({})", render(cursor.sql, cursor.group()?, ALL_NAMES));
    }
    Some(type_name)
}

/// Parses an optional `ON CONFLICT` clause.
///
/// Returns an empty text without a clause, and for `ABORT`, which is the default.
pub(super) fn on_conflict(cursor: &mut Cursor<'_>) -> Option<String> {
    if !cursor.eat(&["ON", "CONFLICT"]) {
        return Some(String::new());
    }
    let action = cursor.name()?.to_ascii_uppercase();
    if action == "ABORT" {
        return Some(String::new());
    }
    Some(format!(" ON CONFLICT {action}"))
}

/// Parses a default: a literal, a signed number, a name, or an expression in parentheses.
pub(super) fn default(cursor: &mut Cursor<'_>) -> Option<String> {
    let sql = cursor.sql;
    let is_group = cursor.is_at_mark("(");
    let tokens = if is_group {
        cursor.group()?
    } else {
        let is_signed = cursor.peek().is_some_and(|token| is_sign(sql, token));
        let (value, rest) = cursor.rest().split_at_checked(1 + usize::from(is_signed))?;
        *cursor = Cursor::new(sql, rest);
        value
    };
    let value = match tokens {
        [token] if token.is_word(sql, "NULL") => return Some(String::new()),
        [token] if is_literal(sql, token) => render(sql, tokens, ALL_STRINGS),
        [sign, number] if is_sign(sql, sign) && number.kind == Kind::Number => {
            let number = render(sql, &tokens[1..], ALL_STRINGS);
            // The normal form omits a plus sign, which has no effect.
            format!("{}{number}", sign.text(sql).trim_start_matches('+'))
        }
        // SQLite reads a name without parentheses as a string.
        [name] if !is_group => string(&unquote(name.text(sql))),
        // A default cannot use columns, so each name in double quotes is a string.
        _ => format!("({})", render(sql, tokens, ALL_STRINGS)),
    };
    Some(format!("DEFAULT {value}"))
}

fn is_sign(sql: &str, token: &Token) -> bool {
    token.is_mark(sql, "+") || token.is_mark(sql, "-")
}

fn is_literal(sql: &str, token: &Token) -> bool {
    match token.kind {
        // In a default, a reserved word is always a literal, such as NULL or CURRENT_TIME.
        Kind::Word => is_reserved(token.text(sql)),
        Kind::QuotedWord => false,
        _ => true,
    }
}

/// Returns a `COLLATE` clause, or an empty text for the default, `BINARY`.
pub(super) fn collation(name: &str) -> String {
    if name.eq_ignore_ascii_case("BINARY") {
        return String::new();
    }
    format!("COLLATE {}", quote(&name.to_ascii_uppercase()))
}

/// Parses a foreign key after the word `REFERENCES`, up to a `DEFERRABLE` clause.
///
/// Adds the referenced table to `parents`.
pub(super) fn references(cursor: &mut Cursor<'_>, parents: &mut Vec<String>) -> Option<String> {
    let parent = cursor.name()?;
    let mut text = format!("REFERENCES {}", quote(&parent));
    parents.push(parent);
    if cursor.is_at_mark("(") {
        let columns = render_list(cursor.sql, cursor.group()?, ALL_NAMES);
        text += &format!("({columns})");
    }
    let (mut delete, mut update) = (String::new(), String::new());
    loop {
        if cursor.eat(&["ON", "DELETE"]) {
            delete = action(cursor, "DELETE")?;
        } else if cursor.eat(&["ON", "UPDATE"]) {
            update = action(cursor, "UPDATE")?;
        } else if cursor.eat(&["ON", "INSERT"]) {
            // SQLite ignores `ON INSERT`.
            action(cursor, "INSERT")?;
        } else if cursor.eat(&["MATCH"]) {
            // SQLite ignores `MATCH`.
            cursor.name()?;
        } else {
            return Some(format!("{text}{delete}{update}"));
        }
    }
}

/// Parses the action of a foreign key. Returns an empty text for the default, `NO ACTION`.
fn action(cursor: &mut Cursor<'_>, event: &str) -> Option<String> {
    if cursor.eat(&["NO", "ACTION"]) {
        return Some(String::new());
    }
    let set = if cursor.eat(&["SET"]) { "SET " } else { "" };
    let action = cursor.name()?.to_ascii_uppercase();
    Some(format!(" ON {event} {set}{action}"))
}

/// The normal form of a `DEFERRABLE` clause that defers the foreign key.
///
/// An immediate foreign key has an empty text instead.
pub(super) const DEFERRED: &str = " DEFERRABLE INITIALLY DEFERRED";

/// Parses a clause `DEFERRABLE …` or `NOT DEFERRABLE …`. Returns `None` if neither follows.
///
/// Returns [`DEFERRED`], or an empty text if the foreign key is immediate.
pub(super) fn deferral(cursor: &mut Cursor<'_>) -> Option<&'static str> {
    let is_immediate = cursor.eat(&["NOT", "DEFERRABLE"]);
    if !is_immediate {
        cursor.expect(&["DEFERRABLE"])?;
    }
    let is_deferred = cursor.eat(&["INITIALLY", "DEFERRED"]) && !is_immediate;
    cursor.eat(&["INITIALLY", "IMMEDIATE"]);
    Some(if is_deferred { DEFERRED } else { "" })
}

/// Returns the columns of a key or an index in normal form. Omits `ASC`, which is the default.
pub(super) fn render_list(sql: &str, list: &[Token], is_string: IsString<'_>) -> String {
    let columns = split(sql, list).into_iter().map(|column| match column {
        [column @ .., asc] if !column.is_empty() && asc.is_word(sql, "ASC") => {
            render(sql, column, is_string)
        }
        _ => render(sql, column, is_string),
    });
    columns.collect::<Vec<_>>().join(", ")
}
