//! The report of an import, as text for people.

use revchain_core::DefectKind;
use revchain_core::diagnostics::escape::escape;

use super::cascades::{Cascade, OnChildren};
use super::item::{Item, ItemKind};
use super::proof::Finding;
use super::report::{Report, reason};
use super::stop::Stop;
use super::tool::{Enforcement, Tool};
use crate::developer::proof::note_lines;
use crate::support::count_revisions;

/// The largest number of findings in the text. JSON has all.
const MAX_FINDINGS: usize = 20;

impl Report {
    /// Returns the report for people. Names from files are escaped.
    pub(crate) fn text(&self) -> String {
        let mut text = self.summary();
        if self.is_there {
            return text;
        }
        let sections = [
            self.removed(),
            self.section("skipped, because they have no SQL", self.skipped_paths()),
            self.section("not migrations of the tool", self.ignored.clone()),
            self.dates(),
            self.section("irreversible", self.irreversible()),
            self.section("left out or different", self.item_lines(false)),
            self.section("to decide", self.item_lines(true)),
            self.delete_lines(),
            self.rebuild_lines(),
            self.finding_lines(),
        ];
        for section in sections {
            text += &section;
        }
        text += &note_lines(&self.notes);
        text += &self.next_steps();
        text
    }

    fn summary(&self) -> String {
        let (tool, directory) = (self.tool.name(), escape(&self.directory));
        let count = count_revisions(self.assembly.drafts.len());
        let head = self.assembly.drafts.last().map_or("base", |head| &head.id);
        let plural = if self.migrations == 1 { "" } else { "s" };
        let (source, migrations) = (escape(&self.source), self.migrations);
        let first = format!("{source}: {migrations} migration{plural} of {tool}");
        let second = if self.is_there {
            format!("{directory}: {count} up to {head}: all are there, so nothing was written")
        } else if self.is_dry_run {
            format!("{directory}: {count} up to {head} would be written")
        } else {
            format!("{directory}: {count} written and locked; the head is {head}")
        };
        let stop = self.stopped.as_ref().map(|stop| self.stop_lines(stop));
        format!("{}{first}\n{second}", stop.unwrap_or_default())
    }

    /// Returns the reason why the import stopped. The command fails with these lines.
    fn stop_lines(&self, stop: &Stop) -> String {
        let (path, place) = (escape(&stop.path), escape(&stop.item.place()));
        let because = match &stop.reason {
            Some(reason) => {
                let reason = escape(reason);
                format!("later SQL depends on {place}\n  without it: {reason}")
            }
            None => format!(
                "it may have changed the database\n  {place}: {}",
                stop.item.kind.consequence()
            ),
        };
        format!(
            "the import stopped before {path}: {because}\n  \
             {} of {} migrations are not imported\n",
            stop.left, self.migrations
        )
    }

    fn section(&self, title: &str, lines: Vec<String>) -> String {
        if lines.is_empty() {
            return String::new();
        }
        let lines = lines.iter().map(|line| format!("\n  {}", escape(line)));
        format!("\n{title}:{}", lines.collect::<String>())
    }

