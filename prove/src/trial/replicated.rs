//! The runs of a revision as on a cluster: with foreign keys on, and in another order of rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use revchain_core::schema::SchemaFilter;
use revchain_runtime::internal::{read_schema_sql, sqlite_message};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

use super::assumed::assumed;
use super::counters::rowid_user;
use super::expected::{Tables, find_table, read_tables};
use super::subject::Subject;
use super::trial_runs::TrialRuns;
use crate::rusqlite_range::drop_result;
use crate::sample_rows::contents::Contents;
use crate::sample_rows::{self, Mode, Request};
use crate::script_run::{ScriptRun, Stage};

/// A difference between a cluster and a single machine, or between two replicas.
pub(crate) struct Finding {
    pub(crate) cause: Cause,
    pub(crate) stage: Stage,
    /// The offset of the first statement that makes a difference; `None` for the COMMIT.
    pub(crate) start: Option<usize>,
    pub(crate) effects: Vec<Effect>,
}

/// The cause of a difference.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Cause {
    /// Foreign keys are enforced.
    ForeignKeys,
    /// Rows are read in another order.
    Order,
}

/// The effect of a difference.
pub(crate) enum Effect {
    /// A statement, or the COMMIT, fails with this message.
    Fails(String),
    /// A table has fewer rows: the number of rows that are lost, and of all rows.
    Rows(String, usize, usize),
    /// A table has other values in these columns.
    Values(String, Vec<String>),
}

/// The settings of a run.
#[derive(Clone, Copy)]
struct Settings {
    has_foreign_keys: bool,
    is_reversed: bool,
    last_stage: Stage,
    /// The number of statements of the last stage that run.
    limit: usize,
}

/// The end of a run: the tables after each script, and the failure that has ended it.
struct End {
    tables: Vec<Tables>,
    failure: Option<Failure>,
}

struct Failure {
    stage: Stage,
    start: Option<usize>,
    message: String,
}

/// Runs a revision on sample rows as on a cluster. Rolls back all changes.
///
/// Returns the differences. A revision that fails on a single machine has none.
pub(crate) fn run_replicated(subject: &Subject<'_>) -> Result<Vec<Finding>> {
    let (known, _) = assumed(subject);
    let assumes = known.iter().map(|assumed| assumed.assumes).collect();
    let Some(runs) = TrialRuns::new(subject, assumes)? else {
        return Ok(Vec::new());
    };
    for mode in [Mode::Provenance, Mode::Failure] {
        let run = runs.trial(mode, &runs.assumes)?;
        if !run.failures.is_empty() {
            continue;
        }
        let comparison = Comparison {
            subject,
            request: runs.request(mode, &run.kept_rows),
        };
        let findings = comparison.findings()?;
        if !findings.is_empty() {
            return Ok(findings);
        }
    }
    Ok(Vec::new())
}

/// The runs of a revision on the same sample rows.
struct Comparison<'c> {
    subject: &'c Subject<'c>,
    request: Request<'c>,
}

impl Comparison<'_> {
    fn findings(&self) -> Result<Vec<Finding>> {
        let upgrade = Settings {
            has_foreign_keys: false,
            is_reversed: false,
            last_stage: Stage::UpgradeWithRows,
            limit: usize::MAX,
        };
        let downgrade = Settings {
            last_stage: Stage::DowngradeWithRows,
            ..upgrade
        };
        let mut stages = vec![upgrade];
        if self.subject.revision.downgrade().script().is_some() {
            stages.push(downgrade);
        }
        for single in stages {
            let cluster = Settings {
                has_foreign_keys: true,
                ..single
            };
            let other = Settings {
                is_reversed: true,
                ..cluster
            };
            let pairs = [
                (Cause::ForeignKeys, single, cluster),
                (Cause::Order, cluster, other),
            ];
            let mut before = self.run(single)?;
            for (cause, one, other) in pairs {
                let after = self.run(other)?;
                // A later run would repeat the difference.
                if let Some(finding) = self.compare(cause, [one, other], [&before, &after])? {
                    return Ok(vec![finding]);
                }
                before = after;
            }
        }
        Ok(Vec::new())
    }

    /// Returns the difference between two runs with these settings.
    fn compare(
        &self,
        cause: Cause,
        settings: [Settings; 2],
        [first, second]: [&End; 2],
    ) -> Result<Option<Finding>> {
        if first.failure.is_some() {
            return Ok(None);
        }
        if let Some(failure) = &second.failure {
            return Ok(Some(Finding {
                cause,
                stage: failure.stage,
                start: failure.start,
                effects: vec![Effect::Fails(failure.message.clone())],
            }));
        }
        let effects = effects(first, second);
        if effects.is_empty() {
            return Ok(None);
        }
        Ok(Some(Finding {
            cause,
            stage: settings[0].last_stage,
            start: self.first_difference(settings)?,
            effects,
        }))
    }

    /// Returns the offset of the first statement of the last script that makes a difference.
    fn first_difference(&self, [one, other]: [Settings; 2]) -> Result<Option<usize>> {
        let script = ScriptRun::new(self.subject.revision, one.last_stage).script();
        let starts: Vec<usize> = script
            .statements()
            .map(|statement| statement.start())
            .collect();
        let (mut same, mut different) = (0, starts.len());
        while different - same > 1 {
            let limit = same + (different - same) / 2;
            let one = self.run(Settings { limit, ..one })?;
            let other = self.run(Settings { limit, ..other })?;
            if effects(&one, &other).is_empty() {
                same = limit;
            } else {
                different = limit;
            }
        }
        Ok(starts.get(different.saturating_sub(1)).copied())
    }

    fn run(&self, settings: Settings) -> Result<End> {
        let connection = self.subject.connection;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        sample_rows::insert(connection, &self.request)?;
        // The rows are inserted with the same settings in each run.
        configure(connection, settings.has_foreign_keys, settings.is_reversed)?;
        let end = self.run_scripts(settings);
        configure(connection, false, false)?;
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        end
    }

    fn run_scripts(&self, settings: Settings) -> Result<End> {
        let connection = self.subject.connection;
        connection.execute_batch("PRAGMA defer_foreign_keys = ON")?;
        let mut tables = Vec::new();
        for stage in [Stage::UpgradeWithRows, Stage::DowngradeWithRows] {
            let run = ScriptRun::new(self.subject.revision, stage);
            let is_last = stage == settings.last_stage;
            let limit = if is_last { settings.limit } else { usize::MAX };
            for statement in run.script().statements().take(limit) {
                self.subject.budget.restart();
                let (start, result) = (statement.start(), run.execute(connection, statement));
                if let Err(rejection) = result {
                    let failure = Failure {
                        stage,
                        start: Some(start),
                        message: rejection.message,
                    };
                    return Ok(End {
                        tables,
                        failure: Some(failure),
                    });
                }
            }
            tables.push(contents(connection)?);
            if is_last {
                break;
            }
        }
        let is_complete = settings.limit == usize::MAX;
        let message = if is_complete {
            commit(connection)
        } else {
            None
        };
        let failure = message.map(|message| Failure {
            stage: settings.last_stage,
            start: None,
            message,
        });
        Ok(End { tables, failure })
    }
}

