//! The table `revchain_history`: creating the table, and writing rows.

use std::time::Duration;

use revchain_core::model::checksum;
use revchain_core::{Downgrade, Job, Revision};
use rusqlite::{Connection, Statement, params};

use super::history_entry::Origin;
use super::own_tables::check_one_row;
use crate::migrations::Migrations;
use crate::session::sql::{execute, query_texts, run};

/// The history table of a chain: `revchain_history`, or `revchain_history_<name>` for a named
/// chain.
///
/// All SQL names the schema `main`, because a temporary table of the same name would hide the
/// history.
pub struct HistoryTable<'m> {
    migrations: &'m Migrations,
    name: String,
}

/// A row to write to the history table.
pub struct Stamp<'r> {
    /// The revision to stamp.
    pub revision: &'r Revision,
    /// The operation that stamps the revision.
    pub origin: Origin,
    /// The time of the stamp, in milliseconds since the Unix epoch.
    pub applied_at: i64,
    /// The duration of the upgrade script; zero if no script ran.
    pub duration: Duration,
}

/// The columns that describe a revision to programs that lack the revision.
///
/// Each column may be NULL, because older versions of revchain do not write these columns.
const DESCRIPTION_COLUMNS: [&str; 8] = [
    "program TEXT",
    "summary TEXT",
    "compatible INTEGER",
    "revises TEXT",
    "upgrade_checksum TEXT",
    "downgrade TEXT",
    "irreversible TEXT",
    CODE_COLUMN,
];

/// The functions and jobs of the revision, separated by spaces; NULL if there is none.
///
/// Tables of earlier versions of revchain have all columns but this one.
const CODE_COLUMN: &str = "code TEXT";

impl<'m> HistoryTable<'m> {
    /// Returns the history table of a chain.
    pub fn of(migrations: &'m Migrations) -> Self {
        Self::named(migrations, migrations.name())
    }

    /// Returns the history table that the chain would have if its name were `chain_name`.
    pub(super) fn named(migrations: &'m Migrations, chain_name: Option<&str>) -> Self {
        let name = match chain_name {
            Some(chain_name) => format!("revchain_history_{chain_name}"),
            None => "revchain_history".to_owned(),
        };
        Self { migrations, name }
    }

    /// Returns the name of the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn migrations(&self) -> &'m Migrations {
        self.migrations
    }

    /// Returns `true` if the table has a row.
    pub(super) fn has_rows(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{})", self.name);
        connection.query_row(&sql, [], |row| row.get(0))
    }

    /// Creates the history table, unless there is one without rows.
    pub(crate) fn create(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS main.{} (
  revision TEXT NOT NULL PRIMARY KEY,
  checksum TEXT NOT NULL,
  origin TEXT NOT NULL,
  applied_at INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  {}
)",
            self.name,
            DESCRIPTION_COLUMNS.join(",\n  ")
        ))
    }

    fn insert_sql(&self) -> String {
        let table = &self.name;
        // Name the columns, because a table of a later version may have more columns. Keep the
        // rowid of an older stamp, because parents must precede children in the order of rowids.
        format!(
            "INSERT OR REPLACE INTO main.{table} (rowid, revision, checksum, origin, applied_at,
               duration_us, program, summary, compatible, revises, upgrade_checksum, downgrade,
               irreversible, code)
             VALUES ((SELECT rowid FROM main.{table} WHERE revision = ?1),
               ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        )
    }

    /// Removes the stamp of a revision. Fails if the history has no stamp of the revision.
    pub(crate) fn remove(
        &self,
        connection: &Connection,
        revision: &Revision,
    ) -> rusqlite::Result<()> {
        let sql = format!("DELETE FROM main.{} WHERE revision = ?1", self.name);
        check_one_row(execute(connection, &sql, [revision.id()])?)
    }

    /// Returns an expression for the column `code` if the table describes its revisions.
    ///
    /// Returns `None` if the table lacks any other column that this version of revchain writes.
    pub(super) fn code_if_described(
        &self,
        connection: &Connection,
    ) -> rusqlite::Result<Option<&'static str>> {
        Ok(match self.missing_columns(connection)?[..] {
            [] => Some("code"),
            [CODE_COLUMN] => Some("NULL"),
            _ => None,
        })
    }

    fn missing_columns(&self, connection: &Connection) -> rusqlite::Result<Vec<&'static str>> {
        let sql = "SELECT name FROM pragma_table_info(?1, 'main')";
        let names = query_texts(connection, sql, [&self.name])?;
        let is_missing = |column: &&str| {
            let name = column.split(' ').next();
            !names.iter().any(|known| Some(known.as_str()) == name)
        };
        Ok(DESCRIPTION_COLUMNS.into_iter().filter(is_missing).collect())
    }

    /// Adds the missing columns. Returns `true` if any column was missing.
    fn add_missing_columns(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let missing = self.missing_columns(connection)?;
        for column in &missing {
            let sql = format!("ALTER TABLE main.{} ADD COLUMN {column}", self.name);
            connection.execute_batch(&sql)?;
        }
        Ok(!missing.is_empty())
    }
}

