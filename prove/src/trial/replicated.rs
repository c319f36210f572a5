//! The runs of a revision as on a cluster: with foreign keys on, and in another order of rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use revchain_core::Statement;
use revchain_runtime::internal::sqlite_message;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

use super::assumed::assumed;
use super::difference::{Cause, Effect, Finding, contents, effects};
use super::expected::Tables;
use super::subject::Subject;
use super::trial_runs::TrialRuns;
use crate::local_functions::LocalCalls;
use crate::rusqlite_range::drop_result;
use crate::sample_rows::{self, Mode, Request};
use crate::script_run::{ScriptRun, Stage};

/// The settings of a run.
#[derive(Clone, Copy)]
struct Settings {
    has_foreign_keys: bool,
    is_reversed: bool,
    last_stage: Stage,
    /// The number of statements of the last stage that run.
    limit: usize,
    commits: bool,
}

/// The end of a run: the tables after the last script, or the statement that has ended the run.
type End = std::result::Result<Tables, Stop>;

/// A statement that has ended a run.
struct Stop {
    stage: Stage,
    /// `None` for the COMMIT.
    start: Option<usize>,
    reason: Reason,
}

/// The reason why a run has ended.
enum Reason {
    Fails(String),
    /// The statement has called this function.
    Calls(&'static str),
}

/// Runs a revision on sample rows as on a cluster. Rolls back all changes.
///
/// Returns the differences. A revision that fails on a single machine has none.
/// `calls` has the calls on the connection.
pub(crate) fn run_replicated(subject: &Subject<'_>, calls: &LocalCalls) -> Result<Vec<Finding>> {
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
            calls,
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
    calls: &'c LocalCalls,
    request: Request<'c>,
}

impl Comparison<'_> {
    fn findings(&self) -> Result<Vec<Finding>> {
        let upgrade = Settings {
            has_foreign_keys: false,
            is_reversed: false,
            last_stage: Stage::UpgradeWithRows,
            limit: usize::MAX,
            commits: true,
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
        let stop = match (first, second) {
            (Ok(first), Ok(second)) => {
                let effects = effects(first, second);
                if effects.is_empty() {
                    return Ok(None);
                }
                return Ok(Some(Finding {
                    cause,
                    stage: settings[0].last_stage,
                    start: self.first_difference(settings)?,
                    is_at_commit: false,
                    effects,
                }));
            }
            (Err(stop), _) | (Ok(_), Err(stop)) => stop,
        };
        let (cause, effects) = match &stop.reason {
            Reason::Calls(name) => (Cause::Function(name), Vec::new()),
            Reason::Fails(_) if first.is_err() => return Ok(None),
            Reason::Fails(message) => (cause, vec![Effect::Fails(message.clone())]),
        };
        let start = match stop.start {
            None => self.last_committable(settings[1])?,
            start => start,
        };
        Ok(Some(Finding {
            cause,
            stage: stop.stage,
            start,
            is_at_commit: stop.start.is_none(),
            effects,
        }))
    }

    /// Returns the offset of the last statement of the last script before which a COMMIT succeeds.
    fn last_committable(&self, settings: Settings) -> Result<Option<usize>> {
        let starts = self.starts(settings.last_stage);
        for (limit, start) in starts.into_iter().enumerate().rev() {
            if self.run(Settings { limit, ..settings })?.is_ok() {
                return Ok(Some(start));
            }
        }
        Ok(None)
    }

    /// Returns the offsets of the statements of a script.
    fn starts(&self, stage: Stage) -> Vec<usize> {
        let script = ScriptRun::new(self.subject.revision, stage).script();
        script
            .statements()
            .map(|statement| statement.start())
            .collect()
    }

    /// Returns the offset of the first statement of the last script that makes a difference.
    fn first_difference(&self, [one, other]: [Settings; 2]) -> Result<Option<usize>> {
        let starts = self.starts(one.last_stage);
        let commits = false;
        let (mut same, mut different) = (0, starts.len());
        while different - same > 1 {
            let limit = same + (different - same) / 2;
            let one = self.run(Settings {
                limit,
                commits,
                ..one
            })?;
            let other = self.run(Settings {
                limit,
                commits,
                ..other
            })?;
            let is_different = match (one, other) {
                (Ok(one), Ok(other)) => !effects(&one, &other).is_empty(),
                _ => true,
            };
            if is_different {
                different = limit;
            } else {
                same = limit;
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
        for stage in [Stage::UpgradeWithRows, Stage::DowngradeWithRows] {
            let run = ScriptRun::new(self.subject.revision, stage);
            let is_last = stage == settings.last_stage;
            let limit = if is_last { settings.limit } else { usize::MAX };
            for statement in run.script().statements().take(limit) {
                let start = Some(statement.start());
                if let Err(reason) = self.run_statement(run, statement) {
                    return Ok(Err(Stop {
                        stage,
                        start,
                        reason,
                    }));
                }
            }
            if is_last {
                break;
            }
        }
        let tables = contents(connection)?;
        if settings.commits {
            if let Some(message) = commit(connection) {
                return Ok(Err(Stop {
                    stage: settings.last_stage,
                    start: None,
                    reason: Reason::Fails(message),
                }));
            }
        }
        Ok(Ok(tables))
    }

    fn run_statement(
        &self,
        run: ScriptRun<'_>,
        statement: Statement<'_>,
    ) -> std::result::Result<(), Reason> {
        self.subject.budget.restart();
        self.calls.take();
        let result = run.execute(self.subject.connection, statement);
        if let Some(name) = self.calls.take() {
            return Err(Reason::Calls(name));
        }
        result.map_err(|rejection| Reason::Fails(rejection.message))
    }
}

/// Sets whether foreign keys are enforced, and in which order rows without ORDER BY are read.
pub(crate) fn configure(
    connection: &Connection,
    has_foreign_keys: bool,
    is_reversed: bool,
) -> Result<()> {
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
