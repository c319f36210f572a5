//! Why nothing is done to a database, and how it is said.

use std::fmt;

use crate::newer::Newer;
use crate::schema::Diff;
use crate::snippet::escape;

/// Why nothing can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The database has tables, but no history.
    #[non_exhaustive]
    Unmanaged {
        /// The tables.
        tables: Vec<String>,
        /// The revision at which an upgrade would adopt it.
        adoptable: Option<String>,
    },
    /// The database has tables, but no history, and no revision has its schema.
    #[non_exhaustive]
    Unrecognized {
        /// The tables.
        tables: Vec<String>,
        /// The revision whose schema is nearest.
        nearest: Option<String>,
        /// What tells the database from it.
        diff: Diff,
    },
    /// The database has tables, but no history, and its schema is that of several revisions.
    #[non_exhaustive]
    Ambiguous {
        /// Those revisions.
        revisions: Vec<String>,
    },
    /// The database has tables, but no history, and its schema is not that of the baseline.
    #[non_exhaustive]
    BaselineDiffers {
        /// The baseline.
        revision: String,
        /// What tells the database from it.
        diff: Diff,
    },
    /// The schema is no longer that of the revision that the database is at.
    #[non_exhaustive]
    Drifted {
        /// The revision.
        revision: String,
        /// Another revision that has the schema.
        is_of: Option<String>,
        /// What tells the database from it.
        diff: Diff,
    },
    /// The database has revisions that the chain does not have.
    #[non_exhaustive]
    Ahead {
        /// Those revisions, in the order in which they were stamped.
        unknown: Vec<Newer>,
        /// The chain's head.
        head: String,
        /// Whether the database has any revision that the chain has.
        related: bool,
        /// Whether the options let this program revert them.
        may_downgrade: bool,
    },
    /// A revision that the chain does not have is not reverted: what the database keeps to revert it is not what was stamped.
    #[non_exhaustive]
    Untrusted {
        /// The revision.
        revision: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Revisions were edited after they had been applied.
    #[non_exhaustive]
    Edited {
        /// Those revisions and their files.
        revisions: Vec<(String, String)>,
        /// The newest revision that the database has.
        current: String,
        /// Whether no other revision is in the history: it may be that of another chain.
        are_all: bool,
    },
    /// The history of the chain is kept under another name.
    #[non_exhaustive]
    OtherName {
        /// The name; `None` where it has none.
        name: Option<String>,
    },
    /// The history lacks a revision that one in it revises.
    #[non_exhaustive]
    Gap {
        /// The revision that is stamped.
        revision: String,
        /// The one that is not.
        missing: String,
    },
    /// The chain has no such revision.
    #[non_exhaustive]
    UnknownTarget {
        /// What was asked for.
        target: String,
        /// What may have been meant, or what there is.
        hint: String,
    },
    /// The target is not in the direction that was asked for, or too many steps away.
    #[non_exhaustive]
    OutOfReach {
        /// What is wrong with it.
        reason: String,
    },
    /// A revision on the way down cannot be reverted.
    #[non_exhaustive]
    Irreversible {
        /// The revision.
        revision: String,
        /// The reason that its file gives.
        reason: String,
        /// Its file.
        path: String,
    },
    /// What is to be done is no longer what was planned and shown.
    Changed,
}

