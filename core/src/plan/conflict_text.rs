//! The sentences of conflicts: the message and the advice.

use std::fmt;

use super::adoption_text::{
    ambiguous, baseline_differs, not_among, record_differs, unmanaged, unrecognized,
};
use super::advice::{IGNORE, NAME_A_CHAIN, RIGHT_FILE, few, undo_statements};
use super::edited::edited;
use crate::diagnostics::escape::escape;
use crate::diagnostics::text::Text;
use crate::schema::Diff;
use crate::{Conflict, HistoryRow};

/// The largest number of unknown revisions that a message lists.
const MAX_UNKNOWN: usize = 10;

/// The next upgrade fails on drift again, even if a revision has the changed schema.
const KEEP_CHANGE: &str = "to keep the change, write it as a migration with IF NOT EXISTS, and \
                           apply that migration despite the drift";

impl Conflict {
    /// Returns the advice, one imperative sentence a line, the likeliest cause first.
    pub fn help(&self) -> Option<String> {
        self.text().into_help()
    }

    /// Returns the message and the advice. Names from files and databases are escaped.
    #[doc(hidden)]
    pub fn text(&self) -> Text {
        match self {
            Self::Unmanaged { tables, adoptable } => unmanaged(tables, adoptable.as_deref()),
            Self::Unrecognized {
                tables,
                nearest,
                unknown_from,
                diff,
            } => unrecognized(tables, nearest.as_deref(), unknown_from.as_deref(), diff),
            Self::Ambiguous {
                revisions,
                summaries,
                recorded,
            } => ambiguous(revisions, summaries, recorded),
            Self::NotAmong { named, possible } => not_among(named, possible),
            Self::Record { tool, problem } => problem.text(*tool),
            Self::RecordDiffers {
                tools,
                revisions,
                is_of,
                diff,
            } => record_differs(tools, revisions, is_of, diff),
            Self::BaselineDiffers { revision, diff } => baseline_differs(revision, diff),
            Self::IgnoredOwn { tables, revision } => ignored_own(tables, revision),
            Self::MovesByPosition { revision, table } => moves_by_position(revision, table),
            Self::Drifted {
                revision,
                is_of,
                diff,
            } => drifted(revision, is_of.as_deref(), diff),
            Self::Newer {
                unknown,
                head,
                is_related: true,
                may_downgrade,
            } => newer(unknown, head, *may_downgrade),
            Self::Newer { unknown, .. } => other_chain(unknown),
            Self::Untrusted { revision, reason } => untrusted(revision, reason),
            Self::Edited {
                revisions,
                current,
                are_all,
            } => edited(revisions, current, *are_all),
            Self::OtherName { name } => other_name(name.as_deref()),
            Self::Gap { revision, missing } => Text::new(format!(
                "the history has {revision}, but lacks {missing}, which {revision} revises"
            ))
            .help("run `stamp` with the revision that the database really has")
            .help("find out who changed the history by hand"),
            Self::UnknownTarget { target, hint } => {
                Text::new(format!("there is no revision `{}`", escape(target))).help(hint)
            }
            Self::OutOfReach { reason, hint } => match hint {
                Some(hint) => Text::new(reason).help(hint),
                None => Text::new(reason),
            },
            Self::Irreversible {
                revision,
                reason,
                path,
            } => {
                let (reason, path) = (escape(reason), escape(path));
                Text::new(format!(
                    "{revision} cannot be reverted; nothing was changed: {reason}\n  {path}"
                ))
                .help(format!("restore a backup from before {revision}"))
            }
            Self::Locked { revision } => Text::new(format!(
                "{} is released, so redo does not revert it: the lock file has it",
                escape(revision)
            ))
            .help("write the change as a new revision: `revchain new`"),
            Self::Changed => Text::new("the database has changed since the plan was made")
                .help("make a new plan, or run the command again"),
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().message)
    }
}

impl std::error::Error for Conflict {}

