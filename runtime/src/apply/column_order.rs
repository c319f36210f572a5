//! The check that no script depends on the order of columns that a database lacks.

use revchain_core::sql::inspect::depends_on_column_order;
use revchain_core::{Conflict, Downgrade, Revision, Script, Step};

use super::locked_plan::LockedPlan;
use crate::report::error::{Context, Error, Operation};
use crate::session::database::Database;

/// Fails if a script moves values by position, and a table in it has another order of columns.
///
/// The script would put the values into other columns than in the proof.
pub(super) fn check_column_order(
    database: Database<'_>,
    plan: &LockedPlan<'_>,
) -> Result<(), Error> {
    if !plan.runs_sql() {
        return Ok(());
    }
    let tables = plan.histories().reordered_tables();
    let tables = tables.context(Operation::ReadSchema)?;
    if tables.is_empty() {
        return Ok(());
    }
    for step in &plan.steps {
        let Some(revision) = step.revision(database.chain()) else {
            continue;
        };
        for statement in script_of(step, revision)
            .into_iter()
            .flat_map(Script::statements)
        {
            let sql = statement.sql();
            let mut found = tables.iter();
            if let Some(table) = found.find(|table| depends_on_column_order(sql, table)) {
                let (id, table) = (revision.id().to_owned(), table.clone());
                return Err(Error::from_conflict(Conflict::moves_by_position(id, table)));
            }
        }
    }
    Ok(())
}

fn script_of<'r>(step: &Step, revision: &'r Revision) -> Option<&'r Script> {
    match step {
        Step::Upgrade(_) => Some(revision.upgrade()),
        Step::Downgrade(_) | Step::DowngradeStored(_) => match revision.downgrade() {
            Downgrade::Sql(script) => Some(script),
            Downgrade::Irreversible(_) => None,
        },
        _ => None,
    }
}
