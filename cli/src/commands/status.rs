//! `status`: showing whether an upgrade has anything to do.

use revchain_core::diagnostics::escape::escape;
use revchain_runtime::{Request, Revision, Target};
use serde_json::json;

use crate::app::Commands;
use crate::args::DatabaseArgs;
use crate::support::{
    Answer, CURRENT, Exit, PENDING, Result, count_revisions, in_database, jobs, list_pending,
    must_exist, open_to_inspect,
};

/// Plans an upgrade to the head.
///
/// At the head, this command reads as little as an application that opens the database.
pub(crate) fn run(app: &Commands<'_>, args: &DatabaseArgs) -> Result {
    let (path, migrator) = app.database_of(args)?;
    let migrator = migrator.read_history_at_head(false);
    must_exist(&path)?;
    let connection = open_to_inspect(&migrator, &path)?;
    let plan = in_database(
        &path,
        migrator.plan(&connection, Request::Upgrade(Target::Head)),
    )?;
    let database = path.display().to_string();
    let pending: Vec<&Revision> = plan.upgrades().collect();
    let newer: Vec<&str> = plan.unknown().iter().map(|row| &*row.revision).collect();
    let id = escape(plan.from().unwrap_or("base"));
    let mut text = format!("{database}: {CURRENT}{id}{CURRENT:#}");
    if let Some(adopted) = plan.stamps().last() {
        let (id, count) = (adopted.id(), count_revisions(pending.len()));
        // The word `base` would read as a database without tables.
        text = format!("{database}: no history yet (an upgrade adopts {id} and applies {count})");
    } else if !pending.is_empty() {
        text += &format!(" ({PENDING}{} pending{PENDING:#})", pending.len());
    } else if newer.is_empty() {
        text += " (head)";
    } else {
        text += " (newer than this program, but compatible)";
    }
    let (lines, pending) = list_pending(&plan);
    text += &lines;
    let jobs = jobs::jobs(&migrator, &path, &connection)?;
    text += &jobs::list_unfinished(&jobs, PENDING);
    let json = json!({
        "database": database,
        "current": plan.from(),
        "head": app.migrations().head().map(Revision::id),
        "pending": pending,
        "newer": newer,
        "jobs": jobs.iter().map(jobs::json).collect::<Vec<_>>(),
    });
    let mut answer = Answer::new(text, json);
    if !plan.is_empty() {
        answer.exit = Exit::Pending;
    }
    Ok(answer)
}
