//! The failure of a query on sample rows, if a literal of the query is the cause.
//!
//! A literal is the cause only if it is a whole operand, and fails by itself or in a column.

use std::ops::Range;

use revchain_core::query::{Assignment, Query};
use revchain_core::sql::sqlite_messages::{ColumnConstraint, failed_check, failed_columns};
use revchain_core::sql::tokenizer::{Kind, Token, unquote};
use revchain_core::{Defect, DefectKind};
use rusqlite::{OptionalExtension, Params};

use super::database::QueryDatabase;
use super::operands::ends_operand;
use super::sources::written;
use crate::sample_rows::{names_in_check, table::sql_of};

/// The functions whose first argument must be JSON.
const READ_JSON: &[&str] = &[
    "json",
    "json_array_length",
    "json_each",
    "json_extract",
    "json_insert",
    "json_patch",
    "json_pretty",
    "json_remove",
    "json_replace",
    "json_set",
    "json_tree",
    "json_type",
    "jsonb",
    "jsonb_extract",
    "jsonb_insert",
    "jsonb_patch",
    "jsonb_remove",
    "jsonb_replace",
    "jsonb_set",
];

/// A failure of a query on sample rows.
pub(super) struct Failure<'f, 'q> {
    pub(super) database: &'f mut QueryDatabase,
    pub(super) query: &'f Query<'q>,
    /// SQLite's message.
    pub(super) message: &'f str,
}

impl Failure<'_, '_> {
    /// Describes the failure if a literal of the query causes it.
    pub(super) fn explain(mut self) -> Option<Defect> {
        self.wrong_type()
            .or_else(|| self.constraint())
            .or_else(|| self.limit())
            .or_else(|| self.full_text())
            .or_else(|| self.json())
            .or_else(|| self.argument())
    }

    fn defect(&self, kind: DefectKind, span: Range<usize>, help: &str) -> Defect {
        let title = format!("the query fails when it runs: {}", self.message);
        let defect = self.query.defect(kind, title, span);
        defect.help(format!("{help}\n(seen with sample rows)"))
    }

    fn is_word(&self, token: &Token, words: &[&str]) -> bool {
        token.is_one_of(self.query.sql(), words)
    }

    /// Returns `true` if the token at `at` is a literal, and is an operand by itself.
    fn is_whole(&self, at: usize) -> bool {
        let (sql, tokens) = (self.query.sql(), self.query.tokens());
        ends_operand(sql, tokens, at + 1) && self.literal(&tokens[at..=at]).is_some()
    }

    /// Returns `true` if SQLite rejects a query, or if the query fails.
    fn fails(&self, sql: &str, values: impl Params) -> bool {
        let found = self.database.connection.query_row(sql, values, |_| Ok(()));
        found.optional().is_err()
    }

    /// Returns the literal that the query writes into a column of the table it writes.
    fn literal_of(
        &self,
        table: &str,
        column: &str,
        is_wanted: impl Fn(&Token) -> bool,
    ) -> Option<Range<usize>> {
        let (target, written) = written(self.query)?;
        if !target.eq_ignore_ascii_case(table) {
            return None;
        }
        let of_column = written
            .iter()
            .filter(|assignment| assignment.column.eq_ignore_ascii_case(column));
        let mut literals = of_column.filter_map(|assignment| self.literal(&assignment.value));
        literals
            .find(|token| is_wanted(token))
            .map(|token| token.span.clone())
    }

