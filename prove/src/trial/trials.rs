//! The sequence of trials, and the defects that they find.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use revchain_core::sql::inspect::{changes_rows_only, names_object};
use revchain_core::{Assumes, AssumesKind, Defect, Downgrade, Script};
use rusqlite::Result;
use rusqlite::types::Value;

use super::conversion::Conversion;
use super::expected::{Tables, find_table};
use super::failure::Failure;
use super::intent::merges_tables;
use super::judged::Judged;
use super::run::{Change, Problem, Run, Setup};
use super::scope::tables_in_scope;
use super::subject::{FailedStatement, Outcome, Subject};
use super::texts::{self, skips_rows};
use super::verdict::Loss;
use crate::declared::is_declared;
use crate::diagnostics::full_name;
use crate::nondeterminism::is_nondeterministic;
use crate::sample_rows::hints::Hints;
use crate::sample_rows::table::TableCache;
use crate::sample_rows::{Mode, SAMPLE_ROWS};
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
        converted: BTreeMap::new(),
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
    /// The dropped columns of a table, and the tables and columns with their converted values.
    converted: BTreeMap<[String; 2], [String; 2]>,
}

impl Trials<'_> {
    fn run(mut self) -> Result<Outcome> {
        let assumes: Vec<&Assumes> = self.subject.revision.assumes().iter().collect();
        let mut modes = vec![Mode::Provenance, Mode::Failure];
        if self.tables.len() > 1 && merges_tables(self.subject.revision.upgrade()) {
            modes.push(Mode::SharedKeys);
        }
        let mut runs = Vec::new();
        for mode in &modes {
            let run = self.trial(*mode, &assumes)?;
            self.report(&run)?;
            runs.push(run);
        }
        let [provenance, failure, ..] = &runs[..] else {
            return Ok(self.outcome);
        };
        self.note_empty_tables(provenance, failure);
        let problems: BTreeSet<Problem> = runs.iter().flat_map(Run::problems).collect();
        for index in 0..assumes.len() {
            let mut others = assumes.clone();
            let assumed = others.remove(index);
            let mut found = BTreeSet::new();
            for mode in &modes {
                found.extend(self.trial(*mode, &others)?.problems());
            }
            let (revision, source) = (self.subject.revision, self.subject.source);
            // A failure that remains hides what the assumption is for.
            let has_failure = problems
                .iter()
                .any(|problem| matches!(problem, Problem::Failure(..)));
            let is_needless = found.is_subset(&problems) && !has_failure;
            let is_only = others.is_empty();
            if is_needless && (is_only || !self.matters_alone(&modes, assumed)?) {
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

    /// Returns `true` if an assumption removes a problem in a trial without the other assumptions.
    ///
    /// The other assumptions can leave too few rows to show what the assumption is for.
    fn matters_alone(&self, modes: &[Mode], assumed: &Assumes) -> Result<bool> {
        for mode in modes {
            let without = self.trial(*mode, &[])?.problems();
            if !without.is_subset(&self.trial(*mode, &[assumed])?.problems()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the sample rows of a trial.
    fn setup<'s>(&'s self, mode: Mode, assumes: &'s [&'s Assumes]) -> Setup<'s> {
        Setup {
            mode,
            tables: &self.tables,
            cache: &self.cache,
            cache_after: self.cache_after(),
            hints: &self.hints,
            statements: &self.statements,
            assumes,
            kept_rows: Vec::new(),
            change: None,
        }
    }

    /// Runs a trial with the sample rows that satisfy the assumptions.
    fn trial(&self, mode: Mode, assumes: &[&Assumes]) -> Result<Run> {
        let mut setup = self.setup(mode, assumes);
        let by_trial = assumes
            .iter()
            .filter(|assumes| matches!(assumes.kind, AssumesKind::Check | AssumesKind::Values));
        let tables: BTreeSet<&str> = by_trial.map(|assumes| &*assumes.table).collect();
        if tables.is_empty() {
            return self.run_once(&setup);
        }
        let tables = tables.into_iter();
        setup.kept_rows = tables.map(|table| (table.to_owned(), Vec::new())).collect();
        // The rows of other tables can cause problems, too.
        let others = self.run_once(&setup)?.problems();
        for table in 0..setup.kept_rows.len() {
            self.keep_rows(&mut setup, (table, 0..SAMPLE_ROWS), &others)?;
        }
        self.run_once(&setup)
    }

    /// Adds the rows of a range that cause no problem to the kept rows of a table.
    ///
    /// Most rows cause no problem, so the search tries a whole range before its halves.
    fn keep_rows(
        &self,
        setup: &mut Setup<'_>,
        (table, range): (usize, Range<usize>),
        others: &BTreeSet<Problem>,
    ) -> Result<()> {
        let count = setup.kept_rows[table].1.len();
        setup.kept_rows[table].1.extend(range.clone());
        if self.run_once(setup)?.problems().is_subset(others) {
            return Ok(());
        }
        setup.kept_rows[table].1.truncate(count);
        if range.len() < 2 {
            return Ok(());
        }
        let middle = range.start + range.len() / 2;
        self.keep_rows(setup, (table, range.start..middle), others)?;
        self.keep_rows(setup, (table, middle..range.end), others)
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
            self.record_arrivals(judged, run.mode);
            for loss in self.partly_lost(run.mode, judged) {
                self.report_loss(run, judged, &loss)?;
            }
            for loss in &judged.losses {
                // Rows that violate a CHECK disappear in a copy that skips rows.
                let is_unchecked = run.filled.unchecked.contains(&judged.table);
                let skips = || {
                    let script = ScriptRun::new(self.subject.revision, judged.stage);
                    script.any(|sql| skips_rows(sql) && names_object(sql, &judged.table))
                };
                if is_unchecked && matches!(loss, Loss::Rows { .. }) && skips() {
                    continue;
                }
                // The values in a trial for failures do not identify their origin.
                let is_by_value = matches!(
                    loss,
                    Loss::Values { .. }
                        | Loss::Moved { .. }
                        | Loss::Converted { .. }
                        | Loss::Column { .. }
                        | Loss::Table { .. }
                );
                if run.mode != Mode::Failure || !is_by_value {
                    self.report_loss(run, judged, loss)?;
                }
            }
        }
        Ok(())
    }

    fn report_defect(&mut self, defect: Defect) {
        self.outcome.findings.defects.push(defect);
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

    /// Records a table or column, unless an earlier trial has lost rows or values of it.
    fn add_arrived(&mut self, name: (String, Option<String>)) {
        if !self.outcome.lost.contains(&name) {
            self.outcome.arrived.insert(name);
        }
    }

    fn record_conversion(&mut self, judged: &Judged, conversion: &Conversion) {
        let from = [judged.table.clone(), conversion.from.clone()];
        let to = [conversion.table.clone(), conversion.column.clone()];
        self.converted.insert(from, to);
    }

    /// Records dropped tables and columns whose values have arrived.
    fn record_arrivals(&mut self, judged: &Judged, mode: Mode) {
        if judged.stage != Stage::UpgradeWithRows {
            return;
        }
        let table = judged.table.to_ascii_lowercase();
        if judged.has_table_arrived {
            self.add_arrived((table.clone(), None));
        }
        for column in &judged.arrived_columns {
            let arrived = (table.clone(), Some(column.clone()));
            self.add_arrived(arrived);
            let mut copies = judged.conversions.iter();
            let copy = copies.find(|copy| copy.from == *column && copy.is_copy);
            if let Some(copy) = copy.filter(|_| mode == Mode::Provenance) {
                self.record_conversion(judged, copy);
            }
        }
    }

    fn report_loss(&mut self, run: &Run, judged: &Judged, loss: &Loss) -> Result<()> {
        if judged.stage.is_upgrade() && self.is_converted(run, judged, loss)? {
            return Ok(());
        }
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
            | Loss::Some { column, .. }
            | Loss::Column { column } => Some(column.clone()),
            Loss::Rows { .. }
            | Loss::Table { .. }
            | Loss::Counter { .. }
            | Loss::Rowids { .. }
            | Loss::Index { .. } => None,
        };
        let is_upgrade = judged.stage.is_upgrade();
        let key = (judged.table.to_ascii_lowercase(), column.clone());
        // The trial for failures repeats the losses of the trial for provenance.
        if is_upgrade {
            // Other rows than those for provenance can lose some values of what has arrived.
            if run.mode == Mode::Provenance {
                self.outcome.arrived.remove(&key);
            }
            if !self.outcome.lost.insert(key) {
                return Ok(());
            }
        } else if !self.lost_by_downgrade.insert(key) {
            return Ok(());
        }
        if let (false, Loss::Column { column }) = (is_upgrade, loss) {
            // A downgrade may drop what the upgrade has added, but not what was there before.
            if is_old_column(run, judged, column) {
                self.report_defect(texts::lost(
                    ScriptRun::new(revision, judged.stage),
                    judged,
                    loss,
                ));
            }
            return Ok(());
        }
        // The check of `@destroys` reports tables and columns that the schema lacks.
        // With shared keys, the rows are lost because other rows have their keys.
        let is_table = matches!(loss, Loss::Table { .. }) && run.mode != Mode::SharedKeys;
        if is_table || matches!(loss, Loss::Column { .. }) {
            return Ok(());
        }
        // New ids make the counter meaningless.
        let is_renumbered = matches!(loss, Loss::Counter { .. })
            && judged
                .key
                .iter()
                .any(|key| is_declared(revision, &judged.table, Some(key)));
        let is_declared = is_upgrade
            && (is_renumbered
                || is_declared(revision, &judged.table, None)
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

    /// Returns `true` if the lost values are in new columns, in another form. Records this.
    fn is_converted(&mut self, run: &Run, judged: &Judged, loss: &Loss) -> Result<bool> {
        let columns: Vec<&String> = match loss {
            Loss::Values { column, .. } | Loss::Column { column } => vec![column],
            Loss::Table { .. } => judged.missing_columns.iter().collect(),
            _ => return Ok(false),
        };
        for column in &columns {
            let Some(conversion) = self.conversion(run, judged, column)? else {
                return Ok(false);
            };
            self.record_conversion(judged, conversion);
        }
        let Some(first) = columns.first() else {
            return Ok(false);
        };
        let is_table = matches!(loss, Loss::Table { .. });
        let column = Some((*first).clone()).filter(|_| !is_table);
        let table = judged.table.to_ascii_lowercase();
        self.add_arrived((table, column));
        Ok(true)
    }

    /// Returns the new column whose values change with each old value of a column.
    fn conversion<'j>(
        &self,
        run: &Run,
        judged: &'j Judged,
        column: &str,
    ) -> Result<Option<&'j Conversion>> {
        let conversions = judged.conversions.iter();
        let mut candidates: Vec<(&Conversion, Vec<usize>)> = conversions
            .filter(|conversion| conversion.from == column && conversion.is_candidate())
            .map(|conversion| (conversion, conversion.rows.clone()))
            .collect();
        for round in 0..ROUNDS {
            if candidates.is_empty() {
                break;
            }
            let other = self.run_changed(run, (&judged.table, column), round)?;
            for (conversion, unchanged) in &mut candidates {
                let place = (conversion.table.as_str(), conversion.column.as_str());
                let (Some(old), Some(new)) =
                    (values(&run.after, place), values(&other.after, place))
                else {
                    continue;
                };
                unchanged.retain(|&row| old.get(row) == new.get(row));
            }
            let found = candidates.iter().find(|(_, rows)| rows.is_empty());
            if let Some((conversion, _)) = found {
                let place = (conversion.table.as_str(), conversion.column.as_str());
                let is_repeatable = self.is_repeatable(run, place)?;
                return Ok(Some(*conversion).filter(|_| is_repeatable));
            }
        }
        Ok(None)
    }

    /// Returns `true` if the same rows give the same values again, unlike with `random()`.
    fn is_repeatable(&self, run: &Run, place: (&str, &str)) -> Result<bool> {
        if !is_nondeterministic(self.subject.revision) {
            return Ok(true);
        }
        let again = self.run_again(run, None)?;
        Ok(values(&run.after, place) == values(&again.after, place))
    }

    /// Returns the rows and values that are lost although those of the trial for provenance arrive.
    fn partly_lost(&self, mode: Mode, judged: &Judged) -> Vec<Loss> {
        if mode != Mode::Failure || !judged.stage.is_upgrade() {
            return Vec::new();
        }
        let table = judged.table.to_ascii_lowercase();
        let has_arrived = |column: Option<String>| {
            let arrived = &self.outcome.arrived;
            arrived.contains(&(table.clone(), column))
        };
        let mut losses = Vec::new();
        let mut converted = self.converted.keys();
        let is_converted = converted.any(|[from, _]| *from == judged.table);
        if has_arrived(None) && !is_converted && !judged.homeless.is_empty() {
            let lost = judged.homeless.clone();
            let total = judged.row_count;
            losses.push(Loss::Rows { lost, total });
        }
        let is_known = |conversion: &&Conversion| {
            let from = [judged.table.clone(), conversion.from.clone()];
            let to = [conversion.table.clone(), conversion.column.clone()];
            self.converted.get(&from) == Some(&to) && !conversion.nulled.is_empty()
        };
        let nulled = judged.conversions.iter().filter(is_known);
        losses.extend(nulled.map(|conversion| Loss::Some {
            column: conversion.from.clone(),
            to: Some(full_name(&conversion.table, Some(&conversion.column))),
            lost: conversion.nulled.clone(),
        }));
        let unplaced = judged.unplaced.iter().filter(|(column, lost)| {
            let from = [judged.table.clone(), column.clone()];
            !lost.is_empty()
                && has_arrived(Some(column.clone()))
                && !self.converted.contains_key(&from)
        });
        losses.extend(unplaced.map(|(column, lost)| Loss::Some {
            column: column.clone(),
            to: None,
            lost: lost.clone(),
        }));
        losses
    }

    /// Runs a trial again with the rows of `run`, except for the values of a column.
    fn run_again(&self, run: &Run, change: Option<Change<'_>>) -> Result<Run> {
        let assumes: Vec<&Assumes> = self.subject.revision.assumes().iter().collect();
        self.run_once(&Setup {
            kept_rows: run.kept_rows.clone(),
            change,
            ..self.setup(run.mode, &assumes)
        })
    }

    /// Runs a trial again with other values in a column.
    fn run_changed(&self, run: &Run, (table, column): (&str, &str), round: usize) -> Result<Run> {
        let change = Change {
            table,
            column,
            round,
        };
        self.run_again(run, Some(change))
    }

    /// Returns `true` if the new values of a column change with its old values.
    fn depends_on_column(&self, run: &Run, judged: &Judged, column: &str) -> Result<bool> {
        if !judged.stage.is_upgrade() {
            return Ok(!judged.is_reset(column));
        }
        let Some(place) = judged.place_of(column) else {
            return Ok(false);
        };
        for round in 0..ROUNDS {
            let other = self.run_changed(run, (&judged.table, column), round)?;
            if values(&run.after, place) != values(&other.after, place) {
                return self.is_repeatable(run, place);
            }
        }
        Ok(false)
    }
}

/// Returns `true` if a column after the upgrade descends from a column before the upgrade.
fn is_old_column(run: &Run, judged: &Judged, column: &str) -> bool {
    let upgrades = run.judged.iter().filter(|other| other.stage.is_upgrade());
    let mut origins = upgrades.filter(|other| {
        let name = other.successor.name.as_deref();
        name.is_some_and(|name| name.eq_ignore_ascii_case(&judged.table))
    });
    origins.any(|origin| origin.old_column(column).is_some())
}

/// Returns the second column of two columns that have exchanged their values.
fn other_of(loss: &Loss) -> Option<&str> {
    match loss {
        Loss::Moved { to, .. } => Some(to),
        _ => None,
    }
}

/// Returns the values of a column; `None` if there is no such column.
fn values<'t>(tables: &'t Tables, (table, column): (&str, &str)) -> Option<Vec<&'t Value>> {
    let contents = find_table(tables, table)?;
    let position = contents.position(column)?;
    let rows = contents.rows.iter();
    Some(rows.map(|row| &row.values[position]).collect())
}
