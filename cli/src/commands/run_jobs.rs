//! `run-jobs`: running the unfinished jobs of a database.

use std::time::Duration;

use serde_json::json;

use crate::app::Commands;
use crate::args::RunJobsArgs;
use crate::support::report::job_run;
use crate::support::{Answer, Result, in_database, must_exist, open};

pub(crate) fn run(app: &Commands<'_>, args: &RunJobsArgs) -> Result {
    let (path, migrator) = app.database_of(&args.database)?;
    must_exist(&path)?;
    let budget = args.budget.unwrap_or(Duration::MAX);
    let report = migrator.run_jobs(&mut open(&migrator, &path)?, budget);
    let report = in_database(&path, report)?;
    let database = path.display().to_string();
    let json = json!({
        "database": database,
        "jobs": report.jobs.iter().map(job_run).collect::<Vec<_>>(),
        "unfinished": report.unfinished,
    });
    Ok(Answer::new(format!("{database}: {report}"), json))
}
