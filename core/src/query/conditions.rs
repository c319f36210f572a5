//! Comparisons with NULL.

use super::Query;
use crate::sql::tokenizer::{Kind, Token};
use crate::{Defect, DefectKind};

const EQUAL: &[&str] = &["=", "=="];
const UNEQUAL: &[&str] = &["<>", "!="];

/// The words after which an expression begins.
const BEFORE_EXPRESSION: &[&str] = &["WHERE", "AND", "OR", "ON", "WHEN", "HAVING", "SELECT"];

pub(super) fn check(query: &Query<'_>) -> Vec<Defect> {
    let (sql, tokens) = (query.sql, query.tokens());
    let assignments = assignment_marks(sql, tokens);
    let mut defects = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let text = token.text(sql);
        let is_equal = EQUAL.contains(&text);
        let is_comparison = token.kind == Kind::Operator && (is_equal || UNEQUAL.contains(&text));
        if !is_comparison || assignments.contains(&at) {
            continue;
        }
        let is_null = |at: usize| {
            tokens
                .get(at)
                .is_some_and(|token| token.is_word(sql, "NULL"))
        };
        let is_after = is_null(at + 1);
        let is_before = at > 0 && is_null(at - 1) && begins_expression(sql, &tokens[..at - 1]);
        if !is_after && !is_before {
            continue;
        }
        let span = if is_after {
            token.span.start..tokens[at + 1].span.end
        } else {
            tokens[at - 1].span.start..token.span.end
        };
        let title = format!(
            "`{}` is neither true nor false, whatever the value",
            &sql[span.clone()]
        );
        let advice = if is_equal { "IS NULL" } else { "IS NOT NULL" };
        let help = format!(
            "write `{advice}`: a comparison with NULL is NULL, and WHERE keeps no such row"
        );
        defects.push(
            query
                .defect(DefectKind::ComparesWithNull, title, span)
                .help(help),
        );
    }
    defects
}

/// Returns `true` if an expression begins after `before`.
fn begins_expression(sql: &str, before: &[Token]) -> bool {
    before.last().is_some_and(|last| {
        last.is_one_of(sql, BEFORE_EXPRESSION) || last.is_mark(sql, "(") || last.is_mark(sql, ",")
    })
}

/// Returns the indexes of the `=` that assign a value in a SET clause.
pub(super) fn assignment_marks(sql: &str, tokens: &[Token]) -> Vec<usize> {
    const AFTER_SET: &[&str] = &["WHERE", "FROM", "RETURNING", "ORDER", "LIMIT", "ON"];
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
        } else if token.is_one_of(sql, AFTER_SET) {
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
