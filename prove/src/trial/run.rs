//! One trial: fills tables, runs the scripts statement by statement, and judges the result.

use std::collections::{BTreeSet, HashMap, HashSet};

use revchain_core::schema::SchemaFilter;
use revchain_core::sql::change::{self, Effect, effect};
use revchain_core::sql::inspect::{named_objects, names_object, starts_with_one_of};
use revchain_core::sql::sqlite_messages::{UnregisteredObject, needs_app_defined_object};
use revchain_core::{Assumes, AssumesKind, CodeLine, Downgrade, Part, Statement};
use revchain_runtime::internal::{read_schema_sql, stand_ins};
use rusqlite::{Connection, Result};

use super::arrival::After;
use super::counters::{counter, is_intact};
use super::expected::{Expected, Tables, apply_changes, find_table, read_tables};
use super::failing_rows::{Assumption, failing_rows};
use super::failure::{Failure, FailureKind};
use super::intent::{explicitly_changed_table, is_rebuild_by_delete, set_columns};
use super::judge::judge;
use super::judged::{Judged, lowered_counter, moved_rowids};
use super::start::{Start, read_changed, schema_of, tables_after};
use super::subject::Subject;
use super::verdict::{Loss, Verdict};
use super::violations::{KnownKeys, Violation};
use crate::code::code_fails;
use crate::diagnostics::Findings;
use crate::sample_rows::hints::Hints;
use crate::sample_rows::table::TableCache;
use crate::sample_rows::{self, Filled, Mode, Request};
use crate::script_run::{Rejection, ScriptRun, Stage};
use crate::tables::{Successor, TableTracker};

/// A trial and its results.
pub(super) struct Run {
    pub(super) mode: Mode,
    pub(super) filled: Filled,
    /// The tables of which only some sample rows stay, and the numbers of these rows.
    pub(super) kept_rows: Vec<(String, Vec<usize>)>,
    /// The tables without any row, because constraints or triggers reject all sample rows.
    pub(super) empty: Vec<String>,
    /// The contents of the tables after the upgrade.
    pub(super) after: Tables,
    pub(super) failures: Vec<Failure>,
    pub(super) judged: Vec<Judged>,
    /// The findings about foreign keys that existed before the script.
    pub(super) findings: Findings,
    /// The lowercase names in statements that failed.
    tainted_names: HashSet<String>,
}

/// A problem that an assumption can remove. The flag is `true` for the upgrade.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Problem {
    /// The statement at this offset fails.
    Failure(bool, usize),
    /// The table loses rows, or a text becomes a number.
    Loss(bool, String),
}

/// The sample rows of a trial.
pub(super) struct Setup<'s> {
    pub(super) mode: Mode,
    pub(super) tables: &'s [String],
    /// The tables before the upgrade.
    pub(super) cache: &'s TableCache,
    /// The tables after the upgrade.
    pub(super) cache_after: &'s TableCache,
    pub(super) hints: &'s Hints,
    /// The statements of both scripts.
    pub(super) statements: &'s [String],
    /// The conditions that the rows satisfy.
    pub(super) assumes: &'s [&'s Assumes],
    /// The tables of which only some sample rows stay, and the numbers of these rows.
    pub(super) kept_rows: Vec<(String, Vec<usize>)>,
    pub(super) change: Option<Change<'s>>,
}

/// A change of the sample rows of one column.
pub(super) struct Change<'c> {
    pub(super) table: &'c str,
    pub(super) column: &'c str,
    /// The number of the change. Each number gives other values.
    pub(super) round: usize,
}

