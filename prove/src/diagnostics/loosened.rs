//! The texts about constraints that a rebuild loses.

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::load::SourceInfo;
use revchain_core::model::declarations::LoosensKind;
use revchain_core::schema::Schema;
use revchain_core::{Defect, DefectKind, Revision, Statement};

use super::location::{at_directive, at_statement};
use super::{full_name, suggest_or};
use crate::script_run::ScriptRun;
use crate::tables::{Loosened, contains};

/// Describes the constraints of one kind that a rebuild loses.
pub(crate) fn loosened(
    revision: &Revision,
    statement: &Statement<'_>,
    loosened: &Loosened,
) -> Defect {
    let run = ScriptRun::upgrade(revision);
    let table = full_name(&loosened.table, None);
    let texts = loosened.texts.join(", ");
    let constraint = match loosened.column() {
        Some(column) => format!("`{texts}` of its column `{column}`"),
        None => format!("its `{texts}`"),
    };
    let title = format!("{run} rebuilds `{table}` without {constraint}");
    let help = format!(
        "give the new table the same constraint\n\
         or, if this is intended, declare it in the header: `-- @loosens {} REASON`",
        declaration(loosened)
    );
    let defect = Defect::new(DefectKind::LoosenedInRebuild, title).help(help);
    at_statement(defect, run, Some(statement.clone()))
}

/// Describes a `@loosens` that names no constraint which the upgrade loses.
///
/// `lost` are the constraints that the upgrade loses and no `@loosens` names.
pub(crate) fn loosens_nothing(
    revision: &Revision,
    source: &SourceInfo,
    index: usize,
    before: &Schema,
    lost: &[Loosened],
) -> Defect {
    let declared = &source.loosens[index];
    let id = revision.id();
    let table = &*declared.table;
    let name = full_name(table, declared.column.as_deref());
    let kind = declared.kind.name();
    let problem = match (before.columns(table), declared.column.as_deref()) {
        (None, _) => format!("there is no such table before {id}"),
        (Some(columns), Some(column)) if !contains(&columns, column) => {
            format!("the table `{table}` has no such column before {id}")
        }
        _ => nothing(declared.kind, id),
    };
    // The next build accepts only the name of a constraint that the upgrade loses.
    let lost: Vec<String> = lost.iter().map(declaration).collect();
    let written = format!("{name} {kind}");
    let meant = did_you_mean(&written, lost.iter().map(String::as_str));
    let title = format!("`@loosens {name} {kind}`: {problem}");
    let help = suggest_or(meant, "remove the line");
    let defect = Defect::new(DefectKind::LoosensNothing, title).help(help);
    at_directive(defect, revision, source, "loosens", index)
}

/// Returns the arguments of the `@loosens` that declares the loss, without the reason.
fn declaration(loosened: &Loosened) -> String {
    let name = full_name(&loosened.table, loosened.column());
    format!("{name} {}", loosened.kind.name())
}

fn nothing(kind: LoosensKind, id: &str) -> String {
    let constraint = match kind {
        LoosensKind::Key => "primary key",
        LoosensKind::Unique => "UNIQUE",
        LoosensKind::Check => "CHECK",
        LoosensKind::NotNull => "NOT NULL",
        LoosensKind::Default => "DEFAULT",
        LoosensKind::Collate => "COLLATE",
        LoosensKind::References => "foreign key or action",
        LoosensKind::Autoincrement => "AUTOINCREMENT",
        LoosensKind::Strict => "STRICT",
        LoosensKind::Generated => "generated expression",
    };
    format!("no rebuild in {id} loses such a {constraint}")
}
