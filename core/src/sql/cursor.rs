//! A cursor that reads the tokens of one statement, and helpers on token lists.

use super::tokenizer::{self, Kind, Token, unquote};

/// A position among the tokens of a statement. The tokens contain no comments.
#[derive(Debug, Clone)]
pub struct Cursor<'t> {
    /// The text that the tokens are from.
    pub sql: &'t str,
    tokens: &'t [Token],
}

/// Returns the tokens of `sql` without comments.
pub fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = tokenizer::tokens(sql);
    tokens.retain(|token| !token.is_comment());
    tokens
}

impl<'t> Cursor<'t> {
    /// Returns a cursor at the first of `tokens`. Their spans are offsets into `sql`.
    pub fn new(sql: &'t str, tokens: &'t [Token]) -> Self {
        Self { sql, tokens }
    }

    /// Returns the current token without moving.
    pub fn peek(&self) -> Option<&'t Token> {
        self.tokens.first()
    }

    /// Returns the current token and all tokens after it.
    pub fn rest(&self) -> &'t [Token] {
        self.tokens
    }

    /// Returns `true` if the current token is one of `words`.
    pub fn is_at(&self, words: &[&str]) -> bool {
        self.peek()
            .is_some_and(|token| token.is_one_of(self.sql, words))
    }

    /// Returns `true` if the current token is the operator or punctuation mark `mark`.
    pub fn is_at_mark(&self, mark: &str) -> bool {
        self.peek()
            .is_some_and(|token| token.is_mark(self.sql, mark))
    }

    /// Skips `words` and returns `true` if the next tokens are exactly these words.
    ///
    /// Otherwise does not move and returns `false`.
    pub fn eat(&mut self, words: &[&str]) -> bool {
        let Some((start, rest)) = self.tokens.split_at_checked(words.len()) else {
            return false;
        };
        let mut pairs = start.iter().zip(words);
        let follow = pairs.all(|(token, word)| token.is_word(self.sql, word));
        if follow {
            self.tokens = rest;
        }
        follow
    }

    /// Skips `words`. Returns `None` and does not move if the next tokens are not these words.
    pub fn expect(&mut self, words: &[&str]) -> Option<()> {
        if self.eat(words) { Some(()) } else { None }
    }

    /// Skips the operator or punctuation mark `mark` and returns `true` if the mark is next.
    ///
    /// Otherwise does not move and returns `false`.
    pub fn eat_mark(&mut self, mark: &str) -> bool {
        let follows = self.is_at_mark(mark);
        if follows {
            self.next();
        }
        follows
    }

    /// Reads a name, with or without quotes. Like SQLite, accepts single quotes too.
    pub fn name(&mut self) -> Option<String> {
        let token = self.peek()?;
        if !matches!(token.kind, Kind::Word | Kind::QuotedWord | Kind::String) {
            return None;
        }
        self.next();
        Some(unquote(token.text(self.sql)))
    }

    /// Reads `name` or `schema.name`, and returns `name`.
    pub fn qualified_name(&mut self) -> Option<String> {
        let name = self.name()?;
        if self.eat_mark(".") {
            return self.name();
        }
        Some(name)
    }

    /// Reads a group in parentheses, and returns the tokens inside the parentheses.
    pub fn group(&mut self) -> Option<&'t [Token]> {
        if !self.is_at_mark("(") {
            return None;
        }
        let mut depth = 0;
        let end = self.tokens.iter().position(|token| {
            depth += depth_change(self.sql, token);
            depth == 0
        })?;
        let group = &self.tokens[1..end];
        self.tokens = &self.tokens[end + 1..];
        Some(group)
    }
}

impl<'t> Iterator for Cursor<'t> {
    type Item = &'t Token;

    /// Returns the current token and moves to the next token.
    fn next(&mut self) -> Option<&'t Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }
}

/// Splits tokens at the commas outside parentheses.
pub fn split<'t>(sql: &str, tokens: &'t [Token]) -> Vec<&'t [Token]> {
    let mut depth = 0;
    let is_separator = |token: &Token| {
        depth += depth_change(sql, token);
        depth == 0 && token.is_mark(sql, ",")
    };
    tokens.split(is_separator).collect()
}

/// Returns the first position outside parentheses for which `is_wanted` returns `true`.
pub fn position_outside(
    sql: &str,
    tokens: &[Token],
    is_wanted: impl Fn(usize) -> bool,
) -> Option<usize> {
    let mut depth = 0;
    (0..tokens.len()).find(|&at| {
        depth += depth_change(sql, &tokens[at]);
        depth == 0 && is_wanted(at)
    })
}

/// Returns the change in nesting depth: 1 for `(`, -1 for `)`.
fn depth_change(sql: &str, token: &Token) -> isize {
    match (token.kind, token.text(sql)) {
        (Kind::Operator, "(") => 1,
        (Kind::Operator, ")") => -1,
        _ => 0,
    }
}
