//! The statements in which the parser has found defects.
//!
//! The proof skips these statements, and judges all others.

use std::collections::HashMap;

use revchain_core::{Defect, DefectKind, DefectList, Downgrade, Revision, Statement};

/// The lines with defects, by the path of the file. A defect without a line has the line 0.
pub(crate) struct FaultyStatements(HashMap<String, Vec<u32>>);

impl FaultyStatements {
    /// Collects the lines of the defects that the parser has found.
    pub(crate) fn new(defects: &DefectList) -> Self {
        let mut lines: HashMap<String, Vec<u32>> = HashMap::new();
        for defect in defects.iter().filter(|defect| affects_sql(defect)) {
            if let Some(path) = defect.path() {
                let line = defect.line_column().map_or(0, |(line, _)| line);
                lines.entry(path.to_owned()).or_default().push(line);
            }
        }
        Self(lines)
    }

    fn lines(&self, revision: &Revision) -> &[u32] {
        let lines = self.0.get(revision.path());
        lines.map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns `true` if a defect is in the statement.
    pub(crate) fn contains(&self, revision: &Revision, statement: &Statement<'_>) -> bool {
        let lines = self.lines(revision).iter();
        lines.copied().any(|line| is_in(statement, line))
    }

    /// Returns `true` if a defect of the file is outside of all statements.
    ///
    /// The defect can be in a directive. Then the declarations of the file are incomplete.
    pub(crate) fn has_others(&self, revision: &Revision) -> bool {
        let mut statements: Vec<Statement<'_>> = revision.upgrade().statements().collect();
        if let Downgrade::Sql(script) = revision.downgrade() {
            statements.extend(script.statements());
        }
        let lines = self.lines(revision).iter();
        lines
            .copied()
            .any(|line| !statements.iter().any(|statement| is_in(statement, line)))
    }
}

/// Returns `false` for a defect that does not change the meaning of the file.
fn affects_sql(defect: &Defect) -> bool {
    !matches!(
        defect.kind(),
        DefectKind::MissingSummary | DefectKind::DatedBeforeParent | DefectKind::BadDate
    )
}

fn is_in(statement: &Statement<'_>, line: u32) -> bool {
    let first = statement.snippet(None).line();
    let count = statement.sql().matches('\n').count();
    let last = first.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    (first..=last).contains(&line)
}
