//! The columns and the values that a query writes.

use std::ops::Range;

use super::{Query, Verb};
use crate::sql::change::{ObjectName, object_name};
use crate::sql::cursor::{Cursor, position_outside, split};
use crate::sql::tokenizer::{Token, unquote};
use crate::{Defect, DefectKind};

/// An INSERT or a REPLACE.
#[derive(Debug, Clone)]
pub struct Insert {
    /// The table or view.
    pub target: ObjectName,
    /// The byte range of the name of the table or view.
    pub span: Range<usize>,
    /// The columns with the byte ranges of their names; `None` without a column list.
    pub columns: Option<Vec<(String, Range<usize>)>>,
    /// The word after `INSERT OR` in uppercase, such as `IGNORE`. `REPLACE` for a REPLACE.
    pub conflict: Option<String>,
    /// The origin of the rows.
    pub source: Source,
}

/// The origin of the rows of an INSERT.
#[derive(Debug, Clone)]
pub enum Source {
    /// `VALUES`, with the tokens of each value of each row.
    Values(Vec<Vec<Vec<Token>>>),
    /// `DEFAULT VALUES`.
    Default,
    /// A SELECT.
    Select,
}

/// An assignment in a SET clause.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The column.
    pub column: String,
    /// The tokens of the value.
    pub value: Vec<Token>,
}

pub(super) fn insert(query: &Query<'_>) -> Option<Insert> {
    if query.verb != Verb::Insert {
        return None;
    }
    let sql = query.sql;
    let mut cursor = Cursor::new(sql, query.main_tokens());
    let mut conflict = None;
    if cursor.eat(&["REPLACE"]) {
        conflict = Some("REPLACE".to_owned());
    } else {
        cursor.expect(&["INSERT"])?;
        if cursor.eat(&["OR"]) {
            conflict = Some(cursor.next()?.text(sql).to_ascii_uppercase());
        }
    }
    cursor.expect(&["INTO"])?;
    let target = object_name(&mut cursor)?;
    let width = cursor_end(query, &cursor).saturating_sub(target.offset);
    let span = target.offset..target.offset + width;
    if cursor.eat(&["AS"]) {
        cursor.name()?;
    }
    let columns = cursor.group().map(|group| {
        let names = group.iter().filter(|token| !token.is_mark(sql, ","));
        names
            .map(|token| (unquote(token.text(sql)), token.span.clone()))
            .collect()
    });
    Some(Insert {
        target,
        span,
        columns,
        conflict,
        source: source(cursor),
    })
}

/// Returns the end of the token before the cursor.
fn cursor_end(query: &Query<'_>, cursor: &Cursor<'_>) -> usize {
    let at = query.tokens.len() - cursor.rest().len();
    let before = query.tokens[..at].last();
    before.map_or(0, |token| token.span.end)
}

fn source(mut cursor: Cursor<'_>) -> Source {
    if cursor.eat(&["DEFAULT", "VALUES"]) {
        return Source::Default;
    }
    if !cursor.eat(&["VALUES"]) {
        return Source::Select;
    }
    let mut rows = Vec::new();
    while let Some(group) = cursor.group() {
        let values = split(cursor.sql, group).into_iter();
        rows.push(values.map(<[Token]>::to_vec).collect());
        if !cursor.eat_mark(",") {
            break;
        }
    }
    Source::Values(rows)
}

pub(super) fn assignments(query: &Query<'_>) -> Vec<Assignment> {
    let (sql, tokens) = (query.sql, query.tokens());
    let marks = assignment_marks(sql, tokens).into_iter();
    marks
        .filter_map(|mark| {
            let name = tokens.get(mark.checked_sub(1)?)?;
            // A list of columns in parentheses gets a row of values.
            if name.is_mark(sql, ")") {
                return None;
            }
            let value = &tokens[mark + 1..];
            let end = position_outside(sql, value, |at| {
                value[at].is_mark(sql, ",") || ends_set(sql, value, at)
            });
            Some(Assignment {
                column: unquote(name.text(sql)),
                value: value[..end.unwrap_or(value.len())].to_vec(),
            })
        })
        .collect()
}

