//! The proof: runs a chain in an in-memory database, with the engine for production.
//!
//! Each revision is upgraded, downgraded and upgraded again.
//! If SQLite rejects a statement, the proof reports a defect and skips the statement.
//! All names in the rejected statement are then tainted.
//! The proof ignores later defects of tainted objects: the first defect may be the cause.

mod creates_nothing;
pub(crate) mod double_quotes;
mod stand_in_checks;

use std::collections::{BTreeSet, HashSet};
use std::mem;

use revchain_core::load::SourceInfo;
use revchain_core::model::revision::Proven;
use revchain_core::schema::{ColumnOrder, Schema, SchemaFilter, SchemaSql, SchemaSqlHash, diff};
use revchain_core::sql::inspect;
use revchain_core::{
    Chain, CodeLine, Defect, DefectKind, Downgrade, LoadedMigrations, LockFile, Part, Revision,
    RevisionIndex,
};
use revchain_runtime::internal::{
    ProofCode, ProofSettings, Violations, foreign_keys, has_rows, quote, read_schema_sql,
    reject_temporary_tables, sqlite_message, stand_ins, violations, violations_in,
};
use revchain_runtime::{Error, ErrorKind};
use rusqlite::Connection;

use crate::budget::StepBudget;
use crate::code::{adds_rows, code_fails, left_out};
use crate::diagnostics::{self, Findings};
use crate::faulty_statements::FaultyStatements;
use crate::script_run::{ScriptRun, Stage};
use crate::unowned_drops::unowned_drops;
use crate::unreadable::{UnreadableObject, unreadable_objects};
use crate::upgrade::Upgrade;
use crate::{destruction, loosened, trial};

/// The revisions that the proof runs completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The revisions that are not locked.
    ///
    /// The proof only runs the upgrade of a locked revision.
    /// The command `lock` has proven the revision, and the file has not changed since.
    Unlocked,
    /// All revisions.
    All,
}

/// Proves a chain.
///
/// Adds defects and notes to `loaded`, and a fingerprint to each revision whose schema is certain.
/// If `loaded` has no chain, returns `loaded` unchanged.
///
/// Leaves out the functions of the program.
pub fn prove(loaded: LoadedMigrations, scope: Scope) -> LoadedMigrations {
    prove_on(Connection::open_in_memory(), loaded, scope, None)
}

/// Proves a chain on an empty database, with the functions of a program unless `code` is `None`.
pub(crate) fn prove_on(
    connection: rusqlite::Result<Connection>,
    mut loaded: LoadedMigrations,
    scope: Scope,
    code: Option<&ProofCode<'_>>,
) -> LoadedMigrations {
    let Some(chain) = loaded.chain.take() else {
        return loaded;
    };
    let lock_file = loaded.lock_file.as_ref();
    let faulty = FaultyStatements::new(&loaded.defects);
    let mut findings = Findings::default();
    let mut proven = Vec::new();
    let result = connection.and_then(|mut connection| {
        let budget = StepBudget::install(&mut connection);
        let _settings = ProofSettings::new(&connection)?;
        Prover {
            chain: &chain,
            lock_file: lock_file.filter(|_| scope == Scope::Unlocked),
            sources: &loaded.sources,
            connection: &connection,
            budget: &budget,
            code,
            trial: trial::Outcome::default(),
            rejected: Vec::new(),
            findings: &mut findings,
            proven: &mut proven,
            index: RevisionIndex::new(0),
            sql: SchemaSql::default(),
            schema: Schema::default(),
            sql_hash: SchemaSqlHash::default(),
            tainted_names: HashSet::new(),
            is_schema_known: true,
            used_app_defined: false,
            violations: 0,
            mismatched_tables: HashSet::new(),
            needless_stand_ins: Vec::new(),
            explained_stand_ins: HashSet::new(),
            faulty: &faulty,
        }
        .prove()
    });
    if let Err(error) = result {
        let current = chain.revisions().get(proven.len()).or(chain.head());
        let message = sqlite_message(&error);
        let stopped = current.map(|revision| diagnostics::stopped(revision, &message));
        findings.defects.extend(stopped);
    }
    loaded.defects.extend(findings.defects);
    loaded.notes.extend(findings.notes);
    loaded.chain = Some(chain.with_proven(proven));
    loaded
}

