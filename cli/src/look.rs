//! The commands that only look: current, history, pending.

use std::path::Path;

use revchain_core::checksum;
use revchain_core::snippet::escape;
use revchain_runtime::rusqlite::Connection;
use revchain_runtime::{Conflict, Newer, Options, Request, Revision, Stamp, Step, Target};
use serde_json::{Value, json};

use crate::Commands;
use crate::args::Common;
use crate::database::look;
use crate::failure::{Failure, in_database};
use crate::output::{self, Answer, CURRENT, FAINT, PENDING};

impl Commands<'_> {
    pub(crate) fn current(&self, common: &Common) -> Result<Answer, Failure> {
        let (path, options) = (self.path(common)?, self.options(common, false));
        let connection = look(path)?;
        let current = match &connection {
            Some(connection) => options.current(connection).map_err(in_database(path))?,
            None => None,
        };
        let state = self.state(path, &options, connection.as_ref())?;
        let id = current.map_or("base", Revision::id);
        let summary = current.map(|current| format!("  {}", escape(current.summary()))).unwrap_or_default();
        let pending = state.pending.map(|places| ids(&places, self.revisions()));
        let newer: Vec<&str> = state.newer.iter().map(|newer| newer.revision.as_str()).collect();
        let note = match &pending {
            _ if !state.note.is_empty() => format!(" ({})", state.note),
            Some(pending) if pending.is_empty() => " (head)".to_owned(),
            Some(pending) => format!(" ({PENDING}{} pending{PENDING:#})", pending.len()),
            None => String::new(),
        };
        Ok(Answer {
            text: format!("{}: {CURRENT}{id}{CURRENT:#}{note}{summary}", path.display()),
            json: json!({
                "database": path.display().to_string(),
                "exists": connection.is_some(),
                "current": current.map(Revision::id),
                "head": self.revisions().last().map(Revision::id),
                "pending": pending,
                "newer": newer,
            }),
        })
    }

    /// What an upgrade would find.
    fn state(
        &self,
        path: &Path,
        options: &Options<'_>,
        connection: Option<&Connection>,
    ) -> Result<State, Failure> {
        let Some(connection) = connection else {
            let pending = Some((0..self.revisions().len()).collect());
            return Ok(State { note: "there is no such file yet".to_owned(), pending, newer: Vec::new() });
        };
        let request = Request::Upgrade(Target::Head);
        match options.plan(connection, &request) {
            Ok(plan) => {
                let stamped: Vec<usize> = plan
                    .steps
                    .iter()
                    .filter_map(|step| match *step {
                        Step::Stamp(place) | Step::Adopt(place) => Some(place),
                        _ => None,
                    })
                    .collect();
                let pending: Vec<usize> = plan.upgrades().collect();
                let note = match stamped.last() {
                    Some(&last) => {
                        let id = self.revisions()[last].id();
                        format!(
                            "it has tables, but no history: an upgrade would record {id} and apply {}",
                            pending.len()
                        )
                    }
                    None => match plan.newer.last() {
                        Some(newer) => {
                            format!("head; a newer program has added what this one need not know: {newer}")
                        }
                        None => String::new(),
                    },
                };
                Ok(State { note, pending: Some(pending), newer: plan.newer })
            }
            Err(error) => match error.conflict() {
                Some(
                    Conflict::Unmanaged { .. }
                    | Conflict::Unrecognized { .. }
                    | Conflict::BaselineDiffers { .. }
                    | Conflict::Ambiguous { .. },
                ) => Ok(State::refused("it has tables, but no history")),
                Some(Conflict::Drifted { .. }) => Ok(State::refused("its schema has drifted: see `check`")),
                _ => Err(in_database(path)(error)),
            },
        }
    }

    pub(crate) fn history(&self, common: &Common) -> Result<Answer, Failure> {
        let (path, options) = (self.path(common)?, self.options(common, false));
        let connection = look(path)?;
        let stamps = match &connection {
            Some(connection) => options.history(connection).map_err(in_database(path))?,
            None => Vec::new(),
        };
        let known = |stamp: &&Stamp| self.revisions().iter().any(|revision| revision.id() == stamp.revision);
        let mut entries: Vec<Entry<'_>> =
            stamps.iter().filter(|stamp| !known(stamp)).map(Entry::unknown).collect();
        entries.reverse();
        entries.extend(self.revisions().iter().rev().map(|revision| {
            let stamp = stamps.iter().find(|stamp| stamp.revision == revision.id());
            Entry {
                id: revision.id(),
                summary: revision.summary(),
                stamp,
                is_unknown: false,
                is_head: Some(revision) == self.revisions().last(),
                is_current: false,
                is_edited: stamp.is_some_and(|stamp| stamp.checksum != checksum::hex(revision.checksum())),
            }
        }));
        // The newest that is stamped, known or not.
        if let Some(current) = entries.iter_mut().find(|entry| entry.stamp.is_some()) {
            current.is_current = true;
        }
        // Where the database is ahead, or a file was edited, the entries say so themselves.
        let note =
            self.state(path, &options, connection.as_ref()).map(|state| state.note).unwrap_or_default();
        let note = if note.is_empty() { note } else { format!(" ({note})") };
        let width = entries.iter().map(|entry| entry.id.len()).max().unwrap_or_default();
        let lines: String = entries.iter().map(|entry| format!("\n{}", entry.line(width))).collect();
        Ok(Answer {
            text: format!("{}{note}{lines}", path.display()),
            json: json!({
                "database": path.display().to_string(),
                "exists": connection.is_some(),
                "revisions": entries.iter().map(Entry::json).collect::<Vec<_>>(),
            }),
        })
    }

    pub(crate) fn pending(&self, common: &Common) -> Result<Answer, Failure> {
        let (path, options) = (self.path(common)?, self.options(common, false));
        let connection = look(path)?;
        let pending: Vec<&Revision> = match &connection {
            Some(connection) => options.pending(connection).map_err(in_database(path))?,
            None => self.revisions().iter().collect(),
        };
        let database = path.display();
        let mut text = match pending.len() {
            0 => format!("{database}: nothing pending"),
            count => format!("{database}: {count} pending"),
        };
        for revision in &pending {
            text += &format!("\n  {PENDING}{}{PENDING:#}  {}", revision.id(), escape(revision.summary()));
        }
        let pending = pending.iter().map(|r| json!({ "revision": r.id(), "summary": r.summary() }));
        let json = json!({
            "database": database.to_string(),
            "exists": connection.is_some(),
            "pending": pending.collect::<Vec<_>>(),
        });
        Ok(Answer { text, json })
    }
}

