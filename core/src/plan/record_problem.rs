//! The reasons why the record of another tool does not decide the revision of a database.

use super::advice::few;
use crate::Tool;
use crate::diagnostics::escape::escape;
use crate::diagnostics::text::Text;

/// The reason why the record of another tool does not describe a set of revisions.
///
/// The code of the error is `record-` and the name of the problem: `record-failed`, for example.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordProblem {
    /// The tool began migrations and did not complete them.
    #[non_exhaustive]
    Failed {
        /// The versions of the migrations.
        versions: Vec<String>,
    },
    /// The tool recorded versions that no `@was` of the chain names.
    #[non_exhaustive]
    Unnamed {
        /// The versions.
        versions: Vec<String>,
        /// `true` if all versions are older than the first that the chain names.
        are_all_older: bool,
    },
    /// The tool recorded only some of the versions that one revision contains.
    #[non_exhaustive]
    Incomplete {
        /// The revision.
        revision: String,
        /// The versions that the tool has not recorded.
        missing: Vec<String>,
    },
    /// Another tool recorded a revision that this tool could have recorded, too.
    #[non_exhaustive]
    Contradicted {
        /// The revision that this tool has not recorded, with its version.
        missing: String,
        /// The tool that recorded the revision.
        other: Tool,
    },
    /// A revision is recorded, but not all of the revisions that it revises, directly or not.
    #[non_exhaustive]
    Gap {
        /// The recorded revision that lacks a parent.
        revision: String,
        /// The missing revisions, oldest first, each with its version.
        missing: Vec<String>,
    },
}

impl RecordProblem {
    /// Returns the short name of the problem, as `--json` shows it.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "record-failed",
            Self::Unnamed { .. } => "record-unnamed",
            Self::Incomplete { .. } => "record-incomplete",
            Self::Contradicted { .. } => "record-contradicted",
            Self::Gap { .. } => "record-gap",
        }
    }

    /// Returns the message and the advice. Versions from databases are escaped.
    pub(super) fn text(&self, tool: Tool) -> Text {
        let place = place(tool);
        match self {
            Self::Failed { versions } => Text::new(format!(
                "{place} says that the migration {} did not complete",
                few(versions)
            ))
            .help(format!(
                "repair the database with {}: complete the migration, or undo it and its mark",
                program(tool)
            ))
            .help("or restore a backup from before that migration"),
            Self::Unnamed {
                versions,
                are_all_older: true,
            } => {
                let first = versions.last().map_or("", String::as_str);
                Text::new(format!(
                    "{place} has only versions from before those that the chain names: {}",
                    few(versions)
                ))
                .help(format!(
                    "upgrade the database with {} first, to a version that the chain names",
                    program(tool)
                ))
                .help(format!(
                    "if a revision has the schema of that version, declare it there: \
                     `-- @was {tool}:{}`",
                    escape(first)
                ))
            }
            Self::Unnamed { versions, .. } => {
                let first = versions.first().map_or("", String::as_str);
                Text::new(format!(
                    "{place} has versions that no `@was` of the chain names: {}",
                    few(versions)
                ))
                .help("import the migrations again: the database has newer ones than the import")
                .help(format!(
                    "or declare it in the revision that does the same: `-- @was {tool}:{}`",
                    escape(first)
                ))
            }
            Self::Incomplete { revision, missing } => Text::new(format!(
                "{place} has only a part of the versions of {}; it lacks {}",
                escape(revision),
                few(missing)
            ))
            .help(format!(
                "apply the missing versions with {} first",
                program(tool)
            ))
            .help("or write each version as a revision of its own"),
            Self::Contradicted { missing, other } => {
                let other = self::place(*other);
                Text::new(format!(
                    "{other} has a revision that {place} lacks: {}",
                    escape(missing)
                ))
                .help("find out which record is right, and remove the other from the database")
                .help("or record the revision that the database really has: `stamp -r REVISION`")
            }
            Self::Gap { revision, missing } => Text::new(format!(
                "{} is recorded, but {place} lacks revisions that come before it: {}",
                escape(revision),
                few(missing)
            ))
            .help(format!(
                "apply the missing versions with {} first",
                program(tool)
            ))
            .help("or record the revision that the database really has: `stamp -r REVISION`"),
        }
    }
}

/// Returns the words for the place of the record, such as `the record of sqlx`.
pub(super) fn place(tool: Tool) -> String {
    match tool {
        Tool::UserVersion => "`user_version`".to_owned(),
        tool => format!("the record of {tool}"),
    }
}

/// Returns the words for the program that writes the record.
fn program(tool: Tool) -> String {
    match tool {
        Tool::UserVersion => "the program that wrote it".to_owned(),
        tool => tool.name().to_owned(),
    }
}
