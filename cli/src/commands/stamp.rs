//! `stamp`: recording the revision of the database without running SQL.

use revchain_runtime::{SchemaCheck, Target};

use crate::app::Commands;
use crate::args::StampArgs;
use crate::support::{Result, in_database, must_exist, open, report, target};

pub(crate) fn run(app: &Commands<'_>, args: &StampArgs) -> Result {
    let target = target(args.target.as_deref(), args.revision.as_deref())?.unwrap_or(Target::Head);
    let (path, migrator) = app.database_of(&args.database)?;
    must_exist(&path)?;
    let mut connection = open(&migrator, &path)?;
    let report = in_database(&path, migrator.stamp(&mut connection, target))?;
    let mut answer = report::report(&path, &report);
    if report.to.is_none() {
        return Ok(answer);
    }
    // Warn about a wrong stamp now. Otherwise only the next upgrade would report the drift.
    if let Ok(check) = migrator.check(&connection) {
        if let SchemaCheck::Drifted { .. } = check {
            answer.text += &format!("\nwarning: {check}");
        }
        answer.json["drift"] = report::drift(&check);
    }
    Ok(answer)
}
