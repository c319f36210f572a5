//! A database in memory with the schema of a revision, for tools that show schemas.

use revchain_core::sql::inspect::changes_rows_only;
use revchain_core::sql::sqlite_messages::UnregisteredObject;
use revchain_core::{Chain, Revision, RevisionSet, StandIns, Statement};
use revchain_runtime::internal::{ProofSettings, stand_ins};
use rusqlite::Connection;

use crate::budget::StepBudget;
use crate::generate::GenerateError;
use crate::script_run::{Rejection, ScriptRun};

/// Returns an in-memory database with the schema after the upgrades of `revisions`.
///
/// The upgrades run on stand-ins for the objects of the program: those that `declared` returns for
/// a revision, and one for each object that SQLite lacks.
/// A statement that only changes rows can fail, because the schema does not depend on it.
///
/// # Errors
///
/// Fails if SQLite rejects another statement.
pub fn schema_at<'d>(
    chain: &Chain,
    revisions: &RevisionSet,
    declared: impl Fn(&Revision) -> Option<&'d StandIns>,
) -> Result<Connection, GenerateError> {
    let mut connection = Connection::open_in_memory()?;
    let budget = StepBudget::install(&mut connection);
    {
        let _settings = ProofSettings::new(&connection)?;
        for index in revisions.iter() {
            let revision = &chain[index];
            if let Some(stand_ins) = declared(revision) {
                stand_ins::register(&connection, stand_ins);
            }
            upgrade(&connection, revision, &budget)?;
        }
    }
    budget.restart();
    Ok(connection)
}

fn upgrade(
    connection: &Connection,
    revision: &Revision,
    budget: &StepBudget,
) -> Result<(), GenerateError> {
    let run = ScriptRun::upgrade(revision);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for statement in run.script().statements() {
        let Err(rejection) = execute(connection, run, &statement, budget) else {
            continue;
        };
        if connection.is_autocommit() || !changes_rows_only(statement.sql()) {
            let message = format!("{run} fails: {}", rejection.message);
            let help = "run `revchain check` to see the defects of the chain".to_owned();
            return Err(GenerateError::new("sql-error", message).help(help));
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
}

/// Runs a statement, and registers a stand-in for each object that SQLite lacks.
fn execute<'r>(
    connection: &Connection,
    run: ScriptRun<'r>,
    statement: &Statement<'r>,
    budget: &StepBudget,
) -> Result<(), Rejection<'r>> {
    loop {
        budget.restart();
        let Err(rejection) = run.execute(connection, statement.clone()) else {
            return Ok(());
        };
        let missing = UnregisteredObject::parse(&rejection.message);
        let is_registered =
            missing.is_some_and(|object| stand_ins::register_missing(connection, object));
        if !is_registered {
            return Err(rejection);
        }
    }
}
