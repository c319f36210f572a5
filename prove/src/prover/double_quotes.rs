//! The check of strings in double quotes.
//!
//! SQLite reads a word in double quotes as a string if no column has that name. So a misspelled
//! column fills each row with its own name.

use std::ops::Range;

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::sql::cursor;
use revchain_core::sql::tokenizer::{Kind, Token, unquote};
use revchain_core::{Defect, DefectKind, Statement};
use revchain_runtime::internal::sqlite_message;
use rusqlite::config::DbConfig;

use super::Prover;
use crate::diagnostics::location::at_snippet;
use crate::diagnostics::suggest_or;
use crate::script_run::{ScriptRun, Stage};
use crate::unreadable::created_unreadable;

/// The largest number of strings that one defect lists.
const MAX_STRINGS: usize = 10;

const SETTINGS: [DbConfig; 2] = [
    DbConfig::SQLITE_DBCONFIG_DQS_DDL,
    DbConfig::SQLITE_DBCONFIG_DQS_DML,
];

impl Prover<'_> {
    /// Returns a defect if a statement contains a string in double quotes.
    ///
    /// Prepares the statement without such strings, before the statement runs. SQLite also rejects
    /// a statement because of the schema of earlier revisions, which are no defect of this one.
    pub(super) fn check_double_quotes(
        &self,
        run: ScriptRun<'_>,
        statement: &Statement<'_>,
    ) -> Option<Defect> {
        let sql = statement.sql();
        if !self.can_have_string(run, sql) {
            return None;
        }
        let message = |sql: &str| {
            self.without_strings(|| {
                let prepared = self.connection.prepare(sql);
                prepared.err().map(|error| sqlite_message(&error))
            })
        };
        let defect = self.describe_string(run, statement, &message(sql)?)?;
        // SQLite reports one name at a time. With the name as a string, it reports the next one.
        let mut text = sql.to_owned();
        let mut others = Vec::new();
        for _ in 0..MAX_STRINGS {
            let Some(span) = message(&text).and_then(|message| missing_span(&text, &message))
            else {
                break;
            };
            others.push(text[span.clone()].to_owned());
            text.replace_range(span.start..=span.start, "'");
            text.replace_range(span.end - 1..span.end, "'");
        }
        if others.len() < 2 {
            return Some(defect);
        }
        let details = format!(
            "no column has these names, so SQLite reads them as strings: {}",
            others.join(", ")
        );
        Some(defect.details(details))
    }

    /// Returns a defect if a new view or trigger contains a string in double quotes.
    ///
    /// `CREATE VIEW` and `CREATE TRIGGER` do not look the names up.
    pub(super) fn check_double_quotes_of_created(
        &self,
        run: ScriptRun<'_>,
        statement: &Statement<'_>,
    ) -> Option<Defect> {
        let sql = statement.sql();
        if !self.can_have_string(run, sql) {
            return None;
        }
        let unreadable = self.without_strings(|| created_unreadable(self.connection, sql));
        self.describe_string(run, statement, &unreadable.ok()??.message)
    }

    fn can_have_string(&self, run: ScriptRun<'_>, sql: &str) -> bool {
        // A table of a module can have any column.
        let mut sources = self.sources.iter();
        let has_modules = sources.any(|source| !source.stand_ins.modules.is_empty());
        matches!(run.stage, Stage::Upgrade | Stage::Downgrade)
            && sql.contains('"')
            && !self.is_locked()
            && !has_modules
    }

    /// Calls `check` while SQLite rejects strings in double quotes.
    fn without_strings<T>(&self, check: impl FnOnce() -> T) -> T {
        // A SQLite without these settings accepts the strings, so the check finds nothing.
        for setting in SETTINGS {
            let _ = self.connection.set_db_config(setting, false);
        }
        let result = check();
        for setting in SETTINGS {
            let _ = self.connection.set_db_config(setting, true);
        }
        result
    }

    /// Describes the word in double quotes that `message` reports as missing.
    fn describe_string(
        &self,
        run: ScriptRun<'_>,
        statement: &Statement<'_>,
        message: &str,
    ) -> Option<Defect> {
        let sql = statement.sql();
        let span = missing_span(sql, message)?;
        let shown = &sql[span.clone()];
        let word = unquote(shown);
        let tables = self.schema.tables();
        let columns = tables.flat_map(|table| self.schema.columns(table).unwrap_or_default());
        let meant = did_you_mean(&word, columns);
        let text = format!("'{}'", word.replace('\'', "''"));
        let title = format!("{run} has the string {shown} in double quotes");
        let help = match meant {
            Some(_) => suggest_or(meant, ""),
            None => "or correct the name, if a column is meant".to_owned(),
        };
        let defect = Defect::new(DefectKind::DoubleQuotedString, title)
            .details("no column has this name, so SQLite reads the word as a string")
            .help(format!("write {text} for a string\n{help}"));
        let snippet = statement.snippet(Some(span.start));
        Some(at_snippet(defect, run, Some(snippet)))
    }
}

/// Returns the span of the word in double quotes that SQLite's message reports as missing.
///
/// The message ends with the name, or with the name in quotes and a question.
pub(crate) fn missing_span(sql: &str, message: &str) -> Option<Range<usize>> {
    let (_, missing) = message.split_once("no such column: ")?;
    let tokens = cursor::tokens(sql);
    let missing = missing.split(" - should this be").next()?.trim();
    let is_double_quoted = |token: &&Token| {
        let text = token.text(sql);
        token.kind == Kind::QuotedWord && text.starts_with('"')
    };
    let mut quoted = tokens.iter().filter(is_double_quoted);
    let found = quoted.find(|token| {
        let text = token.text(sql);
        text == missing || unquote(text).eq_ignore_ascii_case(missing)
    })?;
    Some(found.span.clone())
}
