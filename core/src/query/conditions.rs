//! Comparisons with NULL.

use super::Query;
use super::written::assignment_marks;
use crate::sql::cursor::{Cursor, split};
use crate::sql::tokenizer::{Kind, Token};
use crate::{Defect, DefectKind};

const COMPARISONS: &[&str] = &["=", "==", "<>", "!=", "<", ">", "<=", ">="];

/// The words after which an expression begins.
const BEFORE_EXPRESSION: &[&str] = &["WHERE", "AND", "OR", "ON", "WHEN", "HAVING", "SELECT"];

/// Returns the defects of comparisons with NULL.
pub(super) fn check(query: &Query<'_>) -> Vec<Defect> {
    let (sql, tokens) = (query.sql, query.tokens());
    let assignments = assignment_marks(sql, tokens);
    let mut defects = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        defects.extend(excluding_null(query, at));
        let text = token.text(sql);
        let is_comparison = token.kind == Kind::Operator && COMPARISONS.contains(&text);
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
        let advice = match text {
            "=" | "==" => "write `IS NULL`",
            "<>" | "!=" => "write `IS NOT NULL`",
            _ => "compare it with a value",
        };
        let help = format!("{advice}: a comparison with NULL is NULL, and WHERE keeps no such row");
        defects.push(
            query
                .defect(DefectKind::ComparesWithNull, title, span)
                .help(help),
        );
    }
    defects
}

/// Returns the defect of the `NOT IN` at `at` whose list has NULL: it is never true.
fn excluding_null(query: &Query<'_>, at: usize) -> Option<Defect> {
    let (sql, tokens) = (query.sql, query.tokens());
    let is_not_in = tokens[at].is_word(sql, "NOT") && tokens.get(at + 1)?.is_word(sql, "IN");
    let list = Cursor::new(sql, tokens.get(at + 2..)?).group()?;
    let items = split(sql, list).into_iter();
    let mut null = items.filter(|item| matches!(item, [only] if only.is_word(sql, "NULL")));
    let span = null.next().filter(|_| is_not_in)?.first()?.span.clone();
    let title = "`NOT IN` a list with NULL is never true";
    let defect = query.defect(DefectKind::ComparesWithNull, title, span);
    Some(defect.help("remove NULL from the list, and add `AND … IS NOT NULL` if no NULL is meant"))
}

/// Returns `true` if an expression begins after `before`.
fn begins_expression(sql: &str, before: &[Token]) -> bool {
    before.last().is_some_and(|last| {
        last.is_one_of(sql, BEFORE_EXPRESSION) || last.is_mark(sql, "(") || last.is_mark(sql, ",")
    })
}
