//! The table `revchain_jobs`: the state of the jobs of all stamped revisions.

use revchain_core::Revision;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::job_entry::{JobState, STAMPED};
use super::own_tables::{check_one_row, current_time, table_exists};
use crate::session::sql::{execute, run};

/// The table with the jobs of a chain: `revchain_jobs`, or `revchain_jobs_<name>` if it has a name.
///
/// The table exists once a revision with a job is stamped. It has a row for each job of each
/// stamped revision.
pub(crate) struct JobsTable {
    name: String,
}

/// A row of the table, as a job needs it.
pub(crate) struct JobRow {
    pub(crate) state: JobState,
    pub(crate) watermark: Value,
}

/// The result of a call of the function of a job.
pub(crate) struct JobResult<'r> {
    pub(crate) state: JobState,
    pub(crate) watermark: &'r Value,
    /// The number of rows that are done, and of all rows; `None` if the function reports none.
    pub(crate) rows: Option<(u64, u64)>,
}

impl JobsTable {
    /// Returns the table of a chain.
    pub(crate) fn of(chain_name: Option<&str>) -> Self {
        let name = match chain_name {
            Some(name) => format!("revchain_jobs_{name}"),
            None => "revchain_jobs".to_owned(),
        };
        Self { name }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns `true` if the database has the table.
    ///
    /// # Errors
    ///
    /// Fails if a view or an index has the name of the table. A view could run untrusted SQL.
    pub(crate) fn exists(&self, connection: &Connection) -> rusqlite::Result<bool> {
        table_exists(connection, &self.name)
    }

    fn create(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS main.{} (
  revision TEXT NOT NULL,
  job TEXT NOT NULL,
  state TEXT NOT NULL,
  watermark,
  attempts INTEGER NOT NULL,
  last_error TEXT,
  rows_done INTEGER,
  rows_total INTEGER,
  updated_at INTEGER,
  PRIMARY KEY (revision, job)
)",
            self.name
        ))
    }

    /// Adds the jobs of a revision whose upgrade has run. Replaces rows of an earlier upgrade.
    ///
    /// The rows have no time, so that each build of a snapshot is identical.
    pub(crate) fn add_upgraded(
        &self,
        connection: &Connection,
        revision: &Revision,
    ) -> rusqlite::Result<()> {
        self.insert(connection, revision, "INSERT OR REPLACE")
    }

    /// Adds the jobs of a revision that is stamped without running its upgrade.
    ///
    /// The database is as after the revision, so the jobs that the revision requires are finished.
    /// [`reopen`](Self::reopen) takes that back.
    pub(crate) fn add_stamped(
        &self,
        connection: &Connection,
        revision: &Revision,
    ) -> rusqlite::Result<()> {
        self.insert(connection, revision, "INSERT OR IGNORE")?;
        if revision.requires().next().is_none() || !self.exists(connection)? {
            return Ok(());
        }
        let sql = format!(
            "UPDATE main.{} SET state = ?2 WHERE job = ?1 AND state <> ?3",
            self.name
        );
        for job in revision.requires() {
            execute(connection, &sql, [job, STAMPED, JobState::Done.name()])?;
        }
        Ok(())
    }

    /// Makes a job pending again that did not run, but that a stamp has finished.
    pub(crate) fn reopen(&self, connection: &Connection, job: &str) -> rusqlite::Result<()> {
        if !self.exists(connection)? {
            return Ok(());
        }
        let sql = format!(
            "UPDATE main.{} SET state = ?2 WHERE job = ?1 AND state = ?3",
            self.name
        );
        let values = [job, JobState::Pending.name(), STAMPED];
        execute(connection, &sql, values).map(drop)
    }

    /// Returns `true` if the table has the row of a job.
    pub(crate) fn has_row(
        &self,
        connection: &Connection,
        job: JobId<'_>,
    ) -> rusqlite::Result<bool> {
        if !self.exists(connection)? {
            return Ok(false);
        }
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM main.{} WHERE revision = ?1 AND job = ?2)",
            self.name
        );
        connection.query_row(&sql, [job.revision, job.name], |row| row.get(0))
    }

    /// Adds the row of a job that something other than revchain has removed.
    ///
    /// Without the row, only a stamp can say that the job is finished.
    pub(crate) fn restore(
        &self,
        connection: &Connection,
        job: JobId<'_>,
        state: JobState,
    ) -> rusqlite::Result<()> {
        self.create(connection)?;
        let sql = format!(
            "INSERT OR IGNORE INTO main.{} (revision, job, state, attempts) VALUES (?1, ?2, ?3, 0)",
            self.name
        );
        let state = match state {
            JobState::Pending => JobState::Pending.name(),
            JobState::Done => STAMPED,
        };
        let values = [job.revision, job.name, state];
        execute(connection, &sql, values).map(drop)
    }

    fn insert(
        &self,
        connection: &Connection,
        revision: &Revision,
        verb: &str,
    ) -> rusqlite::Result<()> {
        if revision.jobs().is_empty() {
            return Ok(());
        }
        self.exists(connection)?;
        self.create(connection)?;
        let sql = format!(
            "{verb} INTO main.{} (revision, job, state, attempts) VALUES (?1, ?2, ?3, 0)",
            self.name
        );
        for job in revision.jobs() {
            let values = [revision.id(), job.name(), JobState::Pending.name()];
            execute(connection, &sql, values)?;
        }
        Ok(())
    }

    /// Removes the jobs of a revision whose stamp is removed.
    pub(crate) fn remove(
        &self,
        connection: &Connection,
        revision: &Revision,
    ) -> rusqlite::Result<()> {
        if revision.jobs().is_empty() || !self.exists(connection)? {
            return Ok(());
        }
        let sql = format!("DELETE FROM main.{} WHERE revision = ?1", self.name);
        execute(connection, &sql, [revision.id()]).map(drop)
    }

    /// Prepares the statements for the batches of a job.
    ///
    /// Returns `None` without a table: then no revision with a job is stamped.
    pub(crate) fn prepare<'c>(
        &self,
        connection: &'c Connection,
    ) -> rusqlite::Result<Option<JobStatements<'c>>> {
        if !self.exists(connection)? {
            return Ok(None);
        }
        let name = &self.name;
        let select =
            format!("SELECT state, watermark FROM main.{name} WHERE revision = ?1 AND job = ?2");
        let update = format!(
            "UPDATE main.{name} SET state = ?3, watermark = ?4, attempts = 0, last_error = NULL,
               rows_done = coalesce(?5, rows_done), rows_total = coalesce(?6, rows_total),
               updated_at = ?7
             WHERE revision = ?1 AND job = ?2"
        );
        Ok(Some(JobStatements {
            connection,
            select: connection.prepare(&select)?,
            update: connection.prepare(&update)?,
        }))
    }

    /// Counts a failed attempt, and stores its error.
    pub(crate) fn store_error(
        &self,
        connection: &Connection,
        job: JobId<'_>,
        error: &str,
    ) -> rusqlite::Result<()> {
        let sql = format!(
            "UPDATE main.{} SET attempts = attempts + 1, last_error = ?3, updated_at = ?4
             WHERE revision = ?1 AND job = ?2 AND state NOT IN (?5, ?6)",
            self.name
        );
        let done = JobState::Done.name();
        let values = params![job.revision, job.name, error, current_time(), done, STAMPED];
        execute(connection, &sql, values).map(drop)
    }

    /// Marks a job as finished that has nothing to do, because no table has rows.
    pub(crate) fn mark_finished(
        &self,
        connection: &Connection,
        job: JobId<'_>,
    ) -> rusqlite::Result<()> {
        let sql = format!(
            "UPDATE main.{} SET state = ?3 WHERE revision = ?1 AND job = ?2",
            self.name
        );
        let values = [job.revision, job.name, JobState::Done.name()];
        check_one_row(execute(connection, &sql, values)?)
    }
}

/// The statements that read and write the row of a job.
///
/// A job has many batches, so they are prepared once.
pub(crate) struct JobStatements<'c> {
    connection: &'c Connection,
    select: Statement<'c>,
    update: Statement<'c>,
}

impl JobStatements<'_> {
    /// Reads the row of a job; `None` if the revision of the job is not stamped.
    pub(crate) fn read(&mut self, job: JobId<'_>) -> rusqlite::Result<Option<JobRow>> {
        let row = self.select.query_row([job.revision, job.name], |row| {
            Ok(JobRow {
                state: row.get(0)?,
                watermark: row.get(1)?,
            })
        });
        row.optional()
    }

    /// Stores the result of a call of the function, in its transaction.
    pub(crate) fn store(&mut self, job: JobId<'_>, result: &JobResult<'_>) -> rusqlite::Result<()> {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let values = params![
            job.revision,
            job.name,
            result.state.name(),
            result.watermark,
            result.rows.map(|(done, _)| count(done)),
            result.rows.map(|(_, total)| count(total)),
            current_time(),
        ];
        check_one_row(run(self.connection, &mut self.update, values)?)
    }
}

/// The key of a job in the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobId<'j> {
    pub(crate) revision: &'j str,
    pub(crate) name: &'j str,
}
