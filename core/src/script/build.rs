//! The groups of a plan: the statements of each step, and the guards before them.

use super::guards::{history_guards, new_database_guard};
use super::plan::{AppliedAt, Found, Group, NoScript, ScriptContext};
use super::statement::{Origin, Statement};
use crate::history::table::{HistoryTableSql, StampRow, Value};
use crate::model::checksum;
use crate::{HistoryRow, Job, Plan, Revision, RevisionIndex, Script, Step};

/// The time of the clock in milliseconds since the Unix epoch, as an expression.
const DATABASE_CLOCK: &str = "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)";

/// Returns the statements of a plan, as one group for each step.
///
/// `found` is the state from which the plan was made.
/// The result has at least one group, whose `start` checks that state.
///
/// # Errors
///
/// Fails if a step needs the program.
pub fn groups<'c>(
    context: &ScriptContext<'c>,
    plan: &Plan,
    found: Found,
) -> Result<Vec<Group<'c>>, NoScript> {
    let mut builder = Builder {
        context: *context,
        table: HistoryTableSql::of(context.chain_name),
        history: Vec::new(),
    };
    let mut start = builder.first_start(found);
    let mut groups = Vec::new();
    let steps = plan.steps.iter();
    for step in steps.filter(|step| **step != Step::CreateHistory) {
        let statements = builder.step(step)?;
        groups.push(Group {
            revision: step.index(),
            start,
            statements,
        });
        start = builder.later_start();
    }
    if groups.is_empty() {
        groups.push(Group {
            revision: None,
            start,
            statements: Vec::new(),
        });
    }
    Ok(groups)
}

/// Returns statements that change the schema version, so that no marker identifies the database.
///
/// Otherwise, after a script that only changes rows, the marker would still be that from before.
/// A script that creates the history has changed the version by that.
fn new_schema_version<'c>() -> [Statement<'c>; 2] {
    [
        "CREATE VIEW main.revchain_version AS SELECT 1",
        "DROP VIEW main.revchain_version",
    ]
    .map(|sql| Statement::new(sql, [], Origin::History))
}

struct Builder<'c> {
    context: ScriptContext<'c>,
    table: HistoryTableSql,
    /// The history that the database has after the steps so far.
    history: Vec<HistoryRow>,
}

impl<'c> Builder<'c> {
    fn first_start(&mut self, found: Found) -> Vec<Statement<'c>> {
        let filter = match found {
            Found::History(history) => {
                self.history = history;
                return self.later_start();
            }
            Found::New(filter) => Some(filter),
            Found::Unmanaged => None,
        };
        // The guard for the rows of the table needs the table.
        let mut start = vec![Statement::new(self.table.create(), [], Origin::History)];
        start.extend(history_guards(&self.table, &[]));
        start.extend(filter.map(|filter| new_database_guard(&filter)));
        start
    }

    /// Returns the start of a group on a database that has a history.
    fn later_start(&self) -> Vec<Statement<'c>> {
        let guards = history_guards(&self.table, &self.history).into_iter();
        guards.chain(new_schema_version()).collect()
    }

    fn step(&mut self, step: &Step) -> Result<Vec<Statement<'c>>, NoScript> {
        match step {
            Step::CreateHistory => Ok(Vec::new()),
            Step::Upgrade(index) => {
                let script = self.revision(*index).upgrade();
                let mut statements = statements(*index, script, false)?;
                statements.push(self.stamp(*index, "upgrade")?);
                Ok(statements)
            }
            Step::Downgrade(index) => {
                // No plan contains the downgrade of an irreversible revision.
                let script = self.revision(*index).downgrade().script();
                let script = script.map(|script| statements(*index, script, true));
                let mut statements = script.transpose()?.unwrap_or_default();
                statements.push(self.remove(*index)?);
                Ok(statements)
            }
            Step::Adopt(index) => Ok(vec![self.stamp(*index, "adopt")?]),
            Step::Stamp(index) => Ok(vec![self.stamp(*index, "stamp")?]),
            Step::Unstamp(index) => Ok(vec![self.remove(*index)?]),
            Step::DowngradeStored(revision) => Err(NoScript::Stored {
                revision: revision.id().to_owned(),
            }),
            Step::RunJob(job) => Err(NoScript::Job {
                revision: job.revision,
                name: job.name.clone(),
            }),
        }
    }

    fn revision(&self, index: RevisionIndex) -> &'c Revision {
        &self.context.chain[index]
    }

    fn stamp(&mut self, index: RevisionIndex, origin: &str) -> Result<Statement<'c>, NoScript> {
        let revision = self.revision(index);
        check_jobs(index, revision)?;
        let (clock, applied_at) = match self.context.applied_at {
            AppliedAt::Milliseconds(time) => ("?4", time),
            AppliedAt::DatabaseClock => (DATABASE_CLOCK, 0),
        };
        let row = StampRow {
            revision,
            origin,
            applied_at,
            duration_us: 0,
            program: self.context.program,
        };
        let (id, checksum) = (revision.id(), checksum::hex(revision.checksum()));
        let mut history = self.history.iter_mut();
        match history.find(|row| row.revision == id) {
            Some(row) => row.checksum = checksum,
            None => self.history.push(HistoryRow::new(id.to_owned(), checksum)),
        }
        let sql = self.table.insert(clock);
        Ok(Statement::new(sql, row.values(), Origin::History))
    }

    fn remove(&mut self, index: RevisionIndex) -> Result<Statement<'c>, NoScript> {
        let revision = self.revision(index);
        check_jobs(index, revision)?;
        self.history.retain(|row| row.revision != revision.id());
        let id = Value::from(revision.id());
        Ok(Statement::new(self.table.delete(), [id], Origin::History))
    }
}

/// Fails if a revision has or requires a job: the rows of its jobs are of no use to a script.
fn check_jobs(index: RevisionIndex, revision: &Revision) -> Result<(), NoScript> {
    let mut jobs = revision.jobs().iter().map(Job::name);
    match jobs.next().or_else(|| revision.requires().next()) {
        Some(name) => Err(NoScript::Job {
            revision: index,
            name: name.to_owned(),
        }),
        None => Ok(()),
    }
}

/// Returns the statements of one direction of a revision.
fn statements(
    revision: RevisionIndex,
    script: &Script,
    is_downgrade: bool,
) -> Result<Vec<Statement<'_>>, NoScript> {
    if let Some(code) = script.code().next() {
        let name = code.name().to_owned();
        return Err(NoScript::Code { revision, name });
    }
    let statements = script.statements().enumerate();
    let statements = statements.map(|(position, statement)| {
        let origin = Origin::Revision {
            revision,
            is_downgrade,
            position,
            line: statement.snippet(None).line(),
        };
        Statement::new(statement.sql(), [], origin)
    });
    Ok(statements.collect())
}
