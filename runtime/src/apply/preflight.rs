//! The checks and the backup before the first step of a plan.

use std::path::PathBuf;

#[cfg(feature = "backup")]
use revchain_core::DatabaseState;
use revchain_core::Plan;

use super::key_check::{KeyCheck, script};
use super::locked_plan::LockedPlan;
use super::reach::check_reach;
use super::script::reject_temporary_tables;
#[cfg(feature = "backup")]
use crate::backup::make::make_backup;
use crate::code::runner::check_code;
use crate::jobs::sequence::check_jobs;
use crate::migrations::Migrations;
use crate::report::error::{Context, Error, ErrorKind, Operation};
#[cfg(feature = "backup")]
use crate::report::event::Event;
use crate::session::connection_settings::has_journal;
use crate::session::locked::LockedSession;
use crate::session::sql::{TEMPORARY, other_schemas};

/// The backup from before the first step, and the foreign key check for after the last step.
#[derive(Default)]
pub(super) struct Preflight<'p> {
    pub(super) backup: Option<PathBuf>,
    /// `None` if the plan runs no SQL.
    pub(super) key_check: Option<KeyCheck<'p>>,
}

/// Rejects connections on which the plan is not safe, makes the backup, and prepares the
/// foreign key check.
///
/// If the plan runs no SQL, only checks that SQLite can roll the plan back.
pub(super) fn preflight<'p>(
    locked: &LockedSession<'_>,
    plan: &'p LockedPlan<'p>,
) -> Result<Preflight<'p>, Error> {
    if !has_journal(locked.connection()).context(Operation::Configure)? {
        return Err(Error::new(ErrorKind::NoJournal));
    }
    if !plan.runs_sql() {
        return Ok(Preflight::default());
    }
    let schemas = other_schemas(locked.connection()).context(Operation::ReadSchema)?;
    if schemas.iter().any(|schema| schema == TEMPORARY) {
        reject_temporary_tables(locked.connection(), None)?;
    }
    check_reach(locked, plan, &schemas)?;
    #[cfg(feature = "backup")]
    let backup = back_up(locked, plan)?;
    #[cfg(not(feature = "backup"))]
    let backup = None;
    Ok(Preflight {
        backup,
        key_check: Some(KeyCheck::prepare(locked, plan)?),
    })
}

/// Fails if the program lacks a function that a script or a job of the request runs.
///
/// The steps after a job count, too, so that the request changes nothing.
pub(crate) fn check_functions(migrations: &Migrations, plan: &Plan) -> Result<(), Error> {
    check_jobs(migrations, plan)?;
    for step in &plan.steps {
        let revision = step.revision(migrations.chain());
        if let (Some(revision), Some(script)) = (revision, script(migrations.chain(), step)) {
            check_code(migrations.code(), revision, script.code())?;
        }
    }
    Ok(())
}

#[cfg(feature = "backup")]
fn back_up(locked: &LockedSession<'_>, plan: &LockedPlan<'_>) -> Result<Option<PathBuf>, Error> {
    let database = locked.database();
    // The backup from before the first part is the one to restore.
    if plan.is_continued() {
        return Ok(None);
    }
    // A new database has no data to back up.
    let (Some(settings), false) = (
        &database.settings.backup,
        *plan.state() == DatabaseState::Empty,
    ) else {
        return Ok(None);
    };
    let revision = plan.id_before(database.chain()).unwrap_or("base");
    let path = make_backup(settings, locked, revision)?;
    if let Some(path) = &path {
        locked.emit(&Event::BackedUp { path });
    }
    Ok(path)
}
