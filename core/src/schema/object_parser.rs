//! The parser for the statements in `sqlite_schema`.

use std::cell::{LazyCell, RefCell};
use std::collections::HashSet;
use std::ops::Range;

use super::clauses::render_list;
use super::object::{Object, ObjectKind};
use super::render::{ALL_NAMES, IsString, can_be_string, lower, quote, render};
use super::table_parser::parse_table;
use crate::sql::cursor::{self, Cursor};
use crate::sql::tokenizer::{Kind, Token, unquote};

/// Parses a statement of `sqlite_schema`.
///
/// `is_known` returns `true` if a lowercase name is a column that the statement can use.
/// If `is_known` returns `false`, a word in double quotes can be a string.
pub(super) fn parse_object(sql: &str, is_known: &dyn Fn(&str) -> bool) -> Object {
    let tokens = cursor::tokens(sql);
    // Sets, because a statement can repeat the same words a hundred thousand times.
    let ambiguous = RefCell::new(HashSet::new());
    let bare_words: LazyCell<HashSet<String>, _> = LazyCell::new(|| {
        let words = tokens.iter().filter(|token| token.kind == Kind::Word);
        words.map(|token| lower(token.text(sql))).collect()
    });
    let is_string = |name: &str| {
        let name = lower(name);
        // If a word also occurs without quotes, the quoted word is taken as a name.
        if bare_words.contains(&name) {
            return false;
        }
        let is_string = !is_known(&name);
        ambiguous.borrow_mut().insert(name);
        is_string
    };
    let mut object = parse_statement(sql, &tokens, &is_string).unwrap_or_else(|| Object {
        text: render(sql, &tokens, ALL_NAMES),
        ..Object::default()
    });
    object.names = defined_names(&object, sql, &tokens);
    object.ambiguous_words = ambiguous.take();
    if !object.ambiguous_words.is_empty() {
        sql.clone_into(&mut object.sql);
    }
    object
}

/// Parses a statement. Returns `None` if this version cannot parse the statement.
fn parse_statement(sql: &str, tokens: &[Token], is_string: IsString<'_>) -> Option<Object> {
    let mut cursor = Cursor::new(sql, tokens);
    cursor.expect(&["CREATE"])?;
    let _ = cursor.eat(&["TEMP"]) || cursor.eat(&["TEMPORARY"]);
    let is_virtual = cursor.eat(&["VIRTUAL"]);
    let is_unique = cursor.eat(&["UNIQUE"]);
    let kinds = [
        ObjectKind::Table,
        ObjectKind::Index,
        ObjectKind::View,
        ObjectKind::Trigger,
    ];
    let kind = kinds.into_iter().find(|kind| cursor.eat(&[kind.name()]))?;
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    let mut object = Object {
        kind,
        name: cursor.qualified_name()?,
        ..Object::default()
    };
    match kind {
        ObjectKind::Table if is_virtual => {
            cursor.expect(&["USING"])?;
            object.text = format!("USING {}", render(sql, cursor.rest(), ALL_NAMES));
            object.module = cursor.name().map(|module| lower(&module));
        }
        ObjectKind::Table => {
            object.table = parse_table(cursor.clone());
            if object.table.is_none() {
                object.text = render(sql, cursor.rest(), ALL_NAMES);
            }
        }
        ObjectKind::Index => {
            object.is_unique = is_unique;
            index(cursor, &mut object, is_string)?;
        }
        ObjectKind::Trigger => trigger(cursor, &mut object, is_string)?,
        ObjectKind::View | ObjectKind::Unparsed => {
            // The columns of a view are names, also in double quotes.
            if let Some(columns) = cursor.group() {
                object.text = format!("({}) ", render(sql, columns, ALL_NAMES));
            }
            object.text += &render(sql, cursor.rest(), is_string);
        }
    }
    Some(object)
}

fn index(mut cursor: Cursor<'_>, object: &mut Object, is_string: IsString<'_>) -> Option<()> {
    let sql = cursor.sql;
    cursor.expect(&["ON"])?;
    let table = cursor.name()?;
    let unique = if object.is_unique { "UNIQUE " } else { "" };
    let columns = render_list(sql, cursor.group()?, is_string);
    let filter = render(sql, cursor.rest(), is_string);
    let text = format!("{unique}ON {} ({columns}) {filter}", quote(&table));
    object.text = text.trim_end().to_owned();
    object.on_table = Some(table);
    Some(())
}

fn trigger(mut cursor: Cursor<'_>, object: &mut Object, is_string: IsString<'_>) -> Option<()> {
    let sql = cursor.sql;
    let has_timing = cursor.is_at(&["BEFORE", "AFTER", "INSTEAD"]);
    // BEFORE is the default.
    let timing = if has_timing { "" } else { "BEFORE " };
    let rest = cursor.rest();
    let on = rest.iter().position(|token| token.is_word(sql, "ON"))?;
    let event = render(sql, &rest[..on], is_string);
    cursor.nth(on);
    let table = cursor.name()?;
    // FOR EACH ROW is the default.
    cursor.eat(&["FOR", "EACH", "ROW"]);
    let body = render(sql, cursor.rest(), is_string);
    object.text = format!("{timing}{event} ON {} {body}", quote(&table));
    object.on_table = Some(table);
    Some(())
}

/// Returns the lowercase names that an object defines: the object's name and the columns' names.
fn defined_names(object: &Object, sql: &str, tokens: &[Token]) -> Vec<String> {
    let mut names = vec![lower(&object.name)];
    if let Some(table) = &object.table {
        names.extend(table.columns.iter().map(|column| lower(&column.name)));
    } else if object.kind == ObjectKind::View || object.is_virtual() {
        // The statement need not list the columns, so each name in it can be a column.
        let list = list_of_view(object, sql, tokens);
        for (index, token) in tokens.iter().enumerate() {
            let is_word = matches!(token.kind, Kind::Word | Kind::QuotedWord);
            if is_word && (list.contains(&index) || !can_be_string(sql, tokens, index)) {
                names.push(lower(&unquote(token.text(sql))));
            }
        }
    }
    names
}

/// Returns the indexes of the tokens in the list of columns after the name of a view.
fn list_of_view(object: &Object, sql: &str, tokens: &[Token]) -> Range<usize> {
    let is_body = |token: &Token| token.is_word(sql, "AS");
    let body = tokens.iter().position(is_body).unwrap_or_default();
    let is_start = |token: &Token| token.is_mark(sql, "(");
    match tokens[..body].iter().position(is_start) {
        Some(start) if object.kind == ObjectKind::View => start..body,
        _ => 0..0,
    }
}
