//! One thing in a schema, read from the text that SQLite keeps of it.

use std::cell::{LazyCell, RefCell};
use std::collections::{BTreeSet, HashSet};

use sha2::{Digest, Sha256};

use super::ColumnOrder;
use super::cursor::{self, Cursor, split};
use super::table::{self, Column, Table};
use super::text::{fold, lower, must_be_name, render};
use crate::sql::{Kind, Token, unquote};

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Table,
    Index,
    View,
    Trigger,
    /// What this version cannot read: a newer SQLite made it.
    Other,
}

impl Class {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Index => "index",
            Self::View => "view",
            Self::Trigger => "trigger",
            Self::Other => "object",
        }
    }
}

#[derive(Debug)]
pub(super) struct Object {
    pub(super) class: Class,
    /// As it is written.
    pub(super) name: String,
    /// The table that an index or a trigger is on.
    pub(super) on: Option<String>,
    /// Under what it is found.
    pub(super) key: Key,
    /// The module of a virtual table.
    pub(super) module: Option<String>,
    pub(super) body: Body,
    /// What it has in double quotes that is a string if nothing has that name.
    pub(super) ambiguous: Vec<String>,
    /// Its text, where it has such.
    pub(super) sql: String,
    /// The names that stand in it, where it has such.
    pub(super) mentions: Vec<String>,
    /// The names that it gives to things: its own, and those of its columns.
    pub(super) names: Vec<String>,
}

/// Whether it is apart from tables, views and indexes, since a trigger may have the name of a table; and its name, in small
/// letters.
pub(super) type Key = (bool, String);

/// What it is made of.
#[derive(Debug)]
pub(super) enum Body {
    Table(Table),
    /// The rest of the statement in normal form.
    Text(String),
}

impl Object {
    /// Reads a statement of `sqlite_schema`. `is_known` tells whether anything that it is about has a name.
    pub(super) fn read(sql: &str, is_known: &dyn Fn(&str) -> bool) -> Self {
        let tokens = cursor::tokens(sql);
        // As sets: a text may have a hundred thousand of them, each many times.
        let ambiguous = RefCell::new(BTreeSet::new());
        let words: LazyCell<HashSet<String>, _> = LazyCell::new(|| {
            let words = tokens.iter().filter(|token| token.kind == Kind::Word);
            words.map(|token| lower(token.text(sql))).collect()
        });
        let is_string = |name: &str| {
            let name = lower(name);
            // A name that the text itself gives to something is one.
            let is_string = !words.contains(&name) && !is_known(&name);
            if !words.contains(&name) {
                ambiguous.borrow_mut().insert(name);
            }
            is_string
        };
        let mut object = understand(sql, &tokens, &is_string).unwrap_or_else(|| Self {
            class: Class::Other,
            name: String::new(),
            on: None,
            key: Key::default(),
            module: None,
            body: Body::Text(render(sql, &tokens, &|_| false)),
            ambiguous: Vec::new(),
            sql: String::new(),
            mentions: Vec::new(),
            names: Vec::new(),
        });
        object.key = match object.class {
            Class::Other => (true, object.text().to_ascii_lowercase()),
            Class::Trigger => (true, lower(&object.name)),
            Class::Table | Class::Index | Class::View => (false, lower(&object.name)),
        };
        object.names = object.given_names(sql, &tokens);
        object.ambiguous = ambiguous.take().into_iter().collect();
        if !object.ambiguous.is_empty() {
            sql.clone_into(&mut object.sql);
            let names = tokens.iter().filter(|token| matches!(token.kind, Kind::Word | Kind::QuotedWord));
            let mentions: BTreeSet<String> = names.map(|token| lower(&unquote(token.text(sql)))).collect();
            object.mentions = mentions.into_iter().collect();
        }
        object
    }

    fn given_names(&self, sql: &str, tokens: &[Token]) -> Vec<String> {
        let mut names = Vec::new();
        let mut push = |name: &str| names.push(lower(name));
        push(&self.name);
        match &self.body {
            Body::Table(table) => table.columns.iter().for_each(|column| push(&column.name)),
            Body::Text(_) if self.class == Class::View || self.module.is_some() => {
                // Any name in it may be that of a column.
                let is_name = |index: usize| match tokens[index].kind {
                    Kind::Word => true,
                    Kind::QuotedWord => {
                        !tokens[index].text(sql).starts_with('"') || must_be_name(sql, tokens, index)
                    }
                    _ => false,
                };
                let given = (0..tokens.len()).filter(|&index| is_name(index));
                given.for_each(|index| push(&unquote(tokens[index].text(sql))));
            }
            Body::Text(_) => {}
        }
        names
    }

