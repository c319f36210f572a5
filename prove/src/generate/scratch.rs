//! A database in memory on which a generator runs the chain.

use revchain_core::LoadedMigrations;
use revchain_runtime::internal::{ProofSettings, stand_ins};
use rusqlite::Connection;

use super::error::GenerateError;
use super::objects::Objects;
use crate::budget::StepBudget;
use crate::script_run::ScriptRun;

/// A database in memory with the schema of a chain, up to a revision.
pub(super) struct Scratch {
    connection: Connection,
    budget: StepBudget,
    /// The number of revisions that have run.
    count: usize,
}

impl Scratch {
    pub(super) fn new() -> Result<Self, GenerateError> {
        let mut connection = Connection::open_in_memory()?;
        let budget = StepBudget::install(&mut connection);
        Ok(Self {
            connection,
            budget,
            count: 0,
        })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs the next upgrades, on stand-ins for the objects of the program.
    ///
    /// Stops before the revision with the index `end`, in the order of the chain.
    pub(super) fn upgrade(
        &mut self,
        loaded: &LoadedMigrations,
        end: usize,
    ) -> Result<(), GenerateError> {
        let _settings = ProofSettings::new(&self.connection)?;
        let chain = loaded.chain.iter();
        let revisions = chain.flat_map(|chain| chain.indices().map(move |index| &chain[index]));
        let pairs = revisions.zip(&loaded.sources);
        for (revision, source) in pairs.take(end).skip(self.count) {
            self.count += 1;
            stand_ins::register(&self.connection, &source.stand_ins);
            let run = ScriptRun::upgrade(revision);
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            for statement in run.script().statements() {
                self.budget.restart();
                let Err(rejection) = run.execute(&self.connection, statement) else {
                    continue;
                };
                if !source.is_unproven || self.connection.is_autocommit() {
                    let message = format!("{run} fails: {}", rejection.message);
                    let help = "run `revchain check` to see the defects of the chain".to_owned();
                    return Err(GenerateError::new("sql-error", message).help(help));
                }
            }
            self.connection.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    /// Reads the objects of the schema.
    pub(super) fn objects(&self) -> Result<Objects, GenerateError> {
        Ok(Objects::read(&self.connection)?)
    }
}