/// A writer of stamps, which prepares its statement once for several stamps.
pub struct StampWriter<'c> {
    table: HistoryTable<'c>,
    connection: &'c Connection,
    /// The statement, prepared at the first stamp: before, the table may not exist.
    statement: Option<Statement<'c>>,
}

impl<'c> StampWriter<'c> {
    /// Makes a writer to the history table of a chain.
    pub fn new(migrations: &'c Migrations, connection: &'c Connection) -> Self {
        Self {
            table: HistoryTable::of(migrations),
            connection,
            statement: None,
        }
    }

    /// Drops the statement. The caller must call this function before the schema changes.
    ///
    /// SQLite prepares a statement again if the schema has changed. If memory runs out meanwhile,
    /// SQLite can roll the transaction back, and then execute the statement outside of it.
    pub(crate) fn before_schema_change(&mut self) {
        self.statement = None;
    }

    /// Writes a stamp. Replaces an older stamp of the same revision.
    ///
    /// # Errors
    ///
    /// Fails if SQLite fails, or if a trigger prevents the insert.
    pub fn write(&mut self, stamp: &Stamp<'_>) -> rusqlite::Result<()> {
        let inserted = match self.try_insert(stamp) {
            // If SQLite has rolled the transaction back, a second attempt would be committed on its
            // own.
            Err(error) if self.connection.is_autocommit() => return Err(error),
            // A table that an older version of revchain created lacks some columns. Add these
            // columns and try again.
            Err(_) if self.table.add_missing_columns(self.connection)? => self.try_insert(stamp),
            inserted => inserted,
        };
        check_one_row(inserted?)
    }

    fn try_insert(&mut self, stamp: &Stamp<'_>) -> rusqlite::Result<u64> {
        let revision = stamp.revision;
        let code = functions(revision);
        let (downgrade, irreversible) = match revision.downgrade() {
            // A program that lacks the revision lacks its functions, too.
            Downgrade::Sql(_) if code.is_some() => (None, None),
            Downgrade::Sql(script) => (Some(script.sql()), None),
            Downgrade::Irreversible(reason) => (None, Some(&**reason)),
        };
        let values = params![
            revision.id(),
            checksum::hex(revision.checksum()),
            stamp.origin.name(),
            stamp.applied_at,
            i64::try_from(stamp.duration.as_micros()).unwrap_or(i64::MAX),
            self.table.migrations.program(),
            revision.summary(),
            revision.is_compatible(),
            revision.revises().collect::<Vec<_>>().join(" "),
            checksum::hex(&checksum::script(revision.upgrade())),
            downgrade,
            irreversible,
            code,
        ];
        let statement = match &mut self.statement {
            Some(statement) => statement,
            statement => statement.insert(self.connection.prepare(&self.table.insert_sql())?),
        };
        run(self.connection, statement, values)
    }
}

/// Returns the names of the functions and jobs of a revision; `None` if there is none.
fn functions(revision: &Revision) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for line in revision.code() {
        if !names.contains(&line.name()) {
            names.push(line.name());
        }
    }
    names.extend(revision.jobs().iter().map(Job::name));
    (!names.is_empty()).then(|| names.join(" "))
}
