//! Parsing of the directives that declare stand-ins: `@function`, `@collation` and `@module`.

use super::Parser;
use super::directive::{Directive, is_name};
use crate::model::stand_ins::{ArgumentCount, FunctionStandIn};
use crate::sql::tokenizer::{tokens, unquote};
use crate::{Defect, DefectKind};

/// The maximum number of arguments that every version of SQLite permits.
const MAX_ARGUMENTS: u8 = 127;

impl<'t> Parser<'t, '_> {
    /// Reads `@function NAME(N)`.
    pub(super) fn read_function(&mut self, directive: &Directive<'t>) {
        let Some(function) = parse_function(directive.arguments) else {
            let title = "`@function` does not name a function and its number of arguments";
            let help = "write the name, and the number of arguments in parentheses, `-- @function normalize(1)`,\n\
                        or `*` if the function takes any number: `-- @function join_all(*)`";
            let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
            self.report_at(directive.arguments_span(), "", defect);
            return;
        };
        let shown = function.to_string();
        if self.is_new(directive, &shown, [&*shown].into_iter()) {
            self.header.stand_ins.functions.push(function);
        }
    }

    /// Reads `@collation NAME`.
    pub(super) fn read_collation(&mut self, directive: &Directive<'t>) {
        if let Some(name) = self.read_name(directive, "german") {
            self.header.stand_ins.collations.push(name);
        }
    }

    /// Reads `@module NAME`.
    pub(super) fn read_module(&mut self, directive: &Directive<'t>) {
        if let Some(name) = self.read_name(directive, "spellfix1") {
            self.header.stand_ins.modules.push(name);
        }
    }

    /// Returns the name that is the only argument. Reports anything else, and a second directive.
    fn read_name(&mut self, directive: &Directive<'t>, example: &str) -> Option<String> {
        let kind = directive.name;
        let tokens = tokens(directive.arguments);
        let name = tokens
            .first()
            .filter(|token| is_name(token) && tokens.len() == 1);
        let Some(name) = name else {
            let title = format!("`@{kind}` does not name one {kind}");
            let help = format!("write the name alone: `-- @{kind} {example}`");
            let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
            self.report_at(directive.arguments_span(), "", defect);
            return None;
        };
        let name = unquote(name.text(directive.arguments));
        let is_new = self.is_new(directive, directive.arguments, [&*name].into_iter());
        is_new.then_some(name)
    }
}

/// Parses `NAME(N)` or `NAME(*)`. The name may be quoted as in SQL.
fn parse_function(arguments: &str) -> Option<FunctionStandIn> {
    let tokens = tokens(arguments);
    let [name, open, count, close] = &tokens[..] else {
        return None;
    };
    if !is_name(name) || !open.is_mark(arguments, "(") || !close.is_mark(arguments, ")") {
        return None;
    }
    let arguments_of_call = if count.is_mark(arguments, "*") {
        ArgumentCount::Any
    } else {
        let count: u8 = count.text(arguments).parse().ok()?;
        if count > MAX_ARGUMENTS {
            return None;
        }
        ArgumentCount::Exactly(count)
    };
    Some(FunctionStandIn {
        name: unquote(name.text(arguments)),
        arguments: arguments_of_call,
    })
}
