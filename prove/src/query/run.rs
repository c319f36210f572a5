//! Running a query on sample rows.
//!
//! A failure counts only if a literal of the query causes it. The rows and the parameters here are
//! not those of users, so a failure that depends on them proves nothing.

use std::ops::Range;

use revchain_core::query::{Assignment, Query, Source};
use revchain_core::sql::sqlite_messages::{ColumnConstraint, failed_check, failed_columns};
use revchain_core::sql::tokenizer::{Kind, Token, unquote};
use revchain_core::{Defect, DefectKind};
use revchain_runtime::internal::{quote, sqlite_message, stand_ins};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Params};

use super::database::QueryDatabase;
use super::sources::sources;
use crate::sample_rows::{names_in_check, table::sql_of};

/// The number of rows of a result that are read.
const MAX_ROWS: usize = 200;

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

/// Runs the query, and undoes its changes. Returns the defect of a failure that always comes.
pub(super) fn check(database: &mut QueryDatabase, query: &Query<'_>) -> Option<Defect> {
    let values = bound_values(database, query);
    let message = run(&database.connection, query.sql(), &values).err()?;
    if database.budget.is_exhausted() {
        return None;
    }
    if stand_ins::may_be_cause(&database.connection, query.sql(), &message) {
        return None;
    }
    Failure {
        database,
        query,
        message: &message,
    }
    .explain()
}

/// Runs a query. The error is the message of a failure while it runs.
fn run(connection: &Connection, sql: &str, values: &[Value]) -> Result<(), String> {
    let Ok(mut statement) = connection.prepare(sql) else {
        return Ok(());
    };
    let is_reading = statement.readonly();
    if !is_reading && connection.execute_batch("BEGIN").is_err() {
        return Ok(());
    }
    for (at, value) in values.iter().enumerate() {
        if at < statement.parameter_count() {
            let _ = statement.raw_bind_parameter(at + 1, value);
        }
    }
    let mut rows = statement.raw_query();
    let mut result = Ok(());
    for _ in 0..MAX_ROWS {
        match rows.next() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => {
                result = Err(sqlite_message(&error));
                break;
            }
        }
    }
    drop(rows);
    drop(statement);
    // `OR ROLLBACK` ends the transaction itself.
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    result
}

/// Returns a value for each number of a parameter, such that the query reaches many rows.
fn bound_values(database: &mut QueryDatabase, query: &Query<'_>) -> Vec<Value> {
    let parameters = query.parameters();
    let count = parameters.iter().map(|parameter| parameter.number).max();
    // A number that is too large is an error of SQLite.
    let mut values = vec![Value::Null; count.unwrap_or(0).min(1_000)];
    if values.is_empty() {
        return values;
    }
    let (sql, tokens) = (query.sql(), query.tokens());
    for parameter in parameters {
        let at = tokens.iter().position(|token| token.span == parameter.span);
        let slot = parameter
            .number
            .checked_sub(1)
            .and_then(|slot| values.get_mut(slot));
        let (Some(at), Some(slot)) = (at, slot) else {
            continue;
        };
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        if before.is_some_and(|before| before.is_one_of(sql, &["LIMIT", "OFFSET"])) {
            *slot = Value::Integer(1);
        }
        let column = before
            .filter(|before| before.is_mark(sql, "="))
            .and(at.checked_sub(2));
        let found = column.and_then(|column| first_value(database, query, column));
        if let Some(value) = found {
            *slot = value;
        }
    }
    let Some((target, written)) = written(query) else {
        return values;
    };
    let Some(table) = database.table(&target) else {
        return values;
    };
    for assignment in written {
        let [only] = &assignment.value[..] else {
            continue;
        };
        let parameters = query.parameters();
        let parameter = parameters.iter().find(|other| other.span == only.span);
        let slot = parameter.and_then(|parameter| values.get_mut(parameter.number.checked_sub(1)?));
        if let (Some(slot), Some(column)) = (slot, table.column(&assignment.column)) {
            *slot = fitting(&column.declared_type);
        }
    }
    values
}

/// Returns the value of the column at `at` in the first sample row of a table that has it.
fn first_value(database: &mut QueryDatabase, query: &Query<'_>, at: usize) -> Option<Value> {
    let (sql, tokens) = (query.sql(), query.tokens());
    let column = unquote(tokens[at].text(sql));
    let qualifier = at
        .checked_sub(2)
        .filter(|_| tokens[at - 1].is_mark(sql, "."))
        .map(|at| unquote(tokens[at].text(sql)));
    let sources = sources(sql, tokens).into_iter();
    let mut sources = sources.filter(|source| {
        let mut qualifier = qualifier.iter();
        qualifier.all(|qualifier| source.name.eq_ignore_ascii_case(qualifier))
    });
    let table = sources.find_map(|source| {
        let table = database.table(&source.table)?;
        (table.is_ordinary && table.column(&column).is_some()).then_some(source.table)
    })?;
    let value = format!(
        "SELECT {} FROM main.{} LIMIT 1",
        quote(&column),
        quote(&table)
    );
    let found = database.connection.query_row(&value, [], |row| row.get(0));
    found.ok()
}

