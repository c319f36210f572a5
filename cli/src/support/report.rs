//! The answer of a command that changes a database.

use std::path::Path;

use revchain_core::diagnostics::escape::escape;
use revchain_runtime::{Applied, DryRun, JobRun, Report, SchemaCheck, TableRows};
use serde_json::{Value, json};

use crate::support::{Answer, micros};

/// Returns the answer for changes to the database at `path`.
pub(crate) fn report(path: &Path, report: &Report) -> Answer {
    let database = path.display().to_string();
    Answer::new(
        format!("{database}: {report}"),
        json!({
            "database": database,
            "outcome": report.outcome.name(),
            "from": report.from,
            "to": report.to,
            "applied": report.applied.iter().map(applied).collect::<Vec<_>>(),
            "reverted": report.reverted.iter().map(applied).collect::<Vec<_>>(),
            "stamped": report.stamped,
            "unstamped": report.unstamped,
            "jobs": report.jobs.iter().map(job_run).collect::<Vec<_>>(),
            "recorded_by": report.recorded_by.iter().map(|tool| tool.name()).collect::<Vec<_>>(),
            "replaced_user_version": report.replaced_user_version,
            "foreign_key_check_us": micros(report.foreign_key_check),
            "kept_violations": report.kept_violations,
            "backup": report.backup,
            "dry_run": null,
        }),
    )
}

/// Returns the answer for changes to a copy of the database at `path`.
pub(crate) fn dry_run(path: &Path, dry_run: &DryRun) -> Answer {
    let mut answer = report(path, &dry_run.report);
    answer.text += "\ndry run: only a copy was changed";
    let shown = |count: Option<u64>| count.map_or("none".to_owned(), |count| count.to_string());
    for rows in &dry_run.tables {
        if rows.before != rows.after {
            let (before, after) = (shown(rows.before), shown(rows.after));
            answer.text += &format!("\n  rows of {}: {before} → {after}", escape(&rows.table));
        }
    }
    for line in dry_run.diff.lines() {
        answer.text += &format!("\n  {}", escape(line));
    }
    answer.json["dry_run"] = json!({
        "tables": dry_run.tables.iter().map(table_rows).collect::<Vec<_>>(),
        "diff": dry_run.diff.lines().collect::<Vec<_>>(),
    });
    answer
}

/// Returns the lines of the diff as JSON; null if the check could not compare the schemas.
pub(crate) fn drift(check: &SchemaCheck) -> Value {
    match check {
        SchemaCheck::Same { .. } => json!([]),
        _ => json!(check.diff().map(|diff| diff.lines().collect::<Vec<_>>())),
    }
}

fn applied(applied: &Applied) -> Value {
    json!({ "revision": applied.revision, "duration_us": micros(applied.duration) })
}

/// Returns the run of a job as JSON.
pub(crate) fn job_run(run: &JobRun) -> Value {
    json!({
        "revision": run.revision,
        "job": run.job,
        "batches": run.batches,
        "duration_us": micros(run.duration),
        "done": run.is_done,
    })
}

fn table_rows(rows: &TableRows) -> Value {
    json!({ "table": rows.table, "before": rows.before, "after": rows.after })
}
