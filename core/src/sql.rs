//! SQL as SQLite's tokenizer sees it, with the comments kept.
//!
//! The rules are those of SQLite's `tokenize.c` and `sqlite3_complete()`. Comments are tokens here because
//! the directives are comments; and what SQLite would let pass at the end of the input (an unterminated
//! block comment) is told apart, because it is never meant.

use std::ops::Range;

/// What a token is.
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
    /// An operator or a punctuation mark, the semicolon among them.
    Operator,
    /// `-- …`, without its line end.
    LineComment,
    /// `/* … */`.
    BlockComment,
    /// A quoted token that runs to the end of the input.
    Unterminated(Unterminated),
    /// What SQLite cannot read.
    Illegal,
}

/// What was opened and never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unterminated {
    /// `'`, or the quote of an identifier.
    String,
    /// `/*`.
    Comment,
}

/// A token: its kind and where it stands in the text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Range<usize>,
}

impl Token {
    /// The token as it is written.
    pub fn text<'t>(&self, sql: &'t str) -> &'t str {
        &sql[self.span.clone()]
    }

    /// Whether this is the keyword `word`, in any case.
    #[inline(never)]
    pub fn is_word(&self, sql: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.text(sql).eq_ignore_ascii_case(word)
    }

    fn is_semicolon(&self, sql: &str) -> bool {
        self.kind == Kind::Operator && self.text(sql) == ";"
    }

    /// Whether this is a comment.
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::BlockComment)
    }
}

/// The tokens of `sql`, comments among them, white space left out. Together with the white space they
/// cover the text without a gap.
pub fn tokens(sql: &str) -> Vec<Token> {
    // Not collected: where nothing is optimised, as in most builds, an iterator takes longer than a loop.
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < sql.len() {
        let (start, kind) = (at, next_token(sql, &mut at));
        if let Some(kind) = kind {
            tokens.push(Token { kind, span: start..at });
        }
    }
    tokens
}

/// The same, one after another: a list of them takes many times the room of the text.
pub(crate) fn each_token(sql: &str) -> impl Iterator<Item = Token> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < sql.len() {
            let (start, kind) = (at, next_token(sql, &mut at));
            if let Some(kind) = kind {
                return Some(Token { kind, span: start..at });
            }
        }
        None
    })
}

/// Passes over the token at `at`, or over white space, which has no kind.
fn next_token(sql: &str, at: &mut usize) -> Option<Kind> {
    let start = *at;
    let (kind, length) = scan(&sql.as_bytes()[start..]);
    // A token that SQLite cannot read may end inside a character; a span must not.
    *at = (start + length..).find(|&end| sql.is_char_boundary(end)).unwrap_or(sql.len());
    // SQLite stops at a NUL, wherever it stands.
    match kind {
        Some(Kind::Unterminated(_)) | None => kind,
        Some(_) if sql.as_bytes()[start..*at].contains(&0) => Some(Kind::Illegal),
        _ => kind,
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The first token of `s`, which is not empty, and its length; no kind for white space.
fn scan(s: &[u8]) -> (Option<Kind>, usize) {
    let next = s.get(1).copied();
    let operator = |length| (Some(Kind::Operator), length);
    match s[0] {
        // Where a token could begin, SQLite passes over a byte-order mark; in a word it is a letter.
        0xef if s.starts_with(BYTE_ORDER_MARK) => (None, BYTE_ORDER_MARK.len()),
        b' ' | b'\t' | b'\n' | 0x0c | b'\r' => {
            (None, s.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | 0x0c | b'\r')).count())
        }
        b'-' if next == Some(b'-') => {
            let length = s.iter().position(|&b| b == b'\n').unwrap_or(s.len());
            (Some(Kind::LineComment), length)
        }
        b'-' if next == Some(b'>') => operator(if s.get(2) == Some(&b'>') { 3 } else { 2 }),
        b'/' if next == Some(b'*') => match find(&s[2..], b"*/") {
            Some(end) => (Some(Kind::BlockComment), end + 4),
            None => (Some(Kind::Unterminated(Unterminated::Comment)), s.len()),
        },
        quote @ (b'\'' | b'"' | b'`') => {
            let kind = if quote == b'\'' { Kind::String } else { Kind::QuotedWord };
            quoted(s, quote, kind)
        }
        b'[' => match s.iter().position(|&b| b == b']') {
            Some(end) => (Some(Kind::QuotedWord), end + 1),
            None => (Some(Kind::Unterminated(Unterminated::String)), s.len()),
        },
        b'0'..=b'9' => number(s),
        b'.' if next.is_some_and(|b| b.is_ascii_digit()) => number(s),
        b'x' | b'X' if next == Some(b'\'') => blob(s),
        b'?' => (Some(Kind::Parameter), 1 + s[1..].iter().take_while(|b| b.is_ascii_digit()).count()),
        b'$' | b'@' | b'#' | b':' => parameter(s),
        b if is_word_byte(b) => (Some(Kind::Word), s.iter().take_while(|&&b| is_word_byte(b)).count()),
        b'<' if matches!(next, Some(b'=' | b'>' | b'<')) => operator(2),
        b'>' if matches!(next, Some(b'=' | b'>')) => operator(2),
        b'=' | b'!' if next == Some(b'=') => operator(2),
        b'|' if next == Some(b'|') => operator(2),
        b'(' | b')' | b';' | b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>' | b',' | b'&' | b'~'
        | b'|' | b'.' => operator(1),
        _ => (Some(Kind::Illegal), 1),
    }
}

