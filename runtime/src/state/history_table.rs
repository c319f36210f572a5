//! The table `revchain_history`: creating the table, and writing rows.

use std::time::Duration;

use revchain_core::Revision;
use revchain_core::history::table::{
    CODE_COLUMN, DESCRIPTION_COLUMNS, HistoryTableSql, StampRow, Value,
};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, params_from_iter};

use super::history_entry::Origin;
use super::own_tables::check_one_row;
use crate::migrations::Migrations;
use crate::session::sql::{execute, query_texts, run};

/// The history table of a chain.
pub struct HistoryTable<'m> {
    migrations: &'m Migrations,
    sql: HistoryTableSql,
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

impl<'m> HistoryTable<'m> {
    /// Returns the history table of a chain.
    pub fn of(migrations: &'m Migrations) -> Self {
        Self::named(migrations, migrations.name())
    }

    /// Returns the history table that the chain would have if its name were `chain_name`.
    pub(super) fn named(migrations: &'m Migrations, chain_name: Option<&str>) -> Self {
        Self {
            migrations,
            sql: HistoryTableSql::of(chain_name),
        }
    }

    /// Returns the name of the table.
    pub fn name(&self) -> &str {
        self.sql.name()
    }

    pub(super) fn migrations(&self) -> &'m Migrations {
        self.migrations
    }

    /// Returns `true` if the table has a row.
    pub(super) fn has_rows(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{})", self.name());
        connection.query_row(&sql, [], |row| row.get(0))
    }

    /// Creates the history table, unless there is one without rows.
    pub(crate) fn create(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(&self.sql.create())
    }

    /// Removes the stamp of a revision. Fails if the history has no stamp of the revision.
    pub(crate) fn remove(
        &self,
        connection: &Connection,
        revision: &Revision,
    ) -> rusqlite::Result<()> {
        check_one_row(execute(connection, &self.sql.delete(), [revision.id()])?)
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
        let names = query_texts(connection, sql, [self.name()])?;
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
            let sql = format!("ALTER TABLE main.{} ADD COLUMN {column}", self.name());
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
        let row = StampRow {
            revision: stamp.revision,
            origin: stamp.origin.name(),
            applied_at: stamp.applied_at,
            duration_us: i64::try_from(stamp.duration.as_micros()).unwrap_or(i64::MAX),
            program: self.table.migrations.program(),
        };
        let statement = match &mut self.statement {
            Some(statement) => statement,
            statement => statement.insert(self.connection.prepare(&self.table.sql.insert("?4"))?),
        };
        let values = row.values();
        run(
            self.connection,
            statement,
            params_from_iter(values.iter().map(Parameter)),
        )
    }
}

/// A value of a stamp as a parameter.
struct Parameter<'v>(&'v Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(integer) => ValueRef::Integer(*integer),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}
