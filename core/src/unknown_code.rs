//! The check that the program has each function that a chain names.

use crate::diagnostics::suggest::did_you_mean;
use crate::{Defect, DefectKind, LoadedMigrations};

/// Reports each `@code` line whose function is not in `functions`.
///
/// Returns `true` if a function is missing.
pub fn check_code(loaded: &mut LoadedMigrations, functions: &[String]) -> bool {
    let Some(chain) = &loaded.chain else {
        return false;
    };
    let mut reported: Vec<&str> = Vec::new();
    for revision in chain.revisions() {
        for code in revision.code() {
            let name = code.name();
            if functions.iter().any(|function| function == name) || reported.contains(&name) {
                continue;
            }
            reported.push(name);
            let candidates = functions.iter().map(String::as_str);
            let help = match did_you_mean(name, candidates) {
                Some(similar) => format!(
                    "did you mean `-- @code {similar}`?\n\
                     or pass the function to the macro: `code = [crate::{name}, …]`"
                ),
                None => format!(
                    "pass the function to the macro, with its path in the crate: \
                     `embed_migrations!(\"…\", code = [crate::{name}])`"
                ),
            };
            let title = format!("the program passes no function `{name}` to `embed_migrations!`");
            let defect = Defect::new(DefectKind::UnknownCode, title).help(help);
            let snippet = code.snippet().with_note("runs this function");
            loaded
                .defects
                .push(defect.showing(snippet).at(revision.path()));
        }
    }
    !reported.is_empty()
}
