//! The checks of `@destroys` and `@compatible`, which declare how an upgrade changes the schema.

use revchain_core::load::SourceInfo;
use revchain_core::schema::{Schema, diff};
use revchain_core::{Defect, Destroys, Revision};

use crate::diagnostics;
use crate::tables::{DdlEffect, TableTracker, contains};

/// Returns `true` if [`check`] can find a defect in the upgrade.
///
/// The upgrade has a `@destroys` or `@compatible`, or can drop or rename a table or a column.
pub(crate) fn must_check(revision: &Revision) -> bool {
    revision.is_compatible()
        || !revision.destroys().is_empty()
        || !TableTracker::new(revision.upgrade()).is_harmless()
}

/// Returns the defects of an upgrade: differences between the declarations and the effects.
///
/// `before` and `after` are the schemas before and after the upgrade.
pub(crate) fn check(
    revision: &Revision,
    source: &SourceInfo,
    before: &Schema,
    after: &Schema,
) -> Vec<Defect> {
    let tracker = TableTracker::new(revision.upgrade());
    let destroyed = tracker.destroyed(before, after);
    let mut defects = Vec::new();
    for destroyed in &destroyed {
        if !is_declared(revision, &destroyed.table, destroyed.column.as_deref()) {
            defects.push(diagnostics::undeclared(revision, destroyed));
        }
    }
    for forgotten in tracker.forgotten(before, after) {
        defects.push(diagnostics::forgotten(revision, &forgotten));
    }
    for (index, declared) in revision.destroys().iter().enumerate() {
        let is_destroyed = destroyed
            .iter()
            .any(|destroyed| names(declared, &destroyed.table, destroyed.column.as_deref()));
        let may_lose_rows = tracker.has_effect(&DdlEffect::ChangeRows, &declared.table)
            || tracker.has_effect(&DdlEffect::DropTable, &declared.table);
        if !(is_destroyed || may_lose_rows && exists(declared, before)) {
            defects.push(diagnostics::destroys_nothing(
                revision, source, index, before,
            ));
        }
    }
    let breaking = diff(before, after).breaking();
    if revision.is_compatible() && !breaking.is_empty() {
        defects.push(diagnostics::incompatible(revision, source, &breaking));
    }
    defects
}

/// Returns `true` if the revision has a `@destroys` with the table or the column.
pub(crate) fn is_declared(revision: &Revision, table: &str, column: Option<&str>) -> bool {
    let mut declarations = revision.destroys().iter();
    declarations.any(|declared| names(declared, table, column))
}

/// Returns `true` if `declared` names exactly this table or column.
fn names(declared: &Destroys, table: &str, column: Option<&str>) -> bool {
    let declared_column = declared.column.as_deref().map(str::to_ascii_lowercase);
    declared_column == column.map(str::to_ascii_lowercase)
        && declared.table.eq_ignore_ascii_case(table)
}

fn exists(declared: &Destroys, schema: &Schema) -> bool {
    match (schema.columns(&declared.table), &declared.column) {
        (Some(columns), Some(column)) => contains(&columns, column),
        (columns, _) => columns.is_some(),
    }
}
