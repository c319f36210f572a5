//! Rehearsals: a request is carried out on a copy of the database, and what came of it is told.

use revchain_core::schema::{Diff, Schema, diff};
use revchain_core::{Plan, Request};
use rusqlite::Connection;

use crate::connection::{Patience, quote};
use crate::error::Failure;
use crate::{Error, Options, Report, backup, engine, schema};

/// What came of a rehearsal, beside what the report says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rehearsal {
    /// How many rows each table had, and has then.
    pub tables: Vec<TableRows>,
    /// What is different in the schema.
    pub diff: Diff,
}

/// How many rows a table has, before and after; `None` where there is no such table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// The number of its rows before.
    pub before: Option<u64>,
    /// The number of its rows afterwards.
    pub after: Option<u64>,
}

/// Does what `request` asks for to a copy, which it gives: a temporary database, gone when it is closed.
pub(crate) fn rehearse(
    connection: &Connection,
    options: &Options<'_>,
    request: &Request,
    expected: Option<&Plan>,
) -> Result<(Connection, Report), Error> {
    let reading = |error| Failure::Sqlite(error).while_doing("reading the copy of the database");
    let patience = Patience::new(connection, options)?;
    let mut copy = Connection::open("").map_err(reading)?;
    patience
        .retry(|| backup::copy(connection, &mut copy))
        .map_err(|failure| failure.while_doing("copying the database"))?;
    drop(patience);
    let options = options.clone().without_rehearsal();
    let (before, had) = state(&copy).map_err(reading)?;
    let mut report = engine::run(&mut copy, &options, request, expected)?;
    let (after, has) = state(&copy).map_err(reading)?;
    let of = |tables: &[(String, u64)], table: &str| {
        tables.iter().find(|(name, _)| name.eq_ignore_ascii_case(table)).map(|(_, count)| *count)
    };
    let gone = had.iter().filter(|(table, _)| of(&has, table).is_none());
    let tables = has.iter().chain(gone).map(|(table, _)| TableRows {
        table: table.clone(),
        before: of(&had, table),
        after: of(&has, table),
    });
    report.rehearsal = Some(Rehearsal { tables: tables.collect(), diff: diff(&before, &after) });
    Ok((copy, report))
}

/// The schema, and the number of rows of each table.
fn state(connection: &Connection) -> rusqlite::Result<(Schema, Vec<(String, u64)>)> {
    let schema = schema::read(connection)?;
    let mut counted = Vec::new();
    for table in schema.tables() {
        let sql = format!("SELECT count(*) FROM main.{}", quote(table));
        let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        counted.push((table.to_owned(), count.unsigned_abs()));
    }
    Ok((schema, counted))
}
