//! INSERTs that omit a column which is NOT NULL and has no default.

use revchain_core::query::{Query, Source};
use revchain_core::schema::quote;
use revchain_core::{Defect, DefectKind};

use super::database::QueryDatabase;

/// Returns the defect of an INSERT that omits a needed column.
pub(super) fn check(database: &mut QueryDatabase, query: &Query<'_>) -> Option<Defect> {
    let insert = query.insert()?;
    let is_default = matches!(insert.source, Source::Default);
    // `OR IGNORE` skips the row. `OR REPLACE` needs a default, as a plain INSERT does.
    if insert.conflict.as_deref() == Some("IGNORE") || (insert.columns.is_none() && !is_default) {
        return None;
    }
    let table = database.table(&insert.target.name)?;
    if !table.is_ordinary || table.has_trigger_before {
        return None;
    }
    let given = insert.columns.unwrap_or_default();
    let is_given = |name: &str| {
        given
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    };
    let needed = table.columns.iter().filter(|column| column.needs_value);
    let missing: Vec<String> = needed
        .filter(|column| !is_given(&column.name))
        .map(|column| quote(&column.name))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let list = missing.join("`, `");
    let (noun, verb) = if missing.len() == 1 {
        ("column", "is")
    } else {
        ("columns", "are")
    };
    let name = &insert.target.name;
    let title = format!("the INSERT into `{name}` omits `{list}`");
    let defect = query.defect(DefectKind::MissingValue, title, insert.span);
    Some(
        defect
            .details(format!("the {noun} {verb} NOT NULL and without a default"))
            .help(format!(
                "give the {noun} a value: add `{}` to the column list",
                missing.join(", ")
            )),
    )
}