    /// Returns the token of a value that is a literal. Skips a sign.
    fn literal<'t>(&self, value: &'t [Token]) -> Option<&'t Token> {
        let sql = self.query.sql();
        let value = match value {
            [sign, rest @ ..] if sign.is_mark(sql, "-") || sign.is_mark(sql, "+") => rest,
            value => value,
        };
        let [only] = value else {
            return None;
        };
        let is_literal = matches!(only.kind, Kind::String | Kind::Number | Kind::Blob)
            || self.is_word(only, &["NULL", "TRUE", "FALSE"]);
        is_literal.then_some(only)
    }

    /// Explains `cannot store TEXT value in INTEGER column t.c`, and a rowid that is no number.
    fn wrong_type(&mut self) -> Option<Defect> {
        let is_kind = |token: &Token, value: &str| {
            matches!(
                (token.kind, value),
                (Kind::String, "TEXT") | (Kind::Blob, "BLOB") | (Kind::Number, "INT" | "REAL")
            )
        };
        if let Some(rest) = self.message.strip_prefix("cannot store ") {
            let (value, rest) = rest.split_once(" value in ")?;
            let (declared, column) = rest.split_once(" column ")?;
            let (table, column) = column.split_once('.')?;
            let span = self.literal_of(table, column, |token| is_kind(token, value))?;
            let help = format!("write a value of the type {declared}");
            return Some(self.defect(DefectKind::WrongType, span, &help));
        }
        if self.message != "datatype mismatch" {
            return None;
        }
        let (target, written) = written(self.query)?;
        let table = self.database.table(&target)?;
        let is_number = |assignment: &&Assignment| {
            let column = table.column(&assignment.column);
            column.is_some_and(|column| column.declared_type == "INTEGER")
        };
        let mut literals = written
            .iter()
            .filter(is_number)
            .filter_map(|assignment| self.literal(&assignment.value));
        let text = literals.find(|token| matches!(token.kind, Kind::String | Kind::Blob))?;
        let span = text.span.clone();
        let help = "write a whole number: the column is the rowid of the table";
        Some(self.defect(DefectKind::WrongType, span, help))
    }

    /// Explains a NOT NULL or a CHECK that only literals of the query break.
    fn constraint(&mut self) -> Option<Defect> {
        if let Some((ColumnConstraint::NotNull, table, columns)) = failed_columns(self.message) {
            let column = columns.first()?;
            let is_null = |token: &Token| token.is_word(self.query.sql(), "NULL");
            let span = self.literal_of(table, column, is_null)?;
            return Some(self.defect(
                DefectKind::QueryFails,
                span,
                "write a value that is not NULL",
            ));
        }
        let check = failed_check(self.message)?;
        let (target, written) = written(self.query)?;
        let table = self.database.table(&target)?;
        let definition = sql_of(&self.database.connection, &target).ok()?;
        let names = names_in_check(definition.first()?, check);
        let columns: Vec<&str> = names
            .iter()
            .filter(|name| table.column(name).is_some())
            .map(String::as_str)
            .collect();
        // A trigger can write another table with the same columns.
        let is_certain = !columns.is_empty()
            && columns.iter().all(|column| {
                let mut all = written
                    .iter()
                    .filter(|assignment| assignment.column.eq_ignore_ascii_case(column))
                    .peekable();
                all.peek().is_some()
                    && all.all(|assignment| self.literal(&assignment.value).is_some())
            });
        if !is_certain {
            return None;
        }
        let span = self.literal_of(&target, columns.first()?, |_| true)?;
        Some(self.defect(
            DefectKind::QueryFails,
            span,
            "write a value that the CHECK permits",
        ))
    }

    /// Explains a LIMIT that is no whole number.
    fn limit(&self) -> Option<Defect> {
        if self.message != "datatype mismatch" {
            return None;
        }
        let (sql, tokens) = (self.query.sql(), self.query.tokens());
        let fails = |at: &usize| {
            let limit = format!("SELECT 1 LIMIT {}", tokens[*at].text(sql));
            self.is_word(&tokens[at - 1], &["LIMIT", "OFFSET"])
                && self.is_whole(*at)
                && self.fails(&limit, [])
        };
        let span = tokens[(1..tokens.len()).find(fails)?].span.clone();
        Some(self.defect(DefectKind::QueryFails, span, "write a whole number"))
    }

    /// Explains a full-text query that is malformed, or a MATCH that needs a full-text table.
    fn full_text(&mut self) -> Option<Defect> {
        let (sql, tokens) = (self.query.sql(), self.query.tokens());
        if let Some(rest) = self.message.strip_prefix("unable to use function ") {
            let name = rest.split(' ').next()?;
            let mut named = tokens.iter();
            let token = named.find(|token| token.text(sql).eq_ignore_ascii_case(name))?;
            let help =
                "use it on a full-text table of the FROM clause, outside of OR and of expressions";
            return Some(self.defect(DefectKind::QueryFails, token.span.clone(), help));
        }
        let is_match = self.message.starts_with("fts5:")
            || self.message.starts_with("malformed MATCH expression")
            || self.message.starts_with("unknown special query")
            || self.message.starts_with("no such column: ")
            || self.message == "unterminated string";
        if !is_match {
            return None;
        }
        let mut operands = Vec::new();
        for at in 2..tokens.len() {
            let before = &tokens[at - 1];
            let is_argument = before.is_mark(sql, "(") || before.is_mark(sql, "=");
            if before.is_word(sql, "MATCH")
                || is_argument && self.is_virtual(&unquote(tokens[at - 2].text(sql)))
            {
                operands.push(at);
            }
        }
        // With several operands, SQLite does not say which one is wrong.
        let [at] = operands[..] else {
            return None;
        };
        if tokens[at].kind != Kind::String || !self.is_whole(at) {
            return None;
        }
        let span = tokens[at].span.clone();
        let help = "write a full-text query: words, \"phrases\", AND, OR, NOT, and `column : word`";
        Some(self.defect(DefectKind::QueryFails, span, help))
    }

    fn is_virtual(&mut self, name: &str) -> bool {
        let table = self.database.table(name);
        table.is_some_and(|table| !table.is_ordinary)
    }

    /// Explains a literal that is no JSON, or no path into JSON.
    fn json(&self) -> Option<Defect> {
        let (sql, tokens) = (self.query.sql(), self.query.tokens());
        if self.message.starts_with("bad JSON path: ")
            || self.message.starts_with("JSON path error")
        {
            let path = self.message.split('\'').nth(1)?;
            let is_path = |at: &usize| {
                let text = unquote(tokens[*at].text(sql));
                let json = "SELECT json_extract('{}', ?1)";
                tokens[*at].kind == Kind::String
                    && tokens[at - 1].is_mark(sql, ",")
                    && text.ends_with(path)
                    && self.is_whole(*at)
                    && self.fails(json, [&text])
            };
            let at = (1..tokens.len()).find(is_path)?;
            let help = "begin the path with `$`: `'$.name'`, `'$[0]'`";
            return Some(self.defect(DefectKind::QueryFails, tokens[at].span.clone(), help));
        }
        if self.message != "malformed JSON" {
            return None;
        }
        let is_wrong = |at: &usize| {
            let is_first = *at >= 2
                && tokens[at - 1].is_mark(sql, "(")
                && tokens[at - 2].is_one_of(sql, READ_JSON)
                && self.is_whole(*at);
            let is_arrow = |at: usize| {
                let token = tokens.get(at);
                token.is_some_and(|token| token.is_mark(sql, "->") || token.is_mark(sql, "->>"))
            };
            // After an arrow comes a path.
            let is_operand = is_arrow(at + 1) && (*at == 0 || !is_arrow(at - 1));
            tokens[*at].kind == Kind::String
                && (is_first || is_operand)
                && self.fails("SELECT json(?1)", [&unquote(tokens[*at].text(sql))])
        };
        let at = (0..tokens.len()).find(is_wrong)?;
        let (span, help) = (
            tokens[at].span.clone(),
            "write JSON: objects and arrays with double quotes",
        );
        Some(self.defect(DefectKind::QueryFails, span, help))
    }

    /// Explains an argument that is wrong whatever the rows are.
    fn argument(&self) -> Option<Defect> {
        let (sql, tokens) = (self.query.sql(), self.query.tokens());
        if self.message.starts_with("ESCAPE expression must be") {
            let mut pairs = tokens.windows(2);
            let pair = pairs.find(|pair| {
                pair[0].is_word(sql, "ESCAPE")
                    && pair[1].kind == Kind::String
                    && unquote(pair[1].text(sql)).chars().count() != 1
            })?;
            let help = "write one character: `ESCAPE '\\'`";
            return Some(self.defect(DefectKind::QueryFails, pair[1].span.clone(), help));
        }
        let is_count = self
            .message
            .contains(" requires an even number of arguments")
            || self.message.contains(" needs an odd number of arguments");
        if is_count || self.has_wrong_window_argument() {
            let words = self.message.split([' ', '(']);
            let token = words
                .filter(|word| word.len() > 3)
                .find_map(|word| tokens.iter().find(|token| token.is_word(sql, word)))?;
            let help = "correct the arguments of the function";
            return Some(self.defect(DefectKind::QueryFails, token.span.clone(), help));
        }
        None
    }

    /// Returns `true` if the number that a window function needs is a literal.
    fn has_wrong_window_argument(&self) -> bool {
        let (name, before) = if self.message.starts_with("argument of ntile") {
            ("ntile", "(")
        } else if self.message.starts_with("second argument to nth_value") {
            ("nth_value", ",")
        } else {
            return false;
        };
        let (sql, tokens) = (self.query.sql(), self.query.tokens());
        let call = tokens.iter().position(|token| token.is_word(sql, name));
        let mut after = call.map_or(0, |call| call + 1)..tokens.len();
        let mark = after.find(|&at| tokens[at].is_mark(sql, before));
        let at = mark.map_or(tokens.len(), |mark| mark + 1);
        let at = at + usize::from(tokens.get(at).is_some_and(|sign| sign.is_mark(sql, "-")));
        at < tokens.len() && self.is_whole(at)
    }
}
