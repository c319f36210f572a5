//! The statements that a cluster cannot run, or whose result differs between replicas.

use revchain_core::sql::cursor::{self, Cursor};
use revchain_core::sql::inspect::starts_with_one_of;
use revchain_core::{Defect, DefectKind, Statement};

use super::Subject;
use super::functions::{Use, uses};
use crate::diagnostics::location::{at_snippet, at_statement};
use crate::script_run::{ScriptRun, Stage};

/// Reports the pragmas, temporary objects and nondeterministic functions in both scripts.
pub(super) fn check(subject: &Subject<'_>) -> Vec<Defect> {
    let upgrade = ScriptRun::new(subject.revision, Stage::Upgrade);
    let downgrade = ScriptRun::new(subject.revision, Stage::Downgrade);
    let has_downgrade = subject.revision.downgrade().script().is_some();
    let mut runs = vec![upgrade];
    runs.extend(Some(downgrade).filter(|_| has_downgrade));
    let mut defects = Vec::new();
    for run in runs {
        for statement in run.script().statements() {
            defects.extend(check_statement(subject, run, &statement));
        }
    }
    defects
}

fn check_statement(
    subject: &Subject<'_>,
    run: ScriptRun<'_>,
    statement: &Statement<'_>,
) -> Option<Defect> {
    let sql = statement.sql();
    if starts_with_one_of(sql, &["PRAGMA"]) {
        let title = format!("{run} has a PRAGMA, which works on one connection");
        let fix = "remove it: no pragma that a migration may have is needed on a cluster";
        let defect = subject.help(Defect::new(DefectKind::ReplicatedPragma, title), fix);
        return Some(at_statement(defect, run, Some(statement.clone())));
    }
    if creates_temporary(sql) {
        let title = format!("{run} creates a temporary object, which belongs to one connection");
        let fix = "create an ordinary table, and drop it at the end of the script";
        let defect = subject.help(Defect::new(DefectKind::ReplicatedTemporary, title), fix);
        return Some(at_statement(defect, run, Some(statement.clone())));
    }
    let found = uses(sql).into_iter().next()?;
    let defect = subject.help(nondeterministic(&run.to_string(), &found), found.fix());
    let snippet = statement.snippet_of(found.span.clone());
    Some(at_snippet(defect, run, Some(snippet)))
}

/// Describes a function whose result differs between replicas. `user` is a script or an object.
pub(super) fn nondeterministic(user: &str, found: &Use) -> Defect {
    let title = format!("{user} uses {}, {}", found.name, found.reason());
    Defect::new(DefectKind::ReplicatedFunction, title)
}

/// Returns `true` if a statement creates a temporary table, view, trigger or index.
fn creates_temporary(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    if !cursor.eat(&["CREATE"]) {
        return false;
    }
    if cursor.is_at(&["TEMP", "TEMPORARY"]) {
        return true;
    }
    cursor.eat(&["UNIQUE"]);
    cursor.eat(&["VIRTUAL"]);
    cursor.next();
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    let schema = cursor.name();
    cursor.is_at_mark(".") && schema.is_some_and(|name| name.eq_ignore_ascii_case("temp"))
}
