//! The tokenizer: SQL text as tokens, and tokens as statements.
//!
//! The rules are those of SQLite's `tokenize.c` and `sqlite3_complete()`, with two differences:
//! - Comments are tokens, because directives are comments.
//! - An unterminated block comment has a kind of its own.
//!   SQLite accepts an unterminated comment, but in a migration the comment is a mistake.

use std::ops::Range;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A keyword or a bare identifier.
    Word,
    /// An identifier in `"…"`, `` `…` `` or `[…]`.
    QuotedWord,
    /// A string literal, `'…'`.
    String,
    /// A blob literal, `x'…'`.
    Blob,
    /// A numeric literal.
    Number,
    /// A bind parameter: `?`, `?1`, `:name`, `@name`, `$name`.
    Parameter,
    /// An operator or a punctuation mark, including the semicolon.
    Operator,
    /// `-- …`, without its line end.
    LineComment,
    /// `/* … */`.
    BlockComment,
    /// A quoted token or a block comment whose end is missing.
    Unterminated(Unterminated),
    /// Text that SQLite rejects as a token.
    Illegal,
}

/// The construct whose end is missing in a [`Kind::Unterminated`] token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unterminated {
    /// A string, a blob or a quoted identifier.
    String,
    /// A block comment.
    Comment,
}

/// A token: its kind and its position in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The kind.
    pub kind: Kind,
    /// The byte range in the text.
    pub span: Range<usize>,
}

impl Token {
    /// Returns the token as written in `sql`.
    pub fn text<'t>(&self, sql: &'t str) -> &'t str {
        &sql[self.span.clone()]
    }

    /// Returns `true` if the token is the bare word `word`, ignoring ASCII case.
    pub fn is_word(&self, sql: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.text(sql).eq_ignore_ascii_case(word)
    }

    /// Returns `true` if the token is one of the bare words `words`, ignoring ASCII case.
    pub fn is_one_of(&self, sql: &str, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(sql, word))
    }

    /// Returns `true` if the token is `name`, with or without quotes, ignoring ASCII case.
    pub(crate) fn is_named(&self, sql: &str, name: &str) -> bool {
        unquote(self.text(sql)).eq_ignore_ascii_case(name)
    }

    /// Returns `true` if the token is the operator or punctuation mark `mark`.
    pub fn is_mark(&self, sql: &str, mark: &str) -> bool {
        self.kind == Kind::Operator && self.text(sql) == mark
    }

    /// Returns `true` if the token is a comment.
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::BlockComment)
    }
}

/// Returns the tokens of `sql`, including comments.
///
/// Tokens and the white space between them cover the text without a gap.
pub fn tokens(sql: &str) -> Vec<Token> {
    // The macro runs this code unoptimized. There, a loop is faster than `collect`.
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(token) = next_token(sql, &mut at) {
        tokens.push(token);
    }
    tokens
}

/// Yields the tokens of `sql` one by one.
///
/// Avoids a list of tokens, which takes many times the memory of the text.
pub(crate) fn each_token(sql: &str) -> impl Iterator<Item = Token> {
    let mut at = 0;
    std::iter::from_fn(move || next_token(sql, &mut at))
}

/// Returns the next token at or after the offset `at`, and moves `at` to the end of the token.
fn next_token(sql: &str, at: &mut usize) -> Option<Token> {
    let mut rest = &sql.as_bytes()[*at..];
    // SQLite skips a byte-order mark between tokens. Inside a word, the mark is part of the word.
    while let [b' ' | b'\t' | b'\n' | b'\x0c' | b'\r', after @ ..]
    | [0xef, 0xbb, 0xbf, after @ ..] = rest
    {
        rest = after;
    }
    if rest.is_empty() {
        return None;
    }
    let (mut kind, length) = scan(rest);
    let start = sql.len() - rest.len();
    // An illegal token may end inside a character, but a span must not.
    *at = (start + length..)
        .find(|&end| sql.is_char_boundary(end))
        .unwrap_or(sql.len());
    let span = start..*at;
    // SQLite stops reading at a NUL, so a token that contains a NUL is illegal.
    let is_terminated = !matches!(kind, Kind::Unterminated(_));
    if is_terminated && sql.as_bytes()[span.clone()].contains(&0) {
        kind = Kind::Illegal;
    }
    Some(Token { kind, span })
}

