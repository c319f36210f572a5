//! The parameters of a query, and the mistakes in their numbers.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Query;
use crate::sql::tokenizer::Kind;
use crate::{Defect, DefectKind};

/// A parameter of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter<'q> {
    /// The parameter as written, such as `?1` or `:user`.
    pub text: &'q str,
    /// The number that SQLite gives the parameter, counted from 1.
    pub number: usize,
    /// How the parameter is written.
    pub style: Style,
    /// The byte range in the text.
    pub span: Range<usize>,
}

/// How a parameter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `?`.
    Anonymous,
    /// `?1`.
    Numbered,
    /// `:name`, `@name` or `$name`.
    Named,
}

/// Returns the parameters with the numbers that SQLite gives them.
pub(super) fn read<'q>(query: &Query<'q>) -> Vec<Parameter<'q>> {
    let mut parameters: Vec<Parameter<'q>> = Vec::new();
    let mut largest = 0;
    for token in &query.tokens {
        if token.kind != Kind::Parameter {
            continue;
        }
        let text = token.text(query.sql);
        let (style, number) = match text.strip_prefix('?') {
            Some("") => (Style::Anonymous, largest + 1),
            // SQLite rejects a number that is too large.
            Some(number) => (Style::Numbered, number.parse().unwrap_or(0)),
            None => {
                let known = parameters.iter().find(|other| other.text == text);
                let number = known.map_or(largest + 1, |known| known.number);
                (Style::Named, number)
            }
        };
        largest = largest.max(number);
        parameters.push(Parameter {
            text,
            number,
            style,
            span: token.span.clone(),
        });
    }
    parameters
}

/// Returns the defect of parameters that are mixed, or that have a gap.
pub(super) fn check(query: &Query<'_>) -> Option<Defect> {
    let parameters = query.parameters();
    let first = parameters.first()?;
    let is_named = |parameter: &&Parameter<'_>| parameter.style == Style::Named;
    let other = parameters
        .iter()
        .find(|other| is_named(other) != is_named(&first));
    if let Some(other) = other {
        return Some(mixed(query, first, other));
    }
    let numbers: BTreeSet<usize> = parameters.iter().map(|p| p.number).collect();
    let missing = (1..).find(|number| !numbers.contains(number))?;
    let after = parameters.iter().find(|other| other.number > missing)?;
    let title = format!(
        "no parameter has the number {missing}, but {} follows",
        after.text
    );
    let defect = query.defect(DefectKind::ParameterGap, title, after.span.clone());
    Some(defect.help(
        "number the parameters without a gap: the program binds values to 1, 2, 3 and so on\n\
         or name them: `:id`",
    ))
}

fn mixed(query: &Query<'_>, first: &Parameter<'_>, other: &Parameter<'_>) -> Defect {
    let title = format!(
        "the query has both {} and {}, and SQLite counts them together",
        first.text, other.text
    );
    let defect = query.defect(DefectKind::MixedParameters, title, other.span.clone());
    defect
        .details(format!("{} has the number {}", other.text, other.number))
        .help("name all parameters, such as `:user`, or number all of them: `?1`, `?2`")
}
