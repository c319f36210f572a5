//! Parsing of the directives that declare an intention: `@destroys`, `@loosens` and `@assumes`.

use std::ops::Range;

use super::Parser;
use super::directive::{Directive, is_name};
use crate::diagnostics::suggest::did_you_mean;
use crate::model::declarations::{Assumes, AssumesKind, Loosens, LoosensKind};
use crate::sql::tokenizer::{tokens, unquote};
use crate::{Defect, DefectKind, Destroys};

/// A mistake in the arguments of a directive.
struct Mistake {
    title: String,
    /// The span of the mistake in the arguments.
    span: Range<usize>,
    /// The kind that the user probably meant.
    meant: Option<&'static str>,
}

impl<'t> Parser<'t, '_> {
    pub(super) fn read_destroys(&mut self, directive: &Directive<'t>) {
        let Some((destroys, name)) = parse_destroys(directive.arguments) else {
            let title = "`@destroys` does not say what or why";
            let help = "name the table or column, then the reason: \
                        `-- @destroys users.nickname nobody used it`";
            let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
            self.report_at(directive.arguments_span(), "", defect);
            return;
        };
        let table = [&*destroys.table].into_iter();
        if self.is_new(directive, name, table.chain(destroys.column.as_deref())) {
            self.header.destroys.push(destroys);
        }
    }

    pub(super) fn read_loosens(&mut self, directive: &Directive<'t>) {
        match parse_loosens(directive.arguments) {
            Ok((loosens, name)) => {
                let table = [loosens.kind.name(), &loosens.table].into_iter();
                if self.is_new(directive, name, table.chain(loosens.column.as_deref())) {
                    self.header.loosens.push(loosens);
                }
            }
            Err(mistake) => {
                let form = "name the table or column, then the kind, then the reason: \
                            `-- @loosens users.email unique two accounts may share an address`";
                let kinds = LoosensKind::ALL.iter().map(|kind| kind.name());
                self.report_mistake(directive, mistake, form, kinds.collect());
            }
        }
    }

    pub(super) fn read_assumes(&mut self, directive: &Directive<'t>) {
        match parse_assumes(directive.arguments) {
            Ok((assumes, name)) => {
                let table = [assumes.kind.name(), &assumes.table].into_iter();
                let columns = assumes.columns.iter().map(|column| &**column);
                if self.is_new(directive, name, table.chain(columns)) {
                    self.header.assumes.push(assumes);
                }
            }
            Err(mistake) => {
                let form = "name the table and the columns, then the kind, then the reason: \
                            `-- @assumes users(email) unique the program has always checked it`";
                let kinds = AssumesKind::ALL.iter().map(|kind| kind.name());
                self.report_mistake(directive, mistake, form, kinds.collect());
            }
        }
    }

    /// Returns `true` unless the header has the same declaration already. Reports a duplicate.
    ///
    /// `shown` is the declaration as the user wrote it. `words` are its parts without the reason.
    pub(super) fn is_new<'w>(
        &mut self,
        directive: &Directive<'t>,
        shown: &str,
        words: impl Iterator<Item = &'w str>,
    ) -> bool {
        let words = words.map(str::to_ascii_lowercase).collect();
        if self.header.declared.insert((directive.name, words)) {
            return true;
        }
        let title = format!("`@{} {shown}` appears twice", directive.name);
        let defect = Defect::new(DefectKind::DuplicateDirective, title).help("keep one");
        self.report_at(directive.line.clone(), "", defect);
        false
    }

    fn report_mistake(
        &mut self,
        directive: &Directive<'t>,
        mistake: Mistake,
        form: &str,
        kinds: Vec<&str>,
    ) {
        let start = match mistake.meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => form.to_owned(),
        };
        let help = format!("{start}\nthe kinds are {}", kinds.join(", "));
        let title = format!("`@{}` {}", directive.name, mistake.title);
        let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
        let arguments = directive.arguments_span();
        let mut span = arguments.clone();
        if !mistake.span.is_empty() {
            span = arguments.start + mistake.span.start..arguments.start + mistake.span.end;
        }
        self.report_at(span, "", defect);
    }
}

/// Parses `TABLE[.COLUMN] REASON`. A name may be quoted as in SQL.
///
/// Also returns the text of `TABLE[.COLUMN]` as the user wrote it.
fn parse_destroys(arguments: &str) -> Option<(Destroys, &str)> {
    let (table, column, end) = parse_name(arguments)?;
    let (name, rest) = arguments.split_at(end);
    let reason = rest.trim();
    if reason.is_empty() || !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let destroys = Destroys {
        table,
        column,
        reason: reason.to_owned(),
    };
    Some((destroys, name))
}

