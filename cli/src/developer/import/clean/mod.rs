//! Cleaning of SQL: removes what revchain does itself, and what cannot run in a migration.

mod comments;
mod cut;
mod verdict;

use std::ops::{AddAssign, Range};

use revchain_core::sql::tokenizer::{Kind, Token, Unterminated, statements, tokens};

use super::item::Item;
use super::migration::Sql;
use crate::support::{Failure, Result};
use cut::cut;
pub(crate) use verdict::Context;
use verdict::{Removal, Verdict, judge};

/// The SQL of one direction without the parts that a migration must not contain.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cleaned {
    /// The comment lines at the start, without those that a tool writes into each new file.
    pub(crate) lead: Vec<String>,
    /// The SQL below these lines.
    pub(crate) text: String,
    /// The SQL with the pragmas that change what later statements do; `None` without such pragmas.
    pub(crate) with_pragmas: Option<String>,
    pub(crate) statements: usize,
    pub(crate) removed: Removed,
    pub(crate) items: Vec<Item>,
}

impl Cleaned {
    /// Returns the SQL below the comment lines at its start.
    pub(crate) fn with_lead(&self) -> String {
        let mut lines = self.lead.clone();
        lines.push(self.text.clone());
        comments::without_directives(lines.join("\n").trim())
    }
}

/// The number of removed statements of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// `BEGIN`, `COMMIT` and others that control a transaction.
    pub(crate) transactions: usize,
    /// `PRAGMA foreign_keys` and `defer_foreign_keys`.
    pub(crate) foreign_keys: usize,
    /// Statements on the table in which the tool records migrations.
    pub(crate) own_table: usize,
}

impl AddAssign for Removed {
    fn add_assign(&mut self, other: Self) {
        self.transactions += other.transactions;
        self.foreign_keys += other.foreign_keys;
        self.own_table += other.own_table;
    }
}

/// Cleans the SQL of one direction.
///
/// # Errors
///
/// Fails if a quote is not closed: the end of the statement is unknown then.
pub(crate) fn clean(sql: &Sql, context: Context) -> Result<Cleaned> {
    let text = close_comment(&sql.text);
    let tokens = tokens(&text);
    if let Some(token) = tokens.last() {
        if matches!(token.kind, Kind::Unterminated(_)) {
            let place = format!("{}:{}", sql.path, line(sql, &text, token.span.start));
            let message = format!("{place}: a quote is opened and never closed");
            return Err(Failure::failed("unterminated-string", message));
        }
    }
    let mut cleaned = Cleaned::default();
    let (mut cuts, mut cuts_but_pragmas) = (Vec::new(), Vec::new());
    for statement in statements(&text, &tokens) {
        let spans = spans(&text, &tokens, statement);
        let mut is_replayed = false;
        match judge(&text, statement, context) {
            Verdict::Keep => {
                cleaned.statements += 1;
                continue;
            }
            Verdict::Remove(removal) => count(&mut cleaned.removed, removal),
            Verdict::LeaveOut(kind) => {
                is_replayed = kind.is_schema_pragma();
                cleaned.items.push(Item {
                    kind,
                    path: sql.path.clone(),
                    line: Some(line(sql, &text, spans[0].start)),
                    text: excerpt(&text[spans[0].clone()]),
                });
            }
        }
        if !is_replayed {
            cuts_but_pragmas.extend(spans.clone());
        }
        cuts.extend(spans);
    }
    if cuts.len() > cuts_but_pragmas.len() {
        cleaned.with_pragmas = Some(cut(&text, &cuts_but_pragmas));
    }
    let (lead, rest) = comments::split_lead(&cut(&text, &cuts));
    cleaned.lead = lead;
    cleaned.text = comments::without_directives(&rest);
    Ok(cleaned)
}

/// Closes a block comment at the end of the text. SQLite accepts the comment without an end.
fn close_comment(text: &str) -> String {
    let is_open = tokens(text)
        .last()
        .is_some_and(|last| last.kind == Kind::Unterminated(Unterminated::Comment));
    if is_open {
        return format!("{text}*/");
    }
    text.to_owned()
}

/// Returns the span of a statement, and that of the semicolon that ends it.
fn spans(text: &str, tokens: &[Token], statement: &[Token]) -> Vec<Range<usize>> {
    let (Some(first), Some(last)) = (statement.first(), statement.last()) else {
        return Vec::new();
    };
    let mut span = first.span.start..last.span.end;
    let after = tokens.partition_point(|token| token.span.start < last.span.end);
    let next = tokens[after..].iter().find(|token| !token.is_comment());
    match next.filter(|token| token.is_mark(text, ";")) {
        Some(semicolon) if semicolon.span.start == span.end => span.end = semicolon.span.end,
        Some(semicolon) => return vec![span, semicolon.span.clone()],
        None => {}
    }
    Vec::from([span])
}

fn count(removed: &mut Removed, removal: Removal) {
    match removal {
        Removal::Transaction => removed.transactions += 1,
        Removal::ForeignKeys => removed.foreign_keys += 1,
        Removal::OwnTable => removed.own_table += 1,
    }
}

/// Returns the line of the file at an offset in the text.
fn line(sql: &Sql, text: &str, offset: usize) -> usize {
    sql.first_line + text[..offset].matches('\n').count()
}

/// Returns the start of a statement on one line.
pub(crate) fn excerpt(statement: &str) -> String {
    const LONGEST: usize = 60;
    let words: Vec<&str> = statement.split_whitespace().collect();
    let line = words.join(" ");
    let line = line.trim_end_matches(';');
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let start: String = line.chars().take(LONGEST).collect();
    format!("{start}…")
}

/// Returns the text with a semicolon after the last statement, so that SQL can follow.
pub(crate) fn terminated(text: &str) -> String {
    let tokens = tokens(text);
    let last = tokens.iter().rfind(|token| !token.is_comment());
    match last {
        Some(last) if !last.is_mark(text, ";") => {
            let (before, after) = text.split_at(last.span.end);
            format!("{before};{after}")
        }
        _ => text.to_owned(),
    }
}