/// Returns a value that a column of this type accepts.
fn fitting(declared_type: &str) -> Value {
    match declared_type {
        "INT" | "INTEGER" => Value::Integer(8_000_001),
        "REAL" => Value::Real(0.5),
        "BLOB" => Value::Blob(vec![0]),
        _ => Value::Text("text".to_owned()),
    }
}

/// Returns the table that a query writes, and the values that the query writes into columns.
fn written(query: &Query<'_>) -> Option<(String, Vec<Assignment>)> {
    let mut written = query.assignments();
    if let Some(insert) = query.insert() {
        let columns = insert.columns.unwrap_or_default();
        if let Source::Values(rows) = insert.source {
            for row in rows {
                let values = columns.iter().zip(row);
                written.extend(values.map(|((column, _), value)| Assignment {
                    column: column.clone(),
                    value,
                }));
            }
        }
        return Some((insert.target.name, written));
    }
    let sql = query.sql();
    let tokens = query.main_tokens();
    let first = tokens.first()?;
    if !first.is_word(sql, "UPDATE") {
        return None;
    }
    let skipped = if tokens.get(1)?.is_word(sql, "OR") {
        3
    } else {
        1
    };
    let is_qualified = tokens.get(skipped + 1)?.is_mark(sql, ".");
    let name = tokens.get(skipped + if is_qualified { 2 } else { 0 })?;
    Some((unquote(name.text(sql)), written))
}

/// A failure of a query on sample rows.
struct Failure<'f, 'q> {
    database: &'f mut QueryDatabase,
    query: &'f Query<'q>,
    /// SQLite's message.
    message: &'f str,
}

impl Failure<'_, '_> {
    /// Describes the failure if a literal of the query causes it.
    fn explain(mut self) -> Option<Defect> {
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
        const AFTER: &[&str] = &[
            "AND",
            "OR",
            "ORDER",
            "GROUP",
            "LIMIT",
            "OFFSET",
            "UNION",
            "INTERSECT",
            "EXCEPT",
            "RETURNING",
            "HAVING",
            "WINDOW",
            "WHERE",
            "AS",
            "THEN",
            "ELSE",
            "END",
        ];
        let (sql, tokens) = (self.query.sql(), self.query.tokens());
        let ends = tokens.get(at + 1).is_none_or(|after| {
            after.is_mark(sql, ")") || after.is_mark(sql, ",") || after.is_one_of(sql, AFTER)
        });
        ends && self.literal(&tokens[at..=at]).is_some()
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
            let is_path = |token: &&Token| {
                token.kind == Kind::String && unquote(token.text(sql)).ends_with(path)
            };
            let token = tokens.iter().find(is_path)?;
            let help = "begin the path with `$`: `'$.name'`, `'$[0]'`";
            return Some(self.defect(DefectKind::QueryFails, token.span.clone(), help));
        }
        if self.message != "malformed JSON" {
            return None;
        }
        let is_wrong = |at: &usize| {
            let is_first = *at >= 2
                && tokens[at - 1].is_mark(sql, "(")
                && tokens[at - 2].is_one_of(sql, READ_JSON)
                && self.is_whole(*at);
            let after = tokens.get(at + 1);
            let is_operand =
                after.is_some_and(|after| after.is_mark(sql, "->") || after.is_mark(sql, "->>"));
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
            let pair = pairs
                .find(|pair| pair[0].is_word(sql, "ESCAPE") && pair[1].kind == Kind::String)?;
            let help = "write one character: `ESCAPE '\\'`";
            return Some(self.defect(DefectKind::QueryFails, pair[1].span.clone(), help));
        }
        let is_count = self
            .message
            .contains(" requires an even number of arguments")
            || self.message.contains(" needs an odd number of arguments");
        let is_window = self.message.starts_with("argument of ntile")
            || self.message.starts_with("second argument to nth_value");
        if is_count || is_window && self.query.parameters().is_empty() {
            let words = self.message.split([' ', '(']);
            let token = words
                .filter(|word| word.len() > 3)
                .find_map(|word| tokens.iter().find(|token| token.is_word(sql, word)))?;
            let help = "correct the arguments of the function";
            return Some(self.defect(DefectKind::QueryFails, token.span.clone(), help));
        }
        None
    }
}
