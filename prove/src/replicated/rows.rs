//! The rows that a revision leaves on a cluster, and the schema at the head.

use std::collections::HashSet;

use revchain_core::schema::SchemaFilter;
use revchain_core::{Chain, DefectList, LoadedMigrations, RevisionSet};
use revchain_runtime::internal::{ProofSettings, read_schema_sql, sqlite_message, stand_ins};
use rusqlite::{Connection, Result};

use super::{Subject, fix, head};
use crate::budget::StepBudget;
use crate::diagnostics::Findings;
use crate::faulty_statements::FaultyStatements;
use crate::local_functions::LocalCalls;
use crate::script_run::ScriptRun;
use crate::trial;

/// Runs a chain without defects, and reports the revisions that leave other rows on a cluster.
///
/// Also reports the schema at the head.
pub(super) fn check(
    loaded: &LoadedMigrations,
    chain: &Chain,
    revisions: &RevisionSet,
) -> Result<Findings> {
    let mut connection = Connection::open_in_memory()?;
    let budget = StepBudget::install(&mut connection);
    let _settings = ProofSettings::new(&connection)?;
    let calls = LocalCalls::install(&connection)?;
    let mut findings = Findings::default();
    for index in chain.indices() {
        let subject = Subject::new(loaded, chain, index);
        stand_ins::register(&connection, &subject.source.stand_ins);
        if revisions.contains(index) {
            judge(&connection, &budget, &calls, &subject, &mut findings)?;
        }
        // The proof has reported all failures.
        upgrade(&connection, &budget, &subject)?;
    }
    let defects = head::check(&connection, loaded, chain, revisions)?;
    findings.defects.extend(defects);
    Ok(findings)
}

/// A statement that has failed.
#[derive(PartialEq)]
pub(super) struct Failure {
    /// The offset of the statement in the script; `None` for the COMMIT.
    pub(super) start: Option<usize>,
    pub(super) message: String,
}

/// Runs the upgrade on the rows that earlier revisions have inserted. Returns the failures.
pub(super) fn upgrade(
    connection: &Connection,
    budget: &StepBudget,
    subject: &Subject<'_>,
) -> Result<Vec<Failure>> {
    let run = ScriptRun::upgrade(subject.revision);
    let mut failures = Vec::new();
    connection.execute_batch("BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON")?;
    for statement in run.script().statements() {
        budget.restart();
        let start = Some(statement.start());
        if let Err(rejection) = run.execute(connection, statement) {
            let message = rejection.message;
            failures.push(Failure { start, message });
        }
    }
    budget.restart();
    if !connection.is_autocommit() {
        if let Err(error) = connection.execute_batch("COMMIT") {
            let message = sqlite_message(&error);
            let start = None;
            failures.push(Failure { start, message });
            connection.execute_batch("ROLLBACK")?;
        }
    }
    Ok(failures)
}

/// Runs a revision on sample rows, as on a cluster.
fn judge(
    connection: &Connection,
    budget: &StepBudget,
    calls: &LocalCalls,
    subject: &Subject<'_>,
    findings: &mut Findings,
) -> Result<()> {
    let sql = read_schema_sql(connection, &SchemaFilter::default())?;
    let schema = sql.schema();
    let trial_subject = trial::Subject {
        connection,
        revision: subject.revision,
        source: subject.source,
        schema,
        budget,
        code: None,
        faulty: &FaultyStatements::new(&DefectList::new()),
        tainted_names: &HashSet::new(),
    };
    let result = trial::run_replicated(&trial_subject, calls);
    budget.restart();
    match result {
        Ok(found) => {
            for finding in found {
                findings
                    .defects
                    .push(fix::describe(connection, schema, subject, &finding)?);
            }
        }
        // An error of SQLite while rows are made proves nothing about the revision.
        Err(error) => {
            if !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK")?;
            }
            let note = trial::failed_trial(subject.revision, &sqlite_message(&error));
            findings.notes.push(note);
        }
    }
    Ok(())
}
