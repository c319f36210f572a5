//! The reasons why a request cannot be planned.

use crate::plan::edited::EditedRevision;
use crate::schema::Diff;
use crate::{HistoryRow, RecordProblem, Tool};

/// The reason why a request cannot be planned. Nothing was changed.
///
/// Revisions are given by their ids.
/// The [code](Self::code) of a conflict is its name in kebab case: `UnknownTarget` has the code
/// `unknown-target`. [`Record`](Self::Record) has the code of its problem, such as `record-gap`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The database has tables but no history.
    ///
    /// Cause: a verb that adopts no database, such as a downgrade. An upgrade adopts it.
    #[non_exhaustive]
    Unmanaged {
        /// The tables and views.
        tables: Vec<String>,
        /// The revision at which an upgrade would adopt the database; `None` if it would not.
        adoptable: Option<String>,
    },
    /// The database has tables but no history, and no revision has its schema.
    ///
    /// Causes: a wrong file, tables of another program, or a schema that was changed by hand.
    #[non_exhaustive]
    Unrecognized {
        /// The tables and views.
        tables: Vec<String>,
        /// The revision whose schema differs least; `None` if no schema is similar.
        nearest: Option<String>,
        /// The first revision whose schema is unknown, because the proof could not check it;
        /// `None` if the schema of each revision is known.
        unknown_from: Option<String>,
        /// The differences from the schema of the revision in `nearest`.
        diff: Diff,
    },
    /// The database has tables but no history, and several revisions have its schema.
    ///
    /// Cause: a revision that changes only rows. [`Adopt::DetectPreferring`] decides.
    ///
    /// [`Adopt::DetectPreferring`]: crate::Adopt::DetectPreferring
    #[non_exhaustive]
    Ambiguous {
        /// The revisions, oldest first.
        revisions: Vec<String>,
        /// The summaries of the revisions, in the same order.
        summaries: Vec<String>,
        /// The last version of each other tool that has recorded its migrations, as in `@was`.
        recorded: Vec<String>,
    },
    /// The database has no history, and is at none of the revisions of [`Adopt::DetectAmong`].
    ///
    /// [`Adopt::DetectAmong`]: crate::Adopt::DetectAmong
    #[non_exhaustive]
    NotAmong {
        /// The revisions of [`Adopt::DetectAmong`](crate::Adopt::DetectAmong).
        named: Vec<String>,
        /// The revisions at which an upgrade can adopt the database, oldest first.
        possible: Vec<String>,
    },
    /// The database has no history, and the record of another tool does not decide the revision.
    #[non_exhaustive]
    Record {
        /// The tool.
        tool: Tool,
        /// The reason.
        problem: RecordProblem,
    },
    /// The database has no history, and its schema is not that of the recorded revisions.
    #[non_exhaustive]
    RecordDiffers {
        /// The tools that have recorded the revisions.
        tools: Vec<Tool>,
        /// The recorded revisions, oldest first; empty for base.
        revisions: Vec<String>,
        /// The revisions that do have the schema of the database, oldest first.
        is_of: Vec<String>,
        /// The differences from the schema of the recorded revisions.
        diff: Diff,
    },
    /// The database has tables but no history, and the revision of [`Adopt::At`](crate::Adopt::At)
    /// has another schema.
    #[non_exhaustive]
    BaselineDiffers {
        /// The revision.
        revision: String,
        /// The differences from the schema of the revision.
        diff: Diff,
    },
    /// The settings exclude tables that the chain makes, so the schemas cannot be equal.
    #[non_exhaustive]
    IgnoredOwn {
        /// The excluded tables and views.
        tables: Vec<String>,
        /// The revision that has the tables.
        revision: String,
    },
    /// A script moves values by position, but the columns of a table have another order.
    ///
    /// Only a database that was adopted with another order of columns can have this conflict.
    #[non_exhaustive]
    MovesByPosition {
        /// The revision of the script.
        revision: String,
        /// The table.
        table: String,
    },
    /// The schema of the database differs from the schema of the stamped revision.
    ///
    /// Cause: a program or a person has changed the schema without a migration.
    #[non_exhaustive]
    Drifted {
        /// The revision.
        revision: String,
        /// Another revision that has the schema of the database; `None` if there is none.
        is_of: Option<String>,
        /// The differences from the schema of the revision.
        diff: Diff,
    },
    /// The database has revisions that the chain lacks.
    ///
    /// Cause: a newer version of the program has upgraded the database.
    /// If all these revisions are `@compatible` and nothing is pending, an upgrade succeeds.
    #[non_exhaustive]
    Newer {
        /// The revisions, in the order of their stamps.
        unknown: Vec<HistoryRow>,
        /// The head of the chain.
        head: String,
        /// `true` if the database has at least one revision of the chain.
        is_related: bool,
        /// `true` if the setting `on_newer` lets a downgrade revert the unknown revisions.
        may_downgrade: bool,
    },
    /// The downgrade that the database stores for a revision is not valid.
    #[non_exhaustive]
    Untrusted {
        /// The revision.
        revision: String,
        /// The reason why the downgrade is not valid.
        reason: String,
    },
    /// The stamped checksum of some revisions differs from the checksum in the chain.
    ///
    /// Causes: a file that was edited after the database had applied it, or another branch that
    /// uses the same id.
    #[non_exhaustive]
    Edited {
        /// The revisions, as stamped and as in the chain.
        revisions: Vec<EditedRevision>,
        /// The newest revision that the database has.
        current: String,
        /// `true` if all stamped revisions of the chain are edited.
        ///
        /// Then the history may belong to another chain.
        are_all: bool,
    },
    /// The history of the chain has another name in this database.
    ///
    /// Cause: a change of `name` in `embed_migrations!`.
    #[non_exhaustive]
    OtherName {
        /// The name of the chain in the database; `None` for a history without a name.
        name: Option<String>,
    },
    /// The history lacks a parent of a stamped revision.
    ///
    /// Cause: something other than revchain has deleted a row of the history.
    #[non_exhaustive]
    Gap {
        /// The stamped revision.
        revision: String,
        /// The missing parent.
        missing: String,
    },
    /// The chain lacks the requested revision.
    #[non_exhaustive]
    UnknownTarget {
        /// The requested revision.
        target: String,
        /// The advice: a revision with a similar id, or the first revision and the head.
        hint: String,
    },
    /// The target is in the other direction, or more steps away than there are revisions.
    #[non_exhaustive]
    OutOfReach {
        /// The reason why the target is not valid.
        reason: String,
        /// The advice: a command or a target that is valid; `None` if there is none.
        hint: Option<String>,
    },
    /// A revision that the downgrade must revert is irreversible.
    #[non_exhaustive]
    Irreversible {
        /// The revision.
        revision: String,
        /// The reason that the file gives, or the functions that this program lacks.
        reason: String,
        /// The path of the file: the directory as passed to the macro, then the file name.
        path: String,
    },
    /// A redo would revert a released revision: one that `revchain.lock` has.
    #[non_exhaustive]
    Locked {
        /// The revision.
        revision: String,
    },
    /// The database changed after the plan was made, so that the request needs other steps.
    Changed,
}

