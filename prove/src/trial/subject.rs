//! The revision under trial, and the results.

use std::collections::{BTreeSet, HashSet};

use revchain_core::load::SourceInfo;
use revchain_core::schema::Schema;
use revchain_core::{Defect, Revision};
use revchain_runtime::internal::ProofCode;
use rusqlite::Connection;

use crate::budget::StepBudget;
use crate::diagnostics::Findings;
use crate::faulty_statements::FaultyStatements;

/// A revision, and the state before its upgrade.
pub(crate) struct Subject<'t> {
    pub(crate) connection: &'t Connection,
    pub(crate) revision: &'t Revision,
    pub(crate) source: &'t SourceInfo,
    /// The schema before the upgrade.
    pub(crate) schema: &'t Schema,
    pub(crate) budget: &'t StepBudget,
    /// The functions of the program; `None` if the proof leaves code out.
    pub(crate) code: Option<&'t ProofCode<'t>>,
    pub(crate) faulty: &'t FaultyStatements,
    /// The lowercase names of objects that another defect affects.
    pub(crate) tainted_names: &'t HashSet<String>,
}

/// The results of the trials of a revision.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) findings: Findings,
    /// The statements that fail with sample rows, with the defects that describe them.
    ///
    /// A statement that fails without sample rows as well is another defect.
    pub(crate) failures: Vec<FailedStatement>,
    /// The dropped tables and columns whose values have arrived elsewhere, in lowercase.
    pub(crate) arrived: BTreeSet<(String, Option<String>)>,
    /// The tables and columns that lose rows or values, in lowercase.
    pub(crate) lost: BTreeSet<(String, Option<String>)>,
}

/// A statement that fails with sample rows.
pub(crate) struct FailedStatement {
    pub(crate) is_upgrade: bool,
    /// The offset of the statement in its script.
    pub(crate) start: usize,
    pub(crate) defect: Defect,
}
