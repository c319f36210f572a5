//! Functions that return the kind of a statement, or the names in a statement.
//!
//! SQLite does not report these facts. The functions only compare tokens and do not parse, so the
//! results can be incomplete.

use super::change::{Change, Effect, effect};
use super::cursor::{self, Cursor};
use super::keywords::BEFORE_OBJECT;
use super::tokenizer::{Kind, Token, each_token, unquote};

/// Returns the lowercase names of tables, indexes, views and triggers in a statement.
///
/// These are the names after a word such as `TABLE` or `FROM`.
/// If no name follows such a word, returns all names in the statement.
pub fn named_objects(sql: &str) -> Vec<String> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    let mut named = Vec::new();
    while let Some(token) = cursor.next() {
        let is_name = !cursor.is_at(&["IF", "NOT", "EXISTS", "SELECT"]);
        if is_name && token.is_one_of(sql, &BEFORE_OBJECT) {
            let name = cursor.clone().qualified_name();
            named.extend(name.map(|name| name.to_ascii_lowercase()));
        }
    }
    if named.is_empty() {
        named.extend(all_names(sql));
    }
    named
}

/// Yields all names in a statement, in lowercase.
pub(crate) fn all_names(sql: &str) -> impl Iterator<Item = String> {
    each_token(sql)
        .filter(|token| matches!(token.kind, Kind::Word | Kind::QuotedWord))
        .map(|token| lowercase_name(sql, &token))
}

fn lowercase_name(sql: &str, token: &Token) -> String {
    unquote(token.text(sql)).to_ascii_lowercase()
}

/// Returns `true` if [`named_objects`] contains `name`, ignoring ASCII case.
pub fn names_object(sql: &str, name: &str) -> bool {
    named_objects(sql).contains(&name.to_ascii_lowercase())
}

/// Returns `true` if the first word of a statement is one of `words`.
pub fn starts_with_one_of(sql: &str, words: &[&str]) -> bool {
    each_token(sql)
        .find(|token| !token.is_comment())
        .is_some_and(|first| first.is_one_of(sql, words))
}

/// Returns the name of the table or view that a statement creates.
///
/// For `ALTER TABLE … RENAME TO`, returns the new name of the table.
pub fn created_name(sql: &str) -> Option<String> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    if cursor.eat(&["ALTER", "TABLE"]) {
        cursor.qualified_name()?;
        cursor.expect(&["RENAME", "TO"])?;
        return cursor.name();
    }
    cursor.expect(&["CREATE"])?;
    cursor.eat(&["VIRTUAL"]);
    if !cursor.eat(&["TABLE"]) && !cursor.eat(&["VIEW"]) {
        return None;
    }
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    cursor.qualified_name()
}

/// Returns the name and the module of the virtual table that a statement creates.
pub(crate) fn created_virtual_table(sql: &str) -> Option<(String, String)> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    cursor.expect(&["CREATE", "VIRTUAL", "TABLE"])?;
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    let name = cursor.qualified_name()?;
    cursor.expect(&["USING"])?;
    Some((name, cursor.name()?))
}

/// Returns the name of the view or trigger that a statement creates.
pub fn created_view_or_trigger(sql: &str) -> Option<String> {
    // CREATE, TEMP, TRIGGER, IF, NOT, EXISTS, and `schema.name`.
    let tokens = each_token(sql).filter(|token| !token.is_comment());
    let tokens: Vec<Token> = tokens.take(9).collect();
    let mut cursor = Cursor::new(sql, &tokens);
    cursor.expect(&["CREATE"])?;
    if !cursor.eat(&["VIEW"]) && !cursor.eat(&["TRIGGER"]) {
        return None;
    }
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    cursor.qualified_name()
}

