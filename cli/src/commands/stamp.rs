//! `stamp`: recording the revision of the database without running SQL.

use std::path::Path;

use revchain_core::diagnostics::escape::escape;
use revchain_runtime::rusqlite::Connection;
use revchain_runtime::{Migrator, Plan, Report, Request, Revision, SchemaCheck, Target};

use crate::app::Commands;
use crate::args::{DatabaseArgs, StampArgs};
use crate::support::{
    Invocation, Result, can_ask, confirm, count_revisions, in_database, must_exist, open, report,
    target,
};

pub(crate) fn run(app: &Commands<'_>, args: &StampArgs) -> Result {
    let target = target(args.target.as_deref(), args.revision.as_deref())?.unwrap_or(Target::Head);
    let (path, migrator) = app.database_of(&args.database)?;
    must_exist(&path)?;
    let mut connection = open(&migrator, &path)?;
    let plan = in_database(&path, migrator.plan(&connection, Request::Stamp(target)))?;
    // A stamp loses no data, and the answer names the command that undoes it. So a script needs no
    // `--yes`.
    if !args.yes && can_ask() {
        if let Some(question) = consequences(&migrator, &connection, &path, &plan)? {
            confirm(&question)?;
        }
    }
    // `apply` fails if the database changed after the user confirmed the plan.
    let report = in_database(&path, migrator.apply(&mut connection, plan))?;
    let mut answer = report::report(&path, &report);
    if report.to.is_some() {
        // The schema can also be unknown, for example without the proof.
        if let Ok(check) = migrator.check(&connection) {
            if let SchemaCheck::Drifted { .. } = check {
                answer.text += &format!("\nwarning: {check}");
            }
            answer.json["drift"] = report::drift(&check);
        }
    }
    if let Some(undo) = undo(&report, &args.database) {
        answer.text += &format!("\nto undo: `{undo}`");
    }
    Ok(answer)
}

/// Describes what makes a stamp dangerous; `None` if nothing does.
fn consequences(
    migrator: &Migrator<'_>,
    connection: &Connection,
    path: &Path,
    plan: &Plan<'_>,
) -> Result<Option<String>> {
    let removed: Vec<&str> = plan.unstamps().map(Revision::id).collect();
    let mut drift = None;
    // At base, all tables belong to other programs.
    if plan.to().is_some() {
        let check = in_database(path, migrator.check_after(connection, plan))?;
        drift = matches!(check, SchemaCheck::Drifted { .. }).then_some(check);
    }
    let mut text = format!("{}: a stamp runs no migration\n", path.display());
    if !removed.is_empty() {
        let (count, ids) = (count_revisions(removed.len()), escape(&removed.join(", ")));
        text += &format!("It removes the records of {count}: {ids}.\n");
    }
    match drift {
        Some(check) => text += &format!("Afterwards, {check}\nLater upgrades will fail."),
        None if removed.is_empty() => return Ok(None),
        None => text += "The next upgrade will run these revisions again.",
    }
    Ok(Some(text))
}

/// Returns the command that restores the records; `None` if no revision was recorded before.
fn undo(report: &Report, args: &DatabaseArgs) -> Option<String> {
    let from = report.from.as_deref()?;
    if report.from == report.to {
        return None;
    }
    Some(Invocation::new(Some(args)).command(&format!("stamp {}", escape(from))))
}
