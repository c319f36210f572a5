//! The functions of a program in the proof. Only a test of the program has them.

use revchain_core::{CodeLine, Defect, DefectKind, Revision};
use revchain_runtime::internal::ProofCode;
use revchain_runtime::{Error, ErrorKind};

use crate::script_run::ScriptRun;

/// The advice for a function that fails on sample rows.
pub(crate) const HELP_FOR_ROWS: &str = "let the function handle each row that the schema allows: NULL, empty texts, duplicates\n\
     or, if no such rows exist, declare it in the header: `-- @assumes TABLE(COLUMN) values REASON`\n\
     or, if it needs a value of the program, pass it: \
     `testing::prove_with(&MIGRATIONS.migrator().context(…))`\n\
     (seen with sample rows)";

/// Returns the offset of the first `@code` line of an upgrade, if the proof leaves code out.
pub(crate) fn left_out(revision: &Revision, code: Option<&ProofCode<'_>>) -> Option<usize> {
    let first = revision.upgrade().code().next();
    first.filter(|_| code.is_none()).map(|line| line.start())
}

/// Returns the defect of a function that fails.
pub(crate) fn code_fails(run: ScriptRun<'_>, line: &CodeLine<'_>, error: &Error) -> Defect {
    let (state, mut help) = if run.has_sample_rows() {
        ("where the tables have rows", HELP_FOR_ROWS.to_owned())
    } else {
        let help = "let the function succeed on empty tables: a new database runs it, too\n\
                    or, if it needs a value of the program, pass it: \
                    `testing::prove_with(&MIGRATIONS.migrator().context(…))`";
        ("where the tables are empty", help.to_owned())
    };
    let (verb, message) = match error.kind() {
        ErrorKind::Code(error) if error.is_panic => ("panics", error.source.to_string()),
        ErrorKind::Code(error) => ("fails", error.source.to_string()),
        _ => ("cannot run", error.message()),
    };
    let is_ended = matches!(error.kind(), ErrorKind::Code(error) if error.is_ended());
    // The advice of the error is about a statement that no function may run. Other advice, about
    // a backup, is not for a test.
    if let Some(advice) = error.help().filter(|_| !is_ended) {
        help = advice.to_owned();
    }
    let name = line.name();
    let title = format!("the function `{name}` {verb} in {run} {state}: {message}");
    let defect = Defect::new(DefectKind::CodeFails, title).help(help);
    defect.showing(line.snippet()).at(run.revision.path())
}

/// Returns the defect of a function that adds rows to empty tables, although its line says
/// `on rows`.
pub(crate) fn adds_rows(run: ScriptRun<'_>, line: &CodeLine<'_>) -> Defect {
    let name = line.name();
    let title =
        format!("the function `{name}` adds rows to empty tables in {run}, despite `on rows`");
    let help = format!(
        "remove `on rows`, so that a new database runs the function: `-- @code {name}`\n\
         or let the function do nothing if the tables are empty"
    );
    let defect = Defect::new(DefectKind::CodeFails, title).help(&help);
    defect.showing(line.snippet()).at(run.revision.path())
}