impl Conflict {
    /// A short name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unmanaged { .. } => "unmanaged",
            Self::Unrecognized { .. } => "unrecognized",
            Self::Ambiguous { .. } => "ambiguous",
            Self::BaselineDiffers { .. } => "baseline-differs",
            Self::Drifted { .. } => "drifted",
            Self::Ahead { .. } => "ahead",
            Self::Untrusted { .. } => "untrusted",
            Self::Edited { .. } => "edited",
            Self::OtherName { .. } => "other-name",
            Self::Gap { .. } => "gap",
            Self::UnknownTarget { .. } => "unknown-target",
            Self::OutOfReach { .. } => "out-of-reach",
            Self::Irreversible { .. } => "irreversible",
            Self::Changed => "changed",
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names and reasons come from a database or a file.
        match self {
            Self::Unmanaged { adoptable: Some(revision), .. } => write!(
                f,
                "the database has no history yet\nhelp: its schema is that of {revision}: an upgrade records that, and goes on from there"
            ),
            Self::Unmanaged { tables, adoptable: None } => write!(
                f,
                "the database has tables ({}) but no history\n\
                 help: if they are those of a revision, such as 001, say so: .baseline(\"001\") on the options takes every such\n      \
                 database along, the command `stamp -r 001` records it for this one; {IGNORE}",
                few(tables)
            ),
            Self::Unrecognized { tables, nearest: None, .. } => write!(
                f,
                "the database has tables or views ({}) but no history, and no revision has anything like its schema\n\
                 help: check that this is the right file for this program; {IGNORE};\n      \
                 if they are those of a revision all the same, .baseline_unchecked(\"001\") takes every such database along",
                few(tables)
            ),
            Self::Unrecognized { nearest: Some(nearest), diff, .. } => write!(
                f,
                "the database has tables but no history, and no revision has its schema; the nearest is {nearest}, from which it differs:{}\n\
                 help: {}:\n      bring it to that schema; {IGNORE};\n      \
                 if it is at {nearest} all the same, .baseline_unchecked(\"{nearest}\") takes every such database along, as it is",
                diff.indented(),
                Diff::legend(nearest)
            ),
            Self::Ambiguous { revisions } => {
                let last = escape(revisions.last().map_or("", String::as_str));
                write!(
                    f,
                    "the database has tables but no history, and its schema is that of several revisions: {}\n\
                     help: they differ in what they do to rows; say which it is: .adopt_as(\"{last}\") on the options, or the command\n      \
                     `upgrade --adopt-as {last}`",
                    few(revisions)
                )
            }
            Self::BaselineDiffers { revision, diff } => write!(
                f,
                "the database has no history, and its schema is not that of {revision}, where the baseline says that it is:{}\n\
                 help: {}:\n      bring it to that schema; {IGNORE};\n      \
                 or insist with .baseline_unchecked(\"{revision}\")",
                diff.indented(),
                Diff::legend(revision)
            ),
            Self::Drifted { revision, is_of: Some(other), diff } => write!(
                f,
                "the history says that the database is at {revision}, and its schema is that of {other}:{}\n\
                 help: if it is at {other}, the command `stamp -r {other}` records that, or .stamp(…, \"{other}\")",
                diff.indented()
            ),
            Self::Drifted { revision, is_of: None, diff } => write!(
                f,
                "the schema of the database is no longer that of {revision}, the revision that it is at:{}\n\
                 help: {}:\n      undo that; {IGNORE};\n      \
                 what the program itself makes belongs into a migration, with IF NOT EXISTS for the databases that have it;\n      \
                 .on_drift(OnDrift::Warn), or the flag --allow-drift, goes on all the same",
                diff.indented(),
                Diff::legend(revision)
            ),
            Self::Ahead { unknown, head, related: true, may_downgrade } => {
                ahead(f, unknown, head, *may_downgrade)
            }
            Self::Ahead { unknown, related: false, .. } => {
                let ids: Vec<_> = unknown.iter().map(|newer| newer.revision.clone()).collect();
                write!(
                    f,
                    "the database belongs to another chain: none of its revisions ({}) is known here\n\
                     help: check that this is the right file for this program; for two chains to share one, at least one of them needs a\n      \
                     name, embed_migrations!(\"…\", name = \"…\")",
                    few(&ids)
                )
            }
            Self::Untrusted { revision, reason } => write!(
                f,
                "the downgrade of {} that the database keeps is not run: {}\n\
                 help: nothing was changed; let the program that has {} take it back, or restore a backup",
                escape(revision),
                escape(reason),
                escape(revision)
            ),
            Self::Edited { revisions, current, are_all } => {
                let ids: Vec<_> = revisions.iter().map(|(id, _)| id.clone()).collect();
                let (were, files) = if ids.len() == 1 { ("was", "the file") } else { ("were", "the files") };
                write!(f, "{} {were} edited after the database had applied it", few(&ids))?;
                revisions.iter().take(FEW).try_for_each(|(_, path)| write!(f, "\n  {}", escape(path)))?;
                write!(
                    f,
                    "\nhelp: {}put {files} back as before, and write the change as a new revision; if the database does\n      \
                     have what is written there now, record that: the command `stamp -r {current}`, or .stamp(…, \"{current}\")",
                    match are_all {
                        true =>
                            "if another chain made this database, give one of the two a name: embed_migrations!(\"…\", name = \"…\");\n      \
                             otherwise ",
                        false => "",
                    }
                )
            }
            Self::OtherName { name } => {
                let (there, table) = match name {
                    Some(name) => (
                        format!("under the name `{}`", escape(name)),
                        format!("revchain_history_{}", escape(name)),
                    ),
                    None => ("without a name".to_owned(), "revchain_history".to_owned()),
                };
                write!(
                    f,
                    "the history of this chain is kept {there} in this database, in the table {table}\n\
                     help: open it by that name: embed_migrations!(\"…\", name = \"…\"), or --name for the program revchain; a chain that is\n      \
                     given another name has its table renamed: ALTER TABLE {table} RENAME TO revchain_history_<name>"
                )
            }
            Self::Gap { revision, missing } => write!(
                f,
                "the history has {revision}, but not {missing}, which {revision} revises\n\
                 help: somebody changed revchain_history by hand; `stamp` records where the database really is"
            ),
            Self::UnknownTarget { target, hint } => {
                write!(f, "there is no revision `{}`: {hint}", escape(target))
            }
            Self::OutOfReach { reason } => f.write_str(reason),
            Self::Irreversible { revision, reason, path } => write!(
                f,
                "{revision} cannot be reverted: {}\n  {}\nhelp: nothing was changed; restore a backup from before {revision}",
                escape(reason),
                escape(path)
            ),
            Self::Changed => f.write_str(
                "the database was changed by another program in the meantime, so nothing was done\n\
                 help: look again, and decide again",
            ),
        }
    }
}

