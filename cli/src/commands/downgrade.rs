//! `downgrade`: reverting revisions.

use std::path::Path;

use revchain_core::diagnostics::escape::escape;
use revchain_runtime::{HistoryEntry, Origin, Plan, Request, Revision, Target};

use crate::app::Commands;
use crate::args::DowngradeArgs;
use crate::support::script::sql_of_request;
use crate::support::{Result, confirm, in_database, must_exist, open, report, target};

pub(crate) fn run(app: &Commands<'_>, args: &DowngradeArgs) -> Result {
    let target = target(args.target.as_deref(), args.revision.as_deref())?;
    let (path, migrator) = app.database_of_run(&args.run)?;
    must_exist(&path)?;
    let request = Request::Downgrade(target.unwrap_or(Target::Steps(-1)));
    if args.sql {
        let ignored = &args.run.database.ignore_tables;
        return sql_of_request(&path, &migrator, ignored, request);
    }
    let mut connection = open(&migrator, &path)?;
    if args.run.dry_run {
        let dry_run = in_database(&path, migrator.dry_run(&connection, request))?;
        return Ok(report::dry_run(&path, &dry_run));
    }
    let plan = in_database(&path, migrator.plan(&connection, request))?;
    if !plan.is_empty() && !args.yes {
        let history = in_database(&path, migrator.history(&connection))?;
        confirm(&consequences(&path, &plan, &history))?;
    }
    // `apply` fails if the database changed after the user confirmed the plan.
    let report = in_database(&path, migrator.apply(&mut connection, plan))?;
    Ok(report::report(&path, &report))
}

fn consequences(path: &Path, plan: &Plan<'_>, history: &[HistoryEntry]) -> String {
    let from = escape(plan.from().unwrap_or("base"));
    let to = escape(plan.to().unwrap_or("base"));
    let mut text = format!("{}: going from {from} to {to} reverts\n", path.display());
    for revision in plan.reverts() {
        text += &format!("  {}  {}\n", revision.id(), escape(revision.summary()));
    }
    text += "Everything that these revisions added will be lost.";
    let recorded: Vec<&str> = plan
        .reverts()
        .map(Revision::id)
        .filter(|id| is_recorded(id, history))
        .collect();
    if !recorded.is_empty() {
        text += &format!(
            "\nThe database had the tables of {} before revchain: all their rows will be lost as well.",
            recorded.join(", ")
        );
    }
    text
}

/// Returns `true` if an adoption or a stamp has recorded a revision, so that no script ran.
fn is_recorded(id: &str, history: &[HistoryEntry]) -> bool {
    let origin = history
        .iter()
        .find(|entry| entry.revision == id)
        .map(|entry| entry.origin);
    matches!(
        origin,
        Some(Origin::Adopt | Origin::AdoptReordered | Origin::Stamp)
    )
}
