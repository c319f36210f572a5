//! Running the steps of a plan.

use std::time::Duration;

use revchain_core::plan::steps::stamped_before;
use revchain_core::{Conflict, Plan, Revision, RevisionIndex, Step};
#[cfg(not(feature = "stored-downgrades"))]
use rusqlite::Connection;
use rusqlite::ffi;

use super::locked_plan::LockedPlan;
use super::rejected_rows::rejected_rows;
use super::script::run_script;
use super::verify::verify_schema;
use crate::code::runner::CodeRunner;
use crate::report::error::{Context, Direction, Error, ErrorKind, Operation, SqlOrigin};
use crate::report::event::Event;
use crate::report::outcome::{Applied, Report};
use crate::session::database::Database;
use crate::session::guard::Guard;
use crate::session::locked::LockedSession;
use crate::state::history_entry::Origin;
use crate::state::history_table::{HistoryTable, Stamp, StampWriter};
use crate::state::job_rows::required_only_by;
use crate::state::jobs_table::JobsTable;
use crate::state::own_tables::current_time;
#[cfg(feature = "stored-downgrades")]
use crate::stored_downgrades::sandbox::run_in_sandbox;

/// Without the feature `stored-downgrades`, no plan has a stored downgrade.
#[cfg(not(feature = "stored-downgrades"))]
fn run_in_sandbox<T>(
    _: &Guard,
    _: &Connection,
    run: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let _ = run;
    Err(Error::from_conflict(Conflict::Changed))
}

/// Runs the steps in order, and adds the result of each step to the report.
pub(super) fn run_steps(
    locked: &LockedSession<'_>,
    plan: &LockedPlan<'_>,
    guard: Option<&Guard>,
    report: &mut Report,
) -> Result<(), Error> {
    check_transaction(locked)?;
    let database = locked.database();
    let emit = |event: &Event<'_>| locked.emit(event);
    let mut runner = StepRunner {
        locked,
        database,
        table: HistoryTable::of(database.migrations),
        jobs: JobsTable::of(database.migrations.name()),
        stamps: StampWriter::new(database.migrations, locked.connection()),
        guard,
        code: CodeRunner {
            table: database.migrations.code(),
            chain: database.chain(),
            guard,
            context: database.settings.context.as_deref(),
            emit: &emit,
        },
        report,
        is_reordered: !plan.reordered().is_empty(),
    };
    runner.announce(plan);
    let last_stored = plan.steps.iter().rposition(is_stored);
    for (position, step) in plan.steps.iter().enumerate() {
        runner.run(step)?;
        let rest = &plan.steps[position + 1..];
        // Stored downgrades are untrusted, and a script of the chain is proven only for a schema of
        // the chain. So verify the schema after the last stored downgrade.
        if Some(position) == last_stored && !rest.is_empty() {
            let stamped = stamped_before(rest, &plan.stamped);
            verify_schema(database, plan.histories(), &stamped, stamped.newest())?;
        }
    }
    Ok(())
}

/// Fails if SQLite has rolled the transaction back. SQLite can do so if a read runs out of memory.
///
/// Without the transaction, SQLite would commit each step on its own.
fn check_transaction(locked: &LockedSession<'_>) -> Result<(), Error> {
    if !locked.connection().is_autocommit() {
        return Ok(());
    }
    let code = ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK);
    let message = "SQLite has rolled the transaction back".to_owned();
    let source = rusqlite::Error::SqliteFailure(code, Some(message));
    Err(Error::new(ErrorKind::Sqlite {
        operation: Operation::Lock,
        source,
    }))
}

fn is_stored(step: &Step) -> bool {
    matches!(step, Step::DowngradeStored(_))
}

struct StepRunner<'r> {
    locked: &'r LockedSession<'r>,
    database: Database<'r>,
    table: HistoryTable<'r>,
    jobs: JobsTable,
    stamps: StampWriter<'r>,
    guard: Option<&'r Guard>,
    code: CodeRunner<'r>,
    report: &'r mut Report,
    /// `true` if the columns of the database have another order, which the request accepts.
    is_reordered: bool,
}

