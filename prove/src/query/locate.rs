//! The part of a query that an error message of SQLite is about.
//!
//! SQLite reports an offset for most errors in expressions, and none for most other errors.

use std::ops::Range;

use revchain_core::query::{Query, Source};
use revchain_core::sql::cursor::{position_outside, split};
use revchain_core::sql::keywords::similar_keyword;
use revchain_core::sql::sqlite_messages::{
    MissingColumn, is_wrong_number, misread_token, missing_column,
};
use revchain_core::sql::tokenizer::{Kind, Token, unquote};

use super::sources::sources;

/// The words after which the name of a table can follow.
const BEFORE_TABLE: &[&str] = &["FROM", "JOIN", "INTO", "UPDATE", "IN", "REPLACE"];

/// The words that a message can name and that occur once in most queries.
const CLAUSES: &[&str] = &[
    "HAVING",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "LIMIT",
    "ORDER",
    "USING",
    "NATURAL",
    "FILTER",
    "OVER",
    "RETURNING",
    "RANGE",
    "GROUPS",
    "ON",
];

/// Returns the byte range of the token that `message` is about.
pub(super) fn locate(query: &Query<'_>, message: &str, offset: Option<usize>) -> Range<usize> {
    let finder = Finder {
        sql: query.sql(),
        tokens: query.tokens(),
    };
    let at_offset = offset.and_then(|offset| finder.at_offset(offset));
    finder
        .misspelled(message, at_offset)
        .or_else(|| finder.column(message, at_offset))
        .or(at_offset)
        .or_else(|| finder.values(query, message))
        .or_else(|| finder.clause(query, message))
        .or_else(|| finder.name(message))
        .or_else(|| finder.keyword(message))
        .map(|at| finder.tokens[at].span.clone())
        .or_else(|| finder.tokens.first().map(|token| token.span.clone()))
        .unwrap_or(0..0)
}

struct Finder<'q> {
    sql: &'q str,
    tokens: &'q [Token],
}

