//! The functions and types that several commands share.

mod confirm;
mod database;
mod exit;
mod failure;
mod invocation;
pub(crate) mod jobs;
mod location;
mod output;
mod progress;
mod progress_line;
pub(crate) mod report;
pub(crate) mod script;
mod target;
mod upgrade_preview;

pub(crate) use confirm::{can_ask, confirm};
#[cfg(feature = "developer")]
pub(crate) use database::{cannot_open, open_read_only};
pub(crate) use database::{exists, must_exist, open, open_to_inspect};
pub(crate) use exit::Exit;
pub(crate) use failure::{Failure, FailureKind, in_database};
pub(crate) use invocation::{Invocation, command_line};
pub(crate) use location::Location;
pub(crate) use output::{
    Answer, CURRENT, FAINT, PENDING, PLAIN, count_revisions, finish, micros, rfc3339, size,
};
pub(crate) use progress::Progress;
pub(crate) use target::target;
pub(crate) use upgrade_preview::{UpgradePreview, list_pending};

/// The result of a command, or of one of its parts.
pub(crate) type Result<T = Answer> = std::result::Result<T, Failure>;
