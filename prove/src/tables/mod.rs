//! The table tracker, which follows tables through the renames and drops of a script.

mod effect;
mod forgotten;
mod loosened;
mod losses;
mod rebuilds;

use std::collections::BTreeMap;

use revchain_core::schema::Schema;
use revchain_core::sql::inspect::offset_of_name;
use revchain_core::{Script, Statement};

pub(crate) use effect::{DdlEffect, effect, is_harmless_alter};
pub(crate) use forgotten::{Forgotten, ForgottenLoss, is_recreated};
pub(crate) use loosened::Loosened;
pub(crate) use losses::{Destroyed, contains};
pub(crate) use rebuilds::Rebuild;

/// The effects of a script on tables, in the order of its statements.
pub(crate) struct TableTracker<'s> {
    effects: Vec<TableEffect<'s>>,
}

/// The table that has the rows of an old table after a script.
pub(crate) struct Successor {
    /// The name; `None` if the script drops the table without a replacement.
    pub(crate) name: Option<String>,
    /// The lowercase new name of each old column; `None` if the column is gone.
    pub(crate) columns: Vec<Option<String>>,
}

/// The effect of a statement.
struct TableEffect<'s> {
    /// The table; for [`DdlEffect::DropAttached`], the index or trigger.
    name: String,
    effect: DdlEffect,
    statement: Statement<'s>,
}

/// A table of the schema before the script, with the changes that the script makes to it.
#[derive(Default)]
struct TrackedTable<'s> {
    /// The name before the script.
    origin: String,
    /// The name after the statements that have been applied.
    name: String,
    /// The new names of renamed columns, by their old names in lowercase.
    renamed_columns: BTreeMap<String, String>,
    /// The lowercase old names of the columns that `DROP COLUMN` drops.
    dropped_columns: Vec<String>,
    /// The statement that drops the table.
    dropped_by: Option<Statement<'s>>,
    /// The statements that drop a column of the table.
    column_drops: Vec<Statement<'s>>,
}

impl<'s> TableTracker<'s> {
    pub(crate) fn new(script: &'s Script) -> Self {
        let mut effects = Vec::new();
        for statement in script.statements() {
            if let Some((name, effect)) = effect::effect(statement.sql()) {
                effects.push(TableEffect {
                    name,
                    effect,
                    statement,
                });
            }
        }
        Self { effects }
    }

    /// Returns `true` if no statement can destroy or rename a table or a column.
    pub(crate) fn is_harmless(&self) -> bool {
        self.effects.iter().all(|effect| {
            matches!(
                effect.effect,
                DdlEffect::ChangeRows
                    | DdlEffect::AddConstrainedColumn
                    | DdlEffect::DropAttached
                    | DdlEffect::CopyColumns(_)
                    | DdlEffect::CopyByPosition(_)
            )
        })
    }

    /// Returns the table that has the rows of `table` after the script.
    ///
    /// `columns` returns the lowercase columns that a table has after the script.
    pub(crate) fn successor(
        &self,
        before: &Schema,
        table: &str,
        old_columns: &[String],
        columns: impl Fn(&str) -> Option<Vec<String>>,
    ) -> Successor {
        let mut tables = self.track(before).into_iter();
        let tracked = tables.find(|tracked| tracked.origin.eq_ignore_ascii_case(table));
        let tracked = tracked.unwrap_or_else(|| TrackedTable::new(table));
        let mut names = tracked.later_names().into_iter();
        let Some((name, new_columns)) = names.find_map(|name| {
            let columns = columns(&name)?;
            Some((name, columns))
        }) else {
            return Successor {
                name: None,
                columns: vec![None; old_columns.len()],
            };
        };
        let has = |column: &str| {
            new_columns
                .iter()
                .any(|name| name.eq_ignore_ascii_case(column))
        };
        let is_rebuild = tracked.dropped_by.is_some();
        let place = |column: &String| {
            if tracked.is_dropped(column) {
                return None;
            }
            let current = tracked.current_name(column).to_ascii_lowercase();
            if has(&current) {
                return Some(current);
            }
            Some(column.clone()).filter(|column| is_rebuild && has(column))
        };
        Successor {
            columns: old_columns.iter().map(place).collect(),
            name: Some(name),
        }
    }