    fn removed(&self) -> String {
        let removed = self.assembly.removed;
        let record = self.tool.own_tables().first().unwrap_or(&"user_version");
        let counts = [
            (removed.transactions, "BEGIN, COMMIT or END".to_owned()),
            (removed.foreign_keys, "PRAGMA foreign_keys".to_owned()),
            (removed.own_table, format!("statements on {record}")),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, of)| format!("{count} {of}")).collect();
        if counts.is_empty() {
            return String::new();
        }
        format!("\nremoved: {}", counts.join(", "))
    }

    fn dates(&self) -> String {
        match self.assembly.made_up_dates {
            0 => String::new(),
            count => format!("\ndates: {count} made up, because the names have no rising dates"),
        }
    }

    fn skipped_paths(&self) -> Vec<String> {
        let items = &self.assembly.items;
        let is_code = |path: &str| {
            let mut code = items.iter().filter(|(_, item)| item.kind == ItemKind::Code);
            code.any(|(_, item)| item.path == path)
        };
        let skipped = self.assembly.skipped.iter();
        let skipped = skipped.filter(|skipped| !is_code(&skipped.path));
        skipped.map(|skipped| skipped.path.clone()).collect()
    }

    /// Returns each reason with the revisions that it makes irreversible.
    fn irreversible(&self) -> Vec<String> {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for draft in &self.assembly.drafts {
            let Some(reason) = reason(draft) else {
                continue;
            };
            match groups.iter_mut().find(|(other, _)| *other == reason) {
                Some((_, ids)) => ids.push(&draft.id),
                None => groups.push((reason, vec![&draft.id])),
            }
        }
        let line = |(reason, ids): (&str, Vec<&str>)| format!("{}: {reason}", shortened(&ids));
        groups.into_iter().map(line).collect()
    }

    fn item_lines(&self, needs_decision: bool) -> Vec<String> {
        let items = self.assembly.items.iter().map(|(_, item)| item);
        let items = items.filter(|item| item.kind.needs_decision() == needs_decision);
        let line = |item: &Item| format!("{}: {}", item.place(), item.kind.consequence());
        items.map(line).collect()
    }

    /// Returns the deletes whose foreign keys had an effect at the tool, and the statements to
    /// write.
    fn delete_lines(&self) -> String {
        let mut lines = Vec::new();
        for cascade in &self.cascades {
            if let OnChildren::Write(children) = &cascade.effect {
                lines.push(format!("{}: {}", cascade.place, cascade.statement));
                lines.extend(children.iter().map(|statement| format!("  {statement}")));
            }
        }
        let title = format!(
            "deletes that changed children{}; write below them",
            self.if_enforced()
        );
        self.section(&title, lines)
    }

    /// Returns the rebuilds and the `REPLACE` statements that deleted children at the tool.
    fn rebuild_lines(&self) -> String {
        let mut lines = Vec::new();
        for cascade in &self.cascades {
            if let OnChildren::Keep(tables) = &cascade.effect {
                let (place, statement) = (&cascade.place, &cascade.statement);
                lines.push(format!("{place}: {statement}: {}", tables.join(", ")));
            }
        }
        let title = format!(
            "rebuilds and replaced rows that changed children{}; revchain keeps the rows of",
            self.if_enforced()
        );
        self.section(&title, lines)
    }

    /// Returns the condition under which the tool enforced foreign keys.
    fn if_enforced(&self) -> &'static str {
        match self.tool.enforcement() {
            Enforcement::IfBundled => {
                ", if foreign keys were on, as with the feature `bundled` of rusqlite"
            }
            _ => ", because foreign keys were on",
        }
    }

    fn finding_lines(&self) -> String {
        let findings = self.findings.iter().take(MAX_FINDINGS);
        let mut lines: Vec<String> = findings
            .map(|finding| format!("[{}] {}", finding.kind, finding.title))
            .collect();
        if self.findings.len() > MAX_FINDINGS {
            let more = self.findings.len() - MAX_FINDINGS;
            lines.push(format!("… and {more} more (--json shows all)"));
        }
        let title = "findings in revisions that have run already, so no build reports them";
        self.section(title, lines)
    }

    fn next_steps(&self) -> String {
        let tool = self.tool.record();
        let mut steps = Vec::new();
        let is_delete = |cascade: &Cascade| matches!(cascade.effect, OnChildren::Write(_));
        let needs_decision =
            !self.item_lines(true).is_empty() || self.cascades.iter().any(is_delete);
        if needs_decision || self.stopped.is_some() {
            let directory = &self.directory;
            steps.push(format!(
                "decide: edit the files in {}, remove {directory}, and import again",
                self.source
            ));
        }
        let breaks_keys = |one: &Finding| one.kind == DefectKind::ForeignKeyViolation;
        if self.findings.iter().any(breaks_keys) {
            let step = "join the versions between which foreign keys break: --squash A..B";
            steps.push(step.to_owned());
        }
        let mut versions = self.assembly.drafts.iter().flat_map(|draft| &draft.was);
        if self.tool == Tool::Plain && versions.next().is_some() {
            let step =
                "if the program does not count them in user_version, remove the lines `@was`";
            steps.push(step.to_owned());
        }
        let argument = match self.directory.as_str() {
            "migrations" => String::new(),
            directory => format!("{directory:?}"),
        };
        steps.push(format!(
            "embed the chain: static MIGRATIONS: Migrations = embed_migrations!({argument});"
        ));
        steps.push(format!(
            "open a database: MIGRATIONS.open(path) takes it over at the version that {tool} recorded"
        ));
        self.section("next", steps)
    }
}

/// Joins ids. Names the first and the last of many.
fn shortened(ids: &[&str]) -> String {
    match ids {
        [first, _, _, .., last] => format!("{first} … {last} ({} revisions)", ids.len()),
        _ => ids.join(", "),
    }
}