struct Prover<'c> {
    chain: &'c Chain,
    /// The lock file; `None` under [`Scope::All`].
    ///
    /// For a locked revision, the prover only runs the upgrade.
    lock_file: Option<&'c LockFile>,
    sources: &'c [SourceInfo],
    connection: &'c Connection,
    budget: &'c StepBudget,
    /// The functions of the program; `None` if the proof leaves code out.
    code: Option<&'c ProofCode<'c>>,
    /// The results of the trials of the current revision.
    trial: trial::Outcome,
    /// The rejected statements of the current revision, and the stages at which they ran.
    rejected: Vec<(Stage, usize)>,
    findings: &'c mut Findings,
    /// The results of the revisions so far. `None` means that the schema is uncertain.
    proven: &'c mut Vec<Option<Proven>>,
    /// The current revision.
    index: RevisionIndex,
    /// The SQL of the schema after the last upgrade.
    sql: SchemaSql,
    /// The normal form of `sql`. To save time, an upgrade updates only the changed objects.
    schema: Schema,
    /// The hash of `sql`.
    sql_hash: SchemaSqlHash,
    /// The lowercase names in rejected statements.
    ///
    /// The objects with these names may be missing or wrong, so the proof ignores their defects.
    tainted_names: HashSet<String>,
    /// `false` after a rejected statement: the schema may differ from that of a real database.
    is_schema_known: bool,
    /// `true` if the current revision needs a function, collation or module of the program.
    used_app_defined: bool,
    /// The number of foreign key violations at the last check.
    violations: usize,
    /// The lowercase names of tables with a key that does not fit its parent.
    mismatched_tables: HashSet<String>,
    /// The lowercase names of needless stand-ins, and the defects that describe them.
    needless_stand_ins: Vec<(String, Defect)>,
    /// The lowercase names of stand-ins that are needless because of a reported mistake.
    explained_stand_ins: HashSet<String>,
    /// The statements in which the parser has found defects.
    faulty: &'c FaultyStatements,
}

