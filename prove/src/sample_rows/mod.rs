//! Sample rows: the rows that the proof inserts to detect revisions that lose rows or fail on rows.
//!
//! There are three kinds of sample rows:
//!
//! - For [`Mode::Provenance`], each value differs from all others as far as constraints allow.
//!   So a value that is found after the upgrade has one origin.
//! - For [`Mode::Failure`], the rows contain what the rows of users contain: NULL, duplicates,
//!   empty and long texts, and parents with and without children.
//! - For [`Mode::SharedKeys`], the rows of two tables have the same keys, as in each database that
//!   numbers its rows. Only a script that merges tables needs them.
//!
//! If a constraint rejects a value, the proof tries other values for the columns of the constraint.

mod change;
mod condition_reader;
pub(crate) mod contents;
mod filler;
mod finish;
mod hint;
pub(crate) mod hints;
mod insert;
mod literal;
mod pattern;
mod request;
pub(crate) mod table;
mod triggers;
mod values;

use rusqlite::{Connection, Result};

pub(crate) use change::change_column;
pub(crate) use condition_reader::names_in_check;
use filler::Filler;
use finish::{delete_violations, keep_rows, leave_gaps, raise_counter, rebuild_index};
use triggers::without_triggers;

pub(crate) use request::{Filled, Mode, Request, SAMPLE_ROWS};

/// Inserts sample rows into the requested tables, and into the parents that the rows need.
pub(crate) fn insert(connection: &Connection, request: &Request<'_>) -> Result<Filled> {
    let filled = fill(connection, request);
    if !connection.is_autocommit() {
        return filled;
    }
    // A trigger has rolled the transaction back.
    connection.execute_batch("BEGIN IMMEDIATE")?;
    without_triggers(connection, || fill(connection, request))
}

/// Fills the tables. Stops if a trigger rolls the transaction back.
fn fill(connection: &Connection, request: &Request<'_>) -> Result<Filled> {
    let mut filler = Filler::new(connection, request);
    let mut tables = request.tables.to_vec();
    for table in request.tables {
        filler.fill(table)?;
    }
    if !connection.is_autocommit() {
        without_triggers(connection, || filler.close_keys())?;
    }
    tables.extend(filler.rows.keys().cloned());
    tables.sort_by_key(|table| table.to_ascii_lowercase());
    tables.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    let filled = Filled {
        tables,
        unchecked: filler.unchecked.clone(),
    };
    if connection.is_autocommit() {
        return Ok(filled);
    }
    without_triggers(connection, || {
        delete_violations(connection, &filled.tables)?;
        for (table, kept) in request.kept_rows {
            keep_rows(connection, table, kept)?;
            delete_violations(connection, &filled.tables)?;
        }
        Ok(())
    })?;
    for table in &filled.tables {
        let info = request.tables_info.get(connection, table)?;
        if info.has_counter() {
            raise_counter(connection, table)?;
        }
        leave_gaps(connection, table, &info)?;
    }
    for index in &filler.indexes {
        rebuild_index(connection, index);
    }
    filler.fill_derived()?;
    Ok(filled)
}