    /// Returns `true` if a statement has this effect on the table, index or trigger `name`.
    pub(crate) fn has_effect(&self, effect: &DdlEffect, name: &str) -> bool {
        let mut effects = self.effects.iter();
        effects.any(|other| other.effect == *effect && other.name.eq_ignore_ascii_case(name))
    }

    /// Applies the statements to the tables that they name, and returns these tables.
    fn track(&self, before: &Schema) -> Vec<TrackedTable<'s>> {
        let mut tables: Vec<TrackedTable<'_>> = Vec::new();
        for name in self.effects.iter().map(|effect| &effect.name) {
            let is_tracked = |table: &TrackedTable<'_>| table.origin.eq_ignore_ascii_case(name);
            if !tables.iter().any(is_tracked) {
                tables.extend(before.table_name(name).map(TrackedTable::new));
            }
        }
        for effect in &self.effects {
            // `tables` omits the tables that the script creates, because these have no old rows.
            let table = tables.iter_mut().find(|table| {
                table.dropped_by.is_none() && table.name.eq_ignore_ascii_case(&effect.name)
            });
            if let Some(table) = table {
                table.apply(effect, before);
            }
        }
        tables
    }
}

impl<'s> TrackedTable<'s> {
    fn new(name: &str) -> Self {
        Self {
            origin: name.to_owned(),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    fn apply(&mut self, effect: &TableEffect<'s>, before: &Schema) {
        match &effect.effect {
            DdlEffect::DropTable => self.dropped_by = Some(effect.statement.clone()),
            DdlEffect::RenameTable(to) => self.name.clone_from(to),
            DdlEffect::DropColumn(column) => {
                self.column_drops.push(effect.statement.clone());
                self.drop_column(before, column);
            }
            DdlEffect::RenameColumn(from, to) => self.rename_column(before, from, to),
            DdlEffect::AddConstrainedColumn
            | DdlEffect::ChangeRows
            | DdlEffect::CopyColumns(_)
            | DdlEffect::CopyByPosition(_)
            | DdlEffect::DropAttached
            | DdlEffect::DropView => {}
        }
    }

    fn rename_column(&mut self, before: &Schema, from: &str, to: &str) {
        let columns = before.columns(&self.origin).unwrap_or_default();
        let mut columns = columns.into_iter();
        let is_renamed = |column: &&str| self.current_name(column).eq_ignore_ascii_case(from);
        if let Some(origin) = columns.find(is_renamed) {
            let origin = origin.to_ascii_lowercase();
            self.renamed_columns.insert(origin, to.to_owned());
        }
    }

    fn drop_column(&mut self, before: &Schema, name: &str) {
        let columns = before.columns(&self.origin).unwrap_or_default();
        let is_dropped = |column: &&str| self.current_name(column).eq_ignore_ascii_case(name);
        let mut columns = columns
            .into_iter()
            .filter(|column| !self.is_dropped(column));
        if let Some(origin) = columns.find(is_dropped) {
            self.dropped_columns.push(origin.to_ascii_lowercase());
        }
    }

    /// Returns `true` if a `DROP COLUMN` drops the column. `column` is the name before the script.
    fn is_dropped(&self, column: &str) -> bool {
        let mut dropped = self.dropped_columns.iter();
        dropped.any(|name| name.eq_ignore_ascii_case(column))
    }

    /// Returns the current name of a column. `column` is the name before the script.
    fn current_name<'n>(&'n self, column: &'n str) -> &'n str {
        let renamed = self.renamed_columns.get(&column.to_ascii_lowercase());
        renamed.map_or(column, String::as_str)
    }

    /// Returns the statement that drops a column. `column` is the name before the script.
    fn drop_of_column(&self, column: &str) -> Option<&Statement<'s>> {
        let name = self.current_name(column);
        let mut drops = self.column_drops.iter().rev();
        let dropped_by = drops.find(|drop| offset_of_name(name, drop.sql()).is_some());
        dropped_by.or(self.column_drops.last())
    }

    /// Returns the name of the table in the schema after the script, or of the table that
    /// replaces it.
    fn replacement(&self, after: &Schema) -> Option<String> {
        let mut names = self.later_names().into_iter();
        names.find(|name| after.columns(name).is_some())
    }

    fn later_names(&self) -> Vec<String> {
        if self.dropped_by.is_none() {
            return vec![self.name.clone()];
        }
        // The replacement usually has the original name, even if a rename precedes the drop.
        vec![self.origin.clone(), self.name.clone()]
    }
}
