//! The checks of a whole file for illegal and unterminated tokens, and for missing parts.

use std::ops::Range;

use super::Parser;
use crate::sql::tokenizer::{Kind, Token, Unterminated};
use crate::{Defect, DefectKind};

impl<'t> Parser<'t, '_> {
    /// Reports illegal and unterminated tokens, and missing parts.
    pub(super) fn check(&mut self) {
        if !self.has_directives && !self.is_truncated() {
            self.report_foreign_file();
            return;
        }
        let header = self.header_tokens();
        let mut readable = self.tokens;
        let sql = header_sql(header);
        let has_header_sql = sql.is_some();
        if let Some(sql) = sql {
            // The SQL may be a comment without dashes, in which an apostrophe opens a string.
            // Skip the header's tokens, so that one mistake is one defect.
            readable = &self.tokens[header.len()..];
            self.report_header_sql(sql);
        }
        self.check_tokens(readable);
        self.check_header();
        // An unclosed quote or comment may hide the sections.
        if !self.is_truncated() {
            self.check_sections(has_header_sql);
        }
    }

    /// Returns `true` if a quote or a comment is not closed. The rest of the file is hidden then.
    fn is_truncated(&self) -> bool {
        let last = self.tokens.last().map(|token| token.kind);
        matches!(last, Some(Kind::Unterminated(_)))
    }

    /// Reports a file without directives as one defect. Often, another tool wrote the file.
    fn report_foreign_file(&mut self) {
        let has_sql = self.tokens.iter().any(|token| !token.is_comment());
        let (title, intro) = if has_sql {
            let intro =
                "add the lines that make it a migration; ID is the revision before it, or base:";
            ("this is SQL, but no migration yet", intro)
        } else {
            let intro = "write the migration in it; ID is the revision before it, or base:";
            ("the file is empty", intro)
        };
        let help =
            format!("{intro}\n-- What it does.\n-- @revises ID\n-- @upgrade\n…\n-- @downgrade\n…");
        self.report(Defect::new(DefectKind::MissingSection, title).help(help));
    }

    /// Returns the tokens before the first section.
    fn header_tokens(&self) -> &'t [Token] {
        let sections = self.upgrade.iter().chain(&self.downgrade);
        let first = sections.map(|section| section.tokens.start).min();
        &self.tokens[..first.unwrap_or(self.tokens.len())]
    }

    fn report_header_sql(&mut self, sql: Range<usize>) {
        if self.upgrade.is_some() || self.is_truncated() {
            let title = "SQL stands before `-- @upgrade`";
            let help = "put it below `-- @upgrade`, or make it a comment: `-- …`";
            let defect = Defect::new(DefectKind::SqlInHeader, title).help(help);
            self.report_at(sql, "in no section, so it would never run", defect);
        } else {
            let help = "put a line `-- @upgrade` above the SQL that upgrades";
            let defect = Defect::new(DefectKind::MissingSection, "there is no `@upgrade`");
            self.report_at(sql, "SQL in no section would never run", defect.help(help));
        }
    }

    /// Reports an unterminated token, and only the first illegal token.
    ///
    /// A binary file contains thousands of illegal tokens.
    fn check_tokens(&mut self, tokens: &[Token]) {
        let Some(last) = tokens.last() else {
            return;
        };
        if let Kind::Unterminated(construct) = last.kind {
            self.report_unterminated(construct, last.span.start);
        }
        if let Some(token) = tokens.iter().find(|token| token.kind == Kind::Illegal) {
            self.report_illegal(token);
        }
    }

    fn report_unterminated(&mut self, construct: Unterminated, start: usize) {
        let (kind, title, help, opening) = match construct {
            Unterminated::String => (
                DefectKind::UnterminatedString,
                "a quote is opened and never closed",
                "close it with the same quote; inside, a quote is written twice",
                "'",
            ),
            Unterminated::Comment => (
                DefectKind::UnterminatedComment,
                "a comment is opened and never closed",
                "close it with */",
                "/*",
            ),
        };
        let span = start..start + opening.len();
        self.report_at(span, "opened here", Defect::new(kind, title).help(help));
    }

    fn report_illegal(&mut self, token: &Token) {
        let text = token.text(self.text);
        if let Some(position) = text.find('\0') {
            let nul = token.span.start + position;
            let defect = Defect::new(DefectKind::InvalidToken, "there is a NUL character");
            let defect = defect.help("remove it; in a text, write char(0)");
            self.report_at(nul..nul + 1, "SQLite would stop here", defect);
        } else {
            let title = format!("SQLite cannot read `{text}`");
            let defect = Defect::new(DefectKind::InvalidToken, title);
            let defect = defect.help("remove it, or quote it");
            self.report_at(token.span.clone(), "", defect);
        }
    }

    /// Reports a missing summary and missing parents.
    fn check_header(&mut self) {
        // An unclosed quote or comment may hide the summary and `@revises`.
        if self.is_truncated() && self.upgrade.is_none() {
            return;
        }
        if self.header.summary.is_none() {
            let title = "no comment says what the revision does";
            let help = "say in its first line what the revision does: `-- Add app passwords.`";
            self.report(Defect::new(DefectKind::MissingSummary, title).help(help));
        }
        if !self.has("revises") {
            let title = "nothing says which revision this one revises";
            let help = "name the revision that it follows, `-- @revises 004`, \
                        or `-- @revises base` for the first";
            self.report(Defect::new(DefectKind::MissingParent, title).help(help));
        }
    }

    /// Reports missing sections, and an irreversible revision with a downgrade.
    fn check_sections(&mut self, has_header_sql: bool) {
        if self.upgrade.is_none() && !has_header_sql {
            let help = "put the SQL that upgrades below a line `-- @upgrade`";
            let defect = Defect::new(DefectKind::MissingSection, "there is no `@upgrade`");
            self.report(defect.help(help));
        }
        match (&self.downgrade, self.header.first_lines.get("irreversible")) {
            (None, None) => {
                let help = "in the newest file, run `revchain new --downgrade`, which writes it\n\
                            or put the SQL that reverts the upgrade below a line `-- @downgrade`,\n\
                            or say in the header why nothing can: `-- @irreversible REASON`";
                let defect = Defect::new(DefectKind::MissingSection, "there is no `@downgrade`");
                self.report(defect.help(help));
            }
            (Some(_), Some((line, _))) => {
                // `read_directive` reported an `@irreversible` below `@upgrade` as misplaced.
                let upgrade = self.upgrade.as_ref();
                if upgrade.is_some_and(|upgrade| upgrade.directive.start < line.start) {
                    return;
                }
                let title = "the revision is marked irreversible, but has a downgrade";
                let help = "keep one of them: `@irreversible` stands in place of `@downgrade`";
                let defect = Defect::new(DefectKind::ReversibleAndNot, title).help(help);
                self.report_at(line.clone(), "marked here", defect);
            }
            _ => {}
        }
    }
}

/// Returns the span of the first token in the header that is not a comment.
///
/// Returns `None` if there is no such token, or if the token is illegal or unterminated.
fn header_sql(header: &[Token]) -> Option<Range<usize>> {
    let first = header.iter().find(|token| !token.is_comment())?;
    match first.kind {
        Kind::Unterminated(_) | Kind::Illegal => None,
        _ => Some(first.span.clone()),
    }
}
