//! Reading of the comment lines of a file: the summary and the directives.

use super::Parser;
use super::directive::{DIRECTIVES, Directive};
use crate::diagnostics::snippet::{line_number, line_start};
use crate::diagnostics::suggest::did_you_mean;
use crate::sql::tokenizer::{Kind, Token};
use crate::{Defect, DefectKind};

impl<'t> Parser<'t, '_> {
    /// Reads all comments that have a line of their own.
    pub(super) fn read_comments(&mut self) {
        for (index, token) in self.tokens.iter().enumerate() {
            if token.kind == Kind::LineComment && self.is_alone(token) {
                self.read_comment(index, token);
            }
        }
    }

    /// Returns `true` if only white space comes before the comment on its line.
    fn is_alone(&self, comment: &Token) -> bool {
        let start = comment.span.start;
        let mut before = self.text[line_start(self.text, start)..start].chars();
        // SQLite skips exactly these characters of a line. Any other character begins a token.
        before.all(|c| matches!(c, ' ' | '\t' | '\x0c' | '\u{feff}'))
    }

    fn read_comment(&mut self, index: usize, token: &Token) {
        let text = token.text(self.text);
        let plain = text.trim_start_matches('-').trim();
        if plain.starts_with('@') {
            let directive = Directive::read(text, token.span.start);
            self.read_directive(index, directive, text.starts_with("-- @"));
        } else if !self.has_sections()
            && self.header.summary.is_none()
            && plain.contains(char::is_alphanumeric)
        {
            self.header.summary = Some(plain);
        }
    }

    /// Reads a directive, even if it is misspelled or does not begin with exactly `-- @`.
    fn read_directive(&mut self, index: usize, mut directive: Directive<'t>, is_exact: bool) {
        let name = if is_exact {
            self.resolve_name(&directive)
        } else {
            self.resolve_inexact(&directive)
        };
        self.has_directives |= is_exact || name.is_some();
        let Some(name) = name else {
            return;
        };
        // The parser continues with the corrected directive, so that one mistake is one defect.
        self.is_muted = !is_exact || name != directive.name;
        directive.name = name;
        if directive.is_section() {
            self.begin_section(&directive, index);
        } else if name == "code" {
            self.read_code(&directive);
        } else {
            if self.has_sections() {
                let title = format!("`@{name}` comes after `@upgrade`");
                let help = "move it above `-- @upgrade`";
                let defect = Defect::new(DefectKind::MisplacedDirective, title).help(help);
                let span = directive.name_span.clone();
                self.report_at(span, "belongs in the header", defect);
                self.is_muted = true;
            }
            self.read_header(&directive);
        }
        self.is_muted = false;
    }

    /// Returns the name of a directive. If the name is unknown, reports it, and returns the most
    /// similar name.
    fn resolve_name(&mut self, directive: &Directive<'t>) -> Option<&'t str> {
        let name = directive.name;
        if DIRECTIVES.contains(&name) {
            return Some(name);
        }
        let mut meant = did_you_mean(name, DIRECTIVES.into_iter());
        if meant.is_none() && !name.is_empty() {
            meant = DIRECTIVES.into_iter().find(|known| known.starts_with(name));
        }
        let help = match meant {
            Some(known) => format!("did you mean `-- @{known}`?"),
            None => format!("the directives are @{}.", DIRECTIVES.join(", @")),
        };
        let help = format!("{help} (A plain comment must not begin with `-- @`.)");
        let title = format!("there is no directive `@{name}`");
        let defect = Defect::new(DefectKind::UnknownDirective, title).help(help);
        self.report_at(directive.name_span.clone(), "", defect);
        meant
    }

    /// Reports a directive that does not begin with exactly `-- @`, and returns the name.
    ///
    /// Returns `None` if the comment is not a directive.
    fn resolve_inexact(&mut self, directive: &Directive<'t>) -> Option<&'t str> {
        let name = directive.name.trim_end_matches(':');
        if !DIRECTIVES.contains(&name) {
            return None;
        }
        let title = format!("`@{name}` is not written as a directive");
        let help = format!("write `-- @{name}`: two dashes, one space");
        let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
        let note = "this is only a comment";
        self.report_at(directive.line.clone(), note, defect);
        Some(name)
    }

    /// Returns `true` for the first directive with its name. Otherwise, reports a duplicate.
    pub(super) fn is_first(&mut self, directive: &Directive<'t>, help: &str) -> bool {
        let name = directive.name;
        let Some((_, first_line)) = self.header.first_lines.get(name) else {
            let number = line_number(self.text, directive.line.start);
            let line = (directive.line.clone(), number);
            self.header.first_lines.insert(name, line);
            return true;
        };
        let (kind, verb) = if directive.is_section() {
            (DefectKind::DuplicateSection, "begins")
        } else {
            (DefectKind::DuplicateDirective, "appears")
        };
        let defect = Defect::new(kind, format!("`@{name}` {verb} twice")).help(help);
        let note = format!("first on line {first_line}");
        self.report_at(directive.line.clone(), note, defect);
        false
    }

    /// Reports the arguments of a directive that takes no arguments.
    pub(super) fn report_arguments(&mut self, directive: &Directive<'t>, help: String) {
        let title = format!("something follows `@{}`", directive.name);
        let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
        self.report_at(directive.arguments_span(), "this would be ignored", defect);
    }
}