    pub(super) fn text(&self) -> &str {
        match &self.body {
            Body::Text(text) => text,
            Body::Table(_) => "",
        }
    }

    /// SHA-256 over what it is equal by: texts that are each ended by a NUL, which none of them contains.
    pub(super) fn digest(&self, order: ColumnOrder) -> [u8; 32] {
        let mut bytes = Vec::new();
        let mut push = |text: &str| {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
        };
        push(self.class.name());
        push(&lower(&self.name));
        match &self.body {
            Body::Text(text) => push(&fold(text)),
            Body::Table(table) => {
                let mut columns: Vec<[String; 2]> = Vec::with_capacity(table.columns.len());
                for Column { name, definition } in &table.columns {
                    let column = [lower(name), fold(definition)];
                    let at = match order {
                        ColumnOrder::Fixed => columns.len(),
                        ColumnOrder::Free => columns.partition_point(|other| *other < column),
                    };
                    columns.insert(at, column);
                }
                columns.as_flattened().iter().for_each(|text| push(text));
                push("");
                table.constraints.iter().for_each(|(folded, _)| push(folded));
                push("");
                push(&table.options);
            }
        }
        Sha256::digest(bytes).into()
    }
}

fn understand(sql: &str, tokens: &[Token], is_string: &dyn Fn(&str) -> bool) -> Option<Object> {
    let mut cursor = Cursor::new(sql, tokens);
    cursor.eat(&["CREATE"]).then_some(())?;
    let _ = cursor.eat(&["TEMP"]) || cursor.eat(&["TEMPORARY"]);
    let is_virtual = cursor.eat(&["VIRTUAL"]);
    let is_unique = cursor.eat(&["UNIQUE"]);
    let class = match () {
        () if cursor.eat(&["TABLE"]) => Class::Table,
        () if cursor.eat(&["INDEX"]) => Class::Index,
        () if cursor.eat(&["VIEW"]) => Class::View,
        () if cursor.eat(&["TRIGGER"]) => Class::Trigger,
        () => return None,
    };
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    let name = cursor.qualified_name()?;
    let mut object = Object {
        class,
        name,
        on: None,
        key: Key::default(),
        module: None,
        body: Body::Text(String::new()),
        ambiguous: Vec::new(),
        sql: String::new(),
        mentions: Vec::new(),
        names: Vec::new(),
    };
    object.body = match class {
        Class::Table if is_virtual => {
            cursor.eat(&["USING"]).then_some(())?;
            let rest = cursor.rest();
            object.module = cursor.name().map(|module| lower(&module));
            Body::Text(format!("USING {}", render(sql, rest, &|_| false)))
        }
        // What cannot be read column by column is held token by token.
        Class::Table => {
            let rest = cursor.rest();
            match table::read(&mut cursor) {
                Some(table) => Body::Table(table),
                None => Body::Text(render(sql, rest, &|_| false)),
            }
        }
        Class::Index => Body::Text(index(&mut cursor, is_unique, &mut object.on, is_string)?),
        Class::Trigger => Body::Text(trigger(&mut cursor, &mut object.on, is_string)?),
        Class::View | Class::Other => Body::Text(render(sql, cursor.rest(), is_string)),
    };
    Some(object)
}

fn index(
    cursor: &mut Cursor<'_>,
    is_unique: bool,
    on: &mut Option<String>,
    is_string: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let sql = cursor.sql;
    cursor.eat(&["ON"]).then_some(())?;
    let table = cursor.name()?;
    let unique = if is_unique { "UNIQUE " } else { "" };
    let columns = table::render_list(sql, &split(sql, cursor.group()?), is_string);
    let mut text = format!("{unique}ON {} ({columns})", super::text::quote(&table));
    if !cursor.rest().is_empty() {
        text.push(' ');
        text += &render(sql, cursor.rest(), is_string);
    }
    *on = Some(table);
    Some(text)
}

fn trigger(
    cursor: &mut Cursor<'_>,
    on: &mut Option<String>,
    is_string: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let sql = cursor.sql;
    let rest = cursor.rest();
    // What need not be said is.
    let timed = cursor.is_at(&["BEFORE", "AFTER", "INSTEAD"]);
    let head = rest.iter().position(|token| token.is_word(sql, "ON"))?;
    let mut after = Cursor::new(sql, &rest[head + 1..]);
    *on = Some(after.name()?);
    let event = render(sql, &rest[..head], is_string);
    let table = super::text::quote(on.as_deref().unwrap_or_default());
    after.eat(&["FOR", "EACH", "ROW"]);
    let body = render(sql, after.rest(), is_string);
    Some(format!("{}{event} ON {table} {body}", if timed { "" } else { "BEFORE " }))
}
