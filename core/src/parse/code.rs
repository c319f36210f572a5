//! Parsing of the `@code` lines in a section.

use std::mem;
use std::ops::Range;

use super::directive::Directive;
use super::{FoundCode, Parser};
use crate::model::revision::Code;
use crate::sql::tokenizer::Token;
use crate::{Defect, DefectKind};

impl<'t> Parser<'t, '_> {
    /// Reads `-- @code NAME` or `-- @code NAME on rows`.
    pub(super) fn read_code(&mut self, directive: &Directive<'t>) {
        if !self.has_sections() {
            let title = "`@code` comes before `@upgrade`";
            let help = "move it into a section, to the place at which the function runs";
            let defect = Defect::new(DefectKind::MisplacedDirective, title).help(help);
            let span = directive.name_span.clone();
            self.report_at(span, "runs in no script", defect);
            return;
        }
        let mut words = directive.arguments.split_whitespace();
        let name = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        let is_on_rows = rest == ["on", "rows"];
        if !is_identifier(name) || !(rest.is_empty() || is_on_rows) {
            let title = if name.is_empty() {
                "`@code` names no function".to_owned()
            } else if is_identifier(name) {
                format!("`{}` follows the name of the function", rest.join(" "))
            } else {
                format!("`{name}` is not the name of a function")
            };
            let help = "name a function of the program: `-- @code encrypt_tokens`\n\
                        or, if it does nothing on empty tables: `-- @code encrypt_tokens on rows`";
            let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
            self.report_at(directive.arguments_span(), "", defect);
            return;
        }
        self.code.push(FoundCode {
            name,
            is_on_rows,
            line: directive.line.clone(),
        });
    }

    /// Returns the `@code` lines in a section. Reports those inside a statement.
    pub(super) fn code_of(&mut self, section: &Range<usize>, statements: &[&[Token]]) -> Vec<Code> {
        let (inside, rest): (Vec<_>, Vec<_>) = mem::take(&mut self.code)
            .into_iter()
            .partition(|code| section.contains(&code.line.start));
        self.code = rest;
        let mut code = Vec::new();
        for found in inside {
            let start = found.line.start;
            let span = statements.iter().filter_map(|statement| span_of(statement));
            if span.into_iter().any(|span| span.contains(&start)) {
                let title = "`@code` stands inside a statement";
                let help = "end the statement before it with `;`";
                let defect = Defect::new(DefectKind::MisplacedDirective, title).help(help);
                self.report_at(found.line, "the statement goes on below", defect);
                continue;
            }
            code.push(Code {
                name: found.name.into(),
                // A file has at most 64 MiB, so every offset fits in a `u32`.
                offset: u32::try_from(start - section.start).unwrap_or(u32::MAX),
                is_on_rows: found.is_on_rows,
            });
        }
        code
    }
}

fn span_of(statement: &[Token]) -> Option<Range<usize>> {
    Some(statement.first()?.span.start..statement.last()?.span.end)
}

/// Returns `true` if `name` can be the name of a function in Rust, without `r#`.
pub(super) fn is_identifier(name: &str) -> bool {
    let is_letter = |c: char| c == '_' || c.is_alphabetic();
    name.starts_with(is_letter)
        && name.chars().all(|c| is_letter(c) || c.is_numeric())
        && name != "_"
}
