//! The ends of operands.

use revchain_core::sql::tokenizer::Token;

/// The words that end an operand.
const AFTER: &[&str] = &[
    "AND",
    "OR",
    "ORDER",
    "GROUP",
    "LIMIT",
    "OFFSET",
    "RETURNING",
    "THEN",
    "ELSE",
    "END",
    "HAVING",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "WINDOW",
    "WHEN",
    "LEFT",
    "INNER",
    "JOIN",
    "CROSS",
    "WHERE",
    "ON",
    "AS",
];

/// Returns `true` if an operand ends before the token at `at`.
pub(super) fn ends_operand(sql: &str, tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_none_or(|token| {
        token.is_mark(sql, ")") || token.is_mark(sql, ",") || token.is_one_of(sql, AFTER)
    })
}