impl Finder<'_> {
    fn is_mark(&self, at: usize, mark: &str) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| token.is_mark(self.sql, mark))
    }

    fn is_word(&self, at: usize, words: &[&str]) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| token.is_one_of(self.sql, words))
    }

    fn is_named(&self, at: usize, name: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| {
            matches!(token.kind, Kind::Word | Kind::QuotedWord | Kind::String)
                && unquote(token.text(self.sql)).eq_ignore_ascii_case(name)
        })
    }

    /// Returns the last token that begins at or before an offset.
    fn at_offset(&self, offset: usize) -> Option<usize> {
        let mut tokens = self.tokens.iter();
        tokens.rposition(|token| token.span.start <= offset)
    }

    /// Returns the misspelled keyword before the token at which SQLite reports a syntax error.
    fn misspelled(&self, message: &str, at_offset: Option<usize>) -> Option<usize> {
        misread_token(message)?;
        let at = at_offset?;
        let is_misspelled = |at: &usize| {
            let token = &self.tokens[*at];
            token.kind == Kind::Word && similar_keyword(token.text(self.sql)).is_some()
        };
        let before = at.checked_sub(1).into_iter();
        [at].into_iter().chain(before).find(is_misspelled)
    }

    /// Returns the token of a missing column, or of the table before its dot.
    fn column(&self, message: &str, at_offset: Option<usize>) -> Option<usize> {
        match missing_column(message)? {
            MissingColumn::Read {
                table: Some(table),
                column,
            } => {
                let is_pair = |at: usize| {
                    self.is_named(at, table)
                        && self.is_mark(at + 1, ".")
                        && self.is_named(at + 2, column)
                };
                let mut from = at_offset.unwrap_or(0)..self.tokens.len();
                let at = from.find(|&at| is_pair(at))?;
                // The part that is wrong is the table, unless the query reads the table. An alias
                // hides the name of its table.
                let sources = sources(self.sql, self.tokens);
                let is_hidden = |at: &usize| {
                    let mut sources = sources.iter();
                    sources.any(|source| source.tokens.contains(at) && source.tokens.end != at + 1)
                };
                let is_read = table.eq_ignore_ascii_case("excluded")
                    || (0..self.tokens.len()).any(|other| {
                        self.is_named(other, table)
                            && !self.is_mark(other + 1, ".")
                            && !is_hidden(&other)
                    });
                Some(if is_read { at + 2 } else { at })
            }
            MissingColumn::Read {
                table: None,
                column,
            } => {
                if at_offset.is_some() {
                    return at_offset;
                }
                let mut all = 0..self.tokens.len();
                let is_assigned =
                    |at: &usize| self.is_named(*at, column) && self.is_mark(at + 1, "=");
                all.clone()
                    .find(is_assigned)
                    .or_else(|| all.find(|&at| self.is_named(at, column)))
            }
            MissingColumn::Given { table, column } => {
                // The table can have the same name, and stands before the list.
                let table = (0..self.tokens.len()).find(|&at| self.is_named(at, table));
                let mut after = table.map_or(0, |at| at + 1)..self.tokens.len();
                after.find(|&at| self.is_named(at, column))
            }
            MissingColumn::Count { .. } => None,
        }
    }

    /// Returns the first surplus value of an INSERT, or the first column without a value.
    fn values(&self, query: &Query<'_>, message: &str) -> Option<usize> {
        let is_count = message.contains(" values for ") || message.ends_with("were supplied");
        let is_uneven = message.starts_with("all VALUES must have");
        if !is_count && !is_uneven {
            return None;
        }
        let insert = query.insert()?;
        let Source::Values(rows) = insert.source else {
            return self.find_word(&["SELECT"], 0);
        };
        let columns = insert.columns.as_deref();
        let expected = match columns {
            Some(columns) if !is_uneven => columns.len(),
            _ if is_uneven => rows.first()?.len(),
            _ => message
                .split(' ')
                .find_map(|word| word.parse::<usize>().ok())?,
        };
        let row = rows.iter().find(|row| row.len() != expected)?;
        let span = if row.len() > expected {
            row.get(expected)?.first()?.span.clone()
        } else if let Some((_, span)) = columns.and_then(|columns| columns.get(row.len())) {
            span.clone()
        } else {
            row.last()?.last()?.span.clone()
        };
        self.position(&span)
    }

    /// Returns the clause that the fixed text of a message is about.
    fn clause(&self, query: &Query<'_>, message: &str) -> Option<usize> {
        if message == "incomplete input" {
            return self.tokens.len().checked_sub(1);
        }
        if message == "no tables specified" {
            return (0..self.tokens.len()).find(|&at| self.is_mark(at, "*"));
        }
        if message.starts_with("ON CONFLICT clause does not match") {
            let conflict = self.find_word(&["CONFLICT"], 0)?;
            return Some(
                conflict
                    + if self.is_mark(conflict + 1, "(") {
                        2
                    } else {
                        0
                    },
            );
        }
        if message.contains("ORDER BY term") || message.contains("GROUP BY term") {
            let clause = if message.contains("ORDER BY") {
                "ORDER"
            } else {
                "GROUP"
            };
            let by = self.last_outside(clause)? + 1;
            let number: usize = message
                .chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .ok()?;
            let terms = split(self.sql, self.tokens.get(by + 1..)?);
            let first = terms.get(number.saturating_sub(1))?.first()?;
            return self.position(&first.span);
        }
        if message.contains(" columns assigned ") {
            let mut marks = query.assignment_marks().into_iter();
            return marks
                .find(|mark| self.is_mark(mark - 1, ")"))
                .map(|mark| mark + 1);
        }
        if message == "unsupported frame specification" {
            return self.find_word(&["ROWS", "RANGE", "GROUPS"], 0);
        }
        if message.starts_with("sub-select returns") {
            let mut all = 1..self.tokens.len();
            return all.find(|&at| self.is_word(at, &["SELECT"]) && self.is_mark(at - 1, "("));
        }
        if is_wrong_number(message) {
            return self.tokens.iter().position(|token| {
                token.kind == Kind::Parameter
                    && token
                        .text(self.sql)
                        .strip_prefix('?')
                        .is_some_and(|number| {
                            !number.is_empty()
                                && !number
                                    .parse()
                                    .is_ok_and(|number: usize| (1..=32_766).contains(&number))
                        })
            });
        }
        None
    }

    /// Returns the token with the name in a message, first where a table can be named.
    fn name(&self, message: &str) -> Option<usize> {
        let is_table = message.contains("table") || message.contains("view");
        for name in names(message) {
            let found: Vec<usize> = (0..self.tokens.len())
                .filter(|&at| self.is_named(at, name))
                .collect();
            let follows = |is_before: &dyn Fn(usize) -> bool| {
                let mut found = found.iter().filter(|_| is_table);
                found.find(|at| at.checked_sub(1).is_some_and(is_before))
            };
            // A comma also separates expressions.
            let place = follows(&|before| self.is_word(before, BEFORE_TABLE)).or_else(|| {
                follows(&|before| self.is_mark(before, ",") || self.is_mark(before, "."))
            });
            if let Some(at) = place.or(found.first()) {
                return Some(*at);
            }
        }
        None
    }

    /// Returns the token of the keyword that a message names.
    fn keyword(&self, message: &str) -> Option<usize> {
        let words: Vec<&str> = message.split([' ', ',']).collect();
        let named = words.iter().filter(|word| CLAUSES.contains(word));
        named
            .into_iter()
            .find_map(|clause| self.find_word(&[clause], 0))
    }

    /// Returns the index of the last token outside of parentheses that is the word.
    fn last_outside(&self, word: &str) -> Option<usize> {
        let (mut found, mut from) = (None, 0);
        while let Some(at) = position_outside(self.sql, &self.tokens[from..], |at| {
            self.is_word(from + at, &[word])
        }) {
            found = Some(from + at);
            from += at + 1;
        }
        found
    }

    fn position(&self, span: &Range<usize>) -> Option<usize> {
        self.tokens.iter().position(|token| token.span == *span)
    }

    fn find_word(&self, words: &[&str], from: usize) -> Option<usize> {
        (from..self.tokens.len()).find(|&at| self.is_word(at, words))
    }
}

/// Returns the words of a message that can be names in the query, the likeliest first.
fn names(message: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for quote in ['"', '\''] {
        names.extend(message.split(quote).nth(1));
    }
    if let Some((_, name)) = message.rsplit_once(": ") {
        let name = name.strip_suffix("()").unwrap_or(name);
        names.push(name.rsplit('.').next().unwrap_or(name));
    }
    let words: Vec<&str> = message.split([' ', ',']).collect();
    const BEFORE: &[&str] = &[
        "table",
        "function",
        "column",
        "modify",
        "on",
        "aggregate",
        "UPSERT",
    ];
    for pair in words.windows(2) {
        if BEFORE.contains(&pair[0]) {
            names.push(pair[1].split('(').next().unwrap_or(pair[1]));
        }
    }
    let calls = words.iter().filter_map(|word| word.strip_suffix("()"));
    names.extend(calls);
    names
}
