//! The check that a revision which rebuilds or extends a table keeps the rows of the table.

use std::collections::HashSet;

use revchain_core::schema::{Schema, SchemaFilter};
use revchain_core::sql::inspect::{
    copies_by_position, insert_columns, names_object, starts_with_one_of,
};
use revchain_core::sql::sqlite_messages::fails_for_any_row;
use revchain_core::{Defect, Downgrade, Revision};
use revchain_runtime::internal::{foreign_keys, read_schema_sql, violations};
use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use crate::destruction::is_declared;
use crate::diagnostics::{self, Existing, Findings};
use crate::sample_rows::{self, Contents, contents, count};
use crate::script_run::{ScriptRun, Stage};
use crate::tables::{DdlEffect, TableTracker};

/// Runs a revision with rows in `tables`, and returns the defects. Rolls back all changes.
pub(crate) fn check(
    connection: &Connection,
    revision: &Revision,
    schema: &Schema,
    tables: &[String],
) -> Result<Findings> {
    // The revision may fail only because of the sample rows. The second run omits sample rows, and
    // uses the rows that earlier revisions insert.
    for has_samples in [true, false] {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut run = SampleRun {
            connection,
            revision,
            findings: Findings::default(),
        };
        let is_conclusive = run.run(schema, tables, has_samples);
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        if is_conclusive? {
            return Ok(run.findings);
        }
    }
    let mut findings = Findings::default();
    for table in tables {
        let note = diagnostics::no_sample_rows(revision, table);
        findings.notes.push(note);
    }
    Ok(findings)
}

/// A run of a revision on tables with rows.
struct SampleRun<'t> {
    connection: &'t Connection,
    revision: &'t Revision,
    findings: Findings,
}

impl SampleRun<'_> {
    /// Runs the upgrade and the downgrade. If `has_samples` is `true`, inserts sample rows first.
    ///
    /// Returns `false` if the revision fails with these rows, but may run with other rows.
    fn run(&mut self, schema: &Schema, tables: &[String], has_samples: bool) -> Result<bool> {
        let mut filled = tables.to_vec();
        if has_samples {
            filled = sample_rows::insert(self.connection, schema, tables)?;
        }
        if !violations(self.connection).is_ok_and(|violations| violations.count == 0) {
            return Ok(false);
        }
        for table in tables {
            if contents(self.connection, table)?.is_some_and(|contents| count(&contents) == 0) {
                let note = diagnostics::no_sample_rows(self.revision, table);
                self.findings.notes.push(note);
            }
        }
        if !self.run_script(Stage::UpgradeWithRows, &mut filled)? {
            return Ok(!self.findings.defects.is_empty());
        }
        if let Downgrade::Sql(_) = self.revision.downgrade() {
            self.run_script(Stage::DowngradeWithRows, &mut filled)?;
        }
        Ok(true)
    }

    /// Runs a script, and checks that `tables` keep their rows.
    ///
    /// Updates `tables` to the names after the script.
    /// Returns `false` if the script fails or violates foreign keys.
    fn run_script(&mut self, stage: Stage, tables: &mut Vec<String>) -> Result<bool> {
        let run = ScriptRun::new(self.revision, stage);
        let before = read_schema_sql(self.connection, SchemaFilter::default())?;
        let schema = before.schema();
        let mut old_contents = Vec::new();
        for table in tables.drain(..) {
            if let Some(contents) = contents(self.connection, &table)? {
                old_contents.push((table, contents));
            }
        }
        let keys = foreign_keys(self.connection)?;
        if !self.execute(run, schema) {
            return Ok(false);
        }
        let tracker = TableTracker::new(run.script());
        let mut known_keys = HashSet::new();
        for (table, old) in &old_contents {
            for name in tracker.later_names(schema, table) {
                let Some(new) = contents(self.connection, &name)? else {
                    continue;
                };
                if !tracker.has_effect(&DdlEffect::ChangeRows, table) {
                    let defect = detect_loss(run, table, old, &new);
                    self.findings.defects.extend(defect);
                }
                let keys = keys.iter();
                for old in keys.filter(|old| old.table.eq_ignore_ascii_case(table)) {
                    let columns = old.columns.iter().map(|(column, _)| column);
                    known_keys.insert(key(&name, columns));
                }
                tables.push(name);
                break;
            }
        }
        self.check_foreign_keys(run, &known_keys)
    }

    /// Runs the statements of a script. Returns `false` if a statement fails.
    fn execute(&mut self, run: ScriptRun<'_>, schema: &Schema) -> bool {
        for statement in run.script().statements() {
            let Err(rejection) = run.execute(self.connection, statement) else {
                continue;
            };
            // A failure that depends on the sample values is no defect: real rows differ.
            let columns = |table: &str| schema.columns(table);
            if fails_for_any_row(rejection.statement.sql(), &rejection.message, columns) {
                let existing = Existing {
                    schema,
                    objects: &[],
                    before: schema,
                };
                let defect = diagnostics::rejected(run, &rejection, &existing);
                self.findings.defects.push(defect);
            }
            return false;
        }
        true
    }

    /// Returns `true` if the rows violate none of the foreign keys that existed before the script.
    fn check_foreign_keys(&mut self, run: ScriptRun<'_>, known: &HashSet<Key>) -> Result<bool> {
        // `Prover::check_foreign_keys` reports a foreign key mismatch, in the run without rows.
        let Ok(violations) = violations(self.connection) else {
            return Ok(false);
        };
        // Ignore foreign keys that the script adds: sample rows need not satisfy new keys.
        let mut rows = violations.first;
        rows.retain(|row| known.contains(&key(&row.table, &row.columns)));
        if rows.is_empty() {
            return Ok(true);
        }
        let sql = read_schema_sql(self.connection, SchemaFilter::default())?;
        self.findings.report_violations(run, &rows, sql.schema());
        Ok(false)
    }
}

