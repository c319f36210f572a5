//! The constraints and properties that a table loses in a rebuild.
//!
//! A constraint is kept if the new table implies it, or has another constraint in its place.

use std::collections::{BTreeMap, BTreeSet};

use super::breaking::first_group;
use super::loosens_kind::LoosensKind;
use super::normal_form::Schema;
use super::references::{Reference, references};
use super::render::{lower, quote};
use super::table::{Column, ConstraintKind, Table};
use super::unique_keys::{BINARY, IndexText, index_terms, indexes, renamed, unique_keys};
use crate::sql::cursor;
use crate::sql::tokenizer::{Kind, unquote};

/// A constraint or a property that a table has lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostConstraint {
    /// The columns before the rebuild, as written; empty for a property of the table.
    pub columns: Vec<String>,
    /// The kind.
    pub kind: LoosensKind,
    /// The constraint as SQL.
    pub text: String,
}

/// A table before a rebuild, and the table that takes its place.
#[derive(Debug)]
pub struct Rebuilt<'s> {
    /// The schema before the rebuild.
    pub before: &'s Schema,
    /// The schema after the rebuild.
    pub after: &'s Schema,
    /// The name of the old table.
    pub old: &'s str,
    /// The name of the new table.
    pub new: &'s str,
    /// The new name of each column that stays, by its lowercase old name.
    pub columns: BTreeMap<String, String>,
}

/// Returns the constraints and properties that the new table lacks, in the order of the kinds.
///
/// A constraint with a column that is gone is not missed.
pub fn lost_constraints(rebuilt: &Rebuilt<'_>) -> Vec<LostConstraint> {
    let tables = [
        rebuilt.before.definition(rebuilt.old),
        rebuilt.after.definition(rebuilt.new),
    ];
    let [Some(old), Some(new)] = tables else {
        return Vec::new();
    };
    let comparison = Comparison { rebuilt, old, new };
    let mut lost = comparison.keys();
    lost.extend(comparison.checks());
    for column in &old.columns {
        let name = rebuilt.name_of(&column.name);
        if let Some(new_column) = name.and_then(|name| new.column(name)) {
            let is_key_lost = lost.iter().any(|lost| lost.is_key_of(&column.name));
            lost.extend(comparison.clauses(column, new_column, is_key_lost));
        }
    }
    lost.extend(comparison.references());
    if old.options.is_strict && !new.options.is_strict {
        lost.push(LostConstraint::new(LoosensKind::Strict, &[], "STRICT"));
    }
    lost.sort_by_key(|lost| lost.kind);
    lost
}

impl LostConstraint {
    fn new(kind: LoosensKind, columns: &[&str], text: &str) -> Self {
        Self {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            kind,
            text: text.to_owned(),
        }
    }

    fn is_key_of(&self, column: &str) -> bool {
        let mut columns = self.columns.iter();
        self.kind == LoosensKind::Key && columns.any(|name| name.eq_ignore_ascii_case(column))
    }
}

impl Rebuilt<'_> {
    /// Returns the new name of a column, or `None` if the column is gone.
    pub(super) fn name_of(&self, column: &str) -> Option<&str> {
        self.columns.get(&lower(column)).map(String::as_str)
    }

    /// Returns `true` if the table has the column before the rebuild, but not after it.
    fn is_gone(&self, table: &Table, name: &str) -> bool {
        table.column(name).is_some() && self.name_of(name).is_none()
    }

    /// Returns the UNIQUE of an index if no key of the new table rejects the same duplicates.
    ///
    /// Returns `None` for an index on a column that is gone.
    pub fn lost_unique_index(&self, index: &str) -> Option<LostConstraint> {
        let mut lost = self.lost_keys().into_iter();
        let is_index = |name: &str| name.eq_ignore_ascii_case(index);
        let (_, constraint) = lost.find(|(name, _)| name.as_deref().is_some_and(is_index))?;
        Some(constraint)
    }

    /// Returns `true` if a key of the new table begins with the columns of the index.
    pub fn has_key_for_index(&self, index: &str) -> bool {
        let mut objects = indexes(self.before, self.old);
        let Some(object) = objects.find(|object| object.name.eq_ignore_ascii_case(index)) else {
            return false;
        };
        let rename = |name: &str| self.name_of(name).map(str::to_owned);
        let terms = index_terms(self.before, self.old, object, &rename);
        unique_keys(self.after, self.new, &|_| None)
            .iter()
            .any(|key| key.filter.is_empty() && key.terms.starts_with(&terms))
    }

    /// Returns the WHERE of an index that the index of the same name lacks after the rebuild.
    pub fn lost_filter(&self, index: &str) -> Option<String> {
        let find = |schema, table| {
            let mut objects = indexes(schema, table);
            let object = objects.find(|object| object.name.eq_ignore_ascii_case(index))?;
            Some(IndexText::of(&object.text).filter)
        };
        let filter = find(self.before, self.old)?;
        if filter.is_empty() || !find(self.after, self.new)?.is_empty() {
            return None;
        }
        Some(filter)
    }

    /// Returns the keys that no key of the new table implies, with the names of the indexes.
    fn lost_keys(&self) -> Vec<(Option<String>, LostConstraint)> {
        let Some(table) = self.before.definition(self.old) else {
            return Vec::new();
        };
        let rename = |name: &str| self.name_of(name).map(str::to_owned);
        let written = |_: &str| None;
        let old = unique_keys(self.before, self.old, &written);
        let mapped = unique_keys(self.before, self.old, &rename);
        let new = unique_keys(self.after, self.new, &written);
        let mut lost = Vec::new();
        for (old, mut mapped) in old.into_iter().zip(mapped) {
            for (term, mapped) in old.terms.iter().zip(&mut mapped.terms) {
                if self.loses_collation(table, &term.expression) {
                    mapped.collation = BINARY.to_owned();
                }
            }
            let names: Vec<String> = old
                .terms
                .iter()
                .flat_map(|term| names_in(&term.expression))
                .collect();
            let is_gone = names.iter().any(|name| self.is_gone(table, name));
            if is_gone || new.iter().any(|key| key.implies(&mapped)) {
                continue;
            }
            let columns = names.iter().filter_map(|name| table.column(name));
            let columns: Vec<&str> = columns.map(|column| &*column.name).collect();
            let kind = if old.is_primary {
                LoosensKind::Key
            } else {
                LoosensKind::Unique
            };
            lost.push((old.index, LostConstraint::new(kind, &columns, &old.text)));
        }
        lost
    }
}

