//! The functions of a program in the proof. Only a test of the program has them.

use revchain_core::{CodeLine, Defect, DefectKind, Revision};
use revchain_runtime::Direction;
use rusqlite::Connection;

use crate::script_run::ScriptRun;

/// Runs the function of a `@code` line. The error is the message of the function.
pub(crate) type RunCode<'c> =
    dyn Fn(&Connection, &Revision, Direction, &CodeLine<'_>) -> Result<(), String> + 'c;

/// Returns the offset of the first `@code` line of an upgrade, if the proof leaves code out.
pub(crate) fn left_out(revision: &Revision, code: Option<&RunCode<'_>>) -> Option<usize> {
    let first = revision.upgrade().code().next();
    first.filter(|_| code.is_none()).map(|line| line.start())
}

/// Returns the defect of a function that fails.
pub(crate) fn code_fails(run: ScriptRun<'_>, line: &CodeLine<'_>, message: &str) -> Defect {
    let (rows, help) = if run.has_sample_rows() {
        let help = "let the function handle each row that the schema allows: NULL, empty texts, duplicates\n\
                    or, if no such rows exist, declare it in the header: `-- @assumes TABLE(COLUMN) values REASON`\n\
                    (seen with sample rows)";
        (" where the tables have rows", help)
    } else {
        let help = "let the function succeed on empty tables: a new database runs it, too";
        (" where the tables are empty", help)
    };
    let title = format!(
        "the function `{}` fails in {run}{rows}: {message}",
        line.name()
    );
    let defect = Defect::new(DefectKind::CodeFails, title).help(help);
    defect.showing(line.snippet()).at(run.revision.path())
}
