//! The record of another migration tool: the migrations that it has applied to a database.

use crate::Tool;

/// The record of another migration tool in a database, read from its table or from `user_version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRecord {
    /// The tool.
    pub tool: Tool,
    /// The recorded versions, in the order in which the tool applied them.
    ///
    /// A tool that records only its newest migration has at most one version.
    pub versions: Vec<RecordedVersion>,
}

/// A version in the record of another tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedVersion {
    /// The version, in the form of [`Tool::normalize`] if possible.
    pub version: String,
    /// `true` if the tool began the migration and did not complete it.
    pub is_failed: bool,
}

impl ToolRecord {
    /// Makes a record. Each version comes with `true` if its migration has failed.
    pub fn new<V: Into<String>>(tool: Tool, versions: impl IntoIterator<Item = (V, bool)>) -> Self {
        let versions = versions.into_iter().map(|(version, is_failed)| {
            let version = version.into();
            RecordedVersion {
                version: tool.normalize(&version).unwrap_or(version),
                is_failed,
            }
        });
        Self {
            tool,
            versions: versions.collect(),
        }
    }

    /// Returns the last recorded version.
    pub fn last(&self) -> Option<&str> {
        Some(&self.versions.last()?.version)
    }
}