/// The table and the columns of a foreign key, in lowercase.
type Key = (String, Vec<String>);

fn key<'k>(table: &str, columns: impl IntoIterator<Item = &'k String>) -> Key {
    let columns = columns.into_iter().map(|name| name.to_ascii_lowercase());
    (table.to_ascii_lowercase(), columns.collect())
}

/// Returns a defect if a script loses rows or values of a table.
///
/// `old` and `new` are the contents of the table before and after the script.
fn detect_loss(run: ScriptRun<'_>, table: &str, old: &Contents, new: &Contents) -> Option<Defect> {
    if is_declared(run.revision, table, None) {
        return None;
    }
    let (before, left) = (count(old), count(new));
    // A downgrade may remove the rows that the upgrade inserted, but not all rows.
    if left == 0 && before > 0 {
        return Some(diagnostics::lost(run, "all rows", table, None));
    }
    if left < before && run.is_upgrade() {
        let amount = format!("{} of {before} rows", before - left);
        return Some(diagnostics::lost(run, &amount, table, None));
    }
    for (column, before) in old {
        let Some(after) = new.get(column) else {
            continue;
        };
        if is_declared(run.revision, table, Some(column)) {
            continue;
        }
        if is_reset(before, after) && omits_column(run, table, column) {
            return Some(diagnostics::lost(run, "the values", table, Some(column)));
        }
        if before != after && run.any(copies_by_position) {
            if let Some(other) = moved_to(before, old, new) {
                return Some(diagnostics::swapped(run, table, column, other));
            }
        }
    }
    None
}

/// Returns `true` if a column lost the old values: all rows now have the same new value or NULL.
fn is_reset(old: &[Value], new: &[Value]) -> bool {
    // A column that a copy leaves out has its default value in every row.
    let is_uniform = new.windows(2).all(|pair| pair[0] == pair[1]);
    let is_null = |value: &Value| *value == Value::Null;
    let is_old_value = |value| !is_null(value) && old.contains(value);
    is_uniform && !new.first().is_some_and(is_old_value) && !old.iter().all(is_null)
}

/// Returns the column that now contains `values`, and contained other values before.
///
/// Each text column of the sample rows has different values, so the values identify a column.
fn moved_to<'o>(values: &[Value], old: &'o Contents, new: &Contents) -> Option<&'o str> {
    let is_text = |value: &Value| matches!(value, Value::Text(_));
    if !values.iter().all(is_text) {
        return None;
    }
    let mut others = old.iter().filter(|(_, before)| *before != values);
    let (name, _) = others.find(|(other, _)| new.get(*other).is_some_and(|now| now == values))?;
    Some(name)
}

/// Returns `true` if no INSERT that names the table gives the column a value.
fn omits_column(run: ScriptRun<'_>, table: &str, column: &str) -> bool {
    let column = column.to_owned();
    !run.any(|sql| {
        // An INSERT without a list of columns gives every column a value.
        insert_columns(sql).is_none_or(|given| given.contains(&column))
            && starts_with_one_of(sql, &["INSERT", "REPLACE", "WITH"])
            && names_object(sql, table)
    })
}
