//! Parsing of the directives of the header.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::directive::Directive;
use super::{Parser, Revises};
use crate::source::file_name::check_id;
use crate::sql::tokenizer::{Kind, Token, tokens, unquote};
use crate::{Defect, DefectKind, Destroys};

impl<'t> Parser<'t, '_> {
    /// Reads a directive of the header.
    pub(super) fn read_header(&mut self, directive: &Directive<'t>) {
        let help_for_two = match directive.name {
            "destroys" => return self.read_destroys(directive),
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

    fn read_destroys(&mut self, directive: &Directive<'t>) {
        let Some((destroys, name)) = parse_destroys(directive.arguments) else {
            let title = "`@destroys` does not say what or why";
            let help = "name the table or column, then the reason: \
                        `-- @destroys users.nickname nobody used it`";
            let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
            self.report_at(directive.arguments_span(), "", defect);
            return;
        };
        let table = destroys.table.to_ascii_lowercase();
        let column = destroys.column.as_ref();
        let column = column.map(|column| column.to_ascii_lowercase());
        if self.header.destroyed.insert((table, column)) {
            self.header.destroys.push(destroys);
            return;
        }
        let title = format!("`@destroys {name}` appears twice");
        let defect = Defect::new(DefectKind::DuplicateDirective, title).help("keep one");
        self.report_at(directive.line.clone(), "", defect);
    }
}

/// Parses `TABLE[.COLUMN] REASON`. A name may be quoted as in SQL.
///
/// Also returns the text of `TABLE[.COLUMN]` as the user wrote it.
fn parse_destroys(arguments: &str) -> Option<(Destroys, &str)> {
    let tokens = tokens(arguments);
    let table = tokens.first().filter(|token| is_name(token))?;
    let mut end = table.span.end;
    let mut column = None;
    if let [_, dot, name, ..] = &tokens[..] {
        // A dot after a space begins the reason, and is not part of the name.
        if dot.text(arguments) == "." && dot.span.start == end && is_name(name) {
            end = name.span.end;
            column = Some(Cow::Owned(unquote(name.text(arguments))));
        }
    }
    let (name, rest) = arguments.split_at(end);
    let reason = rest.trim();
    if reason.is_empty() || !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let destroys = Destroys {
        table: Cow::Owned(unquote(table.text(arguments))),
        column,
        reason: Cow::Owned(reason.to_owned()),
    };
    Some((destroys, name.trim()))
}

fn is_name(token: &Token) -> bool {
    matches!(token.kind, Kind::Word | Kind::QuotedWord)
}
