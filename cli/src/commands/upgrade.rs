//! `upgrade`: applying pending revisions.

use revchain_runtime::{Adopt, Request, Target};

use crate::app::Commands;
use crate::args::UpgradeArgs;
use crate::support::script::sql_of_request;
use crate::support::{
    Invocation, PENDING, Progress, Result, exists, in_database, jobs, open, open_to_inspect,
    report, target,
};

pub(crate) fn run(app: &Commands<'_>, args: &UpgradeArgs) -> Result {
    let target = target(args.target.as_deref(), args.revision.as_deref())?.unwrap_or(Target::Head);
    let (path, mut migrator) = app.database_of_run(&args.run)?;
    let request = Request::Upgrade(target.clone());
    if let Some(revision) = &args.adopt {
        migrator = migrator.adopt(Adopt::at(revision));
    }
    if !args.adopt_as.is_empty() {
        migrator = migrator.adopt(Adopt::detect_among(&args.adopt_as));
    }
    if args.ignore_column_order {
        migrator = migrator.ignore_column_order(true);
    }
    if args.keep_user_version {
        migrator = migrator.keep_user_version(true);
    }
    if !exists(&path) {
        // Check the target before `open` creates the file: a failure must not leave an empty file.
        let _plan = in_database(&path, migrator.plan_new(request.clone()))?;
    }
    if args.sql {
        let ignored = &args.run.database.ignore_tables;
        return sql_of_request(&path, &migrator, ignored, request);
    }
    if args.run.dry_run {
        let dry_run = migrator.dry_run(&open_to_inspect(&migrator, &path)?, request);
        return Ok(report::dry_run(&path, &in_database(&path, dry_run)?));
    }
    if let (false, Some(progress)) = (exists(&path), Progress::new(&args.run.database.output)) {
        // The user may have mistyped the path.
        progress.print(format!(
            "creating {}: there is no such file",
            path.display()
        ));
    }
    app.prepare_upgrade(&path)?;
    let mut connection = open(&migrator, &path)?;
    let report = in_database(&path, migrator.upgrade_to(&mut connection, target))?;
    let mut answer = report::report(&path, &report);
    let unfinished = jobs::list_unfinished(&jobs::jobs(&migrator, &path, &connection)?, PENDING);
    if !unfinished.is_empty() {
        answer.text += &unfinished;
        let command = Invocation::new(Some(&args.run.database)).command("run-jobs");
        answer.text += &format!("\nhelp: the program runs the jobs, or `{command}` does");
    }
    Ok(answer)
}
