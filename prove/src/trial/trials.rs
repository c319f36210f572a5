//! The sequence of trials, and the defects that they find.

use std::collections::BTreeSet;

use revchain_core::sql::inspect::changes_rows_only;
use revchain_core::{Assumes, AssumesKind, Downgrade, Script};
use rusqlite::Result;

use super::expected::{Tables, find_table};
use super::failure::Failure;
use super::judge::Loss;
use super::judged::Judged;
use super::run::{Change, Run, Setup};
use super::scope::tables_in_scope;
use super::subject::{FailedStatement, Outcome, Subject};
use super::texts;
use crate::declared::is_declared;
use crate::sample_rows::hints::Hints;
use crate::sample_rows::table::TableCache;
use crate::sample_rows::{MAX_SAMPLE_ROWS, Mode};
use crate::script_run::{ScriptRun, Stage};

/// The number of further trials that look for the origin of a value.
const ROUNDS: usize = 3;

/// Runs the trials of a revision. Rolls back all changes.
pub(crate) fn run(subject: &Subject<'_>) -> Result<Outcome> {
    let mut tables = tables_in_scope(subject.connection, subject.revision, subject.schema)?;
    tables.retain(|table| !subject.tainted_names.contains(&table.to_ascii_lowercase()));
    if tables.is_empty() {
        return Ok(Outcome::default());
    }
    let mut statements: Vec<String> = sql_of(subject.revision.upgrade());
    if let Downgrade::Sql(script) = subject.revision.downgrade() {
        statements.extend(sql_of(script));
    }
    let hints = Hints::read(statements.iter().map(String::as_str));
    Trials {
        subject,
        tables,
        cache: TableCache::default(),
        cache_after: TableCache::default(),
        hints,
        statements,
        outcome: Outcome::default(),
        lost_by_downgrade: BTreeSet::new(),
    }
    .run()
}

fn sql_of(script: &Script) -> Vec<String> {
    let statements = script.statements();
    statements
        .map(|statement| statement.sql().to_owned())
        .collect()
}

struct Trials<'t> {
    subject: &'t Subject<'t>,
    /// The tables that get sample rows.
    tables: Vec<String>,
    cache: TableCache,
    cache_after: TableCache,
    hints: Hints,
    statements: Vec<String>,
    outcome: Outcome,
    /// The tables and columns that lose rows or values in the downgrade, in lowercase.
    lost_by_downgrade: BTreeSet<(String, Option<String>)>,
}

