//! The checks and the backup before the first step of a plan.

use std::path::PathBuf;

use revchain_core::DatabaseState;

use super::foreign_keys::ExistingViolations;
use super::locked_plan::LockedPlan;
use super::script::reject_temporary_tables;
use crate::backup::make::make_backup;
use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::report::event::Event;
use crate::session::connection_settings::has_journal;
use crate::session::locked::LockedSession;

/// The backup and the foreign key violations from before the first step.
#[derive(Default)]
pub(super) struct Preflight {
    pub(super) backup: Option<PathBuf>,
    pub(super) existing_violations: ExistingViolations,
}

/// Rejects connections on which the plan is not safe, makes the backup, and counts existing
/// violations.
///
/// If the plan runs no SQL, only checks that SQLite can roll the plan back.
pub(super) fn preflight(
    locked: &LockedSession<'_>,
    plan: &LockedPlan<'_>,
) -> Result<Preflight, Error> {
    if !has_journal(locked.connection()).context(Operation::Configure)? {
        return Err(Error::new(ErrorKind::NoJournal));
    }
    if !plan.runs_sql() {
        return Ok(Preflight::default());
    }
    reject_temporary_tables(locked.connection(), None)?;
    Ok(Preflight {
        backup: back_up(locked, plan)?,
        existing_violations: find_existing_violations(locked, plan)?,
    })
}

fn back_up(locked: &LockedSession<'_>, plan: &LockedPlan<'_>) -> Result<Option<PathBuf>, Error> {
    let database = locked.database();
    // A new database has no data to back up.
    let (Some(settings), false) = (
        &database.settings.backup,
        *plan.state() == DatabaseState::Empty,
    ) else {
        return Ok(None);
    };
    let revision = plan.id_before(database.chain()).unwrap_or("base");
    let path = make_backup(settings, database, revision)?;
    if let Some(path) = &path {
        locked.emit(&Event::BackedUp { path });
    }
    Ok(path)
}

fn find_existing_violations(
    locked: &LockedSession<'_>,
    plan: &LockedPlan<'_>,
) -> Result<ExistingViolations, Error> {
    if !locked.database().settings.allow_existing_violations {
        return Ok(ExistingViolations::default());
    }
    let tables = plan.own_tables()?;
    let existing = ExistingViolations::find(locked.connection(), tables.as_deref())
        .context(Operation::CheckForeignKeys)?;
    if existing.count() > 0 {
        locked.emit(&Event::ExistingViolations {
            count: existing.count(),
        });
    }
    Ok(existing)
}
