//! The indexes, triggers and views that a rebuild drops and does not create again.

use revchain_core::Statement;
use revchain_core::schema::{Attached, Rebuilt, Schema};
use revchain_core::sql::inspect::{names_object, offset_of_name};
use revchain_core::sql::tokenizer::unquote;

use super::TableTracker;
use super::effect::DdlEffect;
use super::rebuilds::Rebuild;

/// An object that a script drops by the way, and does not create again.
pub(crate) struct Forgotten<'s> {
    /// `index`, `trigger` or `view`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) loss: ForgottenLoss,
    /// The table that the script rebuilds, or the view that it makes anew.
    pub(crate) table: String,
    /// The statement that drops the table or the view.
    pub(crate) statement: Statement<'s>,
}

/// The loss of an object.
#[derive(PartialEq)]
pub(crate) enum ForgottenLoss {
    /// The index or trigger was on a table that the script rebuilds.
    OnTable,
    /// The trigger was on a view that the script makes anew.
    OnView,
    /// The view reads a table that the script rebuilds.
    View,
    /// The index comes back without this WHERE clause.
    Filter(String),
}

impl<'s> TableTracker<'s> {
    /// Returns the objects that the script drops by the way and does not create again.
    pub(crate) fn forgotten(
        &self,
        rebuilds: &[Rebuild<'s>],
        before: &'s Schema,
        after: &Schema,
    ) -> Vec<Forgotten<'s>> {
        let mut forgotten = Vec::new();
        // An object that uses a destroyed column cannot be created again.
        let destroyed: Vec<String> = self
            .destroyed(before, after)
            .into_iter()
            .filter_map(|destroyed| destroyed.column)
            .collect();
        let uses_destroyed = |sql: &str| destroyed.iter().any(|column| has_word(sql, column));
        for table in self.track(before) {
            let Some(statement) = &table.dropped_by else {
                continue;
            };
            let mut rebuilds = rebuilds.iter();
            let is_old = |rebuild: &&Rebuild<'_>| rebuild.old == table.origin;
            let Some(rebuild) = rebuilds.find(is_old) else {
                continue;
            };
            let objects = self.forgotten_on_table(rebuild, before, after);
            let objects = objects
                .into_iter()
                .filter(|(object, _)| !uses_destroyed(object.definition));
            forgotten.extend(objects.map(|(object, loss)| Forgotten {
                kind: object.kind,
                name: object.name.to_owned(),
                loss,
                table: table.origin.clone(),
                statement: statement.clone(),
            }));
        }
        let mut lost = self.forgotten_views(rebuilds, before, after);
        lost.extend(self.forgotten_on_views(before, after));
        lost.retain(|(sql, _)| !uses_destroyed(sql));
        forgotten.extend(lost.into_iter().map(|(_, forgotten)| forgotten));
        forgotten
    }

    fn forgotten_on_table(
        &self,
        rebuild: &Rebuild<'_>,
        before: &'s Schema,
        after: &Schema,
    ) -> Vec<(Attached<'s>, ForgottenLoss)> {
        let old = before.attached(&rebuild.old);
        let new = after.attached(&rebuild.new);
        let rebuilt = rebuild.rebuilt(before, after);
        let mut forgotten = Vec::new();
        for &object in &old {
            if self.has_effect(&DdlEffect::DropAttached, object.name) {
                continue;
            }
            if let Some(filter) = rebuilt.lost_filter(object.name) {
                forgotten.push((object, ForgottenLoss::Filter(filter)));
            }
            let is_implied = object.kind == "index"
                && if object.is_unique {
                    rebuilt.lost_unique_index(object.name).is_none()
                } else {
                    rebuilt.has_key_for_index(object.name)
                };
            if !is_implied && !is_recreated(object, &old, &new) {
                forgotten.push((object, ForgottenLoss::OnTable));
            }
        }
        forgotten
    }

    /// Returns the dropped views that read a table which the script rebuilds, with their SQL.
    fn forgotten_views(
        &self,
        rebuilds: &[Rebuild<'s>],
        before: &'s Schema,
        after: &Schema,
    ) -> Vec<(&'s str, Forgotten<'s>)> {
        let mut forgotten = Vec::new();
        for (name, sql) in before.views() {
            let Some(statement) = self.drop_of_view(name) else {
                continue;
            };
            let mut rebuilds = rebuilds.iter();
            let rebuild = rebuilds.find(|rebuild| names_object(sql, &rebuild.old));
            if let (Some(rebuild), true) = (rebuild, after.view(name).is_none()) {
                let view = Forgotten {
                    kind: "view",
                    name: name.to_owned(),
                    loss: ForgottenLoss::View,
                    table: rebuild.old.clone(),
                    statement,
                };
                forgotten.push((sql, view));
            }
        }
        forgotten
    }

    /// Returns the triggers of views that the script makes anew, with their SQL.
    fn forgotten_on_views(
        &self,
        before: &'s Schema,
        after: &Schema,
    ) -> Vec<(&'s str, Forgotten<'s>)> {
        let mut forgotten = Vec::new();
        for (view, _) in before.views() {
            let Some(statement) = self.drop_of_view(view) else {
                continue;
            };
            if after.view(view).is_none() {
                continue;
            }
            let (old, new) = (before.attached(view), after.attached(view));
            for &object in &old {
                let is_dropped = self.has_effect(&DdlEffect::DropAttached, object.name);
                if !is_dropped && !is_recreated(object, &old, &new) {
                    let trigger = Forgotten {
                        kind: object.kind,
                        name: object.name.to_owned(),
                        loss: ForgottenLoss::OnView,
                        table: view.to_owned(),
                        statement: statement.clone(),
                    };
                    forgotten.push((object.definition, trigger));
                }
            }
        }
        forgotten
    }

    /// Returns the statement that drops a view.
    fn drop_of_view(&self, name: &str) -> Option<Statement<'s>> {
        let mut effects = self.effects.iter();
        let drop = effects.find(|effect| {
            effect.effect == DdlEffect::DropView && effect.name.eq_ignore_ascii_case(name)
        })?;
        Some(drop.statement.clone())
    }
}

impl Rebuild<'_> {
    /// Returns the rebuild with the schemas before and after it.
    pub(crate) fn rebuilt<'r>(&'r self, before: &'r Schema, after: &'r Schema) -> Rebuilt<'r> {
        Rebuilt {
            before,
            after,
            old: &self.old,
            new: &self.new,
            columns: self.columns.clone(),
        }
    }
}

/// Returns `true` if the new table has an object that replaces `object`:
///
/// - an object with the same name,
/// - an object with the same definition,
/// - a new index that contains the first column of `object`.
pub(crate) fn is_recreated(
    object: Attached<'_>,
    old: &[Attached<'_>],
    new: &[Attached<'_>],
) -> bool {
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

/// Returns the column list of an index. `definition` is the normal form of the index.
fn index_columns(definition: &str) -> &str {
    let list = definition.split_once('(').map_or("", |(_, rest)| rest);
    list.rsplit_once(')').map_or(list, |(list, _)| list)
}

/// Returns `true` if the SQL contains the word, with or without quotes.
fn has_word(sql: &str, word: &str) -> bool {
    offset_of_name(&unquote(word), sql).is_some()
}
