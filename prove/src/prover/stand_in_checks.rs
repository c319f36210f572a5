//! The checks of objects that only the program registers: functions, collations and modules.

use std::mem;

use revchain_core::sql::sqlite_messages::{
    UnregisteredObject, miscalled_function, needs_app_defined_object,
};
use revchain_core::{Defect, Statement};
use revchain_runtime::internal::stand_ins;

use rusqlite::Connection;

use super::Prover;
use crate::diagnostics::stand_ins::{
    help_for_miscalled, help_for_stand_in, help_for_unregistered, needless_stand_in,
    needs_aggregate, unknown_columns,
};
use crate::diagnostics::{self, Existing};
use crate::needless_stand_ins::{misspelled_stand_in, needless_stand_ins};
use crate::script_run::{Rejection, ScriptRun, Stage};
use crate::unreadable::{created_unreadable, unusable_table};

impl Prover<'_> {
    /// Runs a statement.
    ///
    /// If the statement needs an object of the program that no directive declares, reports the
    /// object, registers a stand-in, and runs the statement again.
    pub(super) fn execute<'r>(
        &mut self,
        run: ScriptRun<'r>,
        statement: Statement<'r>,
    ) -> Result<(), Rejection<'r>> {
        let mut result = run.execute(self.connection, statement.clone());
        if self.has_defects() {
            return result;
        }
        if self.source().is_unproven {
            self.used_app_defined |=
                result.is_ok() && self.unregistered(run, &result, &statement).is_some();
            return result;
        }
        while let Some(rejection) = self.unregistered(run, &result, &statement) {
            // The names that the help suggests must not contain the stand-in.
            let defect = self.describe_rejection(run, &rejection);
            let is_new = self.register_unregistered(&rejection);
            if is_new || result.is_ok() {
                self.explain_needless(&rejection.message);
                self.report(defect);
            }
            if !is_new {
                break;
            }
            if result.is_err() {
                result = run.execute(self.connection, statement.clone());
            }
        }
        result
    }

    /// Returns the rejection if a statement needs an object that SQLite lacks.
    fn unregistered<'r>(
        &self,
        run: ScriptRun<'_>,
        result: &Result<(), Rejection<'r>>,
        statement: &Statement<'r>,
    ) -> Option<Rejection<'r>> {
        let message = match result {
            Err(rejection) => rejection.message.clone(),
            // Many definitions succeed even if a function is missing.
            Ok(()) if run.stage == Stage::Upgrade && !self.is_locked() => {
                let created = created_unreadable(self.connection, statement.sql());
                match created.ok().flatten() {
                    Some(object) => object.message,
                    None => unusable_table(self.connection, statement.sql())?,
                }
            }
            Ok(()) => return None,
        };
        UnregisteredObject::parse(&message)?;
        Some(Rejection {
            statement: statement.clone(),
            message,
            offset: None,
        })
    }

    /// Registers a stand-in for the missing object, so that the proof reports the object once.
    ///
    /// Returns `false` if there is no stand-in for the object.
    fn register_unregistered(&self, rejection: &Rejection<'_>) -> bool {
        match UnregisteredObject::parse(&rejection.message) {
            Some(UnregisteredObject::Function(name)) if needs_aggregate(self.chain, name) => false,
            Some(object) => stand_ins::register_missing(self.connection, object),
            None => false,
        }
    }

    /// Describes a statement that SQLite rejects. The help knows the objects of the program.
    pub(super) fn describe_rejection(
        &self,
        run: ScriptRun<'_>,
        rejection: &Rejection<'_>,
    ) -> Defect {
        let now = self.read_schema().unwrap_or_default();
        let objects = objects(self.connection).unwrap_or_default();
        let existing = Existing {
            schema: now.schema(),
            objects: &objects,
            before: &self.schema,
        };
        let defect = diagnostics::rejected(run, rejection, &existing);
        let (sql, message) = (rejection.statement.sql(), &*rejection.message);
        let help = if let Some(object) = UnregisteredObject::parse(message) {
            let known = stand_ins::known_names(self.connection, object);
            help_for_unregistered(self.chain, object, &known, self.misspelled(object))
        } else if let Some(name) =
            miscalled_function(message).filter(|name| stand_ins::is_function(self.connection, name))
        {
            help_for_miscalled(self.chain, name)
        } else if stand_ins::may_be_cause(self.connection, sql, message) {
            format!("{}\n{}", defect.help_text(), help_for_stand_in())
        } else {
            return defect;
        };
        defect.help(help)
    }

    /// Returns the declared name that is probably a misspelling of a missing object.
    fn misspelled(&self, missing: UnregisteredObject<'_>) -> Option<&str> {
        let sources = &self.sources[..=self.index.get()];
        let declared = sources.iter().map(|source| &source.stand_ins);
        misspelled_stand_in(self.chain, declared, missing)
    }

    /// Records the declaration that is needless because of the mistake that `message` reports.
    pub(super) fn explain_needless(&mut self, message: &str) {
        let explained = match UnregisteredObject::parse(message) {
            Some(object) => self.misspelled(object),
            None => miscalled_function(message),
        };
        let explained = explained.map(str::to_ascii_lowercase);
        self.explained_stand_ins.extend(explained);
    }

    /// Reports the needless declarations, unless another defect is about the same mistake.
    pub(super) fn report_needless(&mut self) {
        for (name, defect) in mem::take(&mut self.needless_stand_ins) {
            if !self.explained_stand_ins.contains(&name) {
                self.report(defect);
            }
        }
    }

    /// Returns `true` if a rejected statement can succeed in the program.
    pub(super) fn needs_program(&self, sql: &str, message: &str) -> bool {
        needs_app_defined_object(sql, message)
            || stand_ins::may_be_cause(self.connection, sql, message)
    }

    /// Marks the schema as unknown if a statement copies the columns of a virtual table.
    pub(super) fn check_copied_columns(&mut self, run: ScriptRun<'_>, sql: &str) {
        if run.stage == Stage::Upgrade && stand_ins::copies_columns(self.connection, sql) {
            self.is_schema_known = false;
            self.findings.notes.push(unknown_columns(run.revision));
        }
    }

    /// Finds the directives that declare stand-ins without need.
    ///
    /// A later revision can have the call that a declaration means, so the report comes last.
    pub(super) fn check_stand_ins(&mut self) -> rusqlite::Result<()> {
        let source = self.source();
        if self.has_defects() {
            return Ok(());
        }
        let revision = self.revision();
        for needless in needless_stand_ins(self.chain, self.index, &source.stand_ins)? {
            let name = needless.name.to_ascii_lowercase();
            let defect = needless_stand_in(revision, source, &needless);
            self.needless_stand_ins.push((name, defect));
        }
        Ok(())
    }
}

/// Returns the type and the name of each object in the schema.
fn objects(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare("SELECT type, name FROM main.sqlite_master")?;
    let objects = statement.query_map([], |row| row.try_into())?;
    objects.collect()
}
