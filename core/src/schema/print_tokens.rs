//! Lines and names of SQL that is in normal form.
//!
//! The normal form writes keywords in uppercase, also a bare name such as that of a column `key`.
//! Here the position decides whether a keyword is a name.

use std::collections::HashMap;

use super::render::lower;
use crate::sql::cursor::tokens;
use crate::sql::keywords::{is_keyword, is_reserved};
use crate::sql::tokenizer::{Kind, Token};

/// The lines of a text, and the rules for its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// A clause on one line.
    OneLine,
    /// The text of a view after its name: each clause of the SELECT begins a line.
    View,
    /// The text of a trigger after its name: each statement has a line.
    Trigger,
    /// The module and the arguments of a virtual table, which are no SQL.
    Module,
}

/// The names of a schema, by their lowercase form.
pub(super) struct Names<'s>(HashMap<String, &'s str>);

impl<'s> Names<'s> {
    pub(super) fn of(names: impl Iterator<Item = &'s str>) -> Self {
        let mut by_lower = HashMap::new();
        for name in names.filter(|name| is_keyword(name)) {
            by_lower.entry(lower(name)).or_insert(name);
        }
        Self(by_lower)
    }

    /// Returns a name that is a keyword as the schema writes it, or else in lowercase.
    ///
    /// The normal form of a bare keyword is uppercase, however the statement writes it.
    fn spelled(&self, word: &str) -> String {
        let name = lower(word);
        let known = self.0.get(&name).map(|known| (*known).to_owned());
        known.unwrap_or(name)
    }
}

/// The words after which an expression or a name begins.
const BEFORE_OPERAND: &[&str] = &[
    "ALL",
    "AND",
    "AS",
    "BETWEEN",
    "BY",
    "CASE",
    "COLLATE",
    "DISTINCT",
    "ELSE",
    "ESCAPE",
    "FROM",
    "GLOB",
    "HAVING",
    "IN",
    "INTO",
    "IS",
    "JOIN",
    "LIKE",
    "LIMIT",
    "NOT",
    "OF",
    "OFFSET",
    "ON",
    "OR",
    "REFERENCES",
    "REGEXP",
    "SELECT",
    "SET",
    "THEN",
    "UPDATE",
    "WHEN",
    "WHERE",
    "WITH",
];

/// Operators and marks after which no expression begins.
const NOT_BEFORE_OPERAND: &[&str] = &[")", ";"];

/// The keywords that SQLite does not read as a name where an expression begins.
const NEVER_NAMES: &[&str] = &["CAST", "RAISE", "WITH"];

/// The words after `INSERT OR` and `UPDATE OR`.
const RESOLUTIONS: &[&str] = &["ABORT", "FAIL", "IGNORE", "REPLACE", "ROLLBACK"];

/// The words that begin a line of a view.
const CLAUSES: &[&str] = &[
    "SELECT",
    "VALUES",
    "WITH",
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
];

/// The words that begin a join.
const JOINS: &[&str] = &[
    "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "OUTER",
];

/// The part of a word in a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A keyword, or a token that is no keyword.
    AsWritten,
    /// A keyword that is a name.
    Name,
    /// A keyword that is the name of a function.
    Function,
    /// A name that was in quotes, at a position where SQLite may need them.
    QuotedName,
    /// A number in brackets after a type, such as `float[3]`, which SQLite reads as a name.
    Length,
}

/// Returns SQL in normal form with the lines of `layout`.
pub(super) fn print_tokens(sql: &str, names: &Names<'_>, layout: Layout) -> String {
    let tokens = tokens(sql);
    let mut roles = Vec::with_capacity(tokens.len());
    while roles.len() < tokens.len() {
        roles.push(role(sql, &tokens, &roles, layout));
    }
    let mut lines = Lines::new(layout);
    let mut text = String::new();
    for (index, token) in tokens.iter().enumerate() {
        let written = token.text(sql);
        let line_break = lines.before(sql, &tokens, &roles, index);
        if let (Some(line_break), false) = (line_break, index == 0) {
            text += line_break;
        } else if has_space(sql, &tokens, &roles, index, layout) {
            text.push(' ');
        }
        match roles[index] {
            Role::AsWritten => text += written,
            Role::Name | Role::Function => text += &names.spelled(written),
            Role::QuotedName => text += &format!("\"{written}\""),
            Role::Length => text += &format!("[{}]", written.trim_matches('"')),
        }
    }
    text
}

/// Returns `true` if a space precedes the token.
fn has_space(sql: &str, tokens: &[Token], roles: &[Role], index: usize, layout: Layout) -> bool {
    let Some(before) = index.checked_sub(1) else {
        return false;
    };
    let is_equal = |index: usize| tokens[index].is_mark(sql, "=");
    if layout == Layout::Module && (is_equal(before) || is_equal(index)) {
        // Some modules read `name=value` only without spaces.
        return false;
    }
    if tokens[before].is_mark(sql, "+") && layout == Layout::Module || roles[index] == Role::Length
    {
        return false;
    }
    let is_call = roles[before] == Role::Function && tokens[index].is_mark(sql, "(");
    tokens[index].span.start > tokens[before].span.end && !is_call
}

