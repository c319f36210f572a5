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

/// Returns a CREATE TABLE statement with the lines that its author would have written.
///
/// `ADD COLUMN` puts the comma and the new column after the line break at the end of the list, and
/// each later column on the same line.
/// A list whose lines all begin with a comma is the style of its author.
pub(super) fn with_lines_of_added_columns(sql: &str) -> String {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    while cursor.peek().is_some() && !cursor.is_at_mark("(") {
        cursor.next();
    }
    let items = cursor.group().map(|list| cursor::split(sql, list));
    let items = items.unwrap_or_default();
    let ends: Vec<(&Token, &Token)> = items
        .iter()
        .filter_map(|item| Some((item.first()?, item.last()?)))
        .collect();
    let after = |last: &Token| {
        let mut tokens = tokens.iter();
        tokens.find(|token| token.span.start >= last.span.end)
    };
    let breaks_line =
        |last: &Token, mark: &Token| sql[last.span.end..mark.span.start].contains('\n');
    let mut added = Vec::new();
    let mut leading = 0;
    for pair in ends.windows(2) {
        let [(_, last), (next, _)] = pair else {
            continue;
        };
        let Some(comma) = after(last) else { continue };
        if breaks_line(last, comma) {
            leading += 1;
        } else if added.is_empty() || breaks_line(comma, next) {
            continue;
        }
        added.push((*last, comma, *next));
    }
    let is_style = leading > 1 && leading + 1 == ends.len();
    let (Some((first, _)), Some((_, end))) = (ends.first(), ends.last()) else {
        return sql.to_owned();
    };
    if added.is_empty() || is_style {
        return sql.to_owned();
    }
    let before = sql[..first.span.start].rsplit_once('\n');
    let indent = before.map_or("  ", |(_, line)| line);
    let indent = if indent.trim().is_empty() {
        indent
    } else {
        "  "
    };
    let mut text = sql.to_owned();
    if let Some(close) = after(end).filter(|close| !breaks_line(end, close)) {
        text.insert(close.span.start, '\n');
    }
    for (last, comma, next) in added.into_iter().rev() {
        let gap = sql[last.span.end..comma.span.start].trim_end_matches([' ', '\t']);
        let line_break = if gap.contains('\n') { "" } else { "\n" };
        let rest = sql[comma.span.end..next.span.start].trim_start();
        text.replace_range(
            last.span.end..next.span.start,
            &format!(",{gap}{line_break}{indent}{rest}"),
        );
    }
    text
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
