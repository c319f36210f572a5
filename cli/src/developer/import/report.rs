//! The report of an import, as data and as JSON. The module `report_text` writes it for people.

use serde_json::{Value, json};

use super::assemble::Assembly;
use super::cascades::Cascade;
use super::draft::{Draft, Reverse};
use super::layout::Layout;
use super::proof::Finding;
use super::request::Request;
use super::stop::Stop;
use super::tool::Tool;

/// The result of an import.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) tool: Tool,
    pub(crate) source: String,
    pub(crate) directory: String,
    pub(crate) is_dry_run: bool,
    /// The number of migrations of the tool.
    pub(crate) migrations: usize,
    pub(crate) ignored: Vec<String>,
    /// `true` if the directory has the files already.
    pub(crate) is_there: bool,
    pub(crate) assembly: Assembly,
    pub(crate) stopped: Option<Stop>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) notes: Vec<String>,
    pub(crate) cascades: Vec<Cascade>,
}

impl Report {
    pub(crate) fn new(request: &Request, tool: Tool, layout: &Layout) -> Self {
        Self {
            tool,
            source: request.source.display().to_string(),
            directory: request.directory.display().to_string(),
            is_dry_run: request.dry_run,
            migrations: layout.migrations.len(),
            ignored: layout.ignored.clone(),
            is_there: false,
            assembly: Assembly::default(),
            stopped: None,
            findings: Vec::new(),
            notes: Vec::new(),
            cascades: Vec::new(),
        }
    }

    /// Returns the report as JSON, without omissions.
    pub(crate) fn json(&self) -> Value {
        let assembly = &self.assembly;
        let items = assembly.items.iter().map(|(_, item)| item.to_json());
        let skipped = assembly.skipped.iter();
        let skipped = skipped.map(|one| json!({ "path": one.path, "version": one.version }));
        let is_written = !self.is_there && !self.is_dry_run;
        json!({
            "tool": self.tool.name(),
            "source": self.source,
            "directory": self.directory,
            "migrations": self.migrations,
            "written": is_written,
            "dry_run": self.is_dry_run,
            "revisions": assembly.drafts.iter().map(draft_json).collect::<Vec<_>>(),
            "head": assembly.drafts.last().map(|head| &head.id),
            "removed": {
                "transactions": assembly.removed.transactions,
                "foreign_keys": assembly.removed.foreign_keys,
                "own_table": assembly.removed.own_table,
            },
            "skipped": skipped.collect::<Vec<_>>(),
            "ignored": self.ignored,
            "made_up_dates": assembly.made_up_dates,
            "listed": items.collect::<Vec<_>>(),
            "cascades": self.cascades.iter().map(Cascade::to_json).collect::<Vec<_>>(),
            "findings": self.findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
            "notes": self.notes,
            "stopped": self.stopped.as_ref().map(Stop::to_json),
        })
    }
}

fn draft_json(draft: &Draft) -> Value {
    let was = draft.was.iter();
    let was = was.map(|was| json!({ "version": was.version, "empty": was.is_empty }));
    json!({
        "revision": draft.id,
        "file": draft.file_name(),
        "revises": draft.parents,
        "was": was.collect::<Vec<_>>(),
        "sources": draft.sources,
        "irreversible": reason(draft),
    })
}

/// Returns the reason why a draft is irreversible.
pub(crate) fn reason(draft: &Draft) -> Option<&str> {
    match &draft.downgrade {
        Reverse::Irreversible(reason) => Some(reason),
        Reverse::Sql(_) => None,
    }
}
