//! The check that no script depends on the order of columns that a database lacks.

use revchain_core::sql::change::{Change, Effect, effect};
use revchain_core::sql::inspect::moves_by_position;
use revchain_core::{Conflict, Script};

use super::key_check::script;
use super::locked_plan::LockedPlan;
use crate::report::error::Error;
use crate::session::database::Database;

/// Fails if a table has another order of columns, and a script can move values by position.
///
/// The script could put the values into other columns than in the proof.
pub(super) fn check_column_order(
    database: Database<'_>,
    plan: &LockedPlan<'_>,
) -> Result<(), Error> {
    let mut tables = plan.reordered().to_vec();
    let Some(first) = tables.first().cloned() else {
        return Ok(());
    };
    for step in &plan.steps {
        let (Some(script), Some(revision)) = (
            script(database.chain(), step),
            step.revision(database.chain()),
        ) else {
            continue;
        };
        for sql in Script::statements(script).map(|statement| statement.sql()) {
            if moves_by_position(sql, &tables) {
                let conflict = Conflict::moves_by_position(revision.id().to_owned(), first);
                return Err(Error::from_conflict(conflict));
            }
            if let Effect::Change(from, Change::Rename(to)) = effect(sql) {
                let mut known = tables.iter();
                if known.any(|table| table.eq_ignore_ascii_case(&from.name)) {
                    tables.push(to);
                }
            }
        }
    }
    Ok(())
}