impl std::error::Error for Conflict {}

/// How many revisions that are not known are shown.
const NEWER: usize = 10;

fn ahead(f: &mut fmt::Formatter<'_>, unknown: &[Newer], head: &str, may_downgrade: bool) -> fmt::Result {
    write!(f, "the database is ahead of this program, whose head is {head}: it also has")?;
    // The newest matter most.
    let hidden = unknown.len().saturating_sub(NEWER);
    if hidden > 0 {
        write!(f, "\n  … {} in all", unknown.len())?;
    }
    unknown[hidden..].iter().try_for_each(|newer| write!(f, "\n  {newer}"))?;
    let newest = escape(unknown.last().map_or("", |newer| &newer.revision));
    // For that other program, its own head is none to go down to.
    let command = if may_downgrade {
        "the command `downgrade -r head`"
    } else {
        &format!("its command `downgrade -r {head}`")
    };
    write!(
        f,
        "\nhelp: use a version of the program that has {newest}; or take the database back to {head}, which loses what the newer revisions\n      \
         have added: {command}"
    )
}

/// The way out for files that are shared.
const IGNORE: &str = "tables of another program are left out by .ignore_tables([…]) on the options, or the flag --ignore-tables";

/// How many names a sentence holds.
const FEW: usize = 3;

fn few(names: &[String]) -> String {
    let shown = escape(&names[..names.len().min(FEW)].join(", "));
    if names.len() > FEW { format!("{shown}, … {} in all", names.len()) } else { shown }
}