impl Conflict {
    /// Makes the conflict of tables that the settings exclude, and that the chain makes.
    #[doc(hidden)]
    pub fn ignored_own(tables: Vec<String>, revision: String) -> Self {
        Self::IgnoredOwn { tables, revision }
    }

    /// Makes the conflict of a script that moves values by position.
    #[doc(hidden)]
    pub fn moves_by_position(revision: String, table: String) -> Self {
        Self::MovesByPosition { revision, table }
    }

    /// Returns the short name of the conflict, such as `newer`. Commands print it with `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unmanaged { .. } => "unmanaged",
            Self::Unrecognized { .. } => "unrecognized",
            Self::Ambiguous { .. } => "ambiguous",
            Self::NotAmong { .. } => "not-among",
            Self::Record { problem, .. } => problem.code(),
            Self::RecordDiffers { .. } => "record-differs",
            Self::BaselineDiffers { .. } => "baseline-differs",
            Self::IgnoredOwn { .. } => "ignored-own",
            Self::MovesByPosition { .. } => "moves-by-position",
            Self::Drifted { .. } => "drifted",
            Self::Newer { .. } => "newer",
            Self::Untrusted { .. } => "untrusted",
            Self::Edited { .. } => "edited",
            Self::OtherName { .. } => "other-name",
            Self::Gap { .. } => "gap",
            Self::UnknownTarget { .. } => "unknown-target",
            Self::OutOfReach { .. } => "out-of-reach",
            Self::Irreversible { .. } => "irreversible",
            Self::Locked { .. } => "locked",
            Self::Changed => "changed",
        }
    }
}
