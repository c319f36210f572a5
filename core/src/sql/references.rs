//! The tables that a statement names, as SQLite looks them up.

use super::change::{Change, Effect, ObjectName, effect, object_name};
use super::cursor::{self, Cursor};
use super::inspect::copies_by_select;
use super::tokenizer::Kind;

/// The words that end a FROM clause. No table name follows a comma after these words.
const AFTER_FROM: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "SELECT",
    "VALUES",
    "SET",
    "RETURNING",
];

/// Returns the objects that a statement names and that SQLite looks up in all schemas.
///
/// The names of common table expressions are omitted.
/// SQLite looks the names in a view, a trigger or an index up in the schema of that object, so the
/// statements that create these return no names.
pub fn looked_up(sql: &str) -> Vec<ObjectName> {
    let mut names = Vec::new();
    if let Effect::Change(name, change) = effect(sql) {
        match change {
            Change::CreateTable if copies_by_select(sql) => {}
            Change::CreateTable
            | Change::CreateView
            | Change::CreateIndex { .. }
            | Change::CreateTrigger { .. } => return names,
            _ => names.push(name),
        }
    }
    let tokens = cursor::tokens(sql);
    let expressions = common_table_expressions(&Cursor::new(sql, &tokens));
    let mut read = from_clauses(Cursor::new(sql, &tokens));
    read.retain(|name| {
        let is_expression = |expression: &String| expression.eq_ignore_ascii_case(&name.name);
        name.schema.is_some() || !expressions.iter().any(is_expression)
    });
    names.extend(read);
    names
}

/// Returns the names that are followed by `AS (` or by `(columns) AS (`.
fn common_table_expressions(cursor: &Cursor<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut cursor = cursor.clone();
    while cursor.peek().is_some() {
        let mut ahead = cursor.clone();
        if let Some(name) = ahead.name() {
            ahead.group();
            let is_named = ahead.eat(&["AS"]);
            ahead.eat(&["NOT"]);
            ahead.eat(&["MATERIALIZED"]);
            if is_named && ahead.is_at_mark("(") {
                names.push(name);
            }
        }
        cursor.next();
    }
    names
}

/// Returns the names in FROM clauses, and after `IN`.
fn from_clauses(mut cursor: Cursor<'_>) -> Vec<ObjectName> {
    let sql = cursor.sql;
    let mut names = Vec::new();
    // For each open parenthesis, `Place::From` if the tokens inside are in a FROM clause.
    let mut places = vec![Place::Other];
    let mut is_name_next = false;
    let mut is_after_in = false;
    while let Some(token) = cursor.peek() {
        let is_name = matches!(token.kind, Kind::Word | Kind::QuotedWord);
        if is_name_next && is_name && !cursor.is_at(&["SELECT", "VALUES", "WITH"]) {
            is_name_next = false;
            let Some(name) = object_name(&mut cursor) else {
                break;
            };
            // A name before a parenthesis is a function that returns a table.
            if !cursor.is_at_mark("(") {
                names.push(name);
            }
            continue;
        }
        let place = places.last().copied().unwrap_or(Place::Other);
        if token.is_one_of(sql, &["FROM", "JOIN"]) {
            set_place(&mut places, Place::From);
            is_name_next = true;
        } else if token.is_word(sql, "IN") {
            is_name_next = true;
        } else if token.is_mark(sql, ",") {
            is_name_next = place == Place::From;
        } else if token.is_mark(sql, "(") {
            // `FROM (a, b)` is a join. After `IN (`, a list of values follows.
            let is_join = is_name_next && place == Place::From && !is_after_in;
            places.push(if is_join { Place::From } else { Place::Other });
            is_name_next = is_join;
        } else {
            if token.is_mark(sql, ")") {
                places.pop();
            } else if token.is_one_of(sql, AFTER_FROM) {
                set_place(&mut places, Place::Other);
            }
            is_name_next = false;
        }
        is_after_in = token.is_word(sql, "IN");
        cursor.next();
    }
    names
}

/// The clause that contains a token.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    From,
    Other,
}

fn set_place(places: &mut [Place], place: Place) {
    if let Some(last) = places.last_mut() {
        *last = place;
    }
}
