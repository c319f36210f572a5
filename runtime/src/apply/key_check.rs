//! The foreign key check of a request: the tables to check, and the violations from before.

use std::time::Instant;

use revchain_core::{Chain, Script, Step};

use super::foreign_keys::{ExistingViolations, new_violations};
use super::key_changes::KeyChanges;
use super::locked_plan::LockedPlan;
use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::report::event::Event;
use crate::report::outcome::Report;
use crate::session::locked::LockedSession;

/// The foreign key check of a request.
///
/// A check reads every row of a table.
/// So only the tables are checked in which a script can have left a violation.
pub(super) struct KeyCheck<'p> {
    plan: &'p LockedPlan<'p>,
    changes: KeyChanges,
    existing: ExistingViolations,
}

impl<'p> KeyCheck<'p> {
    /// Finds the changes of all scripts of the plan, before the first script runs.
    ///
    /// If the settings accept existing violations, counts these violations.
    pub(super) fn prepare(
        locked: &LockedSession<'_>,
        plan: &'p LockedPlan<'p>,
    ) -> Result<Self, Error> {
        let steps = plan.steps.iter();
        let scripts: Vec<&Script> = steps
            .filter_map(|step| script(locked.database().chain(), step))
            .collect();
        let changes = KeyChanges::of(&scripts, locked.connection());
        let mut check = Self {
            plan,
            changes: changes.context(Operation::ReadSchema)?,
            existing: ExistingViolations::default(),
        };
        if locked.database().settings.allow_existing_violations {
            check.existing = check.find_existing(locked)?;
            let count = check.existing.count();
            if count > 0 {
                locked.emit(&Event::ExistingViolations { count });
            }
        }
        Ok(check)
    }

    /// Fails if rows violate a foreign key after the scripts. Ignores accepted violations.
    pub(super) fn run(
        mut self,
        locked: &LockedSession<'_>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let tables = self.tables(locked)?;
        let existing = std::mem::take(&mut self.existing);
        let violations = new_violations(locked.connection(), Some(&tables), existing)
            .context(Operation::CheckForeignKeys)?;
        report.foreign_key_check = start.elapsed();
        report.kept_violations = violations.existing;
        if violations.count == 0 {
            return Ok(());
        }
        // Roll back first, because the error also counts the violations before the scripts.
        locked.roll_back()?;
        // The count fails after a `foreign key mismatch`, for example.
        let before = self.find_existing(locked).ok();
        Err(Error::new(ErrorKind::ForeignKeys {
            violations: violations.first,
            count: violations.count,
            before: before.map(|existing| existing.count()),
            rolled_back_to: report.from.clone().unwrap_or_else(|| "base".to_owned()),
        }))
    }

    fn find_existing(&self, locked: &LockedSession<'_>) -> Result<ExistingViolations, Error> {
        let tables = self.tables(locked)?;
        ExistingViolations::find(locked.connection(), &tables).context(Operation::CheckForeignKeys)
    }

    /// Returns the tables to check, as the schema is now.
    fn tables(&self, locked: &LockedSession<'_>) -> Result<Vec<String>, Error> {
        let tables = self.changes.tables(locked.connection());
        let mut tables = tables.context(Operation::CheckForeignKeys)?;
        if let (Some(own), false) = (self.plan.own_tables()?, tables.is_empty()) {
            tables.retain(|table| own.contains(table));
        }
        Ok(tables)
    }
}

/// Returns the script that a step runs.
pub(super) fn script<'s>(chain: &'s Chain, step: &'s Step) -> Option<&'s Script> {
    match step {
        Step::Upgrade(index) => Some(chain[*index].upgrade()),
        Step::Downgrade(index) => chain[*index].downgrade().script(),
        Step::DowngradeStored(revision) => revision.downgrade().script(),
        _ => None,
    }
}
