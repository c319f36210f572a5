//! The checks of `@destroys` and `@compatible`, which declare how an upgrade changes the schema.

use revchain_core::schema::{Schema, diff};
use revchain_core::{Defect, Destroys, Revision, Statement};

use crate::declared::{is_declared, names};
use crate::diagnostics;
use crate::tables::{DdlEffect, TableTracker, contains};
use crate::unowned_drops::dropped_if_exists;
use crate::upgrade::Upgrade;

/// Returns `true` if [`check`] can find a defect in the upgrade.
///
/// The upgrade has a `@destroys` or `@compatible`, or can drop or rename a table or a column.
pub(crate) fn must_check(revision: &Revision) -> bool {
    revision.is_compatible()
        || !revision.destroys().is_empty()
        || !TableTracker::new(revision.upgrade()).is_harmless()
}

/// Returns the defects of an upgrade: differences between the declarations and the effects.
pub(crate) fn check(upgrade: &Upgrade<'_>) -> Vec<Defect> {
    let Upgrade {
        revision,
        source,
        before,
        after,
        trial,
        ..
    } = *upgrade;
    let tracker = TableTracker::new(revision.upgrade());
    let destroyed = tracker.destroyed(before, after);
    let mut defects = Vec::new();
    for destroyed in &destroyed {
        let (table, column) = (&*destroyed.table, destroyed.column.as_deref());
        let has_arrived = trial.arrived.contains(&key(table, column));
        let is_generated = column.is_some_and(|column| before.is_generated(table, column));
        let is_excused = upgrade.is_tainted(table)
            || is_declared(revision, table, column)
            || destroyed.is_rebuild && is_declared(revision, table, None);
        // A function that has not run may move the values before a later statement drops them.
        let dropped_at = destroyed.statement.as_ref().map(Statement::start);
        let is_excused = is_excused
            || upgrade
                .judged_up_to
                .is_some_and(|code| dropped_at > Some(code));
        if !has_arrived && !is_excused && !is_generated {
            defects.push(diagnostics::undeclared(revision, destroyed));
        }
    }
    let rebuilds = tracker.rebuilds(revision.upgrade(), before, after);
    for forgotten in tracker.forgotten(&rebuilds, before, after) {
        let is_view = forgotten.kind == "view" && is_declared(revision, &forgotten.name, None);
        if !is_view && !upgrade.is_tainted(&forgotten.table) {
            defects.push(diagnostics::forgotten(revision, &forgotten));
        }
    }
    for (index, declared) in revision.destroys().iter().enumerate() {
        let is_destroyed = destroyed
            .iter()
            .any(|destroyed| names(declared, &destroyed.table, destroyed.column.as_deref()));
        let is_lost = trial
            .lost
            .contains(&key(&declared.table, declared.column.as_deref()));
        let may_lose_rows = tracker.has_effect(&DdlEffect::ChangeRows, &declared.table)
            || tracker.has_effect(&DdlEffect::DropTable, &declared.table);
        let is_view = declared.column.is_none() && before.view(&declared.table).is_some();
        let is_destroyed = is_destroyed || is_view && after.view(&declared.table).is_none();
        let may_be_leftover =
            declared.column.is_none() && drops_leftover(revision, &declared.table);
        let is_excused = upgrade.is_tainted(&declared.table)
            || may_be_leftover
            || upgrade.judged_up_to.is_some();
        if !(is_excused || is_destroyed || is_lost || may_lose_rows && exists(declared, before)) {
            defects.push(diagnostics::destroys_nothing(
                revision, source, index, before,
            ));
        }
    }
    let breaking = diff(before, after).breaking();
    let is_tainted = breaking.names().any(|name| upgrade.is_tainted(name));
    if revision.is_compatible() && !breaking.is_empty() && !is_tainted {
        defects.push(diagnostics::incompatible(revision, source, &breaking));
    }
    defects
}

/// Returns the table and the column in lowercase, as the trials record them.
fn key(table: &str, column: Option<&str>) -> (String, Option<String>) {
    let column = column.map(str::to_ascii_lowercase);
    (table.to_ascii_lowercase(), column)
}

/// Returns `true` if the upgrade drops the table or view only if it exists.
fn drops_leftover(revision: &Revision, name: &str) -> bool {
    revision.upgrade().statements().any(|statement| {
        let dropped = dropped_if_exists(statement.sql());
        dropped.is_some_and(|dropped| dropped.eq_ignore_ascii_case(name))
    })
}

fn exists(declared: &Destroys, schema: &Schema) -> bool {
    match (schema.columns(&declared.table), &declared.column) {
        (Some(columns), Some(column)) => contains(&columns, column),
        (columns, _) => columns.is_some(),
    }
}