/// Returns the role of the token after those that have `roles`.
fn role(sql: &str, tokens: &[Token], roles: &[Role], layout: Layout) -> Role {
    let index = roles.len();
    let token = &tokens[index];
    let written = token.text(sql);
    if layout == Layout::Module && is_length(sql, &tokens[..index], token) {
        return Role::Length;
    }
    if token.kind != Kind::Word || !is_keyword(written) {
        return Role::AsWritten;
    }
    let next = tokens.get(index + 1);
    let is_called = next.is_some_and(|next| next.is_mark(sql, "("));
    let was_quoted = written != written.to_ascii_uppercase();
    if layout == Layout::Module {
        let is_argument =
            is_operand(sql, tokens, roles) || next.is_some_and(|next| next.is_mark(sql, "="));
        return if is_argument {
            Role::Name
        } else {
            Role::AsWritten
        };
    }
    if !is_reserved(written) && !token.is_one_of(sql, NEVER_NAMES) && is_operand(sql, tokens, roles)
    {
        let is_table = previous_is(sql, tokens, index, &["INTO", "REFERENCES", "FROM", "JOIN"])
            // The table of an index.
            || index <= 2 && previous_is(sql, tokens, index, &["ON"]);
        return if is_called && !is_table {
            Role::Function
        } else {
            Role::Name
        };
    }
    if was_quoted {
        return Role::QuotedName;
    }
    Role::AsWritten
}

/// Returns `true` if a token of a module's arguments is a number in quotes after a bare word.
fn is_length(sql: &str, before: &[Token], token: &Token) -> bool {
    let digits = token.text(sql).trim_matches('"');
    token.kind == Kind::QuotedWord
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && before
            .last()
            .is_some_and(|before| before.kind == Kind::Word)
}

/// Returns `true` if an expression or a name can begin at the token after those with `roles`.
fn is_operand(sql: &str, tokens: &[Token], roles: &[Role]) -> bool {
    let index = roles.len();
    let (token, Some((before, earlier))) = (&tokens[index], tokens[..index].split_last()) else {
        return false;
    };
    if before.kind == Kind::Word && roles.last() != Some(&Role::AsWritten) {
        // The token before is a name itself.
        return false;
    }
    let is_earlier = |words: &[&str]| {
        let last = earlier.last();
        last.is_some_and(|token| token.is_one_of(sql, words))
    };
    if before.kind == Kind::Operator {
        let is_action = is_earlier(&["RAISE"]) && before.is_mark(sql, "(");
        let is_window = before.is_mark(sql, "(") && token.is_one_of(sql, &["PARTITION", "ROWS"]);
        let opens = !NOT_BEFORE_OPERAND.contains(&before.text(sql));
        return opens && !is_action && !is_window;
    }
    // These words continue a keyword, such as `ON CONFLICT` and `NOT LIKE`.
    let continues = match before.text(sql) {
        "NOT" => token.is_one_of(sql, &["LIKE", "GLOB", "MATCH", "REGEXP", "INDEXED"]),
        "ON" => token.is_word(sql, "CONFLICT"),
        "WITH" => token.is_word(sql, "RECURSIVE"),
        "UPDATE" => is_earlier(&["ON"]) || token.is_word(sql, "OF"),
        "OR" => is_earlier(&["INSERT", "UPDATE"]),
        _ => false,
    };
    // The table after `UPDATE OR IGNORE`.
    let is_table = is_earlier(&["OR"]) && before.is_one_of(sql, RESOLUTIONS);
    (before.is_one_of(sql, BEFORE_OPERAND) || is_table) && !continues
}

fn previous_is(sql: &str, tokens: &[Token], index: usize, words: &[&str]) -> bool {
    let before = tokens[..index].last();
    before.is_some_and(|token| token.is_one_of(sql, words))
}

/// The position in a text, as far as it decides where a line begins.
struct Lines {
    layout: Layout,
    depth: usize,
    /// The index of the BEGIN of a trigger.
    begin: Option<usize>,
}

impl Lines {
    fn new(layout: Layout) -> Self {
        Self {
            layout,
            depth: 0,
            begin: None,
        }
    }

    /// Moves to a token. Returns the line break before the token, if a line begins there.
    fn before(
        &mut self,
        sql: &str,
        tokens: &[Token],
        roles: &[Role],
        index: usize,
    ) -> Option<&'static str> {
        let token = &tokens[index];
        let is_top = self.depth == 0;
        match token.text(sql) {
            "(" if token.kind == Kind::Operator => self.depth += 1,
            ")" if token.kind == Kind::Operator => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        let is_keyword = token.kind == Kind::Word && roles[index] == Role::AsWritten;
        match self.layout {
            Layout::View if is_top && is_keyword => self.before_clause(sql, tokens, roles, index),
            Layout::Trigger if is_top => self.before_statement(sql, tokens, is_keyword, index),
            _ => None,
        }
    }

    fn before_clause(
        &self,
        sql: &str,
        tokens: &[Token],
        roles: &[Role],
        index: usize,
    ) -> Option<&'static str> {
        let token = &tokens[index];
        let follows = |words| previous_is(sql, tokens, index, words);
        // `IS DISTINCT FROM` is an operator.
        if token.is_one_of(sql, CLAUSES) && !follows(&["DISTINCT"]) {
            return Some("\n");
        }
        let continues_join = follows(JOINS) && index > 0 && roles[index - 1] == Role::AsWritten;
        if token.is_one_of(sql, JOINS) && !continues_join {
            return Some("\n  ");
        }
        None
    }

    fn before_statement(
        &mut self,
        sql: &str,
        tokens: &[Token],
        is_keyword: bool,
        index: usize,
    ) -> Option<&'static str> {
        let token = &tokens[index];
        let Some(begin) = self.begin else {
            if is_keyword && token.is_word(sql, "BEGIN") {
                self.begin = Some(index);
                return Some("\n");
            }
            let is_condition = is_keyword && token.is_word(sql, "WHEN");
            return if is_condition { Some("\n  ") } else { None };
        };
        if index + 1 == tokens.len() {
            return Some("\n");
        }
        let begins = index == begin + 1 || tokens[index - 1].is_mark(sql, ";");
        if begins { Some("\n  ") } else { None }
    }
}