impl Trials<'_> {
    fn run(mut self) -> Result<Outcome> {
        let assumes: Vec<&Assumes> = self.subject.revision.assumes().iter().collect();
        let provenance = self.trial(Mode::Provenance, &assumes)?;
        self.report(&provenance)?;
        let failure = self.trial(Mode::Failure, &assumes)?;
        self.report(&failure)?;
        self.note_empty_tables(&provenance, &failure);
        let mut problems = provenance.problems();
        problems.extend(failure.problems());
        for index in 0..assumes.len() {
            let mut others = assumes.clone();
            let assumed = others.remove(index);
            let mut found = self.trial(Mode::Provenance, &others)?.problems();
            found.extend(self.trial(Mode::Failure, &others)?.problems());
            let (revision, source) = (self.subject.revision, self.subject.source);
            if found.is_subset(&problems) {
                let schema = self.subject.schema;
                let defect = texts::assumes_nothing(revision, source, index, schema);
                self.outcome.findings.defects.push(defect);
            } else if failure
                .empty
                .iter()
                .any(|table| assumed.table.eq_ignore_ascii_case(table))
            {
                let note = texts::no_assumed_rows(revision, assumed);
                self.outcome.findings.notes.push(note);
            }
        }
        Ok(self.outcome)
    }

    /// Returns the sample rows of a trial without assumptions.
    fn setup(&self, mode: Mode) -> Setup<'_> {
        Setup {
            mode,
            tables: &self.tables,
            cache: &self.cache,
            cache_after: self.cache_after(),
            hints: &self.hints,
            statements: &self.statements,
            assumes: &[],
            kept_rows: Vec::new(),
            change: None,
        }
    }

    /// Runs a trial with the sample rows that satisfy the assumptions.
    fn trial(&self, mode: Mode, assumes: &[&Assumes]) -> Result<Run> {
        let mut setup = Setup {
            assumes,
            ..self.setup(mode)
        };
        let by_trial = assumes
            .iter()
            .filter(|assumes| matches!(assumes.kind, AssumesKind::Check | AssumesKind::Values));
        for assumes in by_trial {
            let mut accepted = Vec::new();
            for index in 0..MAX_SAMPLE_ROWS {
                accepted.push(index);
                setup.kept_rows = vec![(assumes.table.to_string(), accepted.clone())];
                if !self.run_once(&setup)?.problems().is_empty() {
                    accepted.pop();
                }
            }
            setup.kept_rows = vec![(assumes.table.to_string(), accepted)];
        }
        self.run_once(&setup)
    }

    /// Returns the tables after the upgrade.
    fn cache_after(&self) -> &TableCache {
        let mut statements = self.subject.revision.upgrade().statements();
        if statements.all(|statement| changes_rows_only(statement.sql())) {
            return &self.cache;
        }
        &self.cache_after
    }

    fn run_once(&self, setup: &Setup<'_>) -> Result<Run> {
        let connection = self.subject.connection;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let run = Run::new(self.subject, setup);
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        run
    }

    fn note_empty_tables(&mut self, provenance: &Run, failure: &Run) {
        let revision = self.subject.revision;
        for table in &provenance.empty {
            if failure.empty.contains(table) && self.tables.contains(table) {
                let note = texts::no_sample_rows(revision, table);
                self.outcome.findings.notes.push(note);
            }
        }
        for table in &provenance.filled.unchecked {
            if self.tables.contains(table) {
                let note = texts::unchecked_sample_rows(revision, table);
                self.outcome.findings.notes.push(note);
            }
        }
    }

    fn report(&mut self, run: &Run) -> Result<()> {
        for failure in &run.failures {
            self.report_failure(failure);
        }
        if self.outcome.findings.violated_parents.is_empty() {
            self.outcome.findings.extend(run.findings.clone());
        }
        for judged in &run.judged {
            self.record_arrivals(judged);
            for loss in &judged.losses {
                // The values in a trial for failures do not identify their origin.
                let is_by_value = matches!(
                    loss,
                    Loss::Values { .. }
                        | Loss::Moved { .. }
                        | Loss::Converted { .. }
                        | Loss::Column { .. }
                        | Loss::Table
                );
                if run.mode == Mode::Provenance || !is_by_value {
                    self.report_loss(run, judged, loss)?;
                }
            }
        }
        Ok(())
    }

    fn report_failure(&mut self, failure: &Failure) {
        let is_known = self.outcome.failures.iter().any(|known| {
            known.start == failure.start && known.is_upgrade == failure.stage.is_upgrade()
        });
        if is_known {
            return;
        }
        let run = ScriptRun::new(self.subject.revision, failure.stage);
        let defect = texts::failed(run, failure);
        self.outcome.failures.push(FailedStatement {
            is_upgrade: failure.stage.is_upgrade(),
            start: failure.start,
            defect,
        });
    }

    /// Records dropped tables and columns whose values have arrived.
    fn record_arrivals(&mut self, judged: &Judged) {
        if judged.stage != Stage::UpgradeWithRows {
            return;
        }
        let table = judged.table.to_ascii_lowercase();
        if judged.has_table_arrived {
            self.outcome.arrived.insert((table.clone(), None));
        }
        for column in &judged.arrived_columns {
            let arrived = (table.clone(), Some(column.clone()));
            self.outcome.arrived.insert(arrived);
        }
    }

    fn report_loss(&mut self, run: &Run, judged: &Judged, loss: &Loss) -> Result<()> {
        let revision = self.subject.revision;
        let column = match loss {
            Loss::Values { column, .. } => {
                let is_reported = self
                    .outcome
                    .findings
                    .violated_parents
                    .contains(&judged.table);
                if is_reported && judged.key.contains(column) {
                    return Ok(());
                }
                if self.depends_on_column(run, judged, column)? {
                    return Ok(());
                }
                Some(column.clone())
            }
            Loss::Moved { column, .. }
            | Loss::Converted { column, .. }
            | Loss::Column { column } => Some(column.clone()),
            Loss::Rows { .. }
            | Loss::Table
            | Loss::Counter { .. }
            | Loss::Rowids { .. }
            | Loss::Index { .. } => None,
        };
        let is_upgrade = judged.stage.is_upgrade();
        let key = (judged.table.to_ascii_lowercase(), column.clone());
        // The trial for failures repeats the losses of the trial for provenance.
        if is_upgrade {
            self.outcome.arrived.remove(&key);
            if !self.outcome.lost.insert(key) {
                return Ok(());
            }
        } else if !self.lost_by_downgrade.insert(key) {
            return Ok(());
        }
        // The check of `@destroys` reports tables and columns that the schema lacks.
        if matches!(loss, Loss::Table | Loss::Column { .. }) {
            return Ok(());
        }
        let is_declared = is_upgrade
            && (is_declared(revision, &judged.table, None)
                || is_declared(revision, &judged.table, column.as_deref())
                    && other_of(loss)
                        .is_none_or(|other| is_declared(revision, &judged.table, Some(other))));
        if !is_declared {
            let script = ScriptRun::new(revision, judged.stage);
            let defect = texts::lost(script, judged, loss);
            self.outcome.findings.defects.push(defect);
        }
        Ok(())
    }

    /// Returns `true` if the new values of a column change with its old values.
    fn depends_on_column(&self, run: &Run, judged: &Judged, column: &str) -> Result<bool> {
        if !judged.stage.is_upgrade() {
            return Ok(!judged.is_reset(column));
        }
        for round in 0..ROUNDS {
            let change = Some(Change {
                table: &judged.table,
                column,
                round,
            });
            let other = self.run_once(&Setup {
                change,
                ..self.setup(run.mode)
            })?;
            if differs(&run.after, &other.after, judged, column) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Returns the second column of two columns that have exchanged their values.
fn other_of(loss: &Loss) -> Option<&str> {
    match loss {
        Loss::Moved { to, .. } => Some(to),
        _ => None,
    }
}

/// Returns `true` if the column of the successor has other values in `other`.
fn differs(base: &Tables, other: &Tables, judged: &Judged, column: &str) -> bool {
    let Some((name, place)) = judged.place_of(column) else {
        return false;
    };
    let values = |tables| {
        let contents = find_table(tables, name)?;
        let position = contents.position(place)?;
        let rows = contents.rows.iter();
        Some(
            rows.map(|row| row.values[position].clone())
                .collect::<Vec<_>>(),
        )
    };
    values(base) != values(other)
}
