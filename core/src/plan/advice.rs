//! Words that the sentences of several conflicts share.

use crate::diagnostics::escape::escape;
use crate::schema::Diff;

/// The largest number of names that a sentence lists.
pub(super) const MAX_NAMES: usize = 3;

pub(super) const IGNORE: &str =
    "exclude tables of another program: .ignore_tables([…]) or --ignore-tables";
pub(super) const NAME_A_CHAIN: &str = "give at least one of two chains in one file a name: \
                            embed_migrations!(\"…\", name = \"…\")";
pub(super) const RIGHT_FILE: &str = "check that this is the right file for this program";

/// Returns the first names, escaped, and the number of all names if there are more.
pub(super) fn few(names: &[String]) -> String {
    let shown = escape(&names[..names.len().min(MAX_NAMES)].join(", "));
    match names.len() {
        count if count > MAX_NAMES => format!("{shown}, … {count} in all"),
        _ => shown,
    }
}

/// Returns the statements that undo all differences, escaped.
///
/// Returns `None` if there are too many for a sentence, or if a row could be lost.
pub(super) fn undo_statements(diff: &Diff) -> Option<String> {
    let undo = diff.undo()?;
    let is_short = (1..=MAX_NAMES).contains(&undo.len());
    is_short.then(|| escape(&undo.join(" ")))
}
