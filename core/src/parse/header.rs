//! Parsing of the directives of the header.

use std::collections::HashSet;
use std::ops::Range;

use super::directive::Directive;
use super::{Parser, Revises};
use crate::source::file_name::check_id;
use crate::{Defect, DefectKind};

impl<'t> Parser<'t, '_> {
    /// Reads a directive of the header.
    pub(super) fn read_header(&mut self, directive: &Directive<'t>) {
        let help_for_two = match directive.name {
            "destroys" => return self.read_destroys(directive),
            "loosens" => return self.read_loosens(directive),
            "assumes" => return self.read_assumes(directive),
            "function" => return self.read_function(directive),
            "collation" => return self.read_collation(directive),
            "module" => return self.read_module(directive),
            "was" => return self.read_was(directive),
            "job" => return self.read_job(directive),
            "requires" => return self.read_requires(directive),
            "revises" => "name every parent in one, `-- @revises 005 006`",
            "compatible" => "keep one",
            _ => "keep one reason",
        };
        if !self.is_first(directive, help_for_two) {
            if directive.name == "revises" {
                // Only the user knows which of the two directives is right.
                self.header.revises = None;
            }
            return;
        }
        match directive.name {
            "revises" => self.read_revises(directive),
            "irreversible" => {
                let help = "give the reason, for users who want to downgrade: \
                            `-- @irreversible the old hashes are gone`";
                self.header.irreversible = self.read_reason(directive, help);
            }
            "unproven" => {
                let help = "name what only the program has: \
                            `-- @unproven the program registers normalize()`";
                self.read_reason(directive, help);
            }
            "compatible" if directive.arguments.is_empty() => {}
            _ => {
                let help =
                    "leave `-- @compatible` alone on its line: it holds for every older program";
                self.report_arguments(directive, help.to_owned());
            }
        }
    }

    fn read_revises(&mut self, directive: &Directive<'t>) {
        match self.parse_parents(directive) {
            Ok(revises) => self.header.revises = Some(revises),
            Err((title, span)) => {
                let help = "name the revision that this one follows, `-- @revises 004`, or `-- @revises base` for the first;\n\
                            a merge names every parent, separated by spaces: `-- @revises 005 006`";
                let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
                self.report_at(span, "", defect);
            }
        }
    }

    /// Parses the arguments of `@revises`.
    ///
    /// An error is the title of the defect, and the span of the mistake.
    fn parse_parents(&self, directive: &Directive<'t>) -> Result<Revises, (String, Range<usize>)> {
        let span = directive.arguments_span();
        if directive.arguments.is_empty() {
            return Err(("`@revises` names no revision".to_owned(), span));
        }
        let mut parents = Vec::new();
        let mut known = HashSet::new();
        let mut names_base = false;
        let mut end = span.start;
        for id in directive.arguments.split_whitespace() {
            let start = end + self.text[end..].find(id).unwrap_or_default();
            end = start + id.len();
            if id == "base" {
                names_base = true;
                continue;
            }
            if check_id(id).is_err() {
                let title = format!("`{id}` is not the id of a revision");
                return Err((title, start..end));
            }
            if !known.insert(id) {
                return Err((format!("`@revises` names {id} twice"), start..end));
            }
            parents.push((id.to_owned(), start..end));
        }
        if names_base && !parents.is_empty() {
            return Err(("`@revises` names base and a revision".to_owned(), span));
        }
        Ok(Revises { parents, span })
    }

    /// Returns the reason of `@irreversible` or `@unproven`. Reports a missing reason.
    fn read_reason(&mut self, directive: &Directive<'t>, help: &str) -> Option<&'t str> {
        if !directive.arguments.is_empty() {
            return Some(directive.arguments);
        }
        let title = format!("`@{}` does not say why", directive.name);
        let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
        self.report_at(directive.name_span.clone(), "no reason follows", defect);
        None
    }
}
