//! The sequence of trials, and the defects that they find.

use std::collections::{BTreeMap, BTreeSet};

use revchain_core::Defect;
use revchain_core::sql::inspect::names_object;
use rusqlite::Result;

use super::assumed::{Assumed, assumed, needless, no_assumed_rows};
use super::conversion::Conversion;
use super::failure::Failure;
use super::intent::merges_tables;
use super::judged::Judged;
use super::run::{Problem, Run};
use super::subject::{FailedStatement, Outcome, Subject};
use super::texts::{self, skips_rows};
use super::trial_runs::TrialRuns;
use super::verdict::Loss;
use crate::declared::is_declared;
use crate::diagnostics::full_name;
use crate::sample_rows::Mode;
use crate::script_run::{ScriptRun, Stage};

/// Runs the trials of a revision. Rolls back all changes.
pub(crate) fn run(subject: &Subject<'_>) -> Result<Outcome> {
    let (known, defects) = assumed(subject);
    let mut outcome = Outcome::default();
    outcome.findings.defects.extend(defects);
    let assumes = known.iter().map(|assumed| assumed.assumes).collect();
    let Some(trial_runs) = TrialRuns::new(subject, assumes)? else {
        let needless = known.iter().map(|assumed| needless(subject, assumed.index));
        outcome.findings.defects.extend(needless);
        return Ok(outcome);
    };
    Trials {
        trial_runs,
        outcome,
        lost_by_downgrade: BTreeSet::new(),
        converted: BTreeMap::new(),
    }
    .run(&known)
}

/// The trials of a revision, and what they have found so far.
struct Trials<'t> {
    trial_runs: TrialRuns<'t>,
    outcome: Outcome,
    /// The tables and columns that lose rows or values in the downgrade, in lowercase.
    lost_by_downgrade: BTreeSet<(String, Option<String>)>,
    /// The dropped columns of a table, and the tables and columns with their converted values.
    converted: BTreeMap<[String; 2], [String; 2]>,
}

