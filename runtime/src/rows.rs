//! The part of the proof that needs rows: what a revision that rebuilds a table, or adds to one, does to what is in it.

use std::collections::HashSet;

use revchain_core::proof::{self, Orphans, Run};
use revchain_core::schema::Schema;
use revchain_core::{Defect, Downgrade, Revision, words};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::error::{self, ErrorKind};
use crate::seed::{self, Contents};
use crate::{Direction, Violation, engine, foreign_keys, schema};

/// What is found.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) defects: Vec<Defect>,
    pub(crate) remarks: Vec<String>,
}

/// Runs a revision with made-up rows in `tables`, and takes all of it back.
pub(crate) fn judge(
    connection: &Connection,
    revision: &Revision,
    schema: &Schema,
    tables: &[String],
) -> rusqlite::Result<Judged> {
    // Where made-up rows are refused, those that the chain itself has made are better than none.
    for with_seeds in [true, false] {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let trial = Trial { connection, revision, judged: Judged::default() }.run(schema, tables, with_seeds);
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        if let Some(judged) = trial? {
            return Ok(judged);
        }
    }
    let remarks = tables.iter().map(|table| proof::no_rows(revision, table));
    Ok(Judged { remarks: remarks.collect(), ..Judged::default() })
}

struct Trial<'t> {
    connection: &'t Connection,
    revision: &'t Revision,
    judged: Judged,
}

impl Trial<'_> {
    /// Nothing, where the revision does not run with these rows.
    fn run(
        mut self,
        schema: &Schema,
        tables: &[String],
        with_seeds: bool,
    ) -> rusqlite::Result<Option<Judged>> {
        let mut filled = tables.to_vec();
        if with_seeds {
            filled = seed::seed(self.connection, schema, tables)?;
        }
        let Ok((_, 0)) = foreign_keys::violations(self.connection) else { return Ok(None) };
        for table in tables {
            if seed::contents(self.connection, table)?.is_some_and(|contents| contents.count == 0) {
                self.judged.remarks.push(proof::no_rows(self.revision, table));
            }
        }
        for run in [Run::UpgradeWithRows, Run::DowngradeWithRows] {
            if let (Run::DowngradeWithRows, Downgrade::Irreversible(_)) = (run, self.revision.downgrade()) {
                break;
            }
            match self.run_half(run, &filled)? {
                Some(next) => filled = next,
                // A downgrade that does not run with them has at least been upgraded to.
                None if run == Run::UpgradeWithRows && self.judged.defects.is_empty() => return Ok(None),
                None => break,
            }
        }
        Ok(Some(self.judged))
    }

    /// Runs a half, and judges what it does to the rows of the tables. Gives what these are called then; nothing where the
    /// half does not run, or is told to be wrong.
    fn run_half(&mut self, run: Run, tables: &[String]) -> rusqlite::Result<Option<Vec<String>>> {
        let direction = if run.is_upgrade() { Direction::Upgrade } else { Direction::Downgrade };
        let half = proof::half(self.revision, run);
        let schema = schema::read(self.connection)?;
        let keys = foreign_keys::all(self.connection)?;
        let mut before = Vec::new();
        for table in tables {
            before.extend(seed::contents(self.connection, table)?.map(|contents| (table, contents)));
        }
        for (index, statement) in half.statements().enumerate() {
            let result = engine::run_statement(self.connection, self.revision, direction, &statement, &None);
            let Err(error) = result else { continue };
            // Made-up rows may be refused for what they are made of; that says nothing of a user's.
            if let ErrorKind::Statement(error) = error.kind() {
                if words::refuses_any_rows(statement.sql(), &error.message, &schema) {
                    let offset = error::offset(&error.source);
                    let refused = proof::refused(self.revision, run, index, offset, &error.message, &schema);
                    self.judged.defects.push(refused);
                }
            }
            return Ok(None);
        }
        let mut now_called = Vec::new();
        let mut known_keys = HashSet::new();
        for (table, before) in before {
            for now in proof::successors(half, &schema, table) {
                let Some(after) = seed::contents(self.connection, &now)? else { continue };
                self.judged.defects.extend(lost(self.revision, run, table, &before, &after));
                let of_table = keys.iter().filter(|key| key.table.eq_ignore_ascii_case(table));
                let columns = of_table
                    .map(|key| key.columns.iter().map(|(name, _)| name.to_ascii_lowercase()).collect());
                known_keys.extend(columns.map(|columns: Vec<String>| (now.to_ascii_lowercase(), columns)));
                now_called.push(now);
                break;
            }
        }
        let mut violations = match foreign_keys::violations(self.connection) {
            Ok((violations, _)) => violations,
            // A key that does not fit its parent is told without any rows.
            Err(_) => return Ok(None),
        };
        // Of a key that is new, made-up rows can know nothing.
        violations.retain(|violation| {
            let columns = violation.columns.iter().map(|column| column.to_ascii_lowercase()).collect();
            known_keys.contains(&(violation.table.to_ascii_lowercase(), columns))
        });
        if violations.is_empty() {
            return Ok(Some(now_called));
        }
        let after = schema::read(self.connection)?;
        self.judged.defects.push(orphans(self.revision, run, &violations, &after));
        Ok(None)
    }
}

/// The defect of rows that point at nothing.
pub(crate) fn orphans(revision: &Revision, run: Run, violations: &[Violation], schema: &Schema) -> Defect {
    let lines: Vec<String> = violations.iter().map(Violation::to_string).collect();
    let orphans = Orphans {
        tables: violations.iter().map(|violation| violation.table.clone()).collect(),
        parents: violations.iter().map(|violation| violation.parent.clone()).collect(),
        lines: lines.join("\n"),
    };
    proof::broken_keys(revision, run, &orphans, schema)
}

/// What a half has lost of the rows of a table.
fn lost(revision: &Revision, run: Run, table: &str, before: &Contents, after: &Contents) -> Option<Defect> {
    if proof::deletes_rows(revision, run, table) || proof::declares(revision, table, None) {
        return None;
    }
    // A downgrade may take back rows that the upgrade has added; all of them would be too many.
    if after.count < before.count && (run.is_upgrade() || after.count == 0) {
        let rows = match after.count {
            0 => "all rows".to_owned(),
            left => format!("{} of {} rows", before.count - left, before.count),
        };
        return Some(proof::rows_lost(revision, run, table, None, &rows));
    }
    let mut columns: Vec<&String> = before.columns.keys().collect();
    columns.sort_unstable();
    columns.into_iter().find_map(|column| {
        let (old, new) = (&before.columns[column], after.columns.get(column)?);
        if proof::declares(revision, table, Some(column)) {
            return None;
        }
        let is_value = |value: &Value| *value != Value::Null;
        // Where it is left out, all rows have the default then. Where it is copied, but by an expression, that may give
        // something of real values.
        let is_default = new.windows(2).all(|pair| pair[0] == pair[1]);
        let is_gone = is_default
            && old.iter().any(is_value)
            && !new.first().is_some_and(|value| is_value(value) && old.contains(value));
        if is_gone && proof::copies_without(revision, run, table, column) {
            return Some(proof::rows_lost(revision, run, table, Some(column), ""));
        }
        // The values of each column are its own, so that they are known again in another.
        let is_swapped = |other: &&String| {
            let texts = old.iter().all(|value| matches!(value, Value::Text(_)));
            *other != column
                && texts
                && *old != before.columns[*other]
                && after.columns.get(*other) == Some(old)
                && new != old
        };
        let other = before.columns.keys().find(is_swapped)?;
        proof::copies_by_place(revision, run).then(|| proof::swapped(revision, run, table, column, other))
    })
}