impl Rebuilt<'_> {
    /// Returns `true` if a column has lost its COLLATE, which is a loss of its own.
    fn loses_collation(&self, table: &Table, column: &str) -> bool {
        let new = self.after.definition(self.new);
        let new = self.name_of(column).and_then(|name| new?.column(name));
        let (Some(old), Some(new)) = (table.column(column), new) else {
            return false;
        };
        !old.collation.is_empty() && new.collation.is_empty()
    }
}

/// The definitions of a table before and after a rebuild.
struct Comparison<'c> {
    rebuilt: &'c Rebuilt<'c>,
    old: &'c Table,
    new: &'c Table,
}

impl Comparison<'_> {
    /// Returns the lost PRIMARY KEY and UNIQUE constraints.
    fn keys(&self) -> Vec<LostConstraint> {
        let keys = self.rebuilt.lost_keys().into_iter();
        keys.filter(|(index, _)| index.is_none())
            .map(|(_, constraint)| constraint)
            .collect()
    }

    fn checks(&self) -> Vec<LostConstraint> {
        let rename = |name: &str| self.rebuilt.name_of(name).map(str::to_owned);
        let old: Vec<String> = checks_of(self.old).collect();
        let mapped: BTreeSet<String> = old.iter().map(|check| renamed(check, &rename)).collect();
        let new: BTreeSet<String> = checks_of(self.new)
            .map(|check| renamed(&check, &|_| None))
            .collect();
        // The CHECKs that may replace others.
        let added: Vec<&String> = new.difference(&mapped).collect();
        let mut lost = Vec::new();
        for check in &old {
            let columns = columns_in(self.old, check);
            let is_gone = columns
                .iter()
                .any(|name| self.rebuilt.name_of(name).is_none());
            if is_gone || new.contains(&renamed(check, &rename)) {
                continue;
            }
            let is_replaced = |column: &&str| {
                let name = self.rebuilt.name_of(column).unwrap_or(column);
                added.iter().any(|check| uses(check, name))
                    || self.is_checked_otherwise(column, check)
            };
            if !columns.iter().all(is_replaced) {
                let text = format!("CHECK ({check})");
                lost.push(LostConstraint::new(LoosensKind::Check, &columns, &text));
            }
        }
        lost
    }

    /// Returns `true` if a new property of the column replaces a CHECK: STRICT, NOT NULL, or a
    /// foreign key.
    fn is_checked_otherwise(&self, column: &str, check: &str) -> bool {
        let strict = |table: &Table| table.options.is_strict;
        if lower(check).contains("typeof(") && strict(self.new) && !strict(self.old) {
            return true;
        }
        let columns = (
            self.old.column(column),
            self.rebuilt
                .name_of(column)
                .and_then(|name| self.new.column(name)),
        );
        let (Some(old), Some(new)) = columns else {
            return false;
        };
        let has_reference = old.references.is_empty() && !new.references.is_empty();
        has_reference || is_not_null_check(check, column) && self.new.is_never_null(new)
    }

    /// Returns the lost clauses of a column, except for keys and foreign keys.
    fn clauses(&self, old: &Column, new: &Column, is_key_lost: bool) -> Vec<LostConstraint> {
        let mut lost = Vec::new();
        let mut push = |kind, text: &str| {
            lost.push(LostConstraint::new(kind, &[&old.name], text));
        };
        if !is_key_lost && self.loses_not_null(old, new) {
            push(LoosensKind::NotNull, "NOT NULL");
        }
        if !old.default.is_empty() && new.default.is_empty() && new.generated.is_empty() {
            push(LoosensKind::Default, &old.default);
        }
        if !old.collation.is_empty() && new.collation.is_empty() {
            push(LoosensKind::Collate, &old.collation);
        }
        let is_auto = |column: &Column| column.primary_key.contains("AUTOINCREMENT");
        if is_auto(old) && !is_auto(new) && new.may_be_integer() {
            push(LoosensKind::Autoincrement, "AUTOINCREMENT");
        }
        if !old.generated.is_empty() && new.generated.is_empty() {
            push(LoosensKind::Generated, &old.generated);
        }
        lost
    }

    fn loses_not_null(&self, old: &Column, new: &Column) -> bool {
        if !self.old.is_never_null(old) || self.new.is_never_null(new) {
            return false;
        }
        // A rowid is never NULL. A key of another type never was a rowid.
        let is_other_key = old.not_null.is_empty() && new.is_in_key && !new.may_be_integer();
        let is_checked = checks_of(self.new).any(|check| is_not_null_check(&check, &new.name));
        !is_other_key && !is_checked
    }

    fn references(&self) -> Vec<LostConstraint> {
        let written: Vec<Reference> = references(self.old, &|_| None);
        let rename = |name: &str| self.rebuilt.name_of(name).map(str::to_owned);
        let mapped: Vec<Reference> = references(self.old, &rename);
        let new: Vec<Reference> = references(self.new, &|_| None);
        let mut lost = Vec::new();
        for (old, mapped_key) in written.iter().zip(&mapped) {
            let columns = old.columns.iter().filter_map(|name| self.old.column(name));
            let columns: Vec<&str> = columns.map(|column| &*column.name).collect();
            let is_gone = columns
                .iter()
                .any(|name| self.rebuilt.name_of(name).is_none());
            // A foreign key to a table that the revision drops cannot stay.
            let has_parent = self.rebuilt.after.table_name(&old.parent).is_some()
                || self.rebuilt.before.table_name(&old.parent).is_none();
            let same = new.iter().find(|key| key.is_same(mapped_key));
            let is_added = |key: &&Reference| !mapped.iter().any(|other| other.is_same(key));
            let replacement = same.or_else(|| {
                let mut added = new.iter().filter(is_added);
                added.find(|key| key.shares_column(mapped_key))
            });
            let text = match replacement {
                Some(key) => old.lost_actions(key),
                None if is_gone || !has_parent => String::new(),
                None => old.text.clone(),
            };
            if !text.is_empty() && !is_gone {
                lost.push(LostConstraint::new(
                    LoosensKind::References,
                    &columns,
                    &text,
                ));
            }
        }
        lost
    }
}