impl Trials<'_> {
    fn run(mut self, known: &[Assumed<'_>]) -> Result<Outcome> {
        let assumes = self.trial_runs.assumes.clone();
        let mut modes = vec![Mode::Provenance, Mode::Failure];
        if self.trial_runs.tables.len() > 1
            && merges_tables(self.trial_runs.subject.revision.upgrade())
        {
            modes.push(Mode::SharedKeys);
        }
        let mut runs = Vec::new();
        for mode in &modes {
            let run = self.trial_runs.trial(*mode, &assumes)?;
            self.report(&run)?;
            runs.push(run);
        }
        if let [provenance, failure, ..] = &runs[..] {
            self.note_empty_tables(provenance, failure);
        }
        for assumed in known {
            self.check_assumed(assumed, &modes, &runs)?;
        }
        Ok(self.outcome)
    }

    /// Reports an assumption that the upgrade does not need, and notes one that leaves no rows.
    fn check_assumed(&mut self, assumed: &Assumed<'_>, modes: &[Mode], runs: &[Run]) -> Result<()> {
        let subject = self.trial_runs.subject;
        let mut others = self.trial_runs.assumes.clone();
        others.retain(|other| *other != assumed.assumes);
        let mut found = BTreeSet::new();
        for mode in modes {
            found.extend(self.trial_runs.trial(*mode, &others)?.problems());
        }
        let problems: BTreeSet<Problem> = runs.iter().flat_map(Run::problems).collect();
        // A failure that remains hides what the assumption is for.
        let has_failure = problems
            .iter()
            .any(|problem| matches!(problem, Problem::Failure(..)));
        let is_needless = found.is_subset(&problems) && !has_failure;
        let is_only = others.is_empty();
        if is_needless && (is_only || !self.trial_runs.matters_alone(modes, assumed.assumes)?) {
            self.report_defect(needless(subject, assumed.index));
            return Ok(());
        }
        let failing = runs.iter().filter(|run| run.mode == Mode::Failure);
        let mut empty = failing.flat_map(|run| &run.empty);
        if empty.any(|table| assumed.assumes.table.eq_ignore_ascii_case(table)) {
            let note = no_assumed_rows(subject.revision, assumed.assumes);
            self.outcome.findings.notes.push(note);
        }
        Ok(())
    }

    fn note_empty_tables(&mut self, provenance: &Run, failure: &Run) {
        let revision = self.trial_runs.subject.revision;
        for table in &provenance.empty {
            if failure.empty.contains(table) && self.trial_runs.tables.contains(table) {
                let note = texts::no_sample_rows(revision, table);
                self.outcome.findings.notes.push(note);
            }
        }
        for table in &provenance.filled.unchecked {
            if self.trial_runs.tables.contains(table) {
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
            for loss in &judged.verdict.losses {
                // Rows that violate a CHECK disappear in a copy that skips rows.
                let is_unchecked = run.filled.unchecked.contains(&judged.table);
                let skips = || {
                    let script = ScriptRun::new(self.trial_runs.subject.revision, judged.stage);
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
        let run = ScriptRun::new(self.trial_runs.subject.revision, failure.stage);
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
        let (from, to) = converted_columns(judged, conversion);
        self.converted.insert(from, to);
    }

    /// Records dropped tables and columns whose values have arrived.
    fn record_arrivals(&mut self, judged: &Judged, mode: Mode) {
        if judged.stage != Stage::UpgradeWithRows {
            return;
        }
        let table = judged.table.to_ascii_lowercase();
        if judged.verdict.has_table_arrived {
            self.add_arrived((table.clone(), None));
        }
        for column in &judged.verdict.arrived_columns {
            let arrived = (table.clone(), Some(column.clone()));
            self.add_arrived(arrived);
            let mut copies = judged.verdict.conversions.iter();
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
        let revision = self.trial_runs.subject.revision;
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
                if self.trial_runs.depends_on_column(run, judged, column)? {
                    return Ok(());
                }
                Some(column.clone())
            }
            Loss::Moved { column, .. }
            | Loss::Converted { column, .. }
            | Loss::Partial { column, .. }
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
            Loss::Table { .. } => judged.verdict.missing_columns.iter().collect(),
            _ => return Ok(false),
        };
        for column in &columns {
            let Some(conversion) = self.trial_runs.conversion(run, judged, column)? else {
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
        if has_arrived(None) && !is_converted && !judged.verdict.unplaced_rows.is_empty() {
            let lost = judged.verdict.unplaced_rows.clone();
            let total = judged.row_count;
            losses.push(Loss::Rows { lost, total });
        }
        let is_known = |conversion: &&Conversion| {
            let (from, to) = converted_columns(judged, conversion);
            self.converted.get(&from) == Some(&to) && !conversion.nulled.is_empty()
        };
        let nulled = judged.verdict.conversions.iter().filter(is_known);
        losses.extend(nulled.map(|conversion| Loss::Partial {
            column: conversion.from.clone(),
            to: Some(full_name(&conversion.table, Some(&conversion.column))),
            lost: conversion.nulled.clone(),
        }));
        let unplaced_values = judged
            .verdict
            .unplaced_values
            .iter()
            .filter(|(column, lost)| {
                let from = [judged.table.clone(), column.clone()];
                !lost.is_empty()
                    && has_arrived(Some(column.clone()))
                    && !self.converted.contains_key(&from)
            });
        losses.extend(unplaced_values.map(|(column, lost)| Loss::Partial {
            column: column.clone(),
            to: None,
            lost: lost.clone(),
        }));
        losses
    }
}

/// Returns the table and column of the old values of a conversion, and those of the new values.
fn converted_columns(judged: &Judged, conversion: &Conversion) -> ([String; 2], [String; 2]) {
    let from = [judged.table.clone(), conversion.from.clone()];
    let to = [conversion.table.clone(), conversion.column.clone()];
    (from, to)
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
