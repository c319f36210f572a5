//! The `@assumes` of a revision: the conditions that a trial can use, and their defects.

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::schema::quote;
use revchain_core::{Assumes, Defect, DefectKind, Revision};

use super::failing_rows::Assumption;
use super::subject::Subject;
use crate::diagnostics::location::at_directive;
use crate::diagnostics::suggest_or;

/// A condition that the sample rows can satisfy, and its number among those of the revision.
pub(super) struct Assumed<'a> {
    pub(super) index: usize,
    pub(super) assumes: &'a Assumes,
}

/// Returns the conditions on tables and columns that exist before the upgrade, and the defects of
/// the others.
///
/// Skips tables that another defect affects.
/// An index on a missing column is an index on a string, so it would allow only one row.
pub(super) fn assumed<'a>(subject: &Subject<'a>) -> (Vec<Assumed<'a>>, Vec<Defect>) {
    let (mut known, mut defects) = (Vec::new(), Vec::new());
    for (index, assumes) in subject.revision.assumes().iter().enumerate() {
        let is_tainted = subject
            .tainted_names
            .contains(&assumes.table.to_ascii_lowercase());
        // Another defect affects the table, so nothing is known about its columns and rows.
        if is_tainted {
            continue;
        }
        match missing_name(subject, assumes) {
            None => known.push(Assumed { index, assumes }),
            Some((problem, meant)) => {
                defects.push(assumes_nothing(subject, index, (&problem, meant)));
            }
        }
    }
    (known, defects)
}

/// Returns a sentence about the name that does not exist, and the name that the user meant.
fn missing_name(subject: &Subject<'_>, assumes: &Assumes) -> Option<(String, Option<String>)> {
    let (id, schema) = (subject.revision.id(), subject.schema);
    let table = &*assumes.table;
    let Some(columns) = schema.columns(table) else {
        let problem = format!("there is no such table before {id}");
        return Some((problem, did_you_mean(table, schema.tables()).map(quote)));
    };
    let is_missing = |name: &&str| {
        let mut columns = columns.iter();
        !columns.any(|column| column.eq_ignore_ascii_case(name))
    };
    let mut names = assumes.columns.iter().map(|name| &**name);
    let name = names.find(is_missing)?;
    let problem = format!("the table `{table}` has no column `{name}` before {id}");
    Some((problem, did_you_mean(name, columns.into_iter()).map(quote)))
}

/// Describes an `@assumes` without which the upgrade accepts the same rows.
pub(super) fn needless(subject: &Subject<'_>, index: usize) -> Defect {
    let id = subject.revision.id();
    let problem = format!("the upgrade of {id} accepts all rows without it");
    assumes_nothing(subject, index, (&problem, None))
}

fn assumes_nothing(
    subject: &Subject<'_>,
    index: usize,
    (problem, meant): (&str, Option<String>),
) -> Defect {
    let assumption = Assumption::of(&subject.revision.assumes()[index]);
    let title = format!("`@assumes {assumption}`: {problem}");
    let help = suggest_or(meant.as_deref(), "remove the line");
    let defect = Defect::new(DefectKind::AssumesNothing, title).help(help);
    at_directive(defect, subject.revision, subject.source, "assumes", index)
}

/// Returns the note that no sample row satisfies an `@assumes`.
pub(super) fn no_assumed_rows(revision: &Revision, assumes: &Assumes) -> String {
    let id = revision.id();
    let assumption = Assumption::of(assumes);
    format!(
        "{id}: no sample row satisfies `@assumes {assumption}`, so the revision was not checked with rows"
    )
}
