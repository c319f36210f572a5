//! The objects that a script destroys: objects that exist before the script and not after it.
//!
//! A rename does not destroy a table.
//! A rebuild copies a table into a new table, and gives the new table the old name.
//! The rebuild destroys only the columns that the new table lacks.

use revchain_core::Statement;
use revchain_core::schema::Schema;

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

impl<'s> TableTracker<'s> {
    /// Returns the tables and columns of `before` that `after` lacks.
    pub(crate) fn destroyed(&self, before: &Schema, after: &Schema) -> Vec<Destroyed<'s>> {
        let tables = self.track(before).into_iter();
        tables
            .flat_map(|table| self.destroyed_of(&table, before, after))
            .collect()
    }

    pub(super) fn destroyed_of(
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
}

/// Returns `true` if `names` contains `name`, ignoring ASCII case.
pub(crate) fn contains(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}
