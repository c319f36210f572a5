//! The rules that decide whether a difference breaks a program written for the old schema.
//!
//! The program reads columns of the old schema, and writes rows with values for old columns only.

use super::object::{Object, ObjectKind};
use super::render::lower;
use super::table::{Column, Constraint, ConstraintKind, Table};
use crate::sql::cursor::{self, Cursor, split};
use crate::sql::tokenizer::{Kind, Token, unquote};

/// Returns `true` if a program can depend on the existence of an object of this kind.
pub(super) fn breaks_if_removed(kind: ObjectKind) -> bool {
    !matches!(kind, ObjectKind::Index | ObjectKind::Trigger)
}

/// Returns `true` if rows written for the table `old` can violate an index on the table `new`.
pub(super) fn index_rejects_rows(index: &Object, old: &Table, new: &Table) -> bool {
    index.is_unique && !uses_null(&index.text, old, new)
}

/// Returns `true` if rows written for the table `old` can violate a constraint of `new`.
pub(super) fn constraint_rejects_rows(constraint: &Constraint, old: &Table, new: &Table) -> bool {
    let text = &constraint.text;
    let uses_old = || uses_any(text, |name| old.column(name).is_some());
    // UNIQUE and FOREIGN KEY accept every row that has NULL in one of the columns.
    match constraint.kind {
        ConstraintKind::Unique => !uses_null(text, old, new),
        ConstraintKind::ForeignKey => uses_old() && !uses_null(text, old, new),
        ConstraintKind::Check | ConstraintKind::PrimaryKey => uses_old(),
    }
}

/// Returns `true` if the column `new` rejects values that `old` accepts.
pub(super) fn column_rejects_values(old: &Column, new: &Column) -> bool {
    new.is_required() && !old.is_required()
        || !new.unique.is_empty() && old.unique.is_empty()
        || !new.primary_key.is_empty() && old.primary_key.is_empty()
        || !new.references.is_empty() && old.references.is_empty()
        || !new.generated.is_empty() && old.generated.is_empty()
}

/// Returns `true` if a new column rejects rows that have no value for the column.
pub(super) fn new_column_rejects_rows(column: &Column) -> bool {
    // A UNIQUE column with a default accepts only one row without a value for the column.
    let repeats_default = !column.unique.is_empty() && !column.default.is_empty();
    column.is_required() || repeats_default
}

/// Returns `true` if the virtual table definition `new` lacks a column of `old`.
pub(super) fn lacks_column(old: &str, new: &str) -> bool {
    let new = virtual_columns(new);
    virtual_columns(old)
        .iter()
        .any(|column| !new.contains(column))
}

/// Returns `true` if a constraint or an index uses a new column that is NULL by default.
fn uses_null(text: &str, old: &Table, new: &Table) -> bool {
    uses_any(text, |name| {
        let column = new.column(name);
        old.column(name).is_none() && column.is_some_and(Column::is_null_by_default)
    })
}

/// Returns `true` if a constraint or an index uses a column whose name satisfies `is_wanted`.
///
/// Looks at the names inside the first parentheses of `text`, except for function names.
fn uses_any(text: &str, is_wanted: impl Fn(&str) -> bool) -> bool {
    let tokens = cursor::tokens(text);
    let group = first_group(text, &tokens);
    group.iter().enumerate().any(|(index, token)| {
        let next = group.get(index + 1);
        matches!(token.kind, Kind::Word | Kind::QuotedWord)
            && !next.is_some_and(|next| next.is_mark(text, "("))
            && is_wanted(&unquote(token.text(text)))
    })
}

/// Returns the tokens inside the first parentheses of `text`.
pub(super) fn first_group<'t>(text: &'t str, tokens: &'t [Token]) -> &'t [Token] {
    let start = tokens.iter().position(|token| token.is_mark(text, "("));
    Cursor::new(text, &tokens[start.unwrap_or(tokens.len())..])
        .group()
        .unwrap_or_default()
}

/// Returns the first word of each module argument, except for arguments `option = value`.
///
/// For nearly all virtual table modules, these words are the columns.
fn virtual_columns(text: &str) -> Vec<String> {
    let tokens = cursor::tokens(text);
    split(text, first_group(text, &tokens))
        .into_iter()
        .filter_map(|argument| match argument {
            [_, equals, ..] if equals.is_mark(text, "=") => None,
            [first, ..] => Some(lower(&unquote(first.text(text)))),
            [] => None,
        })
        .collect()
}
