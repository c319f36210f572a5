//! The methods of a migrator that run jobs, or return their state.

use std::time::Duration;

use rusqlite::Connection;

use super::Migrator;
use crate::jobs::runner::Deadline;
use crate::jobs::sequence::{has_unfinished, run_jobs};
use crate::migrations::Migrations;
use crate::report::error::{Error, ErrorKind};
use crate::report::jobs_report::JobsReport;
use crate::session::lock_wait::LockWait;
use crate::session::unlocked::Session;
use crate::settings::Jobs;
use crate::state::job_entry::JobEntry;
use crate::state::job_rows::job_entries;

/// Jobs: functions of the program that change rows after an upgrade, in small transactions.
impl Migrator<'_> {
    /// Sets when the jobs run that no pending upgrade requires. Default: [`Jobs::OnRequest`].
    ///
    /// ```
    /// # use revchain::{Done, Migrations, Progress, embed_migrations};
    /// # use revchain::rusqlite::{self, Transaction};
    /// # static MIGRATIONS: Migrations =
    /// #     embed_migrations!("tests/fixtures/jobs", code = [encrypt]);
    /// # fn encrypt(_: &Transaction<'_>, _: &mut Progress<'_>) -> rusqlite::Result<Done> {
    /// #     Ok(Done::Yes)
    /// # }
    /// use revchain::{JobState, Jobs};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let migrator = MIGRATIONS.migrator().jobs(Jobs::BeforeOpenReturns);
    /// let db = migrator.open_in_memory()?;
    /// assert_eq!(migrator.job_states(&db)?[0].state, JobState::Done);
    /// # Ok(())
    /// # }
    /// ```
    pub fn jobs(mut self, jobs: Jobs) -> Self {
        self.run_jobs = match jobs {
            Jobs::OnRequest => None,
            Jobs::BeforeOpenReturns => Some(run_jobs_to_end),
        };
        self
    }

    /// Runs the unfinished jobs until all are finished or the budget has passed.
    ///
    /// The jobs run one after another, in the order of the chain. revchain calls the function of a
    /// job in a transaction of its own, again and again, until the function returns
    /// [`Done::Yes`](crate::Done::Yes).
    /// Each transaction also stores the progress of the job. So after a crash, the job goes on
    /// after its last commit, and several processes do nothing twice.
    /// revchain checks the budget between two transactions, and commits at least one.
    ///
    /// Other connections can write between two transactions.
    /// After the first second, a job leaves them a tenth of the time.
    /// A program with more writes calls with a small budget, and pauses in between.
    ///
    /// The function sees the settings of the connection, such as `PRAGMA foreign_keys`.
    /// It may read and change rows of the chain's tables, and nothing else.
    /// An authorizer that the program has set is lost, because SQLite cannot return it.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Job`] if a function fails or panics. Its last changes are rolled back, and
    ///   the database stores the error. The other jobs run first, and the first error is returned.
    /// - [`ErrorKind::MissingCode`] if the program lacks the function of a job.
    /// - [`ErrorKind::Sqlite`] with [`Operation::RunJob`](crate::Operation::RunJob) if SQLite was
    ///   interrupted. The last changes are rolled back, and the job counts no failure.
    /// - [`ErrorKind::Conflict`] if history and chain disagree.
    /// - [`ErrorKind::InTransaction`] if the connection is inside a transaction, and
    ///   [`ErrorKind::NoJournal`] if SQLite could not roll back.
    /// - The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// ```
    /// # use revchain::{Migrations, embed_migrations};
    /// use std::time::Duration;
    /// use revchain::rusqlite::{self, Connection, Transaction};
    /// use revchain::{Done, Progress};
    ///
    /// static MIGRATIONS: Migrations =
    ///     embed_migrations!("tests/fixtures/jobs", code = [encrypt]);
    ///
    /// /// Encrypts the tokens after the watermark, one in each transaction.
    /// fn encrypt(
    ///     transaction: &Transaction<'_>,
    ///     progress: &mut Progress<'_>,
    /// ) -> rusqlite::Result<Done> {
    ///     let last: i64 = progress.watermark()?.unwrap_or(0);
    ///     let sql = "UPDATE tokens SET secret = hex(secret) WHERE id = ?1";
    ///     if transaction.execute(sql, [last + 1])? == 0 {
    ///         return Ok(Done::Yes);
    ///     }
    ///     progress.set_watermark(last + 1)?;
    ///     Ok(Done::NotYet)
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut db = Connection::open_in_memory()?;
    /// let migrator = MIGRATIONS.migrator();
    /// migrator.upgrade_to(&mut db, "001")?;
    /// db.execute_batch("INSERT INTO tokens (secret) VALUES ('a'), ('b')")?;
    ///
    /// let report = migrator.run_jobs(&mut db, Duration::from_secs(1))?;
    /// assert!(report.is_done());
    /// assert_eq!(report.jobs[0].batches, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_jobs(
        &self,
        connection: &mut Connection,
        budget: Duration,
    ) -> Result<JobsReport, Error> {
        self.try_run_jobs(connection, Deadline::after(budget))
            .map_err(|error| error.in_database_of(connection))
    }

    /// Returns the jobs of all revisions that the database has, in the order of the chain.
    ///
    /// Never writes. The jobs of revisions that the chain lacks come last.
    ///
    /// # Errors
    ///
    /// The [errors of all verbs](Self#errors-of-all-verbs).
    ///
    /// ```
    /// # use revchain::{Done, Migrations, Progress, embed_migrations};
    /// # use revchain::rusqlite::{self, Transaction};
    /// # static MIGRATIONS: Migrations =
    /// #     embed_migrations!("tests/fixtures/jobs", code = [encrypt]);
    /// # fn encrypt(_: &Transaction<'_>, _: &mut Progress<'_>) -> rusqlite::Result<Done> {
    /// #     Ok(Done::Yes)
    /// # }
    /// use revchain::rusqlite::Connection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut db = Connection::open_in_memory()?;
    /// MIGRATIONS.migrator().upgrade_to(&mut db, "001")?;
    /// for job in MIGRATIONS.migrator().job_states(&db)? {
    ///     assert_eq!(job.to_string(), "001 encrypt: pending");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn job_states(&self, connection: &Connection) -> Result<Vec<JobEntry>, Error> {
        self.read(connection, |session| {
            session.read(|database| job_entries(database.migrations, database.connection))
        })
    }

    /// Runs all jobs to their end, if the settings ask for it.
    pub(super) fn run_jobs_of_opened(&self, connection: &mut Connection) -> Result<(), Error> {
        match self.run_jobs {
            None => Ok(()),
            Some(run_jobs) => run_jobs(self, connection),
        }
    }

    fn try_run_jobs(
        &self,
        connection: &mut Connection,
        deadline: Deadline,
    ) -> Result<JobsReport, Error> {
        if !connection.is_autocommit() {
            return Err(Error::new(ErrorKind::InTransaction));
        }
        self.migrations.decode()?;
        if !self.has_unfinished(connection)? {
            return Ok(JobsReport::default());
        }
        let Some(table) = self.migrations.job_table() else {
            let session = Session::new(&mut *connection, self.migrations, &self.settings)?;
            return run_jobs(&session, None, &deadline);
        };
        let wait = LockWait::new(connection, &self.settings, Duration::ZERO);
        let mut guarded = table.guard(connection, &wait)?;
        let guard = guarded.guard();
        let waited = wait.waited();
        let session = Session::after_wait(&mut *guarded, self.migrations, &self.settings, waited)?;
        run_jobs(&session, guard.as_ref(), &deadline)
    }

    fn has_unfinished(&self, connection: &Connection) -> Result<bool, Error> {
        let session = Session::new(connection, self.migrations, &self.settings)?;
        session.read(has_unfinished)
    }
}

