//! The check of a query's tokens, which SQLite would reject without saying why.

use super::defect;
use crate::sql::tokenizer::{Kind, Token, Unterminated};
use crate::{Defect, DefectKind};

/// Returns a defect for the first token that is none, or that does not end.
pub(super) fn check(sql: &str, tokens: &[Token]) -> Option<Defect> {
    tokens.iter().find_map(|token| {
        let (kind, title, help) = match token.kind {
            Kind::Unterminated(Unterminated::String) => (
                DefectKind::UnterminatedString,
                "the query has a string or a name in quotes that does not end",
                "close the quote; inside a string, write an apostrophe twice: `'don''t'`",
            ),
            Kind::Unterminated(Unterminated::Comment) => (
                DefectKind::UnterminatedComment,
                "the query has a comment that does not end",
                "close the comment with `*/`",
            ),
            Kind::Illegal => (
                DefectKind::InvalidToken,
                "the query has text that is no SQL",
                "remove it, or put it into a string: `'…'`",
            ),
            _ => return None,
        };
        let end = match token.kind {
            Kind::Illegal => token.span.end,
            _ => token.span.start + 1,
        };
        Some(defect(sql, kind, title, token.span.start..end).help(help))
    })
}