impl Run {
    /// Fills the tables, and runs and judges the upgrade and the downgrade.
    pub(super) fn new(subject: &Subject<'_>, setup: &Setup<'_>) -> Result<Self> {
        let connection = subject.connection;
        let request = Request {
            mode: setup.mode,
            tables: setup.tables,
            tables_info: setup.cache,
            hints: setup.hints,
            statements: setup.statements,
            assumes: setup.assumes,
            kept_rows: &setup.kept_rows,
        };
        let mut run = Self {
            mode: setup.mode,
            filled: sample_rows::insert(connection, &request)?,
            kept_rows: setup.kept_rows.clone(),
            empty: Vec::new(),
            after: Tables::new(),
            failures: Vec::new(),
            judged: Vec::new(),
            findings: Findings::default(),
            tainted_names: HashSet::new(),
        };
        if let Some(change) = &setup.change {
            let round = (setup.hints, change.round);
            sample_rows::change_column(connection, change.table, change.column, round)?;
        }
        if connection.is_autocommit() {
            // A trigger has rolled the sample rows back.
            return Ok(run);
        }
        let mut expected = Vec::new();
        let mut indexes = Vec::new();
        for table in &run.filled.tables {
            let info = setup.cache.get(connection, table)?;
            // A full-text table without content of its own has the rows of another table.
            match info.indexed_table() {
                Some(indexed) if !indexed.is_empty() => indexes.push((table.clone(), indexed)),
                Some(_) => {}
                None if info.is_derived() => {}
                None => {
                    let read = Expected::read(connection, table, &info)?;
                    expected.extend(read.map(|read| read.with_free_key(&info, subject.schema)));
                }
            }
        }
        indexes.retain(|(index, _)| is_intact(connection, index));
        for expected in &expected {
            if expected.contents.rows.is_empty() {
                run.empty.push(expected.table.clone());
            }
        }
        let start = Start {
            cache: setup.cache,
            schema: subject.schema,
            indexes: &indexes,
            assumes: setup.assumes,
        };
        let upgrade = ScriptRun::new(subject.revision, Stage::UpgradeWithRows);
        let is_complete = run.run_script(subject, upgrade, &mut expected, &start)?;
        let has_downgrade = matches!(subject.revision.downgrade(), Downgrade::Sql(_));
        if is_complete && setup.change.is_none() && has_downgrade && run.failures.is_empty() {
            let cache = setup.cache_after;
            let mut kept = run.rows_from_before(connection, cache)?;
            let names = kept.iter().map(|expected| expected.table.as_str());
            let start = Start {
                schema: &schema_of(connection, names, cache)?,
                cache,
                indexes: &[],
                assumes: setup.assumes,
            };
            let downgrade = ScriptRun::new(subject.revision, Stage::DowngradeWithRows);
            run.run_script(subject, downgrade, &mut kept, &start)?;
        }
        Ok(run)
    }

    /// Returns the statements that fail, and the tables that lose rows or convert values.
    pub(super) fn problems(&self) -> BTreeSet<Problem> {
        let failures = self.failures.iter();
        let failures =
            failures.map(|failure| Problem::Failure(failure.stage.is_upgrade(), failure.start));
        let losing = self.judged.iter().filter(|judged| {
            let mut losses = judged.verdict.losses.iter();
            losses.any(|loss| matches!(loss, Loss::Rows { .. } | Loss::Converted { .. }))
        });
        let losses =
            losing.map(|judged| Problem::Loss(judged.stage.is_upgrade(), judged.table.clone()));
        failures.chain(losses).collect()
    }

    /// Returns the rows after the upgrade that come from rows before the upgrade.
    fn rows_from_before(
        &self,
        connection: &Connection,
        cache: &TableCache,
    ) -> Result<Vec<Expected>> {
        let mut kept = Vec::new();
        for judged in self
            .judged
            .iter()
            .filter(|judged| judged.verdict.losses.is_empty())
        {
            let Some(name) = &judged.successor.name else {
                continue;
            };
            let info = cache.get(connection, name)?;
            if let Some(mut expected) = Expected::read(connection, name, &info)? {
                let rows = expected.contents.rows.into_iter().enumerate();
                let rows = rows.filter(|(index, _)| {
                    let mut pairs = judged.verdict.pairs.iter();
                    pairs.any(|(_, new)| new == index)
                });
                expected.contents.rows = rows.map(|(_, row)| row).collect();
                kept.push(expected);
            }
        }
        Ok(kept)
    }