/// Returns `true` if the token at `at` ends a SET clause or a value in the clause.
fn ends_set(sql: &str, tokens: &[Token], at: usize) -> bool {
    const AFTER_SET: &[&str] = &["WHERE", "FROM", "RETURNING", "ORDER", "LIMIT", "ON"];
    let is_operator =
        tokens[at].is_word(sql, "FROM") && at > 0 && tokens[at - 1].is_word(sql, "DISTINCT");
    tokens[at].is_one_of(sql, AFTER_SET) && !is_operator
}

/// Returns the indexes of the `=` that assign a value in a SET clause.
pub(super) fn assignment_marks(sql: &str, tokens: &[Token]) -> Vec<usize> {
    let mut marks = Vec::new();
    // For each open parenthesis, `true` if a SET clause is open at this depth.
    let mut is_in_set = vec![false];
    let mut is_at_target = false;
    for (at, token) in tokens.iter().enumerate() {
        let depth = is_in_set.len() - 1;
        if token.is_mark(sql, "(") {
            is_in_set.push(false);
        } else if token.is_mark(sql, ")") {
            if depth > 0 {
                is_in_set.pop();
            }
        } else if token.is_word(sql, "SET") {
            is_in_set[depth] = true;
            is_at_target = true;
        } else if ends_set(sql, tokens, at) {
            is_in_set[depth] = false;
        } else if is_in_set[depth] && token.is_mark(sql, ",") {
            is_at_target = true;
        } else if is_in_set[depth] && is_at_target && token.is_mark(sql, "=") {
            marks.push(at);
            is_at_target = false;
        }
    }
    marks
}

/// Returns the defect of a query that changes every row, or that depends on the order of columns.
pub(super) fn check(query: &Query<'_>, allows_all_rows: bool) -> Option<Defect> {
    let all_rows = all_rows(query);
    if allows_all_rows {
        return if all_rows.is_none() {
            Some(needless_all(query))
        } else {
            None
        };
    }
    all_rows.or_else(|| without_columns(query))
}

/// Describes the word `all` on a query that cannot change all rows.
fn needless_all(query: &Query<'_>) -> Defect {
    let title = "`all` allows nothing: the query is no UPDATE or DELETE without WHERE";
    let first = query.main_tokens().first();
    let span = first.map_or(0..0, |token| token.span.clone());
    let defect = query.defect(DefectKind::ChangesAllRows, title, span);
    defect.help("remove the word: `sql!(\"…\")`")
}

fn without_columns(query: &Query<'_>) -> Option<Defect> {
    let insert = query.insert()?;
    if insert.columns.is_some() || matches!(insert.source, Source::Default) {
        return None;
    }
    let name = &insert.target.name;
    let title = format!("the INSERT into `{name}` has no column list");
    let defect = query.defect(DefectKind::InsertWithoutColumns, title, insert.span);
    Some(
        defect
            .details(
                "a migration that adds or reorders a column makes the values go elsewhere, or fail",
            )
            .help(format!("name the columns: `INSERT INTO {name} (…) …`")),
    )
}

fn all_rows(query: &Query<'_>) -> Option<Defect> {
    if !matches!(query.verb, Verb::Update | Verb::Delete) {
        return None;
    }
    let (sql, tokens) = (query.sql, query.main_tokens());
    let verb = tokens.first()?;
    let is_where = |at: usize| tokens[at].is_word(sql, "WHERE");
    if position_outside(sql, tokens, is_where).is_some() {
        return None;
    }
    let word = verb.text(sql).to_ascii_uppercase();
    let title = format!("the {word} has no WHERE, so it changes every row");
    let defect = query.defect(DefectKind::ChangesAllRows, title, verb.span.clone());
    Some(defect.help("add a WHERE\nor, if every row is meant, say so: `sql!(all \"…\")`"))
}
