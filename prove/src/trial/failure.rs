//! The failures of a script on sample rows.

use revchain_core::Defect;

use super::failing_rows::Assumption;
use super::violations::Violation;
use crate::script_run::Stage;

/// A statement or a function that fails on sample rows, or a script that violates a foreign key.
pub(super) struct Failure {
    pub(super) stage: Stage,
    /// The offset of the statement, or of the `@code` line, in its script.
    pub(super) start: usize,
    pub(super) kind: FailureKind,
    /// Rows that show the failure.
    pub(super) rows: Vec<String>,
    /// The condition under which the script does not fail, as `@assumes` declares it.
    pub(super) assumption: Option<Assumption>,
}

/// The reason why a script fails on sample rows.
pub(super) enum FailureKind {
    /// SQLite rejects the statement, with this message.
    Statement {
        message: String,
        offset: Option<usize>,
        /// `true` if the rows of two tables had the same keys.
        has_shared_keys: bool,
    },
    /// A function of the program returns an error or panics, as the defect says.
    Code(Box<Defect>),
    /// The statement takes too many steps.
    TooLong,
    /// Rows violate a foreign key after the script.
    Violation(Violation),
}