fn run_jobs_to_end(migrator: &Migrator<'_>, connection: &mut Connection) -> Result<(), Error> {
    let ran = migrator.try_run_jobs(connection, Deadline::NEVER);
    ran.map(drop)
}

/// Jobs, with the default settings.
impl Migrations {
    /// Runs the unfinished jobs until all are finished or the budget has passed.
    ///
    /// [`Migrator::run_jobs`] describes what is written, and when.
    ///
    /// # Errors
    ///
    /// Fails as [`Migrator::run_jobs`] does.
    ///
    /// ```
    /// # use revchain::{Done, Migrations, Progress, embed_migrations};
    /// # use revchain::rusqlite::{self, Transaction};
    /// # static MIGRATIONS: Migrations =
    /// #     embed_migrations!("tests/fixtures/jobs", code = [encrypt]);
    /// # fn encrypt(_: &Transaction<'_>, _: &mut Progress<'_>) -> rusqlite::Result<Done> {
    /// #     Ok(Done::Yes)
    /// # }
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut db = MIGRATIONS.open_in_memory()?;
    /// // Each call works for at most a tenth of a second, and goes on where the last one ended.
    /// while !MIGRATIONS.run_jobs(&mut db, Duration::from_millis(100))?.is_done() {}
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_jobs(
        &self,
        connection: &mut Connection,
        budget: Duration,
    ) -> Result<JobsReport, Error> {
        self.migrator().run_jobs(connection, budget)
    }
}
