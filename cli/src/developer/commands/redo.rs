//! `redo`: reverting what differs from the chain, and applying it anew.

use revchain_runtime::{OnNewer, Request};

use crate::app::Commands;
use crate::args::RunArgs;
use crate::support::{Result, in_database, must_exist, open, report};

pub(crate) fn run(app: &Commands<'_>, args: &RunArgs) -> Result {
    let (path, migrator) = app.database_of_run(args)?;
    // A developer who has removed a draft, or changed the branch, wants the chain's revisions.
    let migrator = migrator.on_newer(OnNewer::Downgrade);
    must_exist(&path)?;
    let mut connection = open(&migrator, &path)?;
    if args.dry_run {
        let dry_run = in_database(&path, migrator.dry_run(&connection, Request::Redo))?;
        return Ok(report::dry_run(&path, &dry_run));
    }
    let report = in_database(&path, migrator.redo(&mut connection))?;
    Ok(report::report(&path, &report))
}