/// `$` may stand inside a word but not begin one; every byte above ASCII belongs to a word.
fn is_word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A token in quotes, in which a doubled quote stands for itself.
fn quoted(s: &[u8], quote: u8, kind: Kind) -> (Option<Kind>, usize) {
    let mut at = 1;
    while let Some(offset) = s[at..].iter().position(|&b| b == quote) {
        at += offset + 1;
        if s.get(at) != Some(&quote) {
            return (Some(kind), at);
        }
        at += 1;
    }
    (Some(Kind::Unterminated(Unterminated::String)), s.len())
}

fn blob(s: &[u8]) -> (Option<Kind>, usize) {
    // No quote can stand in it, so none is doubled.
    let Some(length) = s[2..].iter().position(|&b| b == b'\'') else {
        return (Some(Kind::Unterminated(Unterminated::String)), s.len());
    };
    let digits = &s[2..2 + length];
    let well_formed = length % 2 == 0 && digits.iter().all(u8::is_ascii_hexdigit);
    (Some(if well_formed { Kind::Blob } else { Kind::Illegal }), length + 3)
}

fn number(s: &[u8]) -> (Option<Kind>, usize) {
    let mut at = 0;
    let hexadecimal = s[0] == b'0' && matches!(s.get(1), Some(b'x' | b'X'));
    while let Some(&b) = s.get(at) {
        let sign = matches!(b, b'+' | b'-') && !hexadecimal && matches!(s[at - 1], b'e' | b'E');
        // A letter that belongs to no number is read along: `1abc` is one token, and illegal.
        if !(is_word_byte(b) || b == b'.' || sign && s.get(at + 1).is_some_and(u8::is_ascii_digit)) {
            break;
        }
        at += 1;
    }
    let kind = if is_number(&s[..at], hexadecimal) { Kind::Number } else { Kind::Illegal };
    (Some(kind), at)
}

fn is_number(s: &[u8], hexadecimal: bool) -> bool {
    // Digits may be separated by single underscores (SQLite 3.46).
    let digits = |s: &[u8], is_digit: fn(&u8) -> bool| {
        s.split(|&b| b == b'_').all(|group| !group.is_empty() && group.iter().all(is_digit))
    };
    if hexadecimal {
        return digits(&s[2..], u8::is_ascii_hexdigit);
    }
    let (mantissa, exponent) = match s.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(e) => (&s[..e], Some(&s[e + 1..])),
        None => (s, None),
    };
    let exponent = exponent.map(|e| e.strip_prefix(b"+").or(e.strip_prefix(b"-")).unwrap_or(e));
    let mut parts = mantissa.splitn(2, |&b| b == b'.');
    let optional = |s: Option<&[u8]>| s.is_none_or(|s| s.is_empty() || digits(s, u8::is_ascii_digit));
    optional(parts.next()) && optional(parts.next()) && exponent.is_none_or(|e| digits(e, u8::is_ascii_digit))
}

/// `:name`, `@name`, `$name` (with Tcl's `::` and `(…)`), as SQLite reads them; alone, the mark is illegal.
fn parameter(s: &[u8]) -> (Option<Kind>, usize) {
    let mut at = 1;
    let mut named = false;
    while let Some(&b) = s.get(at) {
        if is_word_byte(b) {
            named = true;
            at += 1;
        } else if b == b'(' && named {
            match s[at..].iter().position(|b| *b == b')' || b.is_ascii_whitespace()) {
                Some(end) if s[at + end] == b')' => at += end + 1,
                Some(end) => return (Some(Kind::Illegal), at + end),
                None => return (Some(Kind::Illegal), s.len()),
            }
            break;
        } else if b == b':' && s.get(at + 1) == Some(&b':') {
            at += 2;
        } else {
            break;
        }
    }
    (Some(if named { Kind::Parameter } else { Kind::Illegal }), at)
}

/// Splits tokens into statements, each without its semicolon and without comments before or after it. A
/// `CREATE TRIGGER … BEGIN … END` is one statement; empty statements are left out.
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