fn drifted(revision: &str, is_of: Option<&str>, diff: &Diff) -> Text {
    let lines = diff.indented();
    if let Some(other) = is_of {
        let message =
            format!("the history says {revision}, but the schema is that of {other}{lines}");
        let help = format!("if the database is at {other}, run `stamp -r {other}`");
        return Text::new(message).help(help);
    }
    let undo = match undo_statements(diff) {
        Some(undo) => format!("find out who made the change, then undo it: {undo}"),
        None if diff.is_column_order() => format!(
            "rebuild the table with the order of {revision}: --ignore-column-order is only for a \
             database without a history"
        ),
        None if diff.loses_values() => "find out who made the change, then restore a backup: the \
                                        values of a missing table or column are lost"
            .to_owned(),
        None => "find out who made the change, then undo it, or restore a backup".to_owned(),
    };
    let mut text = Text::new(format!("the schema differs from that of {revision}{lines}"))
        .help(Diff::legend(revision))
        .help(undo)
        .help(IGNORE)
        .help("or continue despite the drift: .on_drift(OnDrift::Warn) or --allow-drift");
    if diff.has_only_new_objects() {
        text = text.help(KEEP_CHANGE);
    }
    text
}

fn ignored_own(tables: &[String], revision: &str) -> Text {
    Text::new(format!(
        "the settings ignore tables that the chain makes, and that {} has: {}",
        escape(revision),
        few(tables)
    ))
    .help("remove the tables from .ignore_tables([…]) or --ignore-tables")
}

fn moves_by_position(revision: &str, table: &str) -> Text {
    let (revision, table) = (escape(revision), escape(table));
    Text::new(format!(
        "a script of {revision} moves values of {table} by position, but the columns of {table} \
         have another order in this database; nothing was changed"
    ))
    .help(format!(
        "rebuild {table} in this database with the columns in the order of the chain"
    ))
}

fn newer(unknown: &[HistoryRow], head: &str, may_downgrade: bool) -> Text {
    let mut message =
        format!("the database is newer than this program, whose head is {head}; it has");
    let hidden = unknown.len().saturating_sub(MAX_UNKNOWN);
    if hidden > 0 {
        message += &format!("\n  … {} in all", unknown.len());
    }
    for row in &unknown[hidden..] {
        message += &format!("\n  {row}");
    }
    let newest = escape(unknown.last().map_or("", |row| &row.revision));
    let text = Text::new(message).help(format!("use a version of the program that has {newest}"));
    if let Some(row) = unknown.iter().find(|row| row.stored.irreversible.is_some()) {
        let id = escape(&row.revision);
        let restore = format!("or restore a backup from before {id}, which cannot be reverted");
        return text.help(restore);
    }
    let mut command = format!("run `downgrade -r {head}` with that version");
    if may_downgrade {
        command = "run `downgrade -r head`".to_owned();
    }
    text.help(format!(
        "or {command}, which loses what the newer revisions added"
    ))
}

fn other_chain(unknown: &[HistoryRow]) -> Text {
    let ids: Vec<String> = unknown.iter().map(|row| row.revision.clone()).collect();
    let ids = few(&ids);
    let message = format!(
        "the database belongs to another chain: this program knows none of its revisions ({ids})"
    );
    Text::new(message).help(RIGHT_FILE).help(NAME_A_CHAIN)
}

fn untrusted(revision: &str, reason: &str) -> Text {
    let (revision, reason) = (escape(revision), escape(reason));
    let message =
        format!("the stored downgrade of {revision} is not valid; nothing was changed: {reason}");
    let help = format!("downgrade with a program that has {revision}");
    Text::new(message).help(help).help("or restore a backup")
}

fn other_name(name: Option<&str>) -> Text {
    let (mut has, mut table) = ("has no name".to_owned(), "revchain_history".to_owned());
    if let Some(name) = name.map(escape) {
        has = format!("has the name `{name}`");
        table += &format!("_{name}");
    }
    Text::new(format!("the history of this chain {has} in this database"))
        .help("open the database by that name: embed_migrations!(\"…\", name = \"…\"), or `revchain --name`")
        .help(format!(
            "or rename the history: ALTER TABLE {table} RENAME TO revchain_history_<name>"
        ))
}
