//! The ids under which other tools recorded a revision, as declared by `@was`.
//!
//! They do not belong to the checksum, so a released revision can still receive one.

use std::fmt;

use crate::Tool;

/// An id under which another tool recorded a revision, from `@was TOOL:VERSION`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Was {
    /// The tool that recorded the revision.
    pub tool: Tool,
    /// The version as the tool records it. A number has no leading zeros.
    pub version: String,
    /// `true` if the migration of the tool changed nothing: `@was TOOL:VERSION empty`.
    ///
    /// A record without this version is complete, too.
    pub is_empty: bool,
}

impl fmt::Display for Was {
    /// Writes the id as in the directive, without `empty`: `sqlx:4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.tool, self.version)
    }
}
