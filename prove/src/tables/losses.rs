//! The objects that a script destroys: objects that exist before the script and not after it.
//!
//! A rename does not destroy a table.
//! A rebuild copies a table into a new table, and gives the new table the old name.
//! The rebuild destroys only the columns, indexes and triggers that the new table lacks.

use revchain_core::Statement;
use revchain_core::schema::{Attached, Schema};
use revchain_core::sql::inspect::offset_of_name;
use revchain_core::sql::tokenizer::unquote;

use super::effect::DdlEffect;
use super::{TableTracker, TrackedTable};

/// A table or a column that a script destroys.
pub(crate) struct Destroyed<'s> {
    pub(crate) table: String,
    /// The destroyed column; `None` if the whole table is destroyed.
    pub(crate) column: Option<String>,
    /// The statement that drops the table or the column; `None` if there is no such statement.
    pub(crate) statement: Option<Statement<'s>>,
    /// `true` if a rebuild drops the table, and the new table lacks the column.
    pub(crate) is_rebuild: bool,
}

/// An index or a trigger that a rebuild drops with its table, and does not create again.
pub(crate) struct Forgotten<'s> {
    pub(crate) object: Attached<'s>,
    pub(crate) table: String,
    /// The statement that drops the table.
    pub(crate) statement: Statement<'s>,
}

impl<'s> TableTracker<'s> {
    /// Returns the tables and columns of `before` that `after` lacks.
    pub(crate) fn destroyed(&self, before: &Schema, after: &Schema) -> Vec<Destroyed<'s>> {
        let tables = self.track(before).into_iter();
        tables
            .flat_map(|table| self.destroyed_of(&table, before, after))
            .collect()
    }

    fn destroyed_of(
        &self,
        table: &TrackedTable<'s>,
        before: &Schema,
        after: &Schema,
    ) -> Vec<Destroyed<'s>> {
        let is_rebuild = table.dropped_by.is_some();
        let destroyed = |column: Option<&str>| {
            let dropped_by = column.and_then(|column| table.drop_of_column(column));
            Destroyed {
                table: table.origin.clone(),
                column: column.map(str::to_owned),
                statement: table.dropped_by.as_ref().or(dropped_by).cloned(),
                is_rebuild: is_rebuild && column.is_some(),
            }
        };
        let replacement = table.replacement(after);
        let Some(columns) = replacement.and_then(|name| after.columns(&name)) else {
            return vec![destroyed(None)];
        };
        // `Schema::columns` is empty for a virtual table, so lost columns cannot be detected.
        if columns.is_empty() {
            return Vec::new();
        }
        // A rename keeps a column. A rebuild also keeps a column under its original name, or by
        // a copy into another column.
        let is_kept = |column: &str| {
            contains(&columns, table.current_name(column))
                || is_rebuild && (contains(&columns, column) || self.copies(column, &columns))
        };
        let mut old_columns = before.columns(&table.origin).unwrap_or_default();
        old_columns.retain(|column| !is_kept(column));
        let lost = old_columns.into_iter();
        lost.map(|column| destroyed(Some(column))).collect()
    }

    /// Returns `true` if an `INSERT … SELECT` copies the column unchanged into one of `targets`.
    fn copies(&self, column: &str, targets: &[&str]) -> bool {
        self.effects.iter().any(|effect| match &effect.effect {
            DdlEffect::CopyColumns(pairs) => pairs
                .iter()
                .any(|(to, from)| from.eq_ignore_ascii_case(column) && contains(targets, to)),
            _ => false,
        })
    }

    /// Returns the indexes and triggers that a rebuild drops and does not create again.
    pub(crate) fn forgotten(&self, before: &'s Schema, after: &Schema) -> Vec<Forgotten<'s>> {
        let mut forgotten = Vec::new();
        for table in self.track(before) {
            let (Some(statement), Some(name)) = (&table.dropped_by, table.replacement(after))
            else {
                continue;
            };
            let old = before.attached(&table.origin);
            let new = after.attached(&name);
            let destroyed = self.destroyed_of(&table, before, after);
            for &object in &old {
                let sql = object.definition;
                let is_constraint = object.is_unique && after.has_key(&name, index_columns(sql));
                // An index or trigger that uses a destroyed column cannot be created again.
                let uses_destroyed = destroyed
                    .iter()
                    .filter_map(|destroyed| destroyed.column.as_deref())
                    .any(|column| has_word(sql, column));
                let is_dropped = self.has_effect(&DdlEffect::DropAttached, object.name);
                let is_recreated = is_constraint || is_recreated(object, &old, &new);
                if !(is_recreated || uses_destroyed || is_dropped) {
                    forgotten.push(Forgotten {
                        object,
                        table: table.origin.clone(),
                        statement: statement.clone(),
                    });
                }
            }
        }
        forgotten
    }
}

/// Returns `true` if the new table has an object that replaces `object`:
///
/// - an object with the same name,
/// - an object with the same definition,
/// - a new index that contains the first column of `object`.
fn is_recreated(object: Attached<'_>, old: &[Attached<'_>], new: &[Attached<'_>]) -> bool {
    let columns = index_columns(object.definition);
    let first_column = columns.split(',').next().unwrap_or_default().trim();
    new.iter().any(|other| {
        let has_name = |known: &Attached<'_>| known.name.eq_ignore_ascii_case(other.name);
        if has_name(&object) || other.definition == object.definition {
            return true;
        }
        let is_new = !old.iter().any(has_name);
        is_new
            && !first_column.is_empty()
            && has_word(index_columns(other.definition), first_column)
    })
}

/// Returns `true` if `names` contains `name`, ignoring ASCII case.
pub(crate) fn contains(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

/// Returns the column list of an index. `definition` is the normal form of the index.
fn index_columns(definition: &str) -> &str {
    let list = definition.split_once('(').map_or("", |(_, rest)| rest);
    list.rsplit_once(')').map_or(list, |(list, _)| list)
}

/// Returns `true` if the SQL contains the word, with or without quotes.
fn has_word(sql: &str, word: &str) -> bool {
    offset_of_name(&unquote(word), sql).is_some()
}
