//! SQL in normal form: no comments, uniform white space, no needless quotes, uppercase keywords.

use crate::sql::keywords::{self, BEFORE_NAME};
use crate::sql::tokenizer::{Kind, Token, each_token, unquote};

/// A function that returns `true` if a word in double quotes is a string, `false` if it is a name.
///
/// SQLite reads the word as a string if no column has that name.
pub(super) type IsString<'a> = &'a dyn Fn(&str) -> bool;

/// Treats every word in double quotes as a name.
pub(super) const ALL_NAMES: IsString<'static> = &|_| false;

/// Treats every word in double quotes as a string.
pub(super) const ALL_STRINGS: IsString<'static> = &|_| true;

/// Returns the text of `tokens` in normal form. The tokens must not contain comments.
///
/// Calls `is_string` for each word in double quotes for which [`can_be_string`] returns `true`.
pub(super) fn render(sql: &str, tokens: &[Token], is_string: IsString<'_>) -> String {
    let mut text = String::new();
    // `true` after the name of a function or a type, so that no space precedes `(`.
    let mut is_callable = false;
    // `true` at the start and after `(` or `.`, so that no space precedes the next token.
    let mut is_open = true;
    for (index, token) in tokens.iter().enumerate() {
        let written = token.text(sql);
        let is_close = matches!(written, ")" | "," | "." | ";") || written == "(" && is_callable;
        if !is_open && !is_close {
            text.push(' ');
        }
        let is_keyword = token.kind == Kind::Word && keywords::is_keyword(written);
        let rendered = match token.kind {
            Kind::Word if is_keyword => written.to_ascii_uppercase(),
            Kind::QuotedWord => {
                let name = unquote(written);
                let is_string = can_be_string(sql, tokens, index) && is_string(&name);
                if is_string {
                    string(&name)
                } else {
                    quote(&name)
                }
            }
            Kind::Blob => format!("x{}", written[1..].to_ascii_uppercase()),
            Kind::Number => written.to_ascii_lowercase().replace('_', ""),
            _ => written.to_owned(),
        };
        text += &rendered;
        is_open = matches!(written, "(" | ".");
        is_callable = match token.kind {
            Kind::Word => !is_keyword,
            Kind::QuotedWord => !rendered.starts_with('\'') && !keywords::is_keyword(&rendered),
            _ => false,
        };
    }
    text
}

/// Returns `true` if a word is in double quotes and the tokens around it allow a string.
pub(super) fn can_be_string(sql: &str, tokens: &[Token], index: usize) -> bool {
    let (before, next) = (tokens[..index].last(), tokens.get(index + 1));
    tokens[index].text(sql).starts_with('"')
        && !next.is_some_and(|next| next.is_mark(sql, ".") || next.is_mark(sql, "("))
        && !before
            .is_some_and(|before| before.is_mark(sql, ".") || before.is_one_of(sql, &BEFORE_NAME))
}

/// Returns a name as SQL, in double quotes if SQL requires quotes.
pub fn quote(name: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
    let is_plain = !name.is_empty()
        && name.chars().all(is_letter)
        && !name.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    if is_plain && !keywords::is_reserved(name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Returns a string literal.
pub(crate) fn string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns a name in lowercase. SQLite compares names without regard to ASCII case.
pub(super) fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Returns SQL in lowercase, except for strings and blobs.
///
/// SQLite ignores the case of all other tokens, so equal results mean the same to SQLite.
pub(super) fn fold(text: &str) -> String {
    let mut folded = text.to_ascii_lowercase();
    let keeps_case = |token: &Token| matches!(token.kind, Kind::String | Kind::Blob);
    for token in each_token(text).filter(keeps_case) {
        folded.replace_range(token.span.clone(), token.text(text));
    }
    folded
}