const UNTERMINATED_STRING: Kind = Kind::Unterminated(Unterminated::String);

/// Returns the kind and the length of the token at the start of `s`.
fn scan(s: &[u8]) -> (Kind, usize) {
    match s {
        [b'-', b'-', ..] => (Kind::LineComment, count_while(s, |b| b != b'\n')),
        [b'/', b'*', rest @ ..] => match rest.windows(2).position(|pair| pair == b"*/") {
            Some(end) => (Kind::BlockComment, end + 4),
            None => (Kind::Unterminated(Unterminated::Comment), s.len()),
        },
        [b'\'', ..] => quoted(s, Kind::String),
        [b'"' | b'`', ..] => quoted(s, Kind::QuotedWord),
        [b'[', ..] => match s.iter().position(|&b| b == b']') {
            Some(end) => (Kind::QuotedWord, end + 1),
            None => (UNTERMINATED_STRING, s.len()),
        },
        [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..] => number(s),
        [b'x' | b'X', b'\'', rest @ ..] => blob(rest),
        [b'?', rest @ ..] => (
            Kind::Parameter,
            1 + count_while(rest, |b| b.is_ascii_digit()),
        ),
        [b'$' | b'@' | b'#' | b':', ..] => parameter(s),
        [b, ..] if is_word_byte(*b) => (Kind::Word, count_while(s, is_word_byte)),
        [b'-', b'>', b'>', ..] => (Kind::Operator, 3),
        [b'-', b'>', ..]
        | [b'<', b'=' | b'>' | b'<', ..]
        | [b'>', b'=' | b'>', ..]
        | [b'=' | b'!', b'=', ..]
        | [b'|', b'|', ..] => (Kind::Operator, 2),
        [b, ..] if b"();+-*/%=<>,&~|.".contains(b) => (Kind::Operator, 1),
        _ => (Kind::Illegal, 1),
    }
}

fn count_while(s: &[u8], matches: impl Fn(u8) -> bool) -> usize {
    s.iter().take_while(|&&b| matches(b)).count()
}

/// Returns `true` if `b` can be part of a word.
///
/// A word cannot begin with a digit or `$`. Before a call, `scan` has handled both.
fn is_word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80
}

/// Scans a quoted token. Two quotes in a row do not end the token.
fn quoted(s: &[u8], kind: Kind) -> (Kind, usize) {
    let quote = s[0];
    let mut at = 1;
    while let Some(offset) = s[at..].iter().position(|&b| b == quote) {
        at += offset + 1;
        if s.get(at) != Some(&quote) {
            return (kind, at);
        }
        at += 1;
    }
    (UNTERMINATED_STRING, s.len())
}

/// Scans a blob. `rest` is the text after `x'`.
fn blob(rest: &[u8]) -> (Kind, usize) {
    let length = count_while(rest, |b| b != b'\'');
    if length == rest.len() {
        return (UNTERMINATED_STRING, length + 2);
    }
    let is_valid = length % 2 == 0 && rest[..length].iter().all(u8::is_ascii_hexdigit);
    (or_illegal(Kind::Blob, is_valid), length + 3)
}

fn or_illegal(kind: Kind, is_valid: bool) -> Kind {
    if is_valid { kind } else { Kind::Illegal }
}

fn number(s: &[u8]) -> (Kind, usize) {
    // Letters directly after digits belong to the token: `1abc` is one illegal token.
    let is_part = |b| is_word_byte(b) || b == b'.';
    let mut length = count_while(s, is_part);
    if let [b'0', b'x' | b'X', digits @ ..] = &s[..length] {
        let is_valid = are_digits(digits, u8::is_ascii_hexdigit);
        return (or_illegal(Kind::Number, is_valid), length);
    }
    // The exponent of a decimal number can have a sign.
    while let [b'e' | b'E', b'+' | b'-', rest @ ..] = &s[length - 1..] {
        if !rest.first().is_some_and(u8::is_ascii_digit) {
            break;
        }
        length += 1 + count_while(rest, is_part);
    }
    (or_illegal(Kind::Number, is_decimal(&s[..length])), length)
}

