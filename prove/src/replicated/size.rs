//! The size of a revision: a cluster writes it into one entry of its log.

use revchain_core::{Defect, DefectKind};

use super::Subject;
use crate::diagnostics::location::at_statement;
use crate::script_run::{ScriptRun, Stage};

/// The maximum size of the statements of a revision, in bytes.
///
/// By default, an entry of hiqlite's log has at most 2 MiB, and a larger entry ends the log.
/// A quarter stays free for the guards, which hold the history and the schema, and for the stamp.
const MAX_SIZE: usize = 3 << 19;

/// Reports a revision whose statements do not fit into one entry.
///
/// The stamp of an upgrade has the text of the downgrade, so both scripts count.
pub(super) fn check(subject: &Subject<'_>) -> Option<Defect> {
    let revision = subject.revision;
    let mut size = 0;
    for stage in [Stage::Upgrade, Stage::Downgrade] {
        let run = ScriptRun::new(revision, stage);
        if stage == Stage::Downgrade && revision.downgrade().script().is_none() {
            break;
        }
        for statement in run.script().statements() {
            size += statement.sql().len();
            if size > MAX_SIZE {
                let id = revision.id();
                let title =
                    format!("the SQL of {id} has more than 1.5 MiB, too much for a log entry");
                let fix = "move statements to a revision of their own, and split a long one";
                let defect = subject.help(Defect::new(DefectKind::ReplicatedSize, title), fix);
                return Some(at_statement(defect, run, Some(statement)));
            }
        }
    }
    None
}