/// Sets whether foreign keys are enforced, and in which order rows without ORDER BY are read.
fn configure(connection: &Connection, has_foreign_keys: bool, is_reversed: bool) -> Result<()> {
    // Unlike the pragma, the configuration works in a transaction.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, has_foreign_keys)?;
    let reversed = u8::from(is_reversed);
    connection.execute_batch(&format!("PRAGMA reverse_unordered_selects = {reversed}"))
}

/// Commits, and rolls back if the COMMIT would succeed. Returns the message of a failed COMMIT.
///
/// SQLite checks the deferred foreign keys before it calls the hook, which rejects each COMMIT.
fn commit(connection: &Connection) -> Option<String> {
    let is_rejected = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_rejected);
    let hook = move || {
        seen.store(true, Ordering::Relaxed);
        true
    };
    drop_result(connection.commit_hook(Some(hook)));
    let result = connection.execute_batch("COMMIT");
    drop_result(connection.commit_hook(None::<fn() -> bool>));
    let error = result
        .err()
        .filter(|_| !is_rejected.load(Ordering::Relaxed))?;
    Some(sqlite_message(&error))
}

/// Reads all tables, and the counters of AUTOINCREMENT.
///
/// Rowids that nothing uses are left out: they tell nothing about the rows.
fn contents(connection: &Connection) -> Result<Tables> {
    let schema = read_schema_sql(connection, &SchemaFilter::default())?;
    let schema = schema.schema();
    let names = schema.tables().chain(["sqlite_sequence"]);
    let mut tables = read_tables(connection, names)?;
    for (name, contents) in &mut tables {
        if rowid_user(connection, name)?.is_none() {
            for row in &mut contents.rows {
                row.rowid = None;
            }
        }
        contents.rows.sort_by_cached_key(|row| format!("{row:?}"));
    }
    Ok(tables)
}

/// Returns the differences between the tables of two runs.
fn effects(one: &End, other: &End) -> Vec<Effect> {
    let (Some(before), Some(after)) = (one.tables.last(), other.tables.last()) else {
        return Vec::new();
    };
    let differences = before.iter().filter_map(|(name, contents)| {
        let other = find_table(after, name)?;
        let (rows, total) = (&contents.rows, contents.rows.len());
        if rows == &other.rows {
            return None;
        }
        if other.rows.len() < total {
            return Some(Effect::Rows(name.clone(), total - other.rows.len(), total));
        }
        Some(Effect::Values(
            name.clone(),
            changed_columns(contents, other),
        ))
    });
    differences.collect()
}

/// Returns the columns whose values differ, in any order of the rows.
fn changed_columns(one: &Contents, other: &Contents) -> Vec<String> {
    let values = |contents: &Contents, column: usize| {
        let rows = contents.rows.iter();
        let mut values: Vec<String> = rows
            .map(|row| format!("{:?}", row.values.get(column)))
            .collect();
        values.sort_unstable();
        values
    };
    let columns = one.columns.iter().enumerate();
    let changed = columns.filter(|(column, _)| values(one, *column) != values(other, *column));
    changed.map(|(_, name)| name.clone()).collect()
}
