//! Reading the hints of one statement from its tokens.

use std::collections::HashMap;

use revchain_core::sql::cursor;
use revchain_core::sql::tokenizer::{Kind, Token, unquote};
use rusqlite::types::Value;

use super::hint::{ColumnHints, Computed, Reference};
use super::literal::{literal, number};

/// The functions that read a date.
const DATE_FUNCTIONS: &[&str] = &[
    "date",
    "time",
    "datetime",
    "julianday",
    "unixepoch",
    "strftime",
    "timediff",
];

/// The tokens of a statement, to look around a column.
pub(super) struct Reader<'t> {
    pub(super) sql: &'t str,
    pub(super) tokens: &'t [Token],
}

impl Reader<'_> {
    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    pub(super) fn is_mark(&self, at: usize, mark: &str) -> bool {
        self.token(at)
            .is_some_and(|token| token.is_mark(self.sql, mark))
    }

    fn is_word(&self, at: usize, words: &[&str]) -> bool {
        self.token(at)
            .is_some_and(|token| token.is_one_of(self.sql, words))
    }

    /// Returns the columns that `a.b = c.d` or `a.b IN (SELECT d FROM c` compares.
    pub(super) fn references(&self) -> Vec<Reference> {
        let aliases = self.aliases();
        let table = |name: &str| {
            aliases
                .get(name)
                .cloned()
                .unwrap_or_else(|| name.to_owned())
        };
        let mut references = self.member_references();
        for at in 3..self.tokens.len() {
            if !(self.is_mark(at, "=") && self.is_mark(at - 2, ".") && self.is_mark(at + 2, ".")) {
                continue;
            }
            let names = [at - 3, at - 1, at + 1, at + 3].map(|at| self.name(at));
            if let [Some(a), Some(b), Some(c), Some(d)] = names {
                references.push(Reference([(table(&a), b), (table(&c), d)]));
            }
        }
        references
    }

    /// Returns the columns that `b [NOT] IN (SELECT d FROM c` compares, where `b` has no table.
    fn member_references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        let mut table = None;
        for at in 0..self.tokens.len() {
            if self.is_word(at, &["FROM", "UPDATE"]) {
                table = self.name(at + 1).or(table);
            }
            let is_in = at + usize::from(self.is_word(at + 1, &["NOT"])) + 1;
            let is_qualified = at > 0 && self.is_mark(at - 1, ".");
            let is_member = self.is_word(is_in, &["IN"])
                && self.is_mark(is_in + 1, "(")
                && self.is_word(is_in + 2, &["SELECT"])
                && self.is_word(is_in + 4, &["FROM"]);
            let names = [at, is_in + 3, is_in + 5].map(|at| self.name(at));
            if let (true, false, Some(table), [Some(b), Some(d), Some(c)]) =
                (is_member, is_qualified, &table, names)
            {
                references.push(Reference([(table.clone(), b), (c, d)]));
            }
        }
        references
    }

    /// Returns the columns in comparisons such as `a.b = 'x' || c.d`.
    pub(super) fn computed(&self) -> Vec<Computed> {
        let aliases = self.aliases();
        let mut found = Vec::new();
        for at in 3..self.tokens.len() {
            if !self.is_mark(at, "=") {
                continue;
            }
            let after = (at + 1..self.tokens.len()).take_while(|&next| !self.ends_expression(next));
            let after: Vec<usize> = after.collect();
            let before = (0..at)
                .rev()
                .take_while(|&last| !self.ends_expression(last));
            let before: Vec<usize> = before.collect();
            let sides = [
                (at - 3, after.first().copied(), after.last().copied()),
                (at + 1, before.last().copied(), before.first().copied()),
            ];
            for (column, first, last) in sides {
                let is_column = self.is_mark(column + 1, ".");
                if let (true, Some(first), Some(last)) = (is_column, first, last) {
                    found.extend(self.computed_by(column, (first, last), &aliases));
                }
            }
        }
        found
    }

    /// Returns the comparison of the qualified column at `column` with an expression.
    fn computed_by(
        &self,
        column: usize,
        (first, last): (usize, usize),
        aliases: &HashMap<String, String>,
    ) -> Option<Computed> {
        if last <= first + 2 {
            return None;
        }
        let table = aliases.get(&self.name(column)?)?;
        let mut qualifiers = (first..last).filter(|&at| self.is_mark(at + 1, "."));
        let alias = self.name(qualifiers.next()?)?;
        let is_other = |at: usize| self.name(at).as_ref() != Some(&alias);
        let other_table = aliases.get(&alias)?;
        if qualifiers.any(is_other) || other_table == table {
            return None;
        }
        let span = self.token(first)?.span.start..self.token(last)?.span.end;
        Some(Computed {
            table: table.clone(),
            column: self.name(column + 2)?,
            other_table: other_table.clone(),
            alias,
            expression: self.sql.get(span)?.to_owned(),
        })
    }

    /// Returns `true` if a simple expression ends before the token at `at`.
    fn ends_expression(&self, at: usize) -> bool {
        const ENDS: &[&str] = &[
            "AND", "OR", "ON", "WHERE", "GROUP", "ORDER", "LIMIT", "JOIN", "LEFT", "INNER",
            "CROSS", "UNION", "SELECT", "FROM",
        ];
        self.is_word(at, ENDS) || self.is_mark(at, ";") || self.is_mark(at, ",")
    }

    /// Returns the tables after `FROM` and `JOIN` by their aliases.
    pub(super) fn aliases(&self) -> HashMap<String, String> {
        let mut aliases = HashMap::new();
        for at in 0..self.tokens.len() {
            if !self.is_word(at, &["FROM", "JOIN", "UPDATE", "INTO"]) {
                continue;
            }
            let Some(table) = self.name(at + 1) else {
                continue;
            };
            let alias = at + 2 + usize::from(self.is_word(at + 2, &["AS"]));
            aliases.extend(self.name(alias).map(|alias| (alias, table.clone())));
            aliases.insert(table.clone(), table);
        }
        aliases
    }

    /// Returns the literals before the WHERE of a statement that writes rows.
    pub(super) fn written_literals(&self) -> Vec<Value> {
        if !self.is_word(0, &["INSERT", "REPLACE", "UPDATE"]) {
            return Vec::new();
        }
        let all = 0..self.tokens.len();
        let written = all.take_while(|&at| !self.is_word(at, &["WHERE"]));
        written.filter_map(|at| self.literal(at)).collect()
    }

    /// Returns the keys after `$.` in strings, and after `->` and `->>`.
    pub(super) fn json_paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for at in 0..self.tokens.len() {
            let Some(text) = self.text(at) else {
                continue;
            };
            let is_key = at > 0 && (self.is_mark(at - 1, "->") || self.is_mark(at - 1, "->>"));
            let path = text
                .strip_prefix("$.")
                .or(Some(text.as_str()).filter(|_| is_key));
            paths.extend(path.map(str::to_owned));
        }
        paths
    }

    /// Returns the lowercase name at `at`.
    fn name(&self, at: usize) -> Option<String> {
        let token = self.token(at)?;
        let is_name = matches!(token.kind, Kind::Word | Kind::QuotedWord);
        is_name.then(|| unquote(token.text(self.sql)).to_ascii_lowercase())
    }

    /// Returns the literals that the column at `at` must equal, and the other hints.
    pub(super) fn hints_at(&self, at: usize) -> (Vec<Value>, Option<ColumnHints>) {
        let mut equal = self.equal_literals(at);
        let mut hints = ColumnHints::default();
        let mut after = at + 1;
        if self.is_word(after, &["NOT"]) {
            after += 1;
        }
        let bound = self.bound(after).into_iter().flatten();
        hints.bounds.extend(bound);
        if let (true, Some(text)) = (self.is_word(after, &["GLOB"]), self.text(after + 1)) {
            hints.globs.push(text);
        }
        if let (true, Some(text)) = (self.is_word(after, &["LIKE"]), self.text(after + 1)) {
            hints.likes.push(text);
        }
        hints.is_json = ["->", "->>"].iter().any(|mark| self.is_mark(at + 1, mark));
        if let Some((name, end)) = self.enclosing_call(at) {
            hints.is_json |= name.starts_with("json");
            hints.is_json_checked |= name == "json_valid";
            hints.is_date |= DATE_FUNCTIONS.contains(&&*name);
            if matches!(&*name, "length" | "octet_length") {
                let limits = self.equal_literals(end).into_iter();
                let limits = limits.chain(self.bound(end + 1).into_iter().flatten());
                hints.lengths.extend(limits.filter_map(|value| match value {
                    Value::Integer(length) => usize::try_from(length).ok(),
                    _ => None,
                }));
            } else if matches!(&*name, "lower" | "upper" | "trim" | "coalesce" | "ifnull") {
                equal.extend(self.equal_literals(end));
            } else {
                let literals = self.equal_literals(end).into_iter();
                hints.parts.extend(literals.filter_map(|value| match value {
                    Value::Text(text) => Some(text),
                    _ => None,
                }));
            }
        }
        let found = Some(hints).filter(|hints| *hints != ColumnHints::default());
        (equal, found)
    }

    /// Returns `true` if the column at `at` is set, as in `SET a = 1, b = 2`.
    fn is_assigned(&self, at: usize) -> bool {
        const ENDS: &[&str] = &["WHERE", "FROM", "SELECT", "VALUES", "BEGIN"];
        if at == 0 || !(self.is_word(at - 1, &["SET"]) || self.is_mark(at - 1, ",")) {
            return false;
        }
        let before = (0..at).rev().take_while(|&at| !self.is_word(at, ENDS));
        before.into_iter().any(|at| self.is_word(at, &["SET"]))
    }

    /// Returns the literals of `= 'a'`, `IN ('a', 'b')` or `CASE column WHEN 'a'` after `at`.
    fn equal_literals(&self, at: usize) -> Vec<Value> {
        if self.is_assigned(at) {
            return Vec::new();
        }
        let mut next = at + 1;
        let is_comparison = ["=", "==", "<>", "!="]
            .iter()
            .any(|mark| self.is_mark(next, mark));
        let is_case = at > 0 && self.is_word(at - 1, &["CASE"]);
        if is_case && self.is_word(next, &["WHEN"]) {
            return self.when_literals(next);
        }
        if is_comparison {
            return self.literal(next + 1).into_iter().collect();
        }
        let is_is = self.is_word(next, &["IS"]);
        if is_is || self.is_word(next, &["NOT"]) {
            next += 1;
        }
        if is_is && self.is_word(next, &["NOT"]) {
            next += 1;
        }
        if is_is {
            return self.literal(next).into_iter().collect();
        }
        if self.is_word(next, &["IN"]) && self.is_mark(next + 1, "(") {
            let mut literals = Vec::new();
            let mut item = next + 2;
            while let Some(value) = self.literal(item) {
                literals.push(value);
                item += if self.is_mark(item, "-") { 3 } else { 2 };
            }
            return literals;
        }
        Vec::new()
    }

    /// Returns the literals after each `WHEN` up to `END`.
    fn when_literals(&self, start: usize) -> Vec<Value> {
        let mut literals = Vec::new();
        let mut at = start;
        while at < self.tokens.len() && !self.is_word(at, &["END"]) {
            if self.is_word(at, &["WHEN"]) {
                literals.extend(self.literal(at + 1));
            }
            at += 1;
        }
        literals
    }

    /// Returns the literals of a comparison such as `> 5` or `BETWEEN 1 AND 9` at `at`.
    fn bound(&self, at: usize) -> Option<Vec<Value>> {
        if self.is_word(at, &["BETWEEN"]) {
            let first = self.literal(at + 1)?;
            let second = self.literal(at + 3);
            return Some([first].into_iter().chain(second).collect());
        }
        let is_bound = ["<", ">", "<=", ">="]
            .iter()
            .any(|mark| self.is_mark(at, mark));
        if !is_bound {
            return None;
        }
        Some(self.literal(at + 1).into_iter().collect())
    }

    /// Returns the string literal at `at`.
    fn text(&self, at: usize) -> Option<String> {
        let token = self.token(at)?;
        (token.kind == Kind::String).then(|| unquote(token.text(self.sql)))
    }

    /// Returns the literal at `at`: a string, or a number with or without a sign.
    fn literal(&self, at: usize) -> Option<Value> {
        let token = self.token(at)?;
        if token.is_mark(self.sql, "-") {
            let digits = self.token(at + 1)?;
            let is_number = digits.kind == Kind::Number;
            return number(&format!("-{}", digits.text(self.sql))).filter(|_| is_number);
        }
        literal(token.text(self.sql))
    }

    /// Returns the lowercase name of the function around `at`, and the position of its `)`.
    fn enclosing_call(&self, at: usize) -> Option<(String, usize)> {
        let mut depth = 0;
        let mut open = at;
        loop {
            open = open.checked_sub(1)?;
            if self.is_mark(open, ")") {
                depth += 1;
            } else if self.is_mark(open, "(") {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            } else if self.is_mark(open, ";") {
                return None;
            }
        }
        let function = self.token(open.checked_sub(1)?)?;
        if function.kind != Kind::Word {
            return None;
        }
        let mut depth = 0;
        let end = (open..self.tokens.len()).find(|&close| {
            if self.is_mark(close, "(") {
                depth += 1;
            } else if self.is_mark(close, ")") {
                depth -= 1;
            }
            depth == 0
        })?;
        Some((function.text(self.sql).to_ascii_lowercase(), end))
    }
}