fn is_decimal(s: &[u8]) -> bool {
    let mut parts = s.splitn(2, |b| matches!(b, b'e' | b'E'));
    let mut mantissa = parts.next().unwrap_or_default().splitn(2, |&b| b == b'.');
    let is_exponent = |e: &[u8]| {
        let digits = e.strip_prefix(b"+").or(e.strip_prefix(b"-")).unwrap_or(e);
        are_digits(digits, u8::is_ascii_digit)
    };
    mantissa.all(|part| part.is_empty() || are_digits(part, u8::is_ascii_digit))
        && parts.next().is_none_or(is_exponent)
}

/// Returns `true` if `s` consists of digits. As in SQLite 3.46, single underscores may separate
/// digits.
fn are_digits(s: &[u8], is_digit: fn(&u8) -> bool) -> bool {
    s.split(|&b| b == b'_')
        .all(|group| !group.is_empty() && group.iter().all(is_digit))
}

/// Scans `:name`, `@name` or `$name`.
///
/// As in Tcl, a name may contain `::` and end with `(…)`.
/// A `:`, `@` or `$` without a name is illegal.
fn parameter(s: &[u8]) -> (Kind, usize) {
    let mut at = 1;
    let mut kind = Kind::Illegal;
    loop {
        match &s[at..] {
            [b, ..] if is_word_byte(*b) => {
                kind = Kind::Parameter;
                at += 1;
            }
            [b':', b':', ..] => at += 2,
            rest @ [b'(', ..] if kind == Kind::Parameter => {
                at += count_while(rest, |b| b != b')' && !b.is_ascii_whitespace());
                return match s.get(at) {
                    Some(b')') => (kind, at + 1),
                    _ => (Kind::Illegal, at),
                };
            }
            _ => return (kind, at),
        }
    }
}

/// Splits tokens into statements. Omits semicolons, and comments around a statement.
///
/// `CREATE TRIGGER … BEGIN … END` is one statement. Empty statements are skipped.
pub fn statements<'t>(sql: &str, tokens: &'t [Token]) -> Vec<&'t [Token]> {
    let mut statements = Vec::new();
    let mut rest = tokens;
    while !rest.is_empty() {
        let end = statement_end(sql, rest);
        let statement = trim_comments(&rest[..end]);
        if !statement.is_empty() {
            statements.push(statement);
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    statements
}

/// Returns the index of the semicolon that ends the first statement, or the number of tokens.
fn statement_end(sql: &str, tokens: &[Token]) -> usize {
    let is_trigger = creates_trigger(sql, tokens);
    // As in `sqlite3_complete()`, only the semicolon after `; END` ends a CREATE TRIGGER.
    let mut after_semicolon = false;
    let mut after_end = false;
    for (index, token) in tokens.iter().enumerate() {
        if token.is_comment() {
            continue;
        }
        let is_semicolon = token.is_mark(sql, ";");
        if is_semicolon && (!is_trigger || after_end) {
            return index;
        }
        after_end = after_semicolon && token.is_word(sql, "END");
        after_semicolon = is_semicolon;
    }
    tokens.len()
}

fn creates_trigger(sql: &str, tokens: &[Token]) -> bool {
    let mut words = tokens.iter().filter(|token| !token.is_comment()).peekable();
    let mut eat = |names: &[&str]| words.next_if(|token| token.is_one_of(sql, names)).is_some();
    if eat(&["EXPLAIN"]) && eat(&["QUERY"]) {
        eat(&["PLAN"]);
    }
    if !eat(&["CREATE"]) {
        return false;
    }
    eat(&["TEMP", "TEMPORARY"]);
    eat(&["TRIGGER"])
}

fn trim_comments(tokens: &[Token]) -> &[Token] {
    let is_code = |token: &Token| !token.is_comment();
    let start = tokens.iter().position(is_code).unwrap_or(tokens.len());
    let last = tokens.iter().rposition(is_code);
    &tokens[start..last.map_or(start, |last| last + 1)]
}

/// Returns the name in a [`Kind::Word`], [`Kind::QuotedWord`] or [`Kind::String`] token, without
/// its quotes.
pub fn unquote(text: &str) -> String {
    let Some(quote @ ('[' | '"' | '`' | '\'')) = text.chars().next() else {
        return text.to_owned();
    };
    let inner = text.get(1..text.len() - 1).unwrap_or_default();
    match quote {
        '[' => inner.to_owned(),
        _ => inner.replace(&format!("{quote}{quote}"), &quote.to_string()),
    }
}