impl Table {
    /// Returns `true` if no row can have NULL in the column.
    fn is_never_null(&self, column: &Column) -> bool {
        let has_rowid = !self.options.is_without_rowid;
        let is_rowid = has_rowid
            && column.has_integer_type()
            && !column.primary_key.is_empty()
            && !column.is_descending;
        is_rowid || !column.not_null.is_empty() || column.is_in_key && !self.options.is_empty()
    }
}

impl Column {
    fn may_be_integer(&self) -> bool {
        self.type_name.is_empty() || self.type_name.contains("INT")
    }
}

/// Yields the expression of each CHECK, in normal form.
fn checks_of(table: &Table) -> impl Iterator<Item = String> {
    let checks = table.constraints.values();
    checks
        .filter(|constraint| constraint.kind == ConstraintKind::Check)
        .map(|constraint| {
            let text = &constraint.text;
            let tokens = cursor::tokens(text);
            let group = first_group(text, &tokens);
            let start = group.first().map_or(0, |token| token.span.start);
            let end = group.last().map_or(0, |token| token.span.end);
            text[start..end].to_owned()
        })
}

/// Returns `true` for the CHECK `column IS NOT NULL`.
fn is_not_null_check(check: &str, column: &str) -> bool {
    let name = lower(&quote(column));
    let check = lower(check);
    check == format!("{name} is not null") || check == format!("{name} notnull")
}

/// Returns the columns that an expression names, as written in the table.
fn columns_in<'t>(table: &'t Table, expression: &str) -> Vec<&'t str> {
    let names = names_in(expression);
    let columns = table.columns.iter();
    columns
        .filter(|column| names.contains(&lower(&column.name)))
        .map(|column| &*column.name)
        .collect()
}

fn uses(expression: &str, column: &str) -> bool {
    names_in(expression).contains(&lower(column))
}

/// Returns the lowercase words of an expression.
fn names_in(expression: &str) -> Vec<String> {
    let tokens = cursor::tokens(expression);
    let words = tokens
        .iter()
        .filter(|token| matches!(token.kind, Kind::Word | Kind::QuotedWord));
    words
        .map(|token| lower(&unquote(token.text(expression))))
        .collect()
}
