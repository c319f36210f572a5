//! Changes to the text of a CREATE statement, as SQLite stores it.

use revchain_core::schema::quote;
use revchain_core::sql::cursor::{self, Cursor};
use revchain_core::sql::tokenizer::{Kind, Token, statements, tokens, unquote};

use crate::sample_rows::table::{Affinity, affinity};

/// Returns a statement without the comments around it, so that a semicolon can follow.
pub(super) fn trimmed(sql: &str) -> &str {
    let tokens = tokens(sql);
    let statement = statements(sql, &tokens).into_iter().next();
    let ends = statement.and_then(|statement| Some((statement.first()?, statement.last()?)));
    ends.map_or(sql, |(first, last)| &sql[first.span.start..last.span.end])
}

/// Returns the CREATE TABLE statement of a table under another name.
///
/// Expressions that name the table before a column get the new name, too.
/// Foreign keys keep the old name, which the new table has in the end.
pub(super) fn with_table_name(sql: &str, name: &str) -> String {
    let all = tokens(sql);
    let code: Vec<&Token> = all.iter().filter(|token| !token.is_comment()).collect();
    let Some(at) = code.iter().position(|token| token.is_word(sql, "TABLE")) else {
        return sql.to_owned();
    };
    let Some(own) = code.get(at + 1) else {
        return sql.to_owned();
    };
    let old = unquote(own.text(sql));
    let is_name = |token: &Token| {
        matches!(token.kind, Kind::Word | Kind::QuotedWord | Kind::String)
            && unquote(token.text(sql)).eq_ignore_ascii_case(&old)
    };
    let mut spans = vec![own.span.clone()];
    for pair in code[at + 2..].windows(3) {
        let [before, token, dot] = pair else { continue };
        if is_name(token) && dot.is_mark(sql, ".") && !before.is_mark(sql, ".") {
            spans.push(token.span.clone());
        }
    }
    let mut renamed = sql.to_owned();
    for span in spans.into_iter().rev() {
        renamed.replace_range(span, &quote(name));
    }
    renamed
}

/// A column as CREATE TABLE defines it.
pub(super) struct ColumnText<'s> {
    /// The name, without quotes.
    pub(super) name: String,
    /// The whole definition, with the name.
    pub(super) definition: &'s str,
}

/// Returns the columns of a CREATE TABLE statement.
pub(super) fn columns(sql: &str) -> Vec<ColumnText<'_>> {
    const CONSTRAINTS: &[&str] = &["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    while cursor.peek().is_some() && !cursor.is_at_mark("(") {
        cursor.next();
    }
    let items = cursor.group().map(|list| cursor::split(sql, list));
    let items = items.unwrap_or_default().into_iter();
    let columns = items.filter_map(|item| {
        let (first, last) = (item.first()?, item.last()?);
        let column = ColumnText {
            name: unquote(first.text(sql)),
            definition: &sql[first.span.start..last.span.end],
        };
        Some(column).filter(|_| !first.is_one_of(sql, CONSTRAINTS))
    });
    columns.collect()
}

/// Returns `true` if one of the columns has this name, ignoring ASCII case.
pub(super) fn has_column(columns: &[ColumnText<'_>], name: &str) -> bool {
    let mut columns = columns.iter();
    columns.any(|column| column.name.eq_ignore_ascii_case(name))
}

impl ColumnText<'_> {
    /// Returns `true` if `ADD COLUMN` may accept the column in a table with rows.
    ///
    /// SQLite rejects a column without a value for old rows, and a default that is no constant.
    pub(super) fn can_be_added(&self) -> bool {
        const CURRENT_TIMES: &[&str] = &["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"];
        let sql = self.definition;
        let tokens = cursor::tokens(sql);
        let is_computed = tokens.windows(2).any(|pair| {
            let is_value = pair[1].is_mark(sql, "(") || pair[1].is_one_of(sql, CURRENT_TIMES);
            pair[0].is_word(sql, "DEFAULT") && is_value
        });
        !is_computed && self.stand_in().is_none()
    }

    /// Returns a value for old rows, if the column requires one and has no default.
    pub(super) fn stand_in(&self) -> Option<&'static str> {
        let sql = self.definition;
        let tokens = cursor::tokens(sql);
        let has = |word: &str| tokens.iter().any(|token| token.is_word(sql, word));
        let is_required = tokens
            .windows(2)
            .any(|pair| pair[0].is_word(sql, "NOT") && pair[1].is_word(sql, "NULL"));
        if !is_required || has("DEFAULT") || has("AS") {
            return None;
        }
        let declared_type = tokens.get(1).map_or("", |token| token.text(sql));
        Some(match affinity(declared_type) {
            Affinity::Text => "''",
            Affinity::Blob => "x''",
            Affinity::Integer | Affinity::Real | Affinity::Numeric => "0",
        })
    }
}
