//! The effect that an upgrade to the head would have, for several commands.

use std::path::Path;

use revchain_core::diagnostics::escape::escape;
use revchain_runtime::rusqlite::Connection;
use revchain_runtime::{Conflict, Migrator, Plan, Request, Target};
use serde_json::{Value, json};

use super::output::PENDING;
use crate::support::{Failure, Result, count_revisions, exists};

/// The effect that an upgrade to the head would have on a database.
#[derive(Debug, Default)]
pub(crate) struct UpgradePreview {
    /// A remark for the user, for example that the schema has drifted.
    pub(crate) note: Option<String>,
    /// The ids of the revisions that the upgrade would run; `None` if the upgrade would fail.
    pub(crate) pending: Option<Vec<String>>,
    /// The ids of the revisions that the database has and the chain lacks.
    pub(crate) newer: Vec<String>,
}

impl UpgradePreview {
    /// Plans an upgrade of the database at `path`.
    pub(crate) fn new(
        migrator: &Migrator<'_>,
        path: &Path,
        connection: &Connection,
    ) -> Result<Self> {
        let plan = match migrator.plan(connection, Request::Upgrade(Target::Head)) {
            Ok(plan) => plan,
            Err(error) => {
                let note = error.conflict().and_then(note_on);
                return match note {
                    Some(_) => Ok(Self {
                        note,
                        ..Self::default()
                    }),
                    None => Err(Failure::in_database(path, &error)),
                };
            }
        };
        let pending: Vec<String> = plan.upgrades().map(|new| new.id().to_owned()).collect();
        let count = count_revisions(pending.len());
        let note = if !exists(path) {
            Some("the file does not exist yet".to_owned())
        } else if let Some(adopted) = plan.stamps().last() {
            let id = adopted.id();
            let effect = format!("an upgrade adopts {id} and applies {count}");
            Some(format!("it has tables but no history; {effect}"))
        } else {
            let newest = plan.unknown().last();
            newest.map(|newest| {
                format!("head; a newer program has added a compatible revision: {newest}")
            })
        };
        let newer = plan.unknown().iter().map(|row| row.revision.clone());
        Ok(Self {
            note,
            pending: Some(pending),
            newer: newer.collect(),
        })
    }
}

/// Returns the note on a conflict that the command shows instead of failing.
fn note_on(conflict: &Conflict) -> Option<String> {
    let note = match conflict {
        Conflict::Unmanaged { .. }
        | Conflict::Unrecognized { .. }
        | Conflict::BaselineDiffers { .. }
        | Conflict::Record { .. }
        | Conflict::RecordDiffers { .. }
        | Conflict::Ambiguous { .. } => "it has tables but no history",
        Conflict::IgnoredOwn { .. } => "the settings ignore tables that the chain makes",
        Conflict::Drifted { .. } => "the schema has drifted; `check` shows the differences",
        _ => return None,
    };
    Some(note.to_owned())
}

/// Returns a line for each pending revision, and the list as JSON. A line begins with a line break.
///
/// A job that a revision requires has a line before that of the revision.
pub(crate) fn list_pending(plan: &Plan<'_>) -> (String, Vec<Value>) {
    let (mut lines, mut list) = (String::new(), Vec::new());
    for revision in plan.upgrades() {
        let (id, summary) = (revision.id(), revision.summary());
        let required = plan.jobs().filter(|job| job.required_by == revision);
        let mut jobs = Vec::new();
        for job in required {
            lines += &format!(
                "\n  the job {} of {} runs",
                escape(job.job),
                job.revision.id()
            );
            jobs.push(json!({ "revision": job.revision.id(), "job": job.job }));
        }
        lines += &format!("\n  {PENDING}{id}{PENDING:#}  {}", escape(summary));
        list.push(json!({ "revision": id, "summary": summary, "jobs_before": jobs }));
    }
    (lines, list)
}
