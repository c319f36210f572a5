//! Directives, and those of them that stand in the header: all but `@upgrade` and `@downgrade`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::{Parser, Revises};
use crate::defect::Code;
use crate::name;
use crate::revision::Destroys;
use crate::snippet::line_number;
use crate::sql::{self, Kind, Token};

pub(super) const DIRECTIVES: &[&str] =
    &["revises", "upgrade", "downgrade", "irreversible", "destroys", "unproven", "compatible"];

/// A directive line.
#[derive(Clone)]
pub(super) struct Directive<'t> {
    pub(super) name: &'t str,
    /// From the dashes to the end of the line.
    pub(super) line: Range<usize>,
    /// The name, with its `@`.
    pub(super) name_span: Range<usize>,
    pub(super) arguments: &'t str,
    pub(super) arguments_start: usize,
}

impl<'t> Directive<'t> {
    /// Reads a comment that stands at `start` of the text, and whose `@` stands at `at` of the comment.
    pub(super) fn read(comment: &'t str, start: usize, at: usize) -> Self {
        let rest = &comment[at + 1..];
        let name = rest.split(char::is_whitespace).next().unwrap_or_default();
        let arguments = rest[name.len()..].trim_start();
        Self {
            name,
            line: start..start + comment.trim_end().len(),
            name_span: start + at..start + at + 1 + name.len(),
            arguments: arguments.trim_end(),
            arguments_start: start + comment.len() - arguments.len(),
        }
    }

    pub(super) fn arguments_span(&self) -> Range<usize> {
        self.arguments_start..self.arguments_start + self.arguments.len()
    }
}

/// A directive that stands once: its line, and what it says where that was understood.
pub(super) struct Once<T> {
    pub(super) line: Range<usize>,
    pub(super) known: Option<T>,
}

