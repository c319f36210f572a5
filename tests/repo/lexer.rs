//! Rust code without its comments and literals, and the tokens of the code.

/// A line comment.
#[derive(Debug, PartialEq)]
pub(crate) struct Comment {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The text after `//`, `///` or `//!`, without white space around it.
    pub(crate) text: String,
    /// The width of the whole line, or `None` if code precedes the comment.
    pub(crate) width: Option<usize>,
}

/// An identifier, a number, `::`, `=>`, or any other single character.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'c> {
    pub(crate) text: &'c str,
    /// The line, counted from 1.
    pub(crate) line: usize,
}

/// Returns the text with spaces in place of comments and literals, and the line comments.
pub(crate) fn split_comments(text: &str) -> (String, Vec<Comment>) {
    let mut code = String::with_capacity(text.len());
    let mut comments = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = literal_length(rest, code.ends_with(is_word));
        if rest.starts_with("//") {
            comments.push(line_comment(text, at, length));
        }
        if length > 0 {
            code.extend(rest[..length].chars().map(blank));
            at += length;
        } else {
            let next = rest.chars().next().unwrap();
            code.push(next);
            at += next.len_utf8();
        }
    }
    (code, comments)
}

fn blank(c: char) -> char {
    if c == '\n' { '\n' } else { ' ' }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn line_comment(text: &str, at: usize, length: usize) -> Comment {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let before = &text[line_start..at];
    let comment = &text[at..at + length];
    let content = comment.trim_start_matches('/');
    Comment {
        line: text[..at].matches('\n').count() + 1,
        text: content
            .strip_prefix('!')
            .unwrap_or(content)
            .trim()
            .to_owned(),
        width: before
            .trim()
            .is_empty()
            .then(|| before.chars().count() + comment.chars().count()),
    }
}

/// Returns the length of the comment or literal at the start of a text, or 0.
fn literal_length(text: &str, is_in_word: bool) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment_length(text);
    }
    if text.starts_with('"') {
        return quoted_length(text, '"');
    }
    if text.starts_with('\'') {
        return char_length(text);
    }
    if is_in_word {
        return 0;
    }
    raw_string_length(text)
}

fn block_comment_length(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest.chars().next().unwrap().len_utf8();
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Returns the length of a literal between quotes, with backslash escapes.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' {
            is_escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

/// Returns the length of a character literal, or 0 for a lifetime.
fn char_length(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    let Some((_, first)) = chars.next() else {
        return 0;
    };
    if first == '\\' {
        return quoted_length(text, '\'');
    }
    match chars.next() {
        Some((at, '\'')) => at + 1,
        _ => 0,
    }
}

/// Returns the length of a raw string such as `r#"…"#` or `br"…"`, or 0.
fn raw_string_length(text: &str) -> usize {
    let Some(prefix) = ["br", "cr", "r"]
        .iter()
        .find(|prefix| text.starts_with(**prefix))
    else {
        return 0;
    };
    let rest = &text[prefix.len()..];
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if !rest[hashes..].starts_with('"') {
        return 0;
    }
    let start = prefix.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    match text[start..].find(&end) {
        Some(length) => start + length + end.len(),
        None => text.len(),
    }
}

/// Splits code without comments and literals into tokens.
pub(crate) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while let Some(first) = code[at..].chars().next() {
        let rest = &code[at..];
        let length = token_length(rest, first);
        if first == '\n' {
            line += 1;
        }
        if !first.is_whitespace() {
            let text = &rest[..length];
            tokens.push(Token { text, line });
        }
        at += length;
    }
    tokens
}

fn token_length(text: &str, first: char) -> usize {
    if is_word(first) {
        return text.find(|c| !is_word(c)).unwrap_or(text.len());
    }
    if text.starts_with("::") || text.starts_with("=>") {
        return 2;
    }
    first.len_utf8()
}

/// Returns the index of the token that closes the bracket at `open`.
pub(crate) fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len() - 1
}

#[test]
fn comments_and_literals_are_blanked() {
    let text =
        "a /* { /* } */ */ b; // c {\nlet s = \"{\\\"\"; let r = r#\"\"{\"#; let c = '{'; d('\\'')";
    let (code, comments) = split_comments(text);
    assert_eq!(code.len(), text.len());
    let words: Vec<_> = tokens(&code).iter().map(|token| token.text).collect();
    let expected = "a b ; let s = ; let r = ; let c = ; d ( )";
    assert_eq!(words.join(" "), expected);
    assert_eq!(comments[0].text, "c {");
    assert_eq!((comments[0].line, comments[0].width), (1, None));
}

#[test]
fn lifetimes_are_no_characters() {
    let (code, _) = split_comments("fn f<'a>(x: &'a str) { 'b' }");
    assert_eq!(code, "fn f<'a>(x: &'a str) {     }");
}
