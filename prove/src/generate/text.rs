//! Changes to the text of a CREATE statement, as SQLite stores it.

use revchain_core::schema::quote;
use revchain_core::sql::tokenizer::{Kind, Token, statements, tokens, unquote};

/// Returns a statement without the comments around it, so that a semicolon can follow.
pub(super) fn trimmed(sql: &str) -> &str {
    let tokens = tokens(sql);
    let statement = statements(sql, &tokens).into_iter().next();
    let ends = statement.and_then(|statement| Some((statement.first()?, statement.last()?)));
    ends.map_or(sql, |(first, last)| &sql[first.span.start..last.span.end])
}

/// Returns the CREATE TABLE statement of a table under another name.
///
/// Expressions that name the table before a column get the new name, too.
/// Foreign keys keep the old name, which the new table has in the end.
pub(super) fn with_table_name(sql: &str, name: &str) -> String {
    let all = tokens(sql);
    let code: Vec<&Token> = all.iter().filter(|token| !token.is_comment()).collect();
    let Some(at) = code.iter().position(|token| token.is_word(sql, "TABLE")) else {
        return sql.to_owned();
    };
    let Some(own) = code.get(at + 1) else {
        return sql.to_owned();
    };
    let old = unquote(own.text(sql));
    let is_name = |token: &Token| {
        matches!(token.kind, Kind::Word | Kind::QuotedWord | Kind::String)
            && unquote(token.text(sql)).eq_ignore_ascii_case(&old)
    };
    let mut spans = vec![own.span.clone()];
    for pair in code[at + 2..].windows(3) {
        let [before, token, dot] = pair else { continue };
        if is_name(token) && dot.is_mark(sql, ".") && !before.is_mark(sql, ".") {
            spans.push(token.span.clone());
        }
    }
    let mut renamed = sql.to_owned();
    for span in spans.into_iter().rev() {
        renamed.replace_range(span, &quote(name));
    }
    renamed
}