/// The index of the semicolon that ends the first statement, or the number of tokens.
fn statement_end(sql: &str, tokens: &[Token]) -> usize {
    let is_trigger = creates_trigger(sql, tokens);
    // In a trigger, only the semicolon after `; END` ends the statement (as sqlite3_complete() has it).
    let mut after_semicolon = false;
    let mut after_end = false;
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| !token.is_comment()) {
        let semicolon = token.is_semicolon(sql);
        if semicolon && (!is_trigger || after_end) {
            return index;
        }
        after_end = after_semicolon && token.is_word(sql, "END");
        after_semicolon = semicolon;
    }
    tokens.len()
}

fn creates_trigger(sql: &str, tokens: &[Token]) -> bool {
    let mut words = tokens.iter().filter(|token| !token.is_comment()).peekable();
    let mut skip =
        |names: &[&str]| words.next_if(|token| names.iter().any(|name| token.is_word(sql, name))).is_some();
    if skip(&["EXPLAIN"]) && skip(&["QUERY"]) {
        skip(&["PLAN"]);
    }
    skip(&["CREATE"]) && {
        skip(&["TEMP", "TEMPORARY"]);
        skip(&["TRIGGER"])
    }
}

fn trim_comments(tokens: &[Token]) -> &[Token] {
    let Some(first) = tokens.iter().position(|token| !token.is_comment()) else {
        return &[];
    };
    let last = tokens.iter().rposition(|token| !token.is_comment()).unwrap_or(first);
    &tokens[first..=last]
}

