//! The keys of a table: PRIMARY KEY, UNIQUE, and unique indexes.

use super::breaking::first_group;
use super::normal_form::Schema;
use super::object::{Object, ObjectKind};
use super::render::{fold, lower, quote, render};
use super::table::{ConstraintKind, Table};
use crate::sql::cursor::{self, split};
use crate::sql::tokenizer::{Kind, Token, unquote};

/// A key: no two rows have the same values in its terms.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UniqueKey {
    pub(super) terms: Vec<Term>,
    pub(super) is_primary: bool,
    /// The name of the index; `None` for a constraint.
    pub(super) index: Option<String>,
    /// The folded WHERE of a partial index; empty for all other keys.
    pub(super) filter: String,
    /// The key as messages show it.
    pub(super) text: String,
}

/// The collation of a column without COLLATE.
pub(super) const BINARY: &str = "BINARY";

/// A column or an expression of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// The folded expression.
    pub(super) expression: String,
    /// The uppercase collation; `BINARY` by default.
    pub(super) collation: String,
}

impl UniqueKey {
    /// Returns `true` if this key rejects all duplicates that `other` rejects.
    pub(super) fn implies(&self, other: &Self) -> bool {
        let is_wide_enough = self.filter.is_empty() || self.filter == other.filter;
        is_wide_enough && self.terms.iter().all(|term| term.is_implied_by(other))
    }
}

impl Term {
    /// Returns `true` if `key` has this term, so that the key rejects no more than this term does.
    fn is_implied_by(&self, key: &UniqueKey) -> bool {
        key.terms.iter().any(|other| {
            let is_coarser = other.collation == BINARY || other.collation == self.collation;
            other.expression == self.expression && is_coarser
        })
    }
}

/// A function that returns the new name of a column.
pub(super) type Rename<'r> = &'r dyn Fn(&str) -> Option<String>;

/// Returns the keys of a table. The terms have the names that `rename` returns.
pub(super) fn unique_keys(schema: &Schema, name: &str, rename: Rename<'_>) -> Vec<UniqueKey> {
    let Some(table) = schema.definition(name) else {
        return Vec::new();
    };
    let mut keys = Vec::new();
    for column in &table.columns {
        for (is_primary, clause) in [(true, &column.primary_key), (false, &column.unique)] {
            if !clause.is_empty() {
                let words = if is_primary { "PRIMARY KEY" } else { "UNIQUE" };
                keys.push(UniqueKey {
                    terms: terms(table, &quote(&column.name), rename),
                    is_primary,
                    index: None,
                    filter: String::new(),
                    text: format!("{words} ({})", quote(&column.name)),
                });
            }
        }
    }
    for constraint in table.constraints.values() {
        let is_primary = constraint.kind == ConstraintKind::PrimaryKey;
        if is_primary || constraint.kind == ConstraintKind::Unique {
            let tokens = cursor::tokens(&constraint.text);
            let list = first_group(&constraint.text, &tokens);
            let list = render(&constraint.text, list, &|_| false);
            keys.push(UniqueKey {
                terms: terms(table, &list, rename),
                is_primary,
                index: None,
                filter: String::new(),
                text: constraint.text.clone(),
            });
        }
    }
    keys.extend(unique_indexes(schema, name, rename));
    keys
}

fn unique_indexes(schema: &Schema, name: &str, rename: Rename<'_>) -> Vec<UniqueKey> {
    let Some(table) = schema.definition(name) else {
        return Vec::new();
    };
    let mut keys = Vec::new();
    for object in indexes(schema, name).filter(|object| object.is_unique) {
        let index = IndexText::of(&object.text);
        keys.push(UniqueKey {
            terms: terms(table, &index.columns, rename),
            is_primary: false,
            index: Some(object.name.clone()),
            filter: renamed(&index.filter, rename),
            text: format!("UNIQUE INDEX {}", quote(&object.name)),
        });
    }
    keys
}

/// Returns the indexes on a table.
pub(super) fn indexes<'s>(schema: &'s Schema, name: &'s str) -> impl Iterator<Item = &'s Object> {
    schema.included().filter(move |object| {
        let on_table = object.on_table.as_deref();
        object.kind == ObjectKind::Index
            && on_table.is_some_and(|table| table.eq_ignore_ascii_case(name))
    })
}

/// The parts of an index in normal form.
pub(super) struct IndexText {
    pub(super) columns: String,
    /// The WHERE clause; empty without one.
    pub(super) filter: String,
}

impl IndexText {
    pub(super) fn of(text: &str) -> Self {
        let tokens = cursor::tokens(text);
        let group = first_group(text, &tokens);
        let is_where = |token: &Token| token.is_word(text, "WHERE");
        let end = group.last().map_or(0, |token| token.span.end);
        let after = tokens.iter().position(|token| token.span.start >= end);
        let rest = &tokens[after.unwrap_or(tokens.len())..];
        let filter = rest.iter().position(is_where).unwrap_or(rest.len());
        Self {
            columns: render(text, group, &|_| false),
            filter: render(text, &rest[filter..], &|_| false),
        }
    }
}

/// Returns the terms of an index. They have the names that `rename` returns.
pub(super) fn index_terms(
    schema: &Schema,
    name: &str,
    index: &Object,
    rename: Rename<'_>,
) -> Vec<Term> {
    let columns = IndexText::of(&index.text).columns;
    let table = schema.definition(name);
    table.map_or_else(Vec::new, |table| terms(table, &columns, rename))
}

/// Returns the terms of a list of columns and expressions.
fn terms(table: &Table, list: &str, rename: Rename<'_>) -> Vec<Term> {
    let tokens = cursor::tokens(list);
    let items = split(list, &tokens).into_iter();
    items.map(|item| term(table, list, item, rename)).collect()
}

fn term(table: &Table, list: &str, mut item: &[Token], rename: Rename<'_>) -> Term {
    if let [start @ .., order] = item {
        if order.is_one_of(list, &["ASC", "DESC"]) {
            item = start;
        }
    }
    let mut collation = String::new();
    if let [start @ .., collate, name] = item {
        if collate.is_word(list, "COLLATE") && !start.is_empty() {
            collation = unquote(name.text(list)).to_ascii_uppercase();
            item = start;
        }
    }
    if let ([name], "") = (item, &*collation) {
        let column = table.column(&unquote(name.text(list)));
        let clause = column.map_or("", |column| column.collation.as_str());
        collation = unquote(clause.trim_start_matches("COLLATE "));
    }
    if collation.is_empty() {
        BINARY.clone_into(&mut collation);
    }
    Term {
        expression: renamed(&render(list, item, &|_| false), rename),
        collation,
    }
}

/// Returns an SQL text with the new names of the columns, in folded form.
pub(super) fn renamed(text: &str, rename: Rename<'_>) -> String {
    let mut renamed = String::new();
    let mut end = 0;
    for token in cursor::tokens(text) {
        if !matches!(token.kind, Kind::Word | Kind::QuotedWord) {
            continue;
        }
        if let Some(name) = rename(&lower(&unquote(token.text(text)))) {
            renamed += &text[end..token.span.start];
            renamed += &quote(&name);
            end = token.span.end;
        }
    }
    renamed += &text[end..];
    fold(&renamed)
}
