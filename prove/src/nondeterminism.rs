//! The functions whose results differ from run to run.

use revchain_core::Revision;
use revchain_core::sql::tokenizer::{Kind, tokens, unquote};

/// The functions and keywords whose result depends on the time, on random numbers, or on the SQLite
/// library.
const NONDETERMINISTIC_FUNCTIONS: &str = "
    random randomblob
    current_date current_time current_timestamp
    date time datetime julianday unixepoch strftime timediff
    sqlite_version sqlite_source_id sqlite_compileoption_get sqlite_compileoption_used
    fts5_source_id";

/// Returns `true` if a nondeterministic function is named anywhere in the upgrade.
pub(crate) fn is_nondeterministic(revision: &Revision) -> bool {
    let sql = revision.upgrade().sql();
    tokens(sql).iter().any(|token| {
        let word = unquote(token.text(sql)).to_ascii_lowercase();
        let mut functions = NONDETERMINISTIC_FUNCTIONS.split_whitespace();
        // The result of most pragma functions depends on the connection or on the SQLite library.
        matches!(token.kind, Kind::Word | Kind::QuotedWord)
            && (word.starts_with("pragma_") || functions.any(|function| function == word))
    })
}
