//! The target for the tokenizer.

use revchain_core::sql::tokenizer::{self, Kind, Token};

/// Takes bytes as SQL: its tokens cover the text, and written one a line they stay the same.
pub fn tokens(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let tokens = tokenizer::tokens(&text);
    check_coverage(&text, &tokens);
    check_statements(&text, &tokens);
    let valid = valid_tokens(&text);
    let lines: Vec<&str> = valid.iter().map(|(_, token)| token.as_str()).collect();
    assert_eq!(valid_tokens(&lines.join("\n")), valid);
}

/// Asserts that only white space is between the tokens.
fn check_coverage(text: &str, tokens: &[Token]) {
    let mut end = 0;
    for token in tokens {
        assert!(!token.span.is_empty(), "{token:?}");
        assert!(is_space(&text[end..token.span.start]), "{token:?}");
        let name = tokenizer::unquote(token.text(text));
        assert!(name.len() <= token.span.len());
        end = token.span.end;
    }
    assert!(is_space(&text[end..]));
}

fn is_space(text: &str) -> bool {
    let mut characters = text.chars();
    characters.all(|c| matches!(c, ' ' | '\t' | '\n' | '\x0c' | '\r' | '\u{feff}'))
}

/// Asserts that only comments and semicolons are outside of the statements.
fn check_statements(text: &str, tokens: &[Token]) {
    let statements = tokenizer::statements(text, tokens);
    let inside: usize = statements.iter().map(|statement| statement.len()).sum();
    let is_separator = |token: &&Token| token.is_comment() || token.text(text) == ";";
    let separators = tokens.iter().filter(is_separator).count();
    assert!(inside <= tokens.len() && tokens.len() <= inside + separators);
}

/// Returns the tokens without illegal ones, which may be illegal because of the text after them.
fn valid_tokens(text: &str) -> Vec<(Kind, String)> {
    let tokens = tokenizer::tokens(text).into_iter();
    tokens
        .filter(|token| token.kind != Kind::Illegal)
        .map(|token| (token.kind, token.text(text).to_owned()))
        .collect()
}
