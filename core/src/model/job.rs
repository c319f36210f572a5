//! The jobs of a revision.

use crate::model::shared::Text;

/// A job of a revision, as declared in the file by `@job`.
///
/// A job is a function of the program. It runs after the upgrade, in transactions of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub(crate) name: Text,
    /// The line of the file that declares the job.
    pub(crate) line: u32,
}

impl Job {
    /// Returns the name of the job, which is also the name of its function.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the line of the file that declares the job, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }
}
