//! Parsing of `@was TOOL:VERSION`.

use std::ops::Range;

use super::Parser;
use super::directive::Directive;
use crate::diagnostics::suggest::did_you_mean;
use crate::model::was::{Tool, Was};
use crate::{Defect, DefectKind};

/// The word after the version of a migration that changed nothing.
const EMPTY: &str = "empty";

impl<'t> Parser<'t, '_> {
    pub(super) fn read_was(&mut self, directive: &Directive<'t>) {
        match parse_was(directive.arguments) {
            Ok(was) => self.add_was(directive, was),
            Err((title, span, meant)) => {
                let mut help = "name the tool and the version that it recorded: \
                                `-- @was sqlx:20240101000001`;\n"
                    .to_owned();
                if let Some(meant) = meant {
                    help += &format!("did you mean `{meant}`? ");
                }
                let names: Vec<&str> = Tool::ALL.iter().map(|tool| tool.name()).collect();
                help += &format!("the tools are {}", names.join(", "));
                let start = directive.arguments_span().start;
                let span = match directive.arguments {
                    "" => directive.arguments_span(),
                    _ => start + span.start..start + span.end,
                };
                let defect = Defect::new(DefectKind::MalformedDirective, title).help(help);
                self.report_at(span, "", defect);
            }
        }
    }

    fn add_was(&mut self, directive: &Directive<'t>, was: Was) {
        let is_same =
            |(known, _): &(Was, _)| (known.tool, &known.version) == (was.tool, &was.version);
        if self.header.was.iter().any(is_same) {
            let title = format!("`@was {was}` appears twice");
            let defect = Defect::new(DefectKind::DuplicateDirective, title).help("keep one");
            self.report_at(directive.line.clone(), "", defect);
            return;
        }
        self.header.was.push((was, directive.arguments_span()));
    }
}

/// A title, the span of the mistake in the arguments, and the tool that the user probably meant.
type Mistake = (String, Range<usize>, Option<&'static str>);

fn parse_was(arguments: &str) -> Result<Was, Mistake> {
    let whole = 0..arguments.len();
    let Some((name, rest)) = arguments.split_once(':') else {
        let title = "`@was` does not name a tool and a version".to_owned();
        return Err((title, whole, None));
    };
    let Some(tool) = Tool::from_name(name) else {
        let names = Tool::ALL.iter().map(|tool| tool.name());
        let meant = match name.trim() {
            // The tool keeps its number there, so this is the name that users try first.
            "rusqlite_migration" => Some(Tool::UserVersion.name()),
            name => did_you_mean(name, names),
        };
        let title = format!("`@was` knows no tool `{name}`");
        return Err((title, 0..name.len(), meant));
    };
    let (version, is_empty) = match rest.trim().rsplit_once(char::is_whitespace) {
        Some((version, EMPTY)) => (version.trim_end(), true),
        _ => (rest.trim(), false),
    };
    let Some(version) = tool.normalize(version) else {
        let title = match version {
            "" => format!("`@was {tool}:` names no version"),
            _ => format!("`{version}` is not a version of {tool}: it records numbers"),
        };
        return Err((title, whole, None));
    };
    Ok(Was {
        tool,
        version,
        is_empty,
    })
}
