//! The tables and columns that `@destroys` declares.

use revchain_core::{Destroys, Revision};

/// Returns `true` if the revision has a `@destroys` with the table or the column.
pub(crate) fn is_declared(revision: &Revision, table: &str, column: Option<&str>) -> bool {
    let mut declarations = revision.destroys().iter();
    declarations.any(|declared| names(declared, table, column))
}

/// Returns `true` if `declared` names exactly this table or column.
pub(crate) fn names(declared: &Destroys, table: &str, column: Option<&str>) -> bool {
    let declared_column = declared.column.as_deref().map(str::to_ascii_lowercase);
    declared_column == column.map(str::to_ascii_lowercase)
        && declared.table.eq_ignore_ascii_case(table)
}
