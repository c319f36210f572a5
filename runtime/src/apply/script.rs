//! Running the scripts of a revision, part by part.

use std::time::{Duration, Instant};

use revchain_core::{Downgrade, Part, Revision, Statement};
use rusqlite::Connection;

use crate::code::runner::CodeRunner;
use crate::report::error::{
    Context, Direction, Error, ErrorKind, Operation, SqlOrigin, StatementError,
};
use crate::report::sqlite::{sqlite_message, sqlite_offset};
use crate::session::sql::{TEMPORARY, contains_word, execute, other_schemas, query_texts};

/// Runs the upgrade or the downgrade of a revision, and returns the duration.
///
/// # Errors
///
/// Fails if a statement or a function of the program fails.
/// Fails if the script leaves a temporary table.
pub(crate) fn run_script(
    connection: &Connection,
    revision: &Revision,
    direction: Direction,
    code: &CodeRunner<'_>,
) -> Result<Duration, Error> {
    let script = match (direction, revision.downgrade()) {
        (Direction::Upgrade, _) => revision.upgrade(),
        (Direction::Downgrade, Downgrade::Sql(script)) => script,
        // No plan contains the downgrade of an irreversible revision, so this case does not occur.
        (Direction::Downgrade, Downgrade::Irreversible(_)) => return Ok(Duration::ZERO),
    };
    let start = Instant::now();
    for part in script.parts() {
        match part {
            Part::Statement(statement) => {
                run_statement(connection, revision, direction, &statement)?;
            }
            Part::Code(line) => code.run(connection, revision, direction, &line)?,
        }
    }
    // A temporary table would hide a table of the same name from the next revision. The query for
    // temporary tables is slow, so skip the query if the script does not contain `temp`.
    if contains_word(script.sql().as_bytes(), "temp") {
        reject_temporary_tables(connection, Some(revision))?;
    }
    Ok(start.elapsed())
}

/// Runs a statement of a script.
///
/// # Errors
///
/// Fails with [`ErrorKind::Statement`] if SQLite rejects the statement.
/// Fails with [`ErrorKind::TransactionEnded`] if the statement ends the transaction.
pub fn run_statement(
    connection: &Connection,
    revision: &Revision,
    direction: Direction,
    statement: &Statement<'_>,
) -> Result<(), Error> {
    execute(connection, statement.sql(), []).map_err(|source| {
        let snippet = statement.snippet(sqlite_offset(&source));
        Error::new(ErrorKind::Statement(StatementError {
            revision: revision.id().to_owned(),
            direction,
            origin: SqlOrigin::File,
            path: revision.path().to_owned(),
            line: snippet.line(),
            column: snippet.column(),
            message: sqlite_message(&source),
            source,
            snippet,
            sql: statement.sql().to_owned(),
            rejected_rows: Vec::new(),
            current: None,
            is_adoption: false,
        }))
    })?;
    // The build rejects statements that end the transaction, so this is a defect of revchain.
    // Earlier statements may be committed, so the error must not claim a rollback.
    if connection.is_autocommit() {
        return Err(Error::new(ErrorKind::TransactionEnded {
            revision: revision.id().to_owned(),
            path: revision.path().to_owned(),
        }));
    }
    Ok(())
}

/// Fails if the connection has temporary tables or views.
///
/// SQLite prefers a temporary table to a table of the database with the same name.
/// `revision` is the revision that has just run, or `None` before the first step.
///
/// # Errors
///
/// Fails with [`ErrorKind::TemporaryTables`], or with [`ErrorKind::Sqlite`] if SQLite fails.
pub fn reject_temporary_tables(
    connection: &Connection,
    revision: Option<&Revision>,
) -> Result<(), Error> {
    let schemas = other_schemas(connection).context(Operation::ReadSchema)?;
    if !schemas.iter().any(|schema| schema == TEMPORARY) {
        return Ok(());
    }
    let sql = "SELECT name FROM sqlite_temp_master WHERE type IN ('table', 'view')
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let tables = query_texts(connection, sql, []).context(Operation::ReadSchema)?;
    if tables.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::TemporaryTables {
        tables,
        revision: revision.map(|revision| revision.id().to_owned()),
    }))
}
