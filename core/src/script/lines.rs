//! Lines that the shell of SQLite takes for the end of a statement.

use crate::diagnostics::snippet::line_start;
use crate::sql::tokenizer::each_token;

/// Returns the statement with a comment before each `/` and `go` that begins a line.
///
/// As in Oracle and SQL Server, the shell ends a statement at a line that has only `/` or `go`.
/// Inside a string or a comment, the shell does not.
pub(super) fn without_terminators(sql: &str) -> String {
    let mut safe = String::with_capacity(sql.len());
    let mut end = 0;
    for token in each_token(sql) {
        let start = token.span.start;
        let is_first = || sql[line_start(sql, start)..start].trim().is_empty();
        if (token.is_mark(sql, "/") || token.is_word(sql, "go")) && is_first() {
            safe += &sql[end..start];
            safe += "/**/ ";
            end = start;
        }
    }
    safe + &sql[end..]
}