impl<'c> Prover<'c> {
    fn revision(&self) -> &'c Revision {
        &self.chain[self.index]
    }

    fn source(&self) -> &'c SourceInfo {
        &self.sources[self.index.get()]
    }

    fn is_locked(&self) -> bool {
        // The command `lock` has proven the revision without its functions.
        let needs_code = self.code.is_some() && self.revision().code().next().is_some();
        let id = self.revision().id();
        !needs_code && self.lock_file.is_some_and(|file| file.contains(id))
    }

    /// Returns `true` if the parser has found a defect outside of the statements of the file.
    fn has_defects(&self) -> bool {
        self.source().has_defects && self.faulty.has_others(self.revision())
    }

    fn is_tainted(&self, name: &str) -> bool {
        self.tainted_names.contains(&name.to_ascii_lowercase())
    }

    fn report(&mut self, defect: Defect) {
        self.findings.defects.push(defect);
    }

    fn prove(&mut self) -> rusqlite::Result<()> {
        for (index, is_linear) in self.chain.linear() {
            self.index = index;
            stand_ins::register(self.connection, &self.source().stand_ins);
            if !is_linear {
                let schema = mem::take(&mut self.schema);
                self.schema = schema.with_column_order(ColumnOrder::Free);
            }
            self.trial = trial::Outcome::default();
            self.rejected.clear();
            if !self.is_locked() && !self.has_defects() {
                self.trial = self.run_trials();
            }
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            self.prove_revision()?;
            self.connection.execute_batch("COMMIT")?;
            self.report_trials();
            let proven = Proven {
                fingerprint: self.schema.fingerprint(),
                sql_hash: self.sql_hash,
            };
            let is_known = self.is_schema_known;
            self.proven.push(Some(proven).filter(|_| is_known));
        }
        self.report_needless();
        if self.is_schema_known {
            self.check_head()?;
        }
        Ok(())
    }

    fn prove_revision(&mut self) -> rusqlite::Result<()> {
        self.used_app_defined = false;
        let is_sound = self.run_script(Stage::Upgrade)?;
        let before = self.update_schema()?;
        if self.is_locked() {
            return Ok(());
        }
        if !self.has_defects() {
            let unowned = unowned_drops(self.chain, self.index);
            self.findings.defects.extend(unowned);
        }
        self.check_foreign_keys(Stage::Upgrade);
        if let Downgrade::Sql(_) = self.revision().downgrade() {
            self.connection.execute_batch("SAVEPOINT upgraded")?;
            let violations = self.violations;
            let (names, is_known) = (self.tainted_names.clone(), self.is_schema_known);
            if !self.prove_downgrade(&before, is_sound)? {
                self.connection.execute_batch("ROLLBACK TO upgraded")?;
                // The next revision runs on the schema after the upgrade.
                self.tainted_names = names;
                self.is_schema_known = is_known;
            }
            self.violations = violations;
            self.connection.execute_batch("RELEASE upgraded")?;
        }
        self.check_stand_ins()?;
        if is_sound {
            self.check_unproven()?;
        }
        Ok(())
    }

    /// Runs the downgrade, and the upgrade again.
    ///
    /// Returns `true` if the schema is then the same as before the downgrade.
    fn prove_downgrade(&mut self, before: &SchemaSql, is_sound: bool) -> rusqlite::Result<bool> {
        let runs = self.run_script(Stage::Downgrade)?;
        // After a rejected statement, even a correct downgrade may leave a different schema.
        if !(runs && is_sound) {
            return Ok(false);
        }
        let reverted = self.read_schema()?;
        if reverted != *before && !self.is_restored(before, &reverted) {
            return Ok(false);
        }
        self.check_foreign_keys(Stage::Downgrade);
        if !self.run_script(Stage::UpgradeAgain)? {
            return Ok(false);
        }
        // Both runs of the upgrade began with the same schema, so the resulting schemas are equal.
        if reverted == *before {
            return Ok(true);
        }
        let upgraded = self.read_schema()?;
        let (removed, added) = upgraded.changes(&self.sql);
        Ok(removed.is_empty() && added.is_empty())
    }

    fn read_schema(&self) -> rusqlite::Result<SchemaSql> {
        let sql = read_schema_sql(self.connection, &SchemaFilter::default())?;
        if !stand_ins::has_any(self.connection) {
            return Ok(sql);
        }
        Ok(sql.with_replaced(stand_ins::virtual_table))
    }

    /// Reads the schema after the upgrade, and checks the declarations of the upgrade.
    ///
    /// Returns the schema before the upgrade.
    fn update_schema(&mut self) -> rusqlite::Result<SchemaSql> {
        let sql = self.read_schema()?;
        let before = mem::replace(&mut self.sql, sql);
        let (removed, added) = before.changes(&self.sql);
        let revision = self.revision();
        let must_check = destruction::must_check(revision) || !self.source().loosens.is_empty();
        if must_check && !self.is_locked() {
            let mut after = self.schema.clone();
            after.apply_delta(removed.clone(), added.clone());
            let upgrade = Upgrade {
                revision,
                source: self.source(),
                before: &self.schema,
                after: &after,
                trial: &self.trial,
                judged_up_to: self.judged_up_to(),
                tainted_names: &self.tainted_names,
            };
            let mut defects = destruction::check(&upgrade);
            defects.extend(loosened::check(&upgrade));
            self.findings.defects.extend(defects);
        }
        self.sql_hash.apply_delta(removed.clone(), added.clone());
        self.schema.apply_delta(removed, added);
        Ok(before)
    }

    /// Returns the offset in the upgrade from which on values are not judged; `None` for its end.
    ///
    /// This is the first function that the proof leaves out, or that fails.
    fn judged_up_to(&self) -> Option<usize> {
        let on_rows = self
            .trial
            .failures
            .iter()
            .filter(|failed| failed.is_upgrade);
        let without = self.rejected.iter().filter(|(stage, _)| stage.is_upgrade());
        let starts = on_rows.map(|failed| failed.start);
        let starts = starts.chain(without.map(|(_, start)| *start));
        let is_code = |start: &usize| {
            let mut code = self.revision().upgrade().code();
            code.any(|line| line.start() == *start)
        };
        let failed = starts.filter(is_code).min();
        left_out(self.revision(), self.code).or(failed)
    }

    /// Returns `true` if the downgrade restored the schema from before the upgrade.
    ///
    /// Otherwise reports the differences, unless the differences contain a tainted name.
    fn is_restored(&mut self, before: &SchemaSql, reverted: &SchemaSql) -> bool {
        let (lost, left) = before.changes(reverted);
        let (lost, left) = (Schema::read(lost), Schema::read(left));
        // It is enough to compare the changed objects, unless a double-quoted word is ambiguous:
        // such a word is a name or a string, depending on unchanged objects.
        if lost == left && !lost.is_ambiguous() && !left.is_ambiguous() {
            return true;
        }
        let order = self.schema.column_order();
        let [expected, actual] =
            [before, reverted].map(|sql| sql.schema().clone().with_column_order(order));
        let diff = diff(&expected, &actual);
        if !diff.names().any(|name| self.is_tainted(name)) && !diff.is_empty() {
            self.report(diagnostics::not_restored(self.chain, self.index, &diff));
        }
        diff.is_empty()
    }

    /// Runs the revision with sample rows.
    fn run_trials(&mut self) -> trial::Outcome {
        // If the proof leaves the code out, it only judges what runs before.
        let before_code = if self.code.is_none() {
            self.revision().before_code()
        } else {
            None
        };
        let outcome = trial::run(&trial::Subject {
            connection: self.connection,
            revision: before_code.as_ref().unwrap_or(self.revision()),
            source: self.source(),
            schema: &self.schema,
            budget: self.budget,
            code: self.code,
            faulty: self.faulty,
            tainted_names: &self.tainted_names,
        });
        // An error of SQLite while rows are made proves nothing about the revision.
        let mut outcome = outcome.unwrap_or_else(|error| {
            let note = trial::failed_trial(self.revision(), &sqlite_message(&error));
            self.findings.notes.push(note);
            trial::Outcome::default()
        });
        // The rest of the script may restore a key, or need a condition. A job may need one, too.
        let is_partial = left_out(self.revision(), self.code).is_some();
        let has_functions = is_partial || !self.revision().jobs().is_empty();
        let defects = &mut outcome.findings.defects;
        defects.retain(|defect| match defect.kind() {
            DefectKind::ForeignKeyViolation => !is_partial,
            DefectKind::AssumesNothing => !has_functions,
            _ => true,
        });
        outcome
    }

    /// Reports the findings of the trials, without statements that fail without rows as well.
    fn report_trials(&mut self) {
        let mut trial = mem::take(&mut self.trial);
        // The run without sample rows has reported the rows that the script itself inserts.
        let mut parents = trial.findings.violated_parents.iter();
        if parents.all(|parent| self.findings.violated_parents.contains(parent)) {
            let defects = &mut trial.findings.defects;
            defects.retain(|defect| defect.kind() != DefectKind::ForeignKeyViolation);
        }
        self.findings.extend(trial.findings);
        for failed in trial.failures {
            let is_rejected = self.rejected.iter().any(|(stage, start)| {
                let is_upgrade = *stage != Stage::Downgrade;
                is_upgrade == failed.is_upgrade && *start == failed.start
            });
            if !is_rejected {
                self.report(failed.defect);
            }
        }
    }

    /// Reports an `@unproven` revision that runs without the objects of the program.
    fn check_unproven(&mut self) -> rusqlite::Result<()> {
        if !self.source().is_unproven || self.used_app_defined {
            return Ok(());
        }
        // CREATE VIEW and CREATE TRIGGER succeed even if a function of the program is missing.
        let unreadable = unreadable_objects(self.connection)?;
        if !unreadable.iter().any(UnreadableObject::needs_app_defined) {
            let defect = diagnostics::needlessly_unproven(self.revision(), self.source());
            self.report(defect);
        }
        Ok(())
    }

    /// Reports foreign keys, views and triggers at the head that use missing objects.
    fn check_head(&mut self) -> rusqlite::Result<()> {
        for key in foreign_keys(self.connection)? {
            let is_reported = self.findings.violated_parents.contains(&key.parent);
            if !is_reported && self.schema.columns(&key.parent).is_none() {
                self.report(diagnostics::missing_parent(self.chain, &key, &self.schema));
            }
        }
        let mut reported_probes = HashSet::new();
        for object in unreadable_objects(self.connection)? {
            if object.needs_app_defined() || !object.may_be_at_fault() {
                continue;
            }
            // Several triggers may have the same probe. SQLite does not say which trigger failed,
            // so only one defect is reported.
            if reported_probes.insert(object.probe.clone()) {
                self.report(diagnostics::unreadable(self.chain, &object, &self.schema));
            }
        }
        Ok(())
    }

    /// Runs a script, and skips the statements that SQLite rejects.
    ///
    /// Returns `false` in these cases:
    ///
    /// - The parser found defects in the file.
    /// - SQLite rejects a statement. `@unproven` permits statements that need the program.
    /// - The script leaves a temporary table.
    fn run_script(&mut self, stage: Stage) -> rusqlite::Result<bool> {
        let run = ScriptRun::new(self.revision(), stage);
        let source = self.source();
        let has_defects = self.has_defects();
        let mut is_sound = !has_defects;
        for part in run.script().parts() {
            let statement = match part {
                Part::Statement(statement) => statement,
                Part::Code(line) => {
                    is_sound &= self.run_code(run, &line);
                    // A statement of the function may have ended the transaction.
                    if self.connection.is_autocommit() {
                        self.is_schema_known = false;
                        self.recover_from_rollback(run)?;
                        break;
                    }
                    continue;
                }
            };
            let sql = statement.sql();
            // Skip a statement that could change the connection. The parser has reported a defect.
            if has_defects && !inspect::is_plain(sql) {
                continue;
            }
            if self.faulty.contains(run.revision, &statement) {
                is_sound = false;
                self.is_schema_known &= inspect::changes_rows_only(sql);
                self.tainted_names.extend(inspect::named_objects(sql));
                continue;
            }
            self.budget.restart();
            let string = self.check_double_quotes(run, &statement);
            let skipped = self.check_creates_nothing(run, &statement)?;
            let Err(rejection) = self.execute(run, statement.clone()) else {
                let string =
                    string.or_else(|| self.check_double_quotes_of_created(run, &statement));
                self.findings.defects.extend(string);
                self.findings.defects.extend(skipped);
                self.check_copied_columns(run, sql);
                continue;
            };
            self.rejected.push((stage, statement.start()));
            let names = inspect::named_objects(sql);
            if source.is_unproven && self.needs_program(sql, &rejection.message) {
                self.used_app_defined = true;
                if inspect::changes_rows_only(sql) {
                    continue;
                }
            } else {
                is_sound = false;
                // If a name is tainted, an earlier defect may be the cause of the rejection.
                if !has_defects && !names.iter().any(|name| self.is_tainted(name)) {
                    let defect = if self.budget.is_exhausted() {
                        trial::runs_too_long(run, Some(statement.clone()))
                    } else {
                        self.explain_needless(&rejection.message);
                        self.describe_rejection(run, &rejection)
                    };
                    self.report(defect);
                }
            }
            self.is_schema_known = false;
            self.tainted_names.extend(names);
            // `OR ROLLBACK` in a statement, or RAISE in a trigger, may have ended the transaction.
            if self.connection.is_autocommit() {
                self.recover_from_rollback(run)?;
                break;
            }
        }
        Ok(self.drop_temporary_tables(run)? && is_sound)
    }

    /// Begins a new transaction after a statement has rolled back the previous transaction.
    ///
    /// Taints all names in the script, because the rollback has undone the script.
    /// For any stage after the upgrade, runs the upgrade and sets the savepoint again.
    fn recover_from_rollback(&mut self, run: ScriptRun<'_>) -> rusqlite::Result<()> {
        for statement in run.script().statements() {
            let names = inspect::named_objects(statement.sql());
            self.tainted_names.extend(names);
        }
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        if run.stage != Stage::Upgrade {
            let upgrade = ScriptRun::upgrade(run.revision);
            for statement in upgrade.script().statements() {
                // Ignore errors: the first run of the upgrade has reported the errors.
                let _ = upgrade.execute(self.connection, statement);
            }
            self.connection.execute_batch("SAVEPOINT upgraded")?;
        }
        Ok(())
    }

    /// Reports and drops the temporary tables that a script leaves.
    ///
    /// Returns `true` if the script leaves no temporary table.
    fn drop_temporary_tables(&mut self, run: ScriptRun<'_>) -> rusqlite::Result<bool> {
        // Most scripts do not contain `temp`. Searching the text is faster than a query.
        let sql = run.script().sql().to_ascii_lowercase();
        if !sql.contains("temp") {
            return Ok(true);
        }
        let result = reject_temporary_tables(self.connection, Some(run.revision));
        let error = result.as_ref().err().map(Error::kind);
        let Some(ErrorKind::TemporaryTables { tables, .. }) = error else {
            return Ok(error.is_none());
        };
        self.report(diagnostics::leaves_temporary_tables(run, tables));
        for table in tables {
            let name = quote(table);
            let drop = |kind| format!("DROP {kind} IF EXISTS temp.{name}");
            let dropped = self.connection.execute_batch(&drop("TABLE"));
            dropped.or_else(|_| self.connection.execute_batch(&drop("VIEW")))?;
        }
        Ok(false)
    }

    /// Runs a function of the program. Returns `false` and reports a failure.
    fn run_code(&mut self, run: ScriptRun<'_>, line: &CodeLine<'_>) -> bool {
        let Some(code) = self.code else {
            return true;
        };
        self.budget.restart();
        // Without an answer, the function is not judged.
        let connection = self.connection;
        let has_rows = || has_rows(connection).unwrap_or(true);
        let promises_nothing = line.is_on_rows() && !has_rows();
        let ran = code.run(self.connection, run.revision, run.direction(), line);
        let defect = match ran {
            Ok(()) if promises_nothing && has_rows() => adds_rows(run, line),
            Ok(()) => return true,
            Err(error) => code_fails(run, line, &error),
        };
        self.rejected.push((run.stage, line.start()));
        self.report(defect);
        false
    }

    /// Reports foreign key violations if their number has grown since the last check.
    fn check_foreign_keys(&mut self, stage: Stage) {
        let run = ScriptRun::new(self.revision(), stage);
        let found = match violations(self.connection) {
            Ok(found) => found,
            Err(_) => self.violations_by_table(run),
        };
        let before = mem::replace(&mut self.violations, found.count);
        if found.count <= before || self.has_defects() {
            return;
        }
        let mut rows = found.first;
        rows.retain(|row| !self.is_tainted(&row.table) && !self.is_tainted(&row.parent));
        if !rows.is_empty() {
            self.findings.report_violations(run, &rows, &self.schema);
        }
    }

    /// Checks each table on its own, and reports new keys that do not fit their parents.
    fn violations_by_table(&mut self, run: ScriptRun<'_>) -> Violations {
        let mut all = Violations::default();
        let keys = foreign_keys(self.connection).unwrap_or_default();
        let tables: BTreeSet<String> = keys.into_iter().map(|key| key.table).collect();
        for table in tables {
            match violations_in(self.connection, &table) {
                Ok(found) => {
                    all.count += found.count;
                    all.first.extend(found.first);
                }
                Err(error) => {
                    let is_new = self.mismatched_tables.insert(table.to_ascii_lowercase());
                    let is_reported = is_new && self.is_schema_known && !self.has_defects();
                    if is_reported && !self.is_tainted(&table) {
                        self.report(diagnostics::mismatch(run, &sqlite_message(&error)));
                    }
                }
            }
        }
        all
    }
}