/// Parses `TABLE[.COLUMN] KIND REASON`.
///
/// Also returns the text without the reason.
fn parse_loosens(arguments: &str) -> Result<(Loosens, &str), Mistake> {
    let Some((table, column, end)) = parse_name(arguments) else {
        return Err(mistake("names no table or column", 0..0));
    };
    let kinds = LoosensKind::ALL.iter().map(|kind| (kind.name(), *kind));
    let (kind, end) = parse_kind(arguments, end, kinds)?;
    let (name, reason) = split_reason(arguments, end)?;
    let loosens = Loosens {
        table,
        column,
        kind,
        reason: reason.to_owned(),
    };
    Ok((loosens, name))
}

/// Parses `TABLE(COLUMN, …) KIND REASON`.
///
/// Also returns the text without the reason.
fn parse_assumes(arguments: &str) -> Result<(Assumes, &str), Mistake> {
    let Some((table, columns, end)) = parse_columns(arguments) else {
        return Err(mistake("names no table with its columns", 0..0));
    };
    let kinds = AssumesKind::ALL.iter().map(|kind| (kind.name(), *kind));
    let (kind, end) = parse_kind(arguments, end, kinds)?;
    let (name, reason) = split_reason(arguments, end)?;
    let assumes = Assumes {
        table,
        columns,
        kind,
        reason: reason.to_owned(),
    };
    Ok((assumes, name))
}

/// Parses `TABLE[.COLUMN]`. Returns the names, and the offset after them.
fn parse_name(arguments: &str) -> Option<(String, Option<String>, usize)> {
    let tokens = tokens(arguments);
    let table = tokens.first().filter(|token| is_name(token))?;
    let mut end = table.span.end;
    let mut column = None;
    if let [_, dot, name, ..] = &tokens[..] {
        // A dot after a space begins the reason, and is not part of the name.
        if dot.text(arguments) == "." && dot.span.start == end && is_name(name) {
            end = name.span.end;
            column = Some(unquote(name.text(arguments)));
        }
    }
    Some((unquote(table.text(arguments)), column, end))
}

/// Parses `TABLE(COLUMN, …)`. Returns the names, and the offset after the parenthesis.
fn parse_columns(arguments: &str) -> Option<(String, Vec<String>, usize)> {
    let tokens = tokens(arguments);
    let (table, mut rest) = tokens.split_first()?;
    if !is_name(table) {
        return None;
    }
    let mut columns = Vec::new();
    let mut expected = "(";
    loop {
        let [mark, column, after @ ..] = rest else {
            return None;
        };
        if !mark.is_mark(arguments, expected) || !is_name(column) {
            return None;
        }
        columns.push(unquote(column.text(arguments)));
        let end = after.first()?;
        if end.is_mark(arguments, ")") {
            let table = unquote(table.text(arguments));
            return Some((table, columns, end.span.end));
        }
        expected = ",";
        rest = after;
    }
}

/// Parses the kind after the offset `start`. Returns the kind, and the offset after it.
fn parse_kind<K>(
    arguments: &str,
    start: usize,
    mut kinds: impl Iterator<Item = (&'static str, K)> + Clone,
) -> Result<(K, usize), Mistake> {
    let rest = &arguments[start..];
    let word = rest.split_whitespace().next().unwrap_or_default();
    if word.is_empty() || !rest.starts_with(char::is_whitespace) {
        return Err(mistake("names no kind", start..arguments.len()));
    }
    let start = start + (rest.len() - rest.trim_start().len());
    let end = start + word.len();
    let names = kinds.clone().map(|(name, _)| name);
    if let Some((_, kind)) = kinds.find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        return Ok((kind, end));
    }
    Err(Mistake {
        title: format!("has no kind `{word}`"),
        span: start..end,
        meant: did_you_mean(word, names),
    })
}

/// Splits the arguments at the offset `end`, where the reason begins.
fn split_reason(arguments: &str, end: usize) -> Result<(&str, &str), Mistake> {
    let (name, reason) = arguments.split_at(end);
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(mistake("does not say why", 0..0));
    }
    Ok((name, reason))
}

/// Makes a mistake. An empty span means all arguments.
fn mistake(title: &str, span: Range<usize>) -> Mistake {
    Mistake {
        title: title.to_owned(),
        span,
        meant: None,
    }
}
