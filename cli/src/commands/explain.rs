//! `explain`: printing the page of an error.

use clap::Subcommand;
use revchain_core::DefectKind;
use revchain_core::diagnostics::suggest::did_you_mean;
use serde_json::json;

use crate::args::{Command, ExplainArgs};
use crate::catalogue::{self, Page};
use crate::support::{Answer, Failure, Result, command_line};

/// Names of result codes of SQLite, without `SQLITE_`, and the errors that report them.
const RESULT_CODES: &[(&str, &str)] = &[
    ("locked", "busy"),
    ("cantopen", "open"),
    ("full", "disk-full"),
    ("ioerr", "io"),
    ("nomem", "out-of-memory"),
    ("notadb", "not-a-database"),
    ("perm", "open"),
    ("readonly", "read-only"),
    ("constraint", "statement"),
    ("error", "statement"),
];

pub(crate) fn run(args: &ExplainArgs) -> Result {
    let Some(name) = &args.name else {
        return Ok(list());
    };
    // Messages show the names of defects in brackets.
    let name = name.trim_matches(['[', ']']).to_lowercase();
    let Some(page) = catalogue::find(&name) else {
        return Err(unknown(&name));
    };
    let json = json!({ "name": page.name, "summary": page.summary(), "page": page.text });
    Ok(Answer::new(page.text.trim_end().to_owned(), json))
}

fn unknown(name: &str) -> Failure {
    let failure = Failure::usage(format!("no error has the name `{name}`"));
    if Command::has_subcommand(name) {
        let command = command_line(&format!("{name} --help"));
        return failure.help(&format!("for help on the command, run `{command}`"));
    }
    match similar(name) {
        Some(similar) => failure.help(&format!("did you mean `{similar}`?")),
        None => failure.help(&format!(
            "run `{}` to list all names",
            command_line("explain")
        )),
    }
}

/// Returns the name of the page that the user probably means.
fn similar(name: &str) -> Option<&'static str> {
    if let Some(code) = name.strip_prefix("sqlite_") {
        // An extended code, such as `SQLITE_IOERR_READ`, begins with its primary code.
        let code = code.split('_').next().unwrap_or_default();
        let result = RESULT_CODES.iter().find(|(other, _)| *other == code);
        return match result {
            Some((_, page)) => Some(page),
            None => Some(catalogue::find(code).map_or("sqlite", |page| page.name)),
        };
    }
    let names = || catalogue::PAGES.iter().map(|page| page.name);
    let mut longer = names().filter(|page| name.len() > 2 && page.starts_with(name));
    longer.next().or_else(|| did_you_mean(name, names()))
}

/// Returns a line for each page: the errors first, then the defects that a build reports.
fn list() -> Answer {
    let is_defect = |page: &&Page| DefectKind::ALL.iter().any(|kind| kind.name() == page.name);
    let (defects, errors): (Vec<&Page>, Vec<&Page>) = catalogue::PAGES.iter().partition(is_defect);
    let width = catalogue::PAGES.iter().map(|page| page.name.len()).max();
    let width = width.unwrap_or_default();
    let mut lines = vec!["Errors of commands and of programs:".to_owned()];
    let line = |page: &&Page| format!("  {:<width$}  {}", page.name, page.summary());
    lines.extend(errors.iter().map(line));
    lines.push("\nDefects of migrations, which a build reports:".to_owned());
    lines.extend(defects.iter().map(line));
    let pages: Vec<_> = errors
        .iter()
        .chain(&defects)
        .map(|page| json!({ "name": page.name, "summary": page.summary() }))
        .collect();
    Answer::new(lines.join("\n"), json!({ "pages": pages }))
}
