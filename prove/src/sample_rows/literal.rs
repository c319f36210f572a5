//! The values of literals.

use revchain_core::sql::tokenizer::{Kind, tokens, unquote};
use rusqlite::types::Value;

/// Returns the value of a literal; `None` for NULL and for any other expression.
pub(super) fn literal(sql: &str) -> Option<Value> {
    let tokens = tokens(sql);
    match &tokens[..] {
        [token] => match token.kind {
            Kind::String => Some(Value::Text(unquote(token.text(sql)))),
            Kind::Number => number(token.text(sql)),
            Kind::Word if token.is_word(sql, "TRUE") => Some(Value::Integer(1)),
            Kind::Word if token.is_word(sql, "FALSE") => Some(Value::Integer(0)),
            _ => None,
        },
        [sign, token] if sign.is_mark(sql, "-") && token.kind == Kind::Number => {
            number(&format!("-{}", token.text(sql)))
        }
        _ => None,
    }
}

/// Returns the value of a number.
pub(super) fn number(text: &str) -> Option<Value> {
    let integer = text.parse().map(Value::Integer);
    integer.or_else(|_| text.parse().map(Value::Real)).ok()
}
