//! `redo`: reverting what differs from the chain, and applying it anew.

use std::path::Path;

use revchain_core::diagnostics::escape::escape;
use revchain_runtime::{Migrations, OnNewer, Plan, Request, Revision};

use crate::app::Commands;
use crate::developer::args::RedoArgs;
use crate::support::{Result, confirm, in_database, must_exist, open, report};

pub(crate) fn run(app: &Commands<'_>, args: &RedoArgs) -> Result {
    let (path, migrator) = app.database_of_run(&args.run)?;
    // A developer who has removed a draft, or changed the branch, wants the chain's revisions.
    let migrator = migrator.on_newer(OnNewer::Downgrade);
    must_exist(&path)?;
    let mut connection = open(&migrator, &path)?;
    if args.run.dry_run {
        let dry_run = in_database(&path, migrator.dry_run(&connection, Request::Redo))?;
        return Ok(report::dry_run(&path, &dry_run));
    }
    let plan = in_database(&path, migrator.plan(&connection, Request::Redo))?;
    if let (Some(question), false) = (losses(&path, &plan, app.migrations()), args.yes) {
        confirm(&question)?;
    }
    // `apply` fails if the database changed after the user confirmed the plan.
    let report = in_database(&path, migrator.apply(&mut connection, plan))?;
    Ok(report::report(&path, &report))
}

/// Describes the revisions that the redo reverts and does not apply anew; `None` if there are none.
///
/// They can be drafts, but also the released revisions of a newer checkout.
fn losses(path: &Path, plan: &Plan<'_>, migrations: &Migrations) -> Option<String> {
    let has = |id: &str| migrations.revisions().iter().any(|other| other.id() == id);
    let lost: Vec<&Revision> = plan.reverts().filter(|lost| !has(lost.id())).collect();
    if lost.is_empty() {
        return None;
    }
    let mut text = format!(
        "{}: this redo reverts revisions without a file\n",
        path.display()
    );
    for revision in lost {
        let (id, summary) = (escape(revision.id()), escape(revision.summary()));
        text += &format!("  {id}  {summary}\n");
    }
    Some(text + "Everything that these revisions added will be lost.")
}