/// A line of the history.
struct Entry<'a> {
    id: &'a str,
    summary: &'a str,
    stamp: Option<&'a Stamp>,
    /// The chain does not have it.
    is_unknown: bool,
    is_head: bool,
    is_current: bool,
    /// The file is no longer what was applied.
    is_edited: bool,
}

impl<'a> Entry<'a> {
    fn unknown(stamp: &'a Stamp) -> Self {
        Self {
            id: &stamp.revision,
            summary: stamp.summary.as_deref().unwrap_or_default(),
            stamp: Some(stamp),
            is_unknown: true,
            is_head: false,
            is_current: false,
            is_edited: false,
        }
    }

    fn line(&self, width: usize) -> String {
        let style = if self.is_current { CURRENT } else { anstyle::Style::new() };
        let when = match self.stamp {
            Some(stamp) => {
                format!("{FAINT}{}  {:<7}{FAINT:#}", output::time(stamp.applied_at), stamp.origin.name())
            }
            None => format!("{PENDING}{:<20}  {:<7}{PENDING:#}", "pending", ""),
        };
        let marks =
            [(self.is_head, " (head)"), (self.is_current, " (current)"), (self.is_edited, " (edited since)")];
        let mut marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
        if self.is_unknown {
            let program = self.stamp.and_then(|stamp| stamp.program.as_deref());
            let program = program.map(|program| format!(", by {}", escape(program))).unwrap_or_default();
            marks += &format!(" (unknown to this program{program})");
        }
        let (id, summary) = (escape(self.id), escape(self.summary));
        format!("  {style}{id:<width$}{style:#}  {when}  {summary}{style}{marks}{style:#}")
    }

    fn json(&self) -> Value {
        json!({
            "revision": self.id,
            "summary": self.summary,
            "head": self.is_head,
            "current": self.is_current,
            "edited": self.is_edited,
            "origin": self.stamp.map(|stamp| stamp.origin.name()),
            "applied_at": self.stamp.map(|stamp| output::time(stamp.applied_at)),
            "duration_us": self.stamp.map(|stamp| output::micros(stamp.duration)),
            "program": self.stamp.and_then(|stamp| stamp.program.as_deref()),
        })
    }
}

/// What an upgrade would find in a database.
struct State {
    /// What is odd about it; empty where nothing is.
    note: String,
    /// The places of the revisions that it would run; `None` where it would be refused.
    pending: Option<Vec<usize>>,
    /// What the chain does not have.
    newer: Vec<Newer>,
}

impl State {
    fn refused(note: &str) -> Self {
        Self { note: note.to_owned(), pending: None, newer: Vec::new() }
    }
}

fn ids<'m>(places: &[usize], revisions: &'m [Revision]) -> Vec<&'m str> {
    places.iter().map(|&place| revisions[place].id()).collect()
}
