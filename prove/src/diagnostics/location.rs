//! The location of a defect: a statement of a script, or a directive in the header.

use revchain_core::diagnostics::snippet::Snippet;
use revchain_core::load::SourceInfo;
use revchain_core::sql::inspect::names_object;
use revchain_core::{Chain, Defect, Revision, Statement};

use crate::script_run::ScriptRun;

/// Adds the path of the revision and the snippet to a defect.
pub(crate) fn at_snippet(defect: Defect, run: ScriptRun<'_>, snippet: Option<Snippet>) -> Defect {
    let defect = defect.at(run.revision.path());
    match snippet {
        Some(snippet) => defect.showing(snippet),
        None => defect,
    }
}

/// Returns the snippet that shows a statement. `None` means the first statement of the script.
pub(crate) fn snippet(run: ScriptRun<'_>, statement: Option<Statement<'_>>) -> Option<Snippet> {
    let statement = statement.or_else(|| run.find(|_| true))?;
    Some(statement.snippet(None))
}

/// Points a defect at a statement. `None` means the first statement of the script.
pub(crate) fn at_statement(
    defect: Defect,
    run: ScriptRun<'_>,
    statement: Option<Statement<'_>>,
) -> Defect {
    at_snippet(defect, run, snippet(run, statement))
}

/// Points a defect at the last statement that names any of the objects.
pub(crate) fn at_last_naming(defect: Defect, run: ScriptRun<'_>, names: &[&str]) -> Defect {
    let statements = run.script().statements();
    let naming =
        statements.filter(|statement| names.iter().any(|name| names_object(statement.sql(), name)));
    at_statement(defect, run, naming.last())
}

/// Points a defect at a statement that meets a condition, in the newest upgrade with such a
/// statement.
///
/// If no statement meets the first condition, uses the second condition.
/// If no statement meets either condition, points the defect at the head.
pub(crate) fn at_newest(
    defect: Defect,
    chain: &Chain,
    conditions: [&dyn Fn(&str) -> bool; 2],
) -> Defect {
    let upgrades = chain.revisions().iter().rev().map(ScriptRun::upgrade);
    for condition in conditions {
        for run in upgrades.clone() {
            if let Some(statement) = run.find(condition) {
                return at_statement(defect, run, Some(statement));
            }
        }
    }
    match upgrades.clone().next() {
        Some(head) => at_statement(defect, head, None),
        None => defect,
    }
}

/// Points a defect at a directive `name` in the header.
///
/// `index` counts the directives with this name, starting at 0.
pub(crate) fn at_directive(
    defect: Defect,
    revision: &Revision,
    source: &SourceInfo,
    name: &str,
    index: usize,
) -> Defect {
    let defect = defect.at(revision.path());
    let start = format!("-- @{name}");
    let lines = source.text.lines().zip(1..);
    let mut directives = lines.filter(|(line, _)| line.trim_start().starts_with(&start));
    let Some((line, number)) = directives.nth(index) else {
        return defect;
    };
    let indent = line.len() - line.trim_start().len();
    let span = indent..line.trim_end().len();
    defect.showing(Snippet::new(line, number, span, ""))
}