/// Returns the table to which a statement gives an expression: a DEFAULT, a CHECK or a generated
/// column.
pub fn table_with_expressions(sql: &str) -> Option<String> {
    if !starts_with_one_of(sql, &["CREATE", "ALTER"]) {
        return None;
    }
    let tokens = cursor::tokens(sql);
    let has_expression = tokens.windows(2).any(|pair| {
        pair[1].is_mark(sql, "(") && pair[0].is_one_of(sql, &["DEFAULT", "CHECK", "AS"])
    });
    if !has_expression {
        return None;
    }
    let mut cursor = Cursor::new(sql, &tokens);
    if cursor.eat(&["ALTER", "TABLE"]) {
        return cursor.qualified_name();
    }
    cursor.expect(&["CREATE", "TABLE"])?;
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    cursor.qualified_name()
}

/// Returns `true` if a statement can change only the schema and rows, not the connection.
pub fn is_plain(sql: &str) -> bool {
    const PLAIN: &[&str] = &[
        "CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SELECT",
        "VALUES",
    ];
    starts_with_one_of(sql, PLAIN)
}

/// Returns `true` if a statement is plain and does not change the schema.
pub fn changes_rows_only(sql: &str) -> bool {
    is_plain(sql) && !starts_with_one_of(sql, &["CREATE", "ALTER", "DROP"])
}

/// Returns the event that fires a trigger: `INSERT`, `UPDATE` or `DELETE`.
pub fn trigger_event(sql: &str) -> Option<&'static str> {
    let events = ["INSERT", "UPDATE", "DELETE"];
    let event = |token: Token| events.into_iter().find(|event| token.is_word(sql, event));
    each_token(sql).find_map(event)
}

/// Returns the byte offset of the first token that is `name`, with or without quotes.
pub fn offset_of_name(name: &str, sql: &str) -> Option<usize> {
    let tokens = cursor::tokens(sql);
    let token = tokens.iter().find(|token| token.is_named(sql, name))?;
    Some(token.span.start)
}

/// Returns `true` for `CREATE TABLE … AS SELECT`. The new table lacks all constraints.
pub fn copies_by_select(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let has_word = |word| tokens.iter().any(|token| token.is_word(sql, word));
    starts_with_one_of(sql, &["CREATE"]) && has_word("TABLE") && has_word("SELECT")
}

/// Returns `true` for `INSERT … SELECT *`. The statement copies columns by position, not by name.
pub fn copies_by_position(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    starts_with_one_of(sql, &["INSERT", "REPLACE"])
        && tokens
            .windows(2)
            .any(|pair| pair[0].is_word(sql, "SELECT") && pair[1].is_mark(sql, "*"))
}

/// Returns `true` if a statement can move values by the position of columns.
///
/// A statement that writes and contains `SELECT *` reads by position, from any table or view.
/// An `INSERT` without a column list into one of `tables` writes by position.
pub fn moves_by_position(sql: &str, tables: &[String]) -> bool {
    if !starts_with_one_of(sql, &["INSERT", "REPLACE", "UPDATE", "WITH"]) {
        return false;
    }
    let is_target = match effect(sql) {
        Effect::Change(name, Change::Insert | Change::Update) => {
            let mut tables = tables.iter();
            tables.any(|table| table.eq_ignore_ascii_case(&name.name))
        }
        Effect::Change(..) | Effect::None => false,
        Effect::Unknown => true,
    };
    let is_insert = !starts_with_one_of(sql, &["UPDATE"]);
    selects_all(sql) || is_target && is_insert && insert_columns(sql).is_none()
}

/// Returns `true` if the result of a query in the statement includes all columns of a table.
fn selects_all(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    tokens.windows(2).any(|pair| {
        let is_projection = pair[0].is_one_of(sql, &["SELECT", "DISTINCT", "ALL"])
            || pair[0].is_mark(sql, ",")
            || pair[0].is_mark(sql, ".");
        is_projection && pair[1].is_mark(sql, "*")
    })
}

/// Returns the column list of an `INSERT` in lowercase, or `None` without a column list.
pub fn insert_columns(sql: &str) -> Option<Vec<String>> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    while !cursor.eat(&["INTO"]) {
        cursor.next()?;
    }
    cursor.qualified_name()?;
    let columns = cursor.group()?.iter();
    Some(columns.map(|token| lowercase_name(sql, token)).collect())
}