impl StepRunner<'_> {
    fn announce(&self, plan: &Plan) {
        let first_reverted = match plan.steps.first() {
            Some(Step::DowngradeStored(revision)) => Some(&**revision),
            _ => None,
        };
        let steps = plan
            .steps
            .iter()
            .filter(|step| **step != Step::CreateHistory)
            .count();
        self.locked.emit(&Event::Started {
            from: first_reverted.or(self.database.revision_at(plan.from)),
            to: self.database.revision_at(plan.to()),
            steps,
        });
    }

    fn run(&mut self, step: &Step) -> Result<(), Error> {
        if !matches!(step, Step::Adopt(_) | Step::Stamp(_) | Step::Unstamp(_)) {
            self.stamps.before_schema_change();
        }
        match step {
            Step::CreateHistory => {
                let created = self.table.create(self.locked.connection());
                created.context(Operation::WriteHistory)
            }
            Step::Upgrade(index) => self.upgrade(*index),
            Step::Downgrade(index) => {
                let revision = self.database.revision(*index);
                self.locked.emit(&Event::Downgrading { revision });
                let ran = run_script(
                    self.locked.connection(),
                    revision,
                    Direction::Downgrade,
                    &self.code,
                );
                self.downgraded(revision, ran, SqlOrigin::File)
            }
            Step::DowngradeStored(revision) => {
                self.locked.emit(&Event::Downgrading { revision });
                let ran = self.run_stored(revision);
                self.downgraded(revision, ran, SqlOrigin::StoredInDatabase)
            }
            Step::Adopt(index) => {
                let revision = self.database.revision(*index);
                self.stamp(revision, Origin::Adopt)?;
                self.locked.emit(&Event::Adopted { revision });
                Ok(())
            }
            Step::Stamp(index) => {
                let revision = self.database.revision(*index);
                self.stamp(revision, Origin::Stamp)?;
                self.locked.emit(&Event::Stamped { revision });
                Ok(())
            }
            // The pipeline splits the plan at its jobs.
            Step::RunJob(_) => Ok(()),
            Step::Unstamp(index) => {
                let revision = self.database.revision(*index);
                self.remove(revision)?;
                self.reopen_jobs(revision).context(Operation::WriteJobs)?;
                self.report.unstamped.push(revision.id().to_owned());
                self.locked.emit(&Event::Unstamped { revision });
                Ok(())
            }
        }
    }

    fn upgrade(&mut self, index: RevisionIndex) -> Result<(), Error> {
        let revision = self.database.revision(index);
        self.locked.emit(&Event::Upgrading { revision });
        let duration = run_script(
            self.locked.connection(),
            revision,
            Direction::Upgrade,
            &self.code,
        )
        .map_err(|error| {
            let connection = self.locked.connection();
            self.with_current(error, SqlOrigin::File)
                .with_rejected_rows(|error| rejected_rows(connection, revision, error))
        })?;
        self.insert(revision, Origin::Upgrade, duration)?;
        self.report.applied.push(Applied::new(revision, duration));
        self.locked.emit(&Event::Upgraded { revision, duration });
        Ok(())
    }

    /// Runs the downgrade that the database stores, and returns the duration.
    fn run_stored(&self, revision: &Revision) -> Result<Duration, Error> {
        let Some(guard) = self.guard else {
            // The plan before the write lock had no stored downgrade, so the database has changed.
            return Err(Error::from_conflict(Conflict::Changed));
        };
        let connection = self.locked.connection();
        run_in_sandbox(guard, connection, || {
            run_script(connection, revision, Direction::Downgrade, &self.code)
        })
    }

    fn downgraded(
        &mut self,
        revision: &Revision,
        ran: Result<Duration, Error>,
        origin: SqlOrigin,
    ) -> Result<(), Error> {
        let duration = ran.map_err(|error| self.with_current(error, origin))?;
        self.remove(revision)?;
        self.report.reverted.push(Applied::new(revision, duration));
        self.locked.emit(&Event::Downgraded { revision, duration });
        Ok(())
    }

    fn with_current(&self, error: Error, origin: SqlOrigin) -> Error {
        let error = error.with_current(self.report.from.as_deref(), origin);
        if self.report.from.is_none() && !self.report.stamped.is_empty() {
            return error.of_adoption();
        }
        error
    }

    fn stamp(&mut self, revision: &Revision, origin: Origin) -> Result<(), Error> {
        let origin = if self.is_reordered {
            Origin::AdoptReordered
        } else {
            origin
        };
        self.insert(revision, origin, Duration::ZERO)?;
        self.report.stamped.push(revision.id().to_owned());
        Ok(())
    }

    fn insert(
        &mut self,
        revision: &Revision,
        origin: Origin,
        duration: Duration,
    ) -> Result<(), Error> {
        let stamp = Stamp {
            revision,
            origin,
            applied_at: current_time(),
            duration,
        };
        let written = self.stamps.write(&stamp);
        written.context(Operation::WriteHistory)?;
        self.add_jobs(revision, origin)
    }

    /// Adds the jobs of a revision that was just stamped.
    fn add_jobs(&mut self, revision: &Revision, origin: Origin) -> Result<(), Error> {
        let connection = self.locked.connection();
        if revision.jobs().is_empty() && revision.requires().next().is_none() {
            return Ok(());
        }
        // The first job creates the table.
        self.stamps.before_schema_change();
        let added = match origin {
            Origin::Upgrade => self.jobs.add_upgraded(connection, revision),
            _ => self.jobs.add_stamped(connection, revision),
        };
        added.context(Operation::WriteJobs)
    }

    /// Makes the jobs pending again that only the stamp of this revision has finished.
    fn reopen_jobs(&self, revision: &Revision) -> rusqlite::Result<()> {
        if revision.requires().next().is_none() {
            return Ok(());
        }
        let (migrations, connection) = (self.database.migrations, self.locked.connection());
        for job in required_only_by(migrations, connection, revision)? {
            self.jobs.reopen(connection, job)?;
        }
        Ok(())
    }

    fn remove(&self, revision: &Revision) -> Result<(), Error> {
        let connection = self.locked.connection();
        let removed = self.table.remove(connection, revision);
        removed.context(Operation::WriteHistory)?;
        let removed = self.jobs.remove(connection, revision);
        removed.context(Operation::WriteJobs)
    }
}
