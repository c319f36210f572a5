//! The check of `@loosens`: a rebuild keeps each constraint, unless the revision says otherwise.

use revchain_core::Defect;
use revchain_core::load::SourceInfo;
use revchain_core::model::declarations::{Loosens, LoosensKind};
use revchain_core::schema::{LostConstraint, lost_constraints};

use crate::diagnostics::loosened as texts;
use crate::tables::{DdlEffect, Loosened, Rebuild, TableTracker, is_recreated};
use crate::upgrade::Upgrade;

/// The kinds of constraints that belong to one column alone.
const OF_COLUMNS: [LoosensKind; 4] = [
    LoosensKind::NotNull,
    LoosensKind::Default,
    LoosensKind::Collate,
    LoosensKind::Generated,
];

/// Returns the defects of an upgrade: differences between its `@loosens` and its effects.
pub(crate) fn check(upgrade: &Upgrade<'_>) -> Vec<Defect> {
    let script = upgrade.revision.upgrade();
    let tracker = TableTracker::new(script);
    let mut defects = Vec::new();
    let mut all = Vec::new();
    for rebuild in tracker.rebuilds(script, upgrade.before, upgrade.after) {
        let found = loosened(&tracker, upgrade, &rebuild);
        let is_tainted = upgrade.is_tainted(&rebuild.old) || upgrade.is_tainted(&rebuild.new);
        for loosened in &found {
            if !is_tainted && !is_declared(upgrade.source, loosened) {
                defects.push(texts::loosened(
                    upgrade.revision,
                    &rebuild.statement,
                    loosened,
                ));
            }
        }
        all.extend(found);
    }
    let (declared, undeclared): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|loosened| is_declared(upgrade.source, loosened));
    for (index, declaration) in upgrade.source.loosens.iter().enumerate() {
        let is_loosened = declared
            .iter()
            .any(|loosened| covers(declaration, loosened));
        if !is_loosened && !upgrade.is_tainted(&declaration.table) {
            defects.push(texts::loosens_nothing(
                upgrade.revision,
                upgrade.source,
                index,
                upgrade.before,
                &undeclared,
            ));
        }
    }
    defects
}

fn loosened(
    tracker: &TableTracker<'_>,
    upgrade: &Upgrade<'_>,
    rebuild: &Rebuild<'_>,
) -> Vec<Loosened> {
    let rebuilt = rebuild.rebuilt(upgrade.before, upgrade.after);
    let mut lost = lost_constraints(&rebuilt);
    let (old, new) = (
        upgrade.before.attached(&rebuild.old),
        upgrade.after.attached(&rebuild.new),
    );
    for index in old.iter().filter(|object| object.is_unique) {
        let comes_back = new
            .iter()
            .any(|object| object.name.eq_ignore_ascii_case(index.name));
        let is_dropped = tracker.has_effect(&DdlEffect::DropAttached, index.name);
        let is_replaced = !is_dropped && is_recreated(*index, &old, &new);
        // The check of `forgotten` reports an index that nothing replaces.
        if comes_back || is_replaced {
            lost.extend(rebuilt.lost_unique_index(index.name));
        }
    }
    merge(&rebuild.old, lost)
}

/// Merges the constraints that the same directive declares.
fn merge(table: &str, lost: Vec<LostConstraint>) -> Vec<Loosened> {
    let mut merged: Vec<Loosened> = Vec::new();
    for LostConstraint {
        columns,
        kind,
        text,
    } in lost
    {
        let known = merged.iter_mut().find(|other| {
            let is_same = other.columns == columns;
            let is_of_table = other.column().is_none() && columns.len() != 1;
            other.kind == kind && (is_same || is_of_table)
        });
        match known {
            Some(known) => known.texts.push(text),
            None => merged.push(Loosened {
                table: table.to_owned(),
                kind,
                columns,
                texts: vec![text],
            }),
        }
    }
    merged
}

fn is_declared(source: &SourceInfo, loosened: &Loosened) -> bool {
    let mut declarations = source.loosens.iter();
    declarations.any(|declared| covers(declared, loosened))
}

/// Returns `true` if a `@loosens` declares the loss.
///
/// A `@loosens` of a table declares all constraints of the kind that can have several columns.
fn covers(declared: &Loosens, loosened: &Loosened) -> bool {
    let names_it = match &declared.column {
        Some(column) => {
            let mut columns = loosened.columns.iter();
            columns.any(|name| name.eq_ignore_ascii_case(column))
        }
        None => !OF_COLUMNS.contains(&loosened.kind),
    };
    names_it
        && declared.kind == loosened.kind
        && declared.table.eq_ignore_ascii_case(&loosened.table)
}
