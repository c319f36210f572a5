//! `history`: listing all revisions with the times of application.

use revchain_core::diagnostics::escape::escape;
use revchain_core::model::checksum;
use revchain_runtime::{HistoryEntry, JobEntry, Revision};
use serde_json::{Value, json};

use crate::app::Commands;
use crate::args::DatabaseArgs;
use crate::support::{
    Answer, CURRENT, FAINT, PENDING, PLAIN, Result, UpgradePreview, exists, in_database, jobs,
    micros, open_to_inspect, rfc3339,
};

pub(crate) fn run(app: &Commands<'_>, args: &DatabaseArgs) -> Result {
    let (path, migrator) = app.database_of(args)?;
    let connection = open_to_inspect(&migrator, &path)?;
    let entries = in_database(&path, migrator.history(&connection))?;
    let jobs = jobs::jobs(&migrator, &path, &connection)?;
    let lines = lines(app.migrations().revisions(), &entries, &jobs);
    let database = path.display().to_string();
    let mut text = database.clone();
    // Ignore the error: `history` must also work on a database that an upgrade rejects.
    let preview = UpgradePreview::new(&migrator, &path, &connection).unwrap_or_default();
    if let Some(note) = preview.note {
        text += &format!(" ({note})");
    }
    let width = lines.iter().map(|line| line.id.len()).max();
    for line in &lines {
        text += &format!("\n{}", line.text(width.unwrap_or_default()));
    }
    let json = json!({
        "database": database,
        "exists": exists(&path),
        "revisions": lines.iter().map(Line::json).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, json))
}

/// Returns a line for every revision of the database and of the chain, newest first.
fn lines<'a>(
    revisions: &'a [Revision],
    entries: &'a [HistoryEntry],
    jobs: &'a [JobEntry],
) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for entry in entries.iter().rev() {
        let mut ids = revisions.iter().map(Revision::id);
        if !ids.any(|id| id == entry.revision) {
            let summary = entry.summary.as_deref().unwrap_or_default();
            let mut line = Line::new(&entry.revision, summary, Some(entry));
            line.code = entry.code.iter().map(String::as_str).collect();
            line.is_unknown = true;
            lines.push(line);
        }
    }
    for revision in revisions.iter().rev() {
        let (id, summary) = (revision.id(), revision.summary());
        let entry = entries.iter().find(|entry| entry.revision == id);
        let mut line = Line::new(id, summary, entry);
        line.code = revision.code().map(|code| code.name()).collect();
        line.jobs = jobs.iter().filter(|job| job.revision == id).collect();
        line.is_head = revisions.last() == Some(revision);
        line.is_edited =
            entry.is_some_and(|entry| !checksum::is_hex_of(&entry.checksum, revision.checksum()));
        lines.push(line);
    }
    if let Some(current) = lines.iter_mut().find(|line| line.entry.is_some()) {
        current.is_current = true;
    }
    lines
}

/// A line of the history: a revision of the database or of the chain.
#[derive(Default)]
struct Line<'a> {
    id: &'a str,
    summary: &'a str,
    /// The row of the history; `None` if the revision is pending.
    entry: Option<&'a HistoryEntry>,
    /// The functions of the program that the scripts run.
    code: Vec<&'a str>,
    jobs: Vec<&'a JobEntry>,
    /// `true` if the chain lacks the revision.
    is_unknown: bool,
    is_head: bool,
    is_current: bool,
    /// `true` if the migration file has changed since the revision was applied.
    is_edited: bool,
}

impl<'a> Line<'a> {
    fn new(id: &'a str, summary: &'a str, entry: Option<&'a HistoryEntry>) -> Self {
        Self {
            id,
            summary,
            entry,
            ..Self::default()
        }
    }

    fn text(&self, width: usize) -> String {
        let style = if self.is_current { CURRENT } else { PLAIN };
        let when = match self.entry {
            Some(entry) => {
                let (time, origin) = (rfc3339(entry.applied_at), entry.origin.name());
                format!("{FAINT}{time}  {origin:<8}{FAINT:#}")
            }
            None => format!("{PENDING}{:<20}  {:<8}{PENDING:#}", "pending", ""),
        };
        let (id, summary, marks) = (escape(self.id), escape(self.summary), self.marks());
        format!("  {style}{id:<width$}{style:#}  {when}  {summary}{style}{marks}{style:#}")
    }

    fn marks(&self) -> String {
        let mut marks = String::new();
        if self.is_head {
            marks += " (head)";
        }
        if self.is_current {
            marks += " (current)";
        }
        if self.is_edited {
            marks += " (edited since)";
        }
        if !self.code.is_empty() {
            marks += &format!(" (code: {})", escape(&self.code.join(", ")));
        }
        for job in &self.jobs {
            marks += &format!(" (job {}: {})", escape(&job.job), jobs::state(job));
        }
        if self.is_unknown {
            marks += " (unknown to this program";
            if let Some(program) = self.entry.and_then(|entry| entry.program.as_deref()) {
                marks += &format!(", by {}", escape(program));
            }
            marks += ")";
        }
        marks
    }

    fn json(&self) -> Value {
        let entry = self.entry;
        json!({
            "revision": self.id,
            "summary": self.summary,
            "head": self.is_head,
            "current": self.is_current,
            "edited": self.is_edited,
            "origin": entry.map(|entry| entry.origin.name()),
            "applied_at": entry.map(|entry| rfc3339(entry.applied_at)),
            "duration_us": entry.map(|entry| micros(entry.duration)),
            "program": entry.and_then(|entry| entry.program.as_deref()),
            "code": self.code,
            "jobs": self.jobs.iter().map(|job| jobs::json(job)).collect::<Vec<_>>(),
        })
    }
}