/// Returns the lowercase names in the CHECK constraint that has this name or expression.
///
/// `sql` is the SQL of the table, and `check` is from SQLite's message.
pub(crate) fn names_in_check(sql: &str, check: &str) -> Vec<String> {
    let tokens = cursor::tokens(sql);
    let reader = Reader {
        sql,
        tokens: &tokens,
    };
    let is_check = |at: usize| {
        let token = reader.token(at);
        token.is_some_and(|token| unquote(token.text(sql)) == check)
    };
    for at in 0..tokens.len() {
        if !reader.is_word(at, &["CHECK"]) {
            continue;
        }
        let is_named = at > 1 && reader.is_word(at - 2, &["CONSTRAINT"]) && is_check(at - 1);
        // SQLite takes the quotes away if a CHECK begins with a name in quotes, and drops the rest.
        let first = reader.token(at + 2);
        let is_quoted = first.is_some_and(|token| token.kind == Kind::QuotedWord);
        if is_named || is_quoted && is_check(at + 2) {
            let mut rest = cursor::Cursor::new(sql, &tokens[at + 1..]);
            let group = rest.group().unwrap_or_default();
            return names(sql, group);
        }
    }
    names(check, &cursor::tokens(check))
}

fn names(sql: &str, tokens: &[Token]) -> Vec<String> {
    let words = tokens
        .iter()
        .filter(|token| matches!(token.kind, Kind::Word | Kind::QuotedWord));
    words
        .map(|token| unquote(token.text(sql)).to_ascii_lowercase())
        .collect()
}
