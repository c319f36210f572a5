//! Directives: comment lines such as `-- @revises 004`.

use std::ops::Range;

use crate::sql::tokenizer::{Kind, Token};

/// The names of all directives.
pub(super) const DIRECTIVES: [&str; 16] = [
    "revises",
    "upgrade",
    "downgrade",
    "irreversible",
    "destroys",
    "loosens",
    "assumes",
    "function",
    "collation",
    "module",
    "unproven",
    "compatible",
    "was",
    "code",
    "job",
    "requires",
];

/// A directive line, split into its name and its arguments.
pub(super) struct Directive<'t> {
    pub(super) name: &'t str,
    /// The span of the line, from the dashes to the end of the line.
    pub(super) line: Range<usize>,
    /// The span of the name, including the `@`.
    pub(super) name_span: Range<usize>,
    pub(super) arguments: &'t str,
    arguments_start: usize,
}

impl<'t> Directive<'t> {
    /// Splits a comment that contains an `@`. The comment begins at byte `start` of the text.
    pub(super) fn read(comment: &'t str, start: usize) -> Self {
        let (dashes, rest) = comment.split_once('@').unwrap_or_default();
        let name = rest.split(char::is_whitespace).next().unwrap_or_default();
        let arguments = rest[name.len()..].trim_start();
        let at = start + dashes.len();
        Self {
            name,
            line: start..start + comment.trim_end().len(),
            name_span: at..at + 1 + name.len(),
            arguments: arguments.trim_end(),
            arguments_start: start + comment.len() - arguments.len(),
        }
    }

    /// Returns `true` if the directive begins a section.
    pub(super) fn is_section(&self) -> bool {
        matches!(self.name, "upgrade" | "downgrade")
    }

    /// Returns the span of the arguments in the text.
    ///
    /// If there are no arguments, returns the span of the name.
    pub(super) fn arguments_span(&self) -> Range<usize> {
        if self.arguments.is_empty() {
            return self.name_span.clone();
        }
        self.arguments_start..self.arguments_start + self.arguments.len()
    }
}

/// Returns `true` if a token can be a name in the arguments of a directive.
pub(super) fn is_name(token: &Token) -> bool {
    matches!(token.kind, Kind::Word | Kind::QuotedWord)
}
