//! Dry runs: running a request on a copy of the database.

use revchain_core::schema::SchemaFilter;
#[cfg(feature = "adopt")]
use revchain_core::schema::{Diff, SchemaSql, diff};
use rusqlite::Connection;

use crate::report::error::{Context, Error, ErrorKind, Operation};
use crate::report::outcome::Report;
use crate::session::copy::copy_database;
use crate::session::sql::quote;
use crate::session::unlocked::Session;
use crate::state::schema::read_schema_sql;

/// The result of [`Migrator::dry_run`](crate::Migrator::dry_run).
#[derive(Debug)]
#[non_exhaustive]
pub struct DryRun {
    /// The report of the request on the copy.
    pub report: Report,
    /// The number of rows of each table, before and after the request.
    pub tables: Vec<TableRows>,
    /// The changes that the request made to the schema of the copy. Needs the feature `adopt`.
    #[cfg(feature = "adopt")]
    pub diff: Diff,
    /// The copy after the request: a temporary database, which is deleted when the connection
    /// closes.
    ///
    /// The copy has the functions that [`Migrator::on_connect`](crate::Migrator::on_connect)
    /// registers.
    pub connection: Connection,
}

/// The number of rows of a table before and after a dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableRows {
    /// The name of the table.
    pub table: String,
    /// The number of rows before the request; `None` if the table did not exist.
    pub before: Option<u64>,
    /// The number of rows after the request; `None` if the table no longer exists.
    pub after: Option<u64>,
}

/// Copies the database of a session to a temporary database.
pub(crate) fn copy_to_temporary(session: &Session<'_, &Connection>) -> Result<Connection, Error> {
    let mut copy = Connection::open("").context(Operation::Copy)?;
    let set_up = session.database().settings.set_up(&copy);
    set_up.map_err(|source| Error::new(ErrorKind::OnConnect { source }))?;
    session.retry(Operation::Copy, || {
        copy_database(session.database().connection, &mut copy)
    })?;
    Ok(copy)
}

/// Calls `run` on a copy, and compares the row counts and the schema before and after.
pub(crate) fn compare(
    mut copy: Connection,
    run: impl FnOnce(&mut Connection) -> Result<Report, Error>,
) -> Result<DryRun, Error> {
    let before = Content::read(&copy).context(Operation::Copy)?;
    let report = run(&mut copy)?;
    let after = Content::read(&copy).context(Operation::Copy)?;
    Ok(DryRun {
        report,
        tables: compare_rows(&before, &after),
        #[cfg(feature = "adopt")]
        diff: diff(before.schema.schema(), after.schema.schema()),
        connection: copy,
    })
}

/// The row counts and the schema of a database, at one point of a dry run.
struct Content {
    #[cfg(feature = "adopt")]
    schema: SchemaSql,
    rows: Vec<(String, u64)>,
}

impl Content {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let schema = read_schema_sql(connection, &SchemaFilter::default())?;
        let mut rows = Vec::new();
        for table in schema.tables() {
            let sql = format!("SELECT count(*) FROM main.{}", quote(&table));
            let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
            rows.push((table, count.unsigned_abs()));
        }
        Ok(Self {
            #[cfg(feature = "adopt")]
            schema,
            rows,
        })
    }

    fn rows_of(&self, table: &str) -> Option<u64> {
        let found = self
            .rows
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(table));
        found.map(|(_, count)| *count)
    }
}

/// Returns the tables that exist after the dry run, then the tables that no longer exist.
fn compare_rows(before: &Content, after: &Content) -> Vec<TableRows> {
    let gone = before
        .rows
        .iter()
        .filter(|(table, _)| after.rows_of(table).is_none());
    let tables = after.rows.iter().chain(gone).map(|(table, _)| TableRows {
        table: table.clone(),
        before: before.rows_of(table),
        after: after.rows_of(table),
    });
    tables.collect()
}
