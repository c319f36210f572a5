//! The exit codes of the commands.

use std::process::ExitCode;

/// The exit code of a command. The page `commands` of the guide describes the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command succeeded.
    Success = 0,
    /// The command failed.
    Failure = 1,
    /// The arguments are wrong. clap uses the same code.
    Usage = 2,
    /// `status` found that an upgrade would change the database.
    Pending = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
