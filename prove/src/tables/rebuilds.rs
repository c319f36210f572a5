//! The rebuilds of a script: another table takes the name of a table.

use std::collections::BTreeMap;

use revchain_core::schema::Schema;
use revchain_core::sql::inspect::{created_name, named_objects, starts_with_one_of};
use revchain_core::{Script, Statement};

use super::effect::DdlEffect;
use super::{TableTracker, TrackedTable};

/// A table of the schema before a script, and the table that takes its place.
pub(crate) struct Rebuild<'s> {
    /// The name of the old table before the script.
    pub(crate) old: String,
    /// The name of the new table after the script.
    pub(crate) new: String,
    /// The new name of each column that stays, by its lowercase old name.
    pub(crate) columns: BTreeMap<String, String>,
    /// The statement that creates the new table, or that renames a table of the schema before.
    pub(crate) statement: Statement<'s>,
}

impl<'s> TableTracker<'s> {
    /// Returns the rebuilds of a script.
    pub(crate) fn rebuilds(
        &self,
        script: &'s Script,
        before: &Schema,
        after: &Schema,
    ) -> Vec<Rebuild<'s>> {
        let tables = self.track(before);
        let mut rebuilds = Vec::new();
        for table in &tables {
            let Some(new) = replacement(table, &tables, after) else {
                continue;
            };
            let Some(statement) = origin(script, &new) else {
                continue;
            };
            rebuilds.push(Rebuild {
                old: table.origin.clone(),
                columns: self.columns_that_stay(table, before, after, &new),
                new,
                statement,
            });
        }
        rebuilds
    }

    fn columns_that_stay(
        &self,
        table: &TrackedTable<'s>,
        before: &Schema,
        after: &Schema,
        new: &str,
    ) -> BTreeMap<String, String> {
        let old_columns = before.columns(&table.origin).unwrap_or_default();
        let new_columns = after.columns(new).unwrap_or_default();
        let find = |columns: &[&str], name: &str| {
            let mut columns = columns.iter();
            let found = columns.find(|column| column.eq_ignore_ascii_case(name))?;
            Some((*found).to_owned())
        };
        let mut columns = BTreeMap::new();
        for column in &old_columns {
            let found = find(&new_columns, table.current_name(column));
            let copied = || {
                let mut targets = self.targets_of(table.current_name(column), &new_columns);
                targets.retain(|target| find(&old_columns, target).is_none());
                targets.pop()
            };
            let found = found.or_else(|| find(&new_columns, column)).or_else(copied);
            if let Some(found) = found.filter(|_| !table.is_dropped(column)) {
                columns.insert(column.to_ascii_lowercase(), found);
            }
        }
        columns
    }

    /// Returns the columns of `new_columns` into which an `INSERT … SELECT` copies a column.
    fn targets_of(&self, column: &str, new_columns: &[&str]) -> Vec<String> {
        let mut targets = Vec::new();
        for effect in &self.effects {
            match &effect.effect {
                DdlEffect::CopyColumns(pairs) => {
                    let pairs = pairs.iter();
                    let to = pairs.filter(|(_, from)| from.eq_ignore_ascii_case(column));
                    targets.extend(to.map(|(to, _)| to.clone()));
                }
                DdlEffect::CopyByPosition(sources) if sources.len() == new_columns.len() => {
                    let pairs = sources.iter().zip(new_columns);
                    let is_source = |name: &Option<String>| {
                        name.as_ref()
                            .is_some_and(|name| name.eq_ignore_ascii_case(column))
                    };
                    let to = pairs.filter(|(source, _)| is_source(source));
                    targets.extend(to.map(|(_, to)| (*to).to_owned()));
                }
                _ => {}
            }
        }
        targets.retain(|target| {
            let mut columns = new_columns.iter();
            columns.any(|name| name.eq_ignore_ascii_case(target))
        });
        targets
    }
}

/// Returns the name of the table that takes the place of a table.
fn replacement(
    table: &TrackedTable<'_>,
    tables: &[TrackedTable<'_>],
    after: &Schema,
) -> Option<String> {
    if table.dropped_by.is_some() {
        return table.replacement(after);
    }
    // The old table may stay under another name.
    let is_renamed = !table.name.eq_ignore_ascii_case(&table.origin);
    let is_free = !tables
        .iter()
        .any(|other| other.dropped_by.is_none() && other.name.eq_ignore_ascii_case(&table.origin));
    if is_renamed && is_free && after.table_name(&table.origin).is_some() {
        return Some(table.origin.clone());
    }
    None
}

/// Returns the statement that creates a table, or else the first statement that renames it.
fn origin<'s>(script: &'s Script, table: &str) -> Option<Statement<'s>> {
    let mut name = table.to_owned();
    let mut origin = None;
    let statements: Vec<Statement<'s>> = script.statements().collect();
    for statement in statements.into_iter().rev() {
        let sql = statement.sql();
        if created_name(sql).is_none_or(|created| !created.eq_ignore_ascii_case(&name)) {
            continue;
        }
        if !starts_with_one_of(sql, &["ALTER"]) {
            return Some(statement);
        }
        name = named_objects(sql).into_iter().next()?;
        origin = Some(statement);
    }
    origin
}