impl<'t> Parser<'t, '_> {
    pub(super) fn header_directive(&mut self, directive: &Directive<'t>) {
        match directive.name {
            "revises" => self.revises(directive),
            "irreversible" | "unproven" => self.reason(directive),
            "compatible" => self.compatible(directive),
            _ => self.destroys(directive),
        }
    }

    fn revises(&mut self, directive: &Directive<'t>) {
        if let Some(revises) = &mut self.revises {
            // Which of the two is meant, only the user knows.
            revises.known = None;
            let first = revises.line.clone();
            self.duplicate(directive, first, "name every parent in one, `-- @revises 005 006`");
            return;
        }
        let known = self.parents(directive);
        self.revises = Some(Once { line: directive.line.clone(), known });
    }

    fn parents(&mut self, directive: &Directive<'t>) -> Option<Revises> {
        let mut parents: Vec<(String, Range<usize>)> = Vec::new();
        let mut known = HashSet::new();
        let mut malformed = directive
            .arguments
            .is_empty()
            .then(|| ("`@revises` names no revision".to_owned(), directive.name_span.clone()));
        let mut base = false;
        let mut at = 0;
        for id in directive.arguments.split_whitespace() {
            at += directive.arguments[at..].find(id).unwrap_or_default();
            let span = directive.arguments_start + at..directive.arguments_start + at + id.len();
            at += id.len();
            if id == "base" {
                base = true;
            } else if name::check_id(id).is_err() {
                malformed = malformed.or(Some((format!("`{id}` is not the id of a revision"), span)));
            } else if !known.insert(id) {
                malformed = malformed.or(Some((format!("`@revises` names {id} twice"), span)));
            } else {
                parents.push((id.to_owned(), span));
            }
        }
        if base && !parents.is_empty() {
            let title = "`@revises` names base and a revision".to_owned();
            malformed = malformed.or(Some((title, directive.arguments_span())));
        }
        if let Some((title, span)) = malformed {
            let help = "name the revision that this one follows, `-- @revises 004`, or `-- @revises base` for the first;\na merge names every parent, separated by spaces: `-- @revises 005 006`";
            self.defect(Code::MalformedDirective, title, span, "", help);
            return None;
        }
        Some(Revises { parents, span: directive.arguments_span() })
    }

    /// `@irreversible REASON` or `@unproven REASON`.
    fn reason(&mut self, directive: &Directive<'t>) {
        let is_irreversible = directive.name == "irreversible";
        let said = if is_irreversible { &self.irreversible } else { &self.unproven };
        if let Some(first) = said.as_ref().map(|said| said.line.clone()) {
            self.duplicate(directive, first, "keep one reason");
            return;
        }
        let reason = (!directive.arguments.is_empty()).then_some(directive.arguments);
        if reason.is_none() {
            let help = match is_irreversible {
                true => "say why, for whoever wants to downgrade: `-- @irreversible the old hashes are gone`",
                false => "say what only the program has: `-- @unproven the program registers normalize()`",
            };
            self.defect(
                Code::MalformedDirective,
                format!("`@{}` does not say why", directive.name),
                directive.name_span.clone(),
                "no reason follows",
                help,
            );
        }
        let once = Some(Once { line: directive.line.clone(), known: reason });
        *(if is_irreversible { &mut self.irreversible } else { &mut self.unproven }) = once;
    }

    /// `@compatible`, alone on its line.
    fn compatible(&mut self, directive: &Directive<'t>) {
        if let Some(first) = self.compatible.as_ref().map(|said| said.line.clone()) {
            self.duplicate(directive, first, "keep one");
            return;
        }
        if !directive.arguments.is_empty() {
            self.defect(
                Code::MalformedDirective,
                "something follows `@compatible`",
                directive.arguments_span(),
                "this would be ignored",
                "leave `-- @compatible` alone on its line: it holds for every older program",
            );
        }
        self.compatible = Some(Once { line: directive.line.clone(), known: Some(()) });
    }

    /// `@destroys TABLE[.COLUMN] REASON`, the names quoted as in SQL where they need it.
    fn destroys(&mut self, directive: &Directive<'t>) {
        let arguments = directive.arguments;
        let tokens = sql::tokens(arguments);
        let is_name = |token: Option<&Token>| {
            token.filter(|t| matches!(t.kind, Kind::Word | Kind::QuotedWord)).cloned()
        };
        // A name and its dot follow each other without a space; a digit after a dot makes it a number, and no name.
        let dotted = tokens
            .get(1)
            .is_some_and(|dot| dot.text(arguments) == "." && dot.span.start == tokens[0].span.end);
        let table = is_name(tokens.first());
        let column = if dotted { is_name(tokens.get(2)) } else { None };
        let end = column.as_ref().or(table.as_ref()).map_or(0, |token| token.span.end);
        let rest = &arguments[end..];
        let reason = rest.trim();
        let (Some(table), false) = (table, reason.is_empty() || !rest.starts_with(char::is_whitespace))
        else {
            self.defect(
                Code::MalformedDirective,
                "`@destroys` does not say what or why",
                if arguments.is_empty() { directive.name_span.clone() } else { directive.arguments_span() },
                "",
                "name the table or column, then the reason: `-- @destroys users.nickname nobody used it`",
            );
            return;
        };
        let name = |token: &Token| Cow::Owned(sql::unquote(token.text(arguments)));
        let destroys = Destroys {
            table: name(&table),
            column: column.as_ref().map(name),
            reason: Cow::Owned(reason.to_owned()),
        };
        let column = destroys.column.as_ref().map(|column| column.to_ascii_lowercase());
        if !self.destroyed.insert((destroys.table.to_ascii_lowercase(), column)) {
            self.defect(
                Code::DuplicateDirective,
                format!("`@destroys {}` appears twice", arguments[..end].trim()),
                directive.line.clone(),
                "",
                "keep one",
            );
            return;
        }
        self.destroys.push(destroys);
    }

    fn duplicate(&mut self, directive: &Directive<'t>, first: Range<usize>, help: &str) {
        // To count lines again and again would take long in a long file.
        let line = if self.is_full() { 0 } else { line_number(self.text, first.start) };
        let title = format!("`@{}` appears twice", directive.name);
        self.defect(
            Code::DuplicateDirective,
            title,
            directive.line.clone(),
            format!("first on line {line}"),
            help,
        );
    }
}