    /// Runs and judges a script. Returns `false` if the transaction has ended.
    fn run_script(
        &mut self,
        subject: &Subject<'_>,
        run: ScriptRun<'_>,
        expected: &mut [Expected],
        start: &Start<'_>,
    ) -> Result<bool> {
        let connection = subject.connection;
        let before: Tables = expected
            .iter()
            .map(|expected| (expected.table.clone(), expected.contents.clone()))
            .collect();
        let known_keys = KnownKeys::read(connection, &before, start.cache)?;
        let mut counters = HashMap::new();
        for (table, _) in &before {
            if start.cache.get(connection, table)?.has_counter() {
                counters.insert(table.clone(), counter(connection, table)?);
            }
        }
        for part in run.script().parts() {
            let is_judged = match part {
                Part::Statement(statement) => {
                    self.run_statement(subject, run, &statement, (expected, start))?;
                    !connection.is_autocommit()
                }
                Part::Code(line) => self.run_code(subject, run, &line, expected)?,
            };
            if !is_judged {
                return Ok(false);
            }
        }
        let after = tables_after(connection, run, start.schema, &before)?;
        let tracker = TableTracker::new(run.script());
        let state = After::new(&before, &after);
        for expected in &*expected {
            let successor = tracker.successor(
                start.schema,
                &expected.table,
                &expected.contents.columns,
                |name| find_table(&after, name).map(|contents| contents.columns.clone()),
            );
            let verdict = judge(expected, &successor, &state);
            let mut judged = Judged {
                stage: run.stage,
                table: expected.table.clone(),
                columns: expected.contents.columns.clone(),
                key: expected.key.clone(),
                row_count: expected.contents.rows.len(),
                verdict,
                successor,
            };
            judged.filter_losses(connection, run, (&self.tainted_names, &expected.contents))?;
            let old = counters.get(&expected.table).copied();
            let lowered = lowered_counter(connection, &judged, old)?;
            judged.verdict.losses.extend(lowered);
            if judged.verdict.losses.is_empty() {
                let moved = moved_rowids(connection, expected, &judged, &after)?;
                judged.verdict.losses.extend(moved);
            }
            self.judged.push(judged);
        }
        if self.failures.is_empty() {
            self.check_indexes(connection, run, start.indexes);
        }
        self.check_foreign_keys(subject, run, (&known_keys, start.assumes))?;
        if run.is_upgrade() {
            self.after = after;
        }
        Ok(true)
    }

