//! The runs of a revision on sample rows, and the further runs that look for the origin of a value.

use std::collections::BTreeSet;
use std::ops::Range;

use revchain_core::sql::inspect::changes_rows_only;
use revchain_core::{Assumes, AssumesKind, Downgrade, Script};
use rusqlite::Result;
use rusqlite::types::Value;

use super::conversion::Conversion;
use super::expected::{Tables, find_table};
use super::judged::Judged;
use super::run::{Change, Problem, Run, Setup};
use super::scope::tables_in_scope;
use super::subject::Subject;
use crate::nondeterminism::{is_nondeterministic, names_nondeterministic};
use crate::sample_rows::hints::Hints;
use crate::sample_rows::table::TableCache;
use crate::sample_rows::{Mode, Request, SAMPLE_ROWS};

/// The number of further trials that look for the origin of a value.
const ROUNDS: usize = 3;

/// The runs of a revision on sample rows. Each run rolls back its changes.
pub(super) struct TrialRuns<'t> {
    pub(super) subject: &'t Subject<'t>,
    /// The conditions that the sample rows satisfy.
    pub(super) assumes: Vec<&'t Assumes>,
    /// The tables that get sample rows.
    pub(super) tables: Vec<String>,
    cache: TableCache,
    cache_after: TableCache,
    hints: Hints,
    statements: Vec<String>,
}

impl<'t> TrialRuns<'t> {
    /// Returns `None` if no table needs sample rows.
    pub(super) fn new(subject: &'t Subject<'t>, assumes: Vec<&'t Assumes>) -> Result<Option<Self>> {
        let mut tables = if subject.code.is_some() && subject.revision.code().next().is_some() {
            // A function may change any table.
            subject.schema.tables().map(str::to_owned).collect()
        } else {
            tables_in_scope(subject.connection, subject.revision, subject.schema)?
        };
        tables.retain(|table| !subject.tainted_names.contains(&table.to_ascii_lowercase()));
        if tables.is_empty() {
            return Ok(None);
        }
        let mut statements: Vec<String> = sql_of(subject.revision.upgrade());
        if let Downgrade::Sql(script) = subject.revision.downgrade() {
            statements.extend(sql_of(script));
        }
        Ok(Some(Self {
            subject,
            assumes,
            tables,
            cache: TableCache::default(),
            cache_after: TableCache::default(),
            hints: Hints::read(statements.iter().map(String::as_str)),
            statements,
        }))
    }

    /// Returns `true` if an assumption removes a problem in a trial without the other assumptions.
    ///
    /// The other assumptions can leave too few rows to show what the assumption is for.
    pub(super) fn matters_alone(&self, modes: &[Mode], assumed: &Assumes) -> Result<bool> {
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

    /// Returns the request for the sample rows of a trial, of which a search has kept some.
    pub(super) fn request<'s>(
        &'s self,
        mode: Mode,
        kept_rows: &'s [(String, Vec<usize>)],
    ) -> Request<'s> {
        Request {
            mode,
            tables: &self.tables,
            tables_info: &self.cache,
            hints: &self.hints,
            statements: &self.statements,
            assumes: &self.assumes,
            kept_rows,
        }
    }

    /// Runs a trial with the sample rows that satisfy the assumptions.
    pub(super) fn trial(&self, mode: Mode, assumes: &[&Assumes]) -> Result<Run> {
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

    /// Returns the new column whose values change with each old value of a column.
    pub(super) fn conversion<'j>(
        &self,
        run: &Run,
        judged: &'j Judged,
        column: &str,
    ) -> Result<Option<&'j Conversion>> {
        let conversions = judged.verdict.conversions.iter();
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
        // A trigger or a default can call the function, too.
        let stored = "SELECT coalesce(group_concat(sql, ';'), '') FROM main.sqlite_master";
        let connection = self.subject.connection;
        let schema: String = connection.query_row(stored, [], |row| row.get(0))?;
        if !is_nondeterministic(self.subject.revision) && !names_nondeterministic(&schema) {
            return Ok(true);
        }
        let again = self.run_again(run, None)?;
        Ok(values(&run.after, place) == values(&again.after, place))
    }

    /// Runs a trial again with the rows of `run`, except for the values of a column.
    fn run_again(&self, run: &Run, change: Option<Change<'_>>) -> Result<Run> {
        self.run_once(&Setup {
            kept_rows: run.kept_rows.clone(),
            change,
            ..self.setup(run.mode, &self.assumes)
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
    pub(super) fn depends_on_column(
        &self,
        run: &Run,
        judged: &Judged,
        column: &str,
    ) -> Result<bool> {
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

fn sql_of(script: &Script) -> Vec<String> {
    let statements = script.statements();
    statements
        .map(|statement| statement.sql().to_owned())
        .collect()
}

/// Returns the values of a column; `None` if there is no such column.
fn values<'t>(tables: &'t Tables, (table, column): (&str, &str)) -> Option<Vec<&'t Value>> {
    let contents = find_table(tables, table)?;
    let position = contents.position(column)?;
    let rows = contents.rows.iter();
    Some(rows.map(|row| &row.values[position]).collect())
}
