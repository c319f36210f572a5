//! The text of a query in a program, as the macro `sql!` takes it.
//!
//! The checks here need no database: SQLite accepts what they report.

mod conditions;
mod parameters;
mod statement;
mod tokens;
mod written;

use std::ops::Range;

pub use parameters::{Parameter, Style};
pub use statement::Verb;
pub use written::{Assignment, Insert, Source};

use crate::diagnostics::snippet::Snippet;
use crate::sql::tokenizer::Token;
use crate::{Defect, DefectKind};

/// A query: one statement that reads or writes rows.
#[derive(Debug, Clone)]
pub struct Query<'q> {
    sql: &'q str,
    /// The tokens of the statement, without comments.
    tokens: Vec<Token>,
    verb: Verb,
    /// The index of the token of the verb, after a WITH clause.
    verb_at: usize,
}

impl<'q> Query<'q> {
    /// Reads a text with exactly one statement that reads or writes rows.
    ///
    /// # Errors
    ///
    /// Returns the defects of a text that is no query.
    pub fn parse(sql: &'q str) -> Result<Self, Vec<Defect>> {
        statement::parse(sql)
    }

    /// Returns the text, as the program has it.
    pub fn sql(&self) -> &'q str {
        self.sql
    }

    /// Returns the tokens of the statement, without comments.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Returns what the statement does. A WITH clause before the verb does not count.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Returns the tokens from the verb to the end of the statement.
    pub fn main_tokens(&self) -> &[Token] {
        &self.tokens[self.verb_at..]
    }

    /// Returns the parameters, in the order of the text.
    pub fn parameters(&self) -> Vec<Parameter<'q>> {
        parameters::read(self)
    }

    /// Returns the INSERT of the query; `None` if the query is none.
    pub fn insert(&self) -> Option<Insert> {
        written::insert(self)
    }

    /// Returns the assignments in the SET clauses of the query.
    pub fn assignments(&self) -> Vec<Assignment> {
        written::assignments(self)
    }

    /// Returns the indexes of the tokens `=` that assign a value in a SET clause.
    pub fn assignment_marks(&self) -> Vec<usize> {
        written::assignment_marks(self.sql, &self.tokens)
    }

    /// Returns the defects that the text alone shows.
    ///
    /// If `allows_all_rows`, an UPDATE or a DELETE needs no WHERE.
    pub fn check(&self, allows_all_rows: bool) -> Vec<Defect> {
        let mut defects = Vec::from_iter(parameters::check(self));
        defects.extend(written::check(self, allows_all_rows));
        defects.extend(conditions::check(self));
        defects
    }

    /// Makes a defect that marks a span of the text.
    pub fn defect(&self, kind: DefectKind, title: impl Into<String>, span: Range<usize>) -> Defect {
        defect(self.sql, kind, title, span)
    }
}

/// Makes a defect that marks a span of the text of a query.
pub fn defect(sql: &str, kind: DefectKind, title: impl Into<String>, span: Range<usize>) -> Defect {
    Defect::new(kind, title).showing(Snippet::new(sql, 1, span, ""))
}
