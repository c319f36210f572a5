//! Reading a statement token by token.

use crate::sql::{self, Kind, Token, unquote};

/// A place among the tokens of a statement, without its comments.
pub(crate) struct Cursor<'t> {
    pub(crate) sql: &'t str,
    tokens: &'t [Token],
    at: usize,
}

/// The tokens of `sql` that are no comments.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    sql::tokens(sql).into_iter().filter(|token| !token.is_comment()).collect()
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(sql: &'t str, tokens: &'t [Token]) -> Self {
        Self { sql, tokens, at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    pub(crate) fn next(&mut self) -> Option<&'t Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// The tokens that are left.
    pub(crate) fn rest(&self) -> &'t [Token] {
        &self.tokens[self.at..]
    }

    #[inline(never)]
    pub(crate) fn is_at(&self, words: &[&str]) -> bool {
        self.peek().is_some_and(|token| words.iter().any(|word| token.is_word(self.sql, word)))
    }

    /// Passes over these words, if they all stand here.
    #[inline(never)]
    pub(crate) fn eat(&mut self, words: &[&str]) -> bool {
        let stand_here = words.iter().enumerate().all(|(offset, word)| {
            self.tokens.get(self.at + offset).is_some_and(|token| token.is_word(self.sql, word))
        });
        if stand_here {
            self.at += words.len();
        }
        stand_here
    }

    /// Passes over an operator or a mark.
    #[inline(never)]
    pub(crate) fn eat_mark(&mut self, mark: &str) -> bool {
        let stands_here =
            self.peek().is_some_and(|token| token.kind == Kind::Operator && token.text(self.sql) == mark);
        self.at += usize::from(stands_here);
        stands_here
    }

    /// A name, which SQLite also takes in single quotes where only a name can stand.
    #[inline(never)]
    pub(crate) fn name(&mut self) -> Option<String> {
        let token = self.peek()?;
        let is_name = matches!(token.kind, Kind::Word | Kind::QuotedWord | Kind::String);
        self.at += usize::from(is_name);
        is_name.then(|| unquote(token.text(self.sql)))
    }

    /// A name, and the schema before it if there is one.
    pub(crate) fn qualified_name(&mut self) -> Option<String> {
        let name = self.name()?;
        if self.eat_mark(".") { self.name() } else { Some(name) }
    }

    /// What stands in the parentheses that open here, without them.
    #[inline(never)]
    pub(crate) fn group(&mut self) -> Option<&'t [Token]> {
        if !self.eat_mark("(") {
            return None;
        }
        let start = self.at;
        let mut depth = 1;
        while let Some(token) = self.next() {
            match (token.kind, token.text(self.sql)) {
                (Kind::Operator, "(") => depth += 1,
                (Kind::Operator, ")") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(&self.tokens[start..self.at - 1]);
            }
        }
        None
    }
}

/// Cuts tokens at the commas that stand in no parentheses.
#[inline(never)]
pub(crate) fn split<'t>(sql: &str, tokens: &'t [Token]) -> Vec<&'t [Token]> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (index, token) in tokens.iter().enumerate() {
        match (token.kind, token.text(sql)) {
            (Kind::Operator, "(") => depth += 1,
            (Kind::Operator, ")") => depth -= 1,
            (Kind::Operator, ",") if depth == 0 => {
                parts.push(&tokens[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..]);
    parts
}
