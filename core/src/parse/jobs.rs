//! Parsing of the directives on jobs: `@job` and `@requires`.

use super::Parser;
use super::code::is_identifier;
use super::directive::Directive;
use crate::{Defect, DefectKind};

impl<'t> Parser<'t, '_> {
    /// Reads `@job NAME`.
    pub(super) fn read_job(&mut self, directive: &Directive<'t>) {
        let name = directive.arguments;
        if !is_identifier(name) {
            let title = if name.is_empty() {
                "`@job` names no function".to_owned()
            } else {
                format!("`{name}` is not the name of one function")
            };
            let help = "name a function of the program: `-- @job encrypt_tokens`";
            let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
            self.report_at(directive.arguments_span(), "", defect);
            return;
        }
        if self.is_new_name(directive, name) {
            let span = directive.arguments_span();
            self.header.jobs.push((name.to_owned(), span));
        }
    }

    /// Reads `@requires NAME…`.
    pub(super) fn read_requires(&mut self, directive: &Directive<'t>) {
        let help = "name the jobs that must be finished before the upgrade, separated by spaces: \
                    `-- @requires encrypt_tokens`";
        let span = directive.arguments_span();
        if directive.arguments.is_empty() {
            let title = "`@requires` names no job";
            let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
            self.report_at(span, "", defect);
            return;
        }
        let mut names = Vec::new();
        let mut end = span.start;
        for name in directive.arguments.split_whitespace() {
            let start = end + self.text[end..].find(name).unwrap_or_default();
            end = start + name.len();
            if !is_identifier(name) {
                let title = format!("`{name}` is not the name of a job");
                let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
                self.report_at(start..end, "", defect);
                return;
            }
            names.push((name, start..end));
        }
        for (name, span) in names {
            if self.is_new_name(directive, name) {
                self.header.requires.push((name.to_owned(), span));
            }
        }
    }

    /// Returns `true` unless the header has the same declaration already. Reports a duplicate.
    fn is_new_name(&mut self, directive: &Directive<'t>, name: &str) -> bool {
        // The names of functions in Rust are case-sensitive, unlike the names in SQL.
        let known = match directive.name {
            "job" => &self.header.jobs,
            _ => &self.header.requires,
        };
        if !known.iter().any(|(known, _)| known == name) {
            return true;
        }
        let title = format!("`@{} {name}` appears twice", directive.name);
        let defect = Defect::new(DefectKind::DuplicateDirective, title).help("keep one");
        self.report_at(directive.line.clone(), "", defect);
        false
    }
}
