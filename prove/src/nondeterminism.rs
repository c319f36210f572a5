//! The functions whose results differ from run to run.

use revchain_core::Revision;
use revchain_core::sql::tokenizer::{Kind, tokens, unquote};

/// The keywords that are the current time.
pub(crate) const KEYWORDS: &str = "current_date current_time current_timestamp";

/// The functions of dates and times, which can read the clock.
pub(crate) const DATES: &str = "date time datetime julianday unixepoch strftime timediff";

/// The functions of random numbers.
pub(crate) const CHANCE: &str = "random randomblob";

/// The functions whose result depends on the SQLite library.
pub(crate) const LIBRARY: &str = "
    sqlite_version sqlite_source_id sqlite_compileoption_get sqlite_compileoption_used
    fts5_source_id";

/// The functions whose result depends on what the connection has done before.
pub(crate) const CONNECTION: &str = "changes total_changes last_insert_rowid";

/// Returns `true` if a nondeterministic function is named anywhere in the upgrade.
pub(crate) fn is_nondeterministic(revision: &Revision) -> bool {
    names_nondeterministic(revision.upgrade().sql())
}

/// Returns `true` if a nondeterministic function is named anywhere in SQL.
pub(crate) fn names_nondeterministic(sql: &str) -> bool {
    tokens(sql).iter().any(|token| {
        let word = unquote(token.text(sql)).to_ascii_lowercase();
        let mut lists = [KEYWORDS, DATES, CHANCE, LIBRARY].into_iter();
        // The result of most pragma functions depends on the connection or on the SQLite library.
        matches!(token.kind, Kind::Word | Kind::QuotedWord)
            && (word.starts_with("pragma_") || lists.any(|list| contains(list, &word)))
    })
}

/// Returns `true` if a list of words, separated by spaces, contains a word.
pub(crate) fn contains(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|other| other == word)
}
