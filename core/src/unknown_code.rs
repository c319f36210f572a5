//! The check that the program has each function that a chain names.

use crate::diagnostics::Snippet;
use crate::diagnostics::suggest::did_you_mean;
use crate::load::SourceInfo;
use crate::{Defect, DefectKind, Job, LoadedMigrations, Revision};

/// Reports each `@code` and `@job` line whose function is not in `functions`.
///
/// Returns `true` if a function is missing.
pub fn check_code(loaded: &mut LoadedMigrations, functions: &[String]) -> bool {
    let Some(chain) = &loaded.chain else {
        return false;
    };
    let mut reported: Vec<&str> = Vec::new();
    for (revision, source) in chain.revisions().iter().zip(&loaded.sources) {
        for (directive, name, snippet) in lines(revision, source) {
            if functions.iter().any(|function| function == name) || reported.contains(&name) {
                continue;
            }
            reported.push(name);
            let candidates = functions.iter().map(String::as_str);
            let help = match did_you_mean(name, candidates) {
                Some(similar) => format!(
                    "did you mean `-- @{directive} {similar}`?\n\
                     or pass the function to the macro: `code = [crate::{name}, …]`"
                ),
                None => format!(
                    "pass the function to the macro, with its path in the crate: \
                     `embed_migrations!(\"…\", code = [crate::{name}])`"
                ),
            };
            let title = format!("the program passes no function `{name}` to `embed_migrations!`");
            let defect = Defect::new(DefectKind::UnknownCode, title).help(help);
            let snippet = snippet.with_note("runs this function");
            loaded
                .defects
                .push(defect.showing(snippet).at(revision.path()));
        }
    }
    !reported.is_empty()
}

/// Iterates over the `@job` and `@code` lines of a revision: the directive, the name, the place.
fn lines<'r>(
    revision: &'r Revision,
    source: &'r SourceInfo,
) -> impl Iterator<Item = (&'static str, &'r str, Snippet)> {
    let jobs = revision.jobs().iter();
    let jobs = jobs.map(|job| ("job", job.name(), snippet(job, &source.text)));
    jobs.chain(
        revision
            .code()
            .map(|code| ("code", code.name(), code.snippet())),
    )
}

/// Returns the snippet of the name of a job.
fn snippet(job: &Job, text: &str) -> Snippet {
    let mut lines = text.split_inclusive('\n');
    let lines_before = lines.by_ref().take(job.line().saturating_sub(1) as usize);
    let before: usize = lines_before.map(str::len).sum();
    // The name is the last word of the line.
    let line = lines.next().unwrap_or_default();
    let start = before + line.rfind(job.name()).unwrap_or_default();
    Snippet::new(text, 1, start..start + job.name().len(), "")
}
