//! Tables that belong to no schema: those of SQLite and revchain, and shadow tables.

use super::object::Object;
use super::render::lower;
use crate::sql::tokenizer::{tokens, unquote};

const FTS: &[&str] = &["content", "segments", "segdir", "docsize", "stat"];
const RTREE: &[&str] = &["node", "parent", "rowid"];

/// SQLite's own modules. Each has a list of suffixes of its shadow tables `<table>_<suffix>`.
const SHADOWS: &[(&str, &[&str])] = &[
    ("fts5", &["data", "idx", "content", "docsize", "config"]),
    ("fts4", FTS),
    ("fts3", FTS),
    ("rtree", RTREE),
    ("rtree_i32", RTREE),
    ("geopoly", RTREE),
    ("fts5vocab", &[]),
    ("fts4aux", &[]),
    ("fts3tokenize", &[]),
    ("dbstat", &[]),
];

/// Returns the names of the shadow tables of a virtual table.
///
/// Returns no names if the module is not in [`SHADOWS`].
pub(crate) fn shadow_tables(table: &str, module: &str) -> impl Iterator<Item = String> {
    let mut modules = SHADOWS.iter();
    let found = modules.find(|(name, _)| name.eq_ignore_ascii_case(module));
    let suffixes = found.map_or(&[][..], |(_, suffixes)| suffixes);
    suffixes
        .iter()
        .map(move |suffix| format!("{table}_{suffix}"))
}

/// Returns `true` for a table of SQLite itself or of revchain.
pub(super) fn is_bookkeeping(table: &str) -> bool {
    let table = lower(table);
    table.starts_with("sqlite_") || table.starts_with("revchain_")
}

/// Returns `true` if a table is a shadow table `<owner>_<suffix>` of the virtual table `owner`.
///
/// If the module is not in [`SHADOWS`], every suffix counts.
/// SQLite can list the shadow tables only in a program that has registered the module.
pub(super) fn is_shadow(table: &str, owner: &Object) -> bool {
    let (table, prefix) = (lower(table), lower(&owner.name) + "_");
    let Some(suffix) = table.strip_prefix(&prefix) else {
        return false;
    };
    let mut modules = SHADOWS.iter();
    let module = modules.find(|(module, _)| owner.module.as_deref() == Some(*module));
    let Some((_, suffixes)) = module else {
        return true;
    };
    // If `owner` reads from an external table, `<owner>_content` can be that external table.
    let is_external = suffix == "content" && has_external_content(&owner.text);
    suffixes.contains(&suffix) && !is_external
}

/// Returns `true` if a full-text table reads its content from another table.
fn has_external_content(definition: &str) -> bool {
    tokens(definition).windows(3).any(|window| {
        window[0].is_word(definition, "content")
            && window[1].is_mark(definition, "=")
            && !unquote(window[2].text(definition)).is_empty()
    })
}