    /// Runs a statement, and applies its explicit changes to the expected rows.
    fn run_statement(
        &mut self,
        subject: &Subject<'_>,
        run: ScriptRun<'_>,
        statement: &Statement<'_>,
        (expected, start): (&mut [Expected], &Start<'_>),
    ) -> Result<()> {
        let connection = subject.connection;
        let sql = statement.sql();
        if subject.faulty.contains(subject.revision, statement) {
            self.tainted_names.extend(named_objects(sql));
            return Ok(());
        }
        let changed = explicitly_changed_table(sql);
        let changed = changed.filter(|_| !is_rebuild_by_delete(run, statement));
        let before = match &changed {
            Some(table) => read_changed(connection, table, (expected, start))?,
            None => Tables::new(),
        };
        subject.budget.restart();
        if let Err(rejection) = run.execute(connection, statement.clone()) {
            let is_exhausted = subject.budget.is_exhausted();
            let (message, sql) = (&rejection.message, rejection.statement.sql());
            // Sample rows that violate a CHECK already prove nothing about a CHECK.
            let mut unchecked = self.filled.unchecked.iter();
            let is_unchecked = message.starts_with("CHECK constraint failed")
                && unchecked.any(|table| names_object(sql, table));
            if is_unchecked || is_about_stand_ins(connection, message, sql) {
                self.tainted_names.extend(named_objects(sql));
                return Ok(());
            }
            let shown = failing_rows(connection, message, sql, expected);
            self.add_failure(run, &rejection, is_exhausted, shown);
            return Ok(());
        }
        if !before.is_empty() {
            let names = before.iter().map(|(name, _)| name.as_str());
            let after = read_tables(connection, names)?;
            let set = changed.map(|table| (table, set_columns(sql)));
            apply_changes(expected, [&before, &after], set.as_ref());
        }
        Ok(())
    }

    /// Runs a function of the program, whose changes count like those of an UPDATE.
    ///
    /// Returns `false` if the function fails. Then the rest of the script is not judged.
    fn run_code(
        &mut self,
        subject: &Subject<'_>,
        run: ScriptRun<'_>,
        line: &CodeLine<'_>,
        expected: &mut [Expected],
    ) -> Result<bool> {
        let Some(code) = subject.code else {
            return Ok(true);
        };
        let connection = subject.connection;
        let schema = read_schema_sql(connection, &SchemaFilter::default())?;
        let tables: Vec<&str> = schema.schema().tables().collect();
        let before = read_tables(connection, tables.iter().copied())?;
        subject.budget.restart();
        if let Err(error) = code.run(connection, run.revision, run.direction(), line) {
            self.failures.push(Failure {
                stage: run.stage,
                start: line.start(),
                rows: Vec::new(),
                assumption: None,
                kind: FailureKind::Code(Box::new(code_fails(run, line, &error))),
            });
            return Ok(false);
        }
        let after = read_tables(connection, tables)?;
        apply_changes(expected, [&before, &after], None);
        Ok(true)
    }

    fn add_failure(
        &mut self,
        run: ScriptRun<'_>,
        rejection: &Rejection<'_>,
        is_exhausted: bool,
        (rows, assumption): (Vec<String>, Option<Assumption>),
    ) {
        let sql = rejection.statement.sql();
        let names = named_objects(sql);
        // A statement that uses the result of a failed statement is not at fault.
        let is_tainted = names.iter().any(|name| self.tainted_names.contains(name));
        self.tainted_names.extend(names);
        if is_tainted {
            return;
        }
        self.failures.push(Failure {
            stage: run.stage,
            start: rejection.statement.start(),
            rows,
            assumption,
            kind: if is_exhausted {
                FailureKind::TooLong
            } else {
                FailureKind::Statement {
                    message: rejection.message.clone(),
                    offset: rejection.offset,
                    has_shared_keys: self.mode == Mode::SharedKeys,
                }
            },
        });
    }

    /// Reports full-text tables that no longer agree with the rows that they index.
    fn check_indexes(
        &mut self,
        connection: &Connection,
        run: ScriptRun<'_>,
        indexes: &[(String, String)],
    ) {
        for (index, table) in indexes
            .iter()
            .filter(|(index, _)| !is_intact(connection, index))
        {
            if self.tainted_names.contains(&index.to_ascii_lowercase()) {
                continue;
            }
            self.judged.push(Judged {
                stage: run.stage,
                table: table.clone(),
                columns: Vec::new(),
                key: Vec::new(),
                successor: Successor {
                    name: Some(index.clone()),
                    columns: Vec::new(),
                },
                row_count: 0,
                verdict: Verdict {
                    losses: vec![Loss::Index {
                        index: index.clone(),
                    }],
                    ..Verdict::default()
                },
            });
        }
    }

    fn check_foreign_keys(
        &mut self,
        subject: &Subject<'_>,
        run: ScriptRun<'_>,
        (known, assumes): (&KnownKeys, &[&Assumes]),
    ) -> Result<()> {
        let connection = subject.connection;
        let judged = self.judged.iter();
        let judged: Vec<&Judged> = judged.filter(|judged| judged.stage == run.stage).collect();
        let created =
            run.script()
                .statements()
                .filter_map(|statement| match effect(statement.sql()) {
                    Effect::Change(name, change::Change::CreateTable) => Some(name.name),
                    _ => None,
                });
        let created: Vec<String> = created.collect();
        let mut found = known.violations(connection, (&judged, &created))?;
        found.retain(|violation| {
            let mut assumes = assumes.iter();
            let is_assumed = assumes.any(|assumes| {
                assumes.kind == AssumesKind::References
                    && violation.assumption == Some(Assumption::of(assumes).in_lowercase())
            });
            !is_assumed
        });
        found.retain(|violation| {
            let is_tainted = |name: &str| {
                let name = name.to_ascii_lowercase();
                self.tainted_names.contains(&name) || subject.tainted_names.contains(&name)
            };
            !is_tainted(&violation.row.table) && !is_tainted(&violation.row.parent)
        });
        let is_deleted = |violation: &Violation| {
            run.any(|sql| {
                let deleted = explicitly_changed_table(sql);
                starts_with_one_of(sql, &["DELETE", "WITH"])
                    && deleted
                        .is_some_and(|table| table.eq_ignore_ascii_case(&violation.row.parent))
            })
        };
        let (failing, rebuilt): (Vec<Violation>, Vec<Violation>) = found
            .into_iter()
            .partition(|violation| violation.is_new || is_deleted(violation));
        if !rebuilt.is_empty() {
            let rows: Vec<_> = rebuilt.into_iter().map(|violation| violation.row).collect();
            let parents = rows.iter().map(|row| row.parent.as_str());
            let schema = schema_of(connection, parents, &TableCache::default())?;
            self.findings.report_violations(run, &rows, &schema);
        }
        if let Some(violation) = failing.into_iter().next() {
            let parent = violation.row.parent.clone();
            let statement = run.script().statements().filter(|statement| {
                let names = named_objects(statement.sql());
                names.contains(&parent.to_ascii_lowercase())
                    || names.contains(&violation.row.table.to_ascii_lowercase())
            });
            self.failures.push(Failure {
                stage: run.stage,
                start: statement
                    .last()
                    .map(|statement| statement.start())
                    .unwrap_or_default(),
                rows: vec![violation.row.to_string()],
                assumption: violation.assumption.clone(),
                kind: FailureKind::Violation(violation),
            });
        }
        Ok(())
    }
}

/// Returns `true` if a statement fails because of an object that only the program has.
///
/// The run without sample rows reports a missing object. A stand-in computes other values than the
/// function of the program, so its values prove nothing.
fn is_about_stand_ins(connection: &Connection, message: &str, sql: &str) -> bool {
    UnregisteredObject::parse(message).is_some()
        || needs_app_defined_object(sql, message)
        || stand_ins::may_be_cause(connection, sql, message)
}