/// The name in a [`Kind::Word`], [`Kind::QuotedWord`] or [`Kind::String`] token, without its quotes.
pub fn unquote(text: &str) -> String {
    let Some(quote @ ('[' | '"' | '`' | '\'')) = text.chars().next() else { return text.to_owned() };
    let mut rest = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let mut name = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once(quote).filter(|_| quote != '[') {
        name.push_str(before);
        name.push(quote);
        rest = after.strip_prefix(quote).unwrap_or(after);
    }
    name.push_str(rest);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sql: &str) -> Vec<(Kind, &str)> {
        tokens(sql).iter().map(|token| (token.kind, &sql[token.span.clone()])).collect()
    }

    fn split(sql: &str) -> Vec<&str> {
        let tokens = tokens(sql);
        statements(sql, &tokens)
            .into_iter()
            .map(|statement| &sql[statement[0].span.start..statement[statement.len() - 1].span.end])
            .collect()
    }

    #[test]
    fn comments_and_quotes_hide_what_they_hold() {
        assert_eq!(
            kinds("a '-- b''/*' \"c;\"\"\" [d;] `e;` -- f ; '\n/* ; ' */ g"),
            [
                (Kind::Word, "a"),
                (Kind::String, "'-- b''/*'"),
                (Kind::QuotedWord, "\"c;\"\"\""),
                (Kind::QuotedWord, "[d;]"),
                (Kind::QuotedWord, "`e;`"),
                (Kind::LineComment, "-- f ; '"),
                (Kind::BlockComment, "/* ; ' */"),
                (Kind::Word, "g"),
            ]
        );
    }

    #[test]
    fn operators_are_as_long_as_sqlite_reads_them() {
        let sql = "a->>b->c||d<>e!=f==g<<h>>i<=j>=k|l&~m";
        let operators: Vec<_> = kinds(sql).into_iter().filter(|(kind, _)| *kind == Kind::Operator).collect();
        let texts: Vec<_> = operators.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["->>", "->", "||", "<>", "!=", "==", "<<", ">>", "<=", ">=", "|", "&", "~"]);
    }

    #[test]
    fn every_other_operator_is_one_character() {
        let sql = "(a/b%c+d-e*f),g.h<i>j=k;~l";
        let operators = kinds(sql).into_iter().filter(|(kind, _)| *kind == Kind::Operator);
        let texts: String = operators.map(|(_, text)| text).collect();
        assert_eq!(texts, "(/%+-*),.<>=;~");
        assert_eq!(kinds("a<!b>!c|d").iter().filter(|(kind, _)| *kind == Kind::Illegal).count(), 2);
    }

    #[test]
    fn words_may_hold_what_begins_something_else() {
        for word in ["x", "X1", "x_", "e1", "a$1", "_", "\u{ff46}oo", "\u{f000}", "é\u{feff}"] {
            assert_eq!(kinds(word), [(Kind::Word, word)]);
        }
        assert_eq!(kinds("xx'00'"), [(Kind::Word, "xx"), (Kind::String, "'00'")]);
    }

    #[test]
    fn numbers_blobs_and_parameters_are_told_from_what_sqlite_cannot_read() {
        for number in [
            "1", "1.5", ".5", "1.", "1e5", "1.5E-10", "0xFf", "1_000", "1e+5", "1.e5", ".5e1", "0X0",
            "1e-1_0", "0x1_f", "0", "00", "0.5", "0e-1",
        ] {
            assert_eq!(kinds(number), [(Kind::Number, number)]);
        }
        for illegal in [
            "1abc", "0x", "0xg", "x'1'", "x'zz'", "1__0", "\0", "'a\0b'", "-- a\0b", "\"\0\"", "\\", "!",
            ":", "{", "}", "^", "1e", "1_", "0x_1", "1._5", "1e5e5", "1x5", "1e5.5", "1.5x", "$", "#",
            "$(a)", "$a(b c)", "$a(b", "x'0g'", "::",
        ] {
            assert!(kinds(illegal).iter().any(|(kind, _)| *kind == Kind::Illegal), "{illegal:?} is legal");
        }
        for parameter in ["?", "?12", ":a", "@a", "#a", "$a", "$a::b", "$::a", "$a(x)", "$a::b(x:y)"] {
            assert_eq!(kinds(parameter), [(Kind::Parameter, parameter)]);
        }
        assert_eq!(kinds("x'00ff'"), [(Kind::Blob, "x'00ff'")]);
        assert_eq!(kinds("x'00''b'"), [(Kind::Blob, "x'00'"), (Kind::String, "'b'")]);
        assert_eq!(kinds("$a(x)b"), [(Kind::Parameter, "$a(x)"), (Kind::Word, "b")]);
        assert_eq!(kinds("$ab(c d)")[0], (Kind::Illegal, "$ab(c"));
        assert_eq!(kinds("?a"), [(Kind::Parameter, "?"), (Kind::Word, "a")]);
        assert_eq!(kinds("1-2").len(), 3);
        assert_eq!(kinds("1e-a"), [(Kind::Illegal, "1e"), (Kind::Operator, "-"), (Kind::Word, "a")]);
        assert_eq!(kinds("0xe-1").len(), 3, "no exponent in a hexadecimal number");
    }

    #[test]
    fn a_byte_order_mark_is_white_space_where_a_token_could_begin() {
        assert_eq!(
            kinds("\u{feff}COMMIT;\u{feff}\u{feff}a\u{feff}b"),
            [(Kind::Word, "COMMIT"), (Kind::Operator, ";"), (Kind::Word, "a\u{feff}b"),]
        );
    }

    #[test]
    fn what_never_ends_is_told_apart() {
        for open in ["'a", "\"a", "`a", "[a", "x'00", "'a''", "'a\0"] {
            assert_eq!(kinds(open), [(Kind::Unterminated(Unterminated::String), open)]);
        }
        assert_eq!(kinds("/* a"), [(Kind::Unterminated(Unterminated::Comment), "/* a")]);
        assert_eq!(kinds("/*/"), [(Kind::Unterminated(Unterminated::Comment), "/*/")]);
    }

    #[test]
    fn statements_end_at_semicolons_outside_everything() {
        assert_eq!(
            split("-- x\nSELECT ';'; ;\n/* y */ SELECT (1, (2)) -- z\n"),
            ["SELECT ';'", "SELECT (1, (2))"]
        );
        assert_eq!(split(" ; -- nothing\n;"), Vec::<&str>::new());
    }

    #[test]
    fn a_trigger_is_one_statement() {
        let trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT CASE WHEN 1 THEN 2 END;\n  DELETE FROM b; /* ; */\nEND";
        assert_eq!(split(&format!("{trigger};\nSELECT 1;")), [trigger, "SELECT 1"]);
        assert_eq!(split(trigger), [trigger]);
        for create in [
            "CREATE TRIGGER",
            "create temporary trigger",
            "CREATE /* ; */ TEMP -- ;\n TRIGGER",
            "EXPLAIN CREATE TRIGGER",
            "EXPLAIN QUERY PLAN CREATE TRIGGER",
        ] {
            let trigger = format!("{create} t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; end");
            assert_eq!(split(&format!("{trigger}; SELECT 1")), [trigger.as_str(), "SELECT 1"]);
        }
        assert_eq!(split("CREATE TEMP TABLE a (b); SELECT 1").len(), 2);
        assert_eq!(split("CREATE TABLE trigger_x (a); SELECT 1"), ["CREATE TABLE trigger_x (a)", "SELECT 1"]);
    }

    #[test]
    fn names_lose_their_quotes() {
        for (quoted, name) in
            [("a", "a"), ("\"a\"\"b\"", "a\"b"), ("[a b]", "a b"), ("`a`", "a"), ("'a'", "a")]
        {
            assert_eq!(unquote(quoted), name);
        }
    }
}
