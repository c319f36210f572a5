//! The stamped revisions that are not the revisions of the chain with the same ids.

use std::fmt;

use super::advice::{MAX_NAMES, NAME_A_CHAIN, RIGHT_FILE, few};
use crate::diagnostics::escape::escape;
use crate::diagnostics::text::Text;
use crate::model::checksum;
use crate::{Date, HistoryRow, Revision};

/// A stamped revision whose checksum differs from that of the chain's revision with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EditedRevision {
    /// The revision that the database has.
    pub stamped: HistoryRow,
    /// The summary of the chain's revision.
    pub summary: String,
    /// The date and the time in the file name of the chain's revision, in UTC.
    pub date: Date,
    /// The path of the file: the directory as passed to the macro, then the file name.
    pub path: String,
    /// The changes since the stamp, such as `its upgrade changed`.
    ///
    /// `None` if the file is not an edition of the stamped revision, but another revision: both
    /// the summary and the upgrade differ. Two branches that choose the same id are an example.
    pub changes: Option<String>,
    /// `true` if the lock file has the chain's revision, so the program was released with it.
    pub is_locked: bool,
}

impl EditedRevision {
    pub(super) fn new(stamped: HistoryRow, revision: &Revision) -> Self {
        Self {
            changes: changes(&stamped, revision),
            is_locked: revision.is_locked(),
            stamped,
            summary: revision.summary().to_owned(),
            date: revision.date(),
            path: revision.path().to_owned(),
        }
    }

    fn id(&self) -> String {
        self.stamped.revision.clone()
    }
}

impl fmt::Display for EditedRevision {
    /// Writes a line for the revision in the database, and a line for the revision in the chain.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, summary) = (escape(&self.stamped.revision), escape(&self.summary));
        let (date, path) = (self.date, escape(&self.path));
        writeln!(f, "  in the database: {}", self.stamped)?;
        write!(f, "  in the chain:    {id}  {summary} ({date:#}, {path})")
    }
}

/// Describes the changes of a revision since its stamp; `None` if it is another revision.
pub(super) fn changes(stamped: &HistoryRow, revision: &Revision) -> Option<String> {
    let stored = &stamped.stored;
    // The history of an older version of revchain has no description.
    let (Some(summary), Some(upgrade), Some(revises)) =
        (&stored.summary, &stored.upgrade_checksum, &stored.revises)
    else {
        return Some("its checksum changed".to_owned());
    };
    let is_same_upgrade = checksum::is_hex_of(upgrade, &checksum::script(revision.upgrade()));
    if !is_same_upgrade && summary != revision.summary() {
        return None;
    }
    let mut changes = Vec::new();
    let parents: Vec<&str> = revision.revises().collect();
    if !revises.split_ascii_whitespace().eq(parents.iter().copied()) {
        let name = |parents: &str| {
            if parents.is_empty() {
                "base".to_owned()
            } else {
                escape(parents)
            }
        };
        let (now, before) = (name(&parents.join(" ")), name(revises));
        changes.push(format!("it revises {now}, not {before}"));
    }
    if !is_same_upgrade {
        changes.push("its upgrade changed".to_owned());
    }
    if changes.is_empty() {
        changes.push("its downgrade changed".to_owned());
    }
    Some(changes.join(", "))
}

/// Returns the message and the advice for revisions that differ from those of the chain.
///
/// `current` is the newest revision that the database has.
/// `are_all` is `true` if the database has no revision that is that of the chain.
pub(super) fn edited(revisions: &[EditedRevision], current: &str, are_all: bool) -> Text {
    let (edited, others): (Vec<_>, Vec<_>) = revisions
        .iter()
        .partition(|revision| revision.changes.is_some());
    let mut sentences = Vec::new();
    if !others.is_empty() {
        sentences.push(others_sentence(&others));
    }
    if !edited.is_empty() {
        sentences.push(edited_sentence(&edited));
    }
    let mut message = sentences.join("; ");
    for revision in revisions.iter().take(MAX_NAMES) {
        message += &format!("\n{revision}");
    }
    let name_a_chain = format!("if another chain made this database: {NAME_A_CHAIN}");
    let mut text = Text::new(message);
    if are_all && edited.is_empty() {
        // A redo would remove all tables, so it rejects a history that may belong to another chain.
        return text.help(RIGHT_FILE).help(name_a_chain).help(
            "in development, delete the database, or downgrade it to base with the program that \
             made it",
        );
    }
    if edited.iter().any(|revision| revision.is_locked) {
        // An operator has a released program, and a redo would remove rows.
        text = text.help("in production, install the version of the program that applied it");
    }
    text = text.help(
        "in development, run `revchain redo`: it reverts what the database has by the downgrade \
         that the history stores, and applies what the chain has",
    );
    if !others.is_empty() {
        text = text.help("or use the branch or the version of the program that applied it");
    }
    if !edited.is_empty() {
        let files = if edited.len() == 1 {
            "the file"
        } else {
            "the files"
        };
        text = text.help(format!(
            "if it is released, restore {files}, and write the change as a new revision"
        ));
        let current = escape(current);
        text = text.help(format!(
            "if the database has the change already, run `stamp -r {current}`"
        ));
        if are_all {
            text = text.help(name_a_chain);
        }
    }
    text
}

fn others_sentence(others: &[&EditedRevision]) -> String {
    let ids: Vec<String> = others.iter().map(|other| other.id()).collect();
    let (is, revision) = match ids.len() {
        1 => ("is", "another revision"),
        _ => ("are", "other revisions"),
    };
    format!(
        "{} in the database {is} {revision} than in the chain",
        few(&ids)
    )
}

fn edited_sentence(edited: &[&EditedRevision]) -> String {
    let ids: Vec<String> = edited.iter().map(|edited| edited.id()).collect();
    let (were, it) = match ids.len() {
        1 => ("was", "it"),
        _ => ("were", "them"),
    };
    let sentence = format!(
        "{} {were} edited after the database had applied {it}",
        few(&ids)
    );
    match edited {
        [edited] => format!(
            "{sentence}: {}",
            edited.changes.as_deref().unwrap_or_default()
        ),
        _ => sentence,
    }
}
