//! `explain`: printing the page of an error.

use revchain_core::diagnostics::suggest::did_you_mean;
use serde_json::json;

use crate::args::ExplainArgs;
use crate::catalogue::{self, Page};
use crate::support::{Answer, Failure, Result, command_line};

pub(crate) fn run(args: &ExplainArgs) -> Result {
    let Some(name) = &args.name else {
        return Ok(list());
    };
    // Messages show the names of defects in brackets.
    let name = name.trim_matches(['[', ']']).to_lowercase();
    let Some(page) = catalogue::find(&name) else {
        let names = catalogue::PAGES.iter().map(|page| page.name);
        let failure = Failure::usage(format!("no error has the name `{name}`"));
        return Err(match did_you_mean(&name, names) {
            Some(similar) => failure.help(&format!("did you mean `{similar}`?")),
            None => failure.help(&format!(
                "run `{}` to list all names",
                command_line("explain")
            )),
        });
    };
    let json = json!({ "name": page.name, "summary": page.summary(), "page": page.text });
    Ok(Answer::new(page.text.trim_end().to_owned(), json))
}

/// Returns a line for each page.
fn list() -> Answer {
    let width = catalogue::PAGES.iter().map(|page| page.name.len()).max();
    let width = width.unwrap_or_default();
    let line = |page: &Page| format!("{:<width$}  {}", page.name, page.summary());
    let lines: Vec<String> = catalogue::PAGES.iter().map(line).collect();
    let pages: Vec<_> = catalogue::PAGES
        .iter()
        .map(|page| json!({ "name": page.name, "summary": page.summary() }))
        .collect();
    Answer::new(lines.join("\n"), json!({ "pages": pages }))
}
