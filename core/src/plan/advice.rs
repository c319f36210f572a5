//! Words that the sentences of several conflicts share.

use crate::diagnostics::escape::escape;

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
