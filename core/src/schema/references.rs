//! The foreign keys of a table, split into their parts.

use super::breaking::first_group;
use super::clauses::DEFERRED;
use super::render::lower;
use super::table::{ConstraintKind, Table};
use super::unique_keys::Rename;
use crate::sql::cursor::{self, Cursor, split};
use crate::sql::tokenizer::unquote;

/// A foreign key.
#[derive(Debug)]
pub(super) struct Reference {
    /// The lowercase columns of the table.
    pub(super) columns: Vec<String>,
    /// The parent table as written.
    pub(super) parent: String,
    /// `ON DELETE …`, or empty.
    delete: String,
    /// `ON UPDATE …`, or empty.
    update: String,
    is_deferred: bool,
    /// The foreign key as messages show it.
    pub(super) text: String,
}

impl Reference {
    fn parse(mut columns: Vec<String>, text: &str) -> Option<Self> {
        let tokens = cursor::tokens(text);
        let mut cursor = Cursor::new(text, &tokens);
        while !cursor.eat(&["REFERENCES"]) {
            cursor.next()?;
        }
        let parent = cursor.name()?;
        let clause = |event: &str| {
            let start = text.find(&format!(" ON {event} "))?;
            let rest = &text[start + 1..];
            let end = rest[1..].find(" ON ").map_or(rest.len(), |end| end + 1);
            Some(rest[..end].trim_end_matches(DEFERRED).to_owned())
        };
        columns.sort_unstable();
        Some(Self {
            columns,
            parent,
            delete: clause("DELETE").unwrap_or_default(),
            update: clause("UPDATE").unwrap_or_default(),
            is_deferred: text.ends_with(DEFERRED),
            text: text.to_owned(),
        })
    }

    /// Returns `true` if both keys have the same columns and the same parent.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.columns == other.columns && self.parent.eq_ignore_ascii_case(&other.parent)
    }

    pub(super) fn shares_column(&self, other: &Self) -> bool {
        self.columns.iter().any(|name| other.columns.contains(name))
    }

    /// Returns the actions of this key that `other` lacks; empty if there is none.
    pub(super) fn lost_actions(&self, other: &Self) -> String {
        let mut lost = Vec::new();
        for (old, new) in [(&self.delete, &other.delete), (&self.update, &other.update)] {
            if !old.is_empty() && new.is_empty() {
                lost.push(old.as_str());
            }
        }
        if self.is_deferred && !other.is_deferred {
            lost.push(DEFERRED.trim_start());
        }
        lost.join(" ")
    }
}

/// Returns the foreign keys of a table. The columns have the names that `rename` returns.
pub(super) fn references(table: &Table, rename: Rename<'_>) -> Vec<Reference> {
    let name_of = |column: &str| lower(&rename(&lower(column)).unwrap_or(column.to_owned()));
    let mut keys = Vec::new();
    for column in &table.columns {
        for text in &column.references {
            keys.extend(Reference::parse(vec![name_of(&column.name)], text));
        }
    }
    for constraint in table.constraints.values() {
        if constraint.kind != ConstraintKind::ForeignKey {
            continue;
        }
        let text = &constraint.text;
        let tokens = cursor::tokens(text);
        let list = first_group(text, &tokens);
        let columns = split(text, list)
            .into_iter()
            .filter_map(|item| item.first());
        let columns = columns.map(|token| name_of(&unquote(token.text(text))));
        keys.extend(Reference::parse(columns.collect(), text));
    }
    keys
}
