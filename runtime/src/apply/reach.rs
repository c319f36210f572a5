//! The reach of a plan: its scripts must touch only the chain's own tables in `main`.
//!
//! The names in the statements decide, before the first script runs.

use std::collections::{HashMap, HashSet};

use revchain_core::schema::SchemaFilter;
use revchain_core::sql::change::{Change, Effect, ObjectName, effect};
use revchain_core::sql::cursor::{self, Cursor};
use revchain_core::sql::references::looked_up;
use revchain_core::{Revision, Script, Step};
use rusqlite::Connection;

use super::key_check::script;
use super::locked_plan::LockedPlan;
use crate::report::error::{Context, Direction, Error, ErrorKind, Operation};
use crate::report::not_owned::{NotOwned, Owner, Place};
use crate::session::locked::LockedSession;
use crate::session::sql::{TEMPORARY, query_texts, quote};

/// Fails if a script of the plan can reach a table that is not the chain's own.
///
/// `schemas` has the names of all schemas of the connection but `main`.
///
/// # Errors
///
/// - [`ErrorKind::TemporaryTriggers`] if a temporary trigger can fire.
/// - [`ErrorKind::NotOwned`] if a script names a table of another owner.
pub(super) fn check_reach(
    locked: &LockedSession<'_>,
    plan: &LockedPlan<'_>,
    schemas: &[String],
) -> Result<(), Error> {
    let connection = locked.connection();
    let database = locked.database();
    let ignored = SchemaFilter {
        ignored: database.settings.ignored_tables.clone(),
        own: None,
    };
    let (temporary, attached): (Vec<&String>, Vec<&String>) =
        schemas.iter().partition(|schema| *schema == TEMPORARY);
    if !temporary.is_empty() {
        reject_temporary_triggers(connection, &ignored)?;
    }
    let attached = attached_names(connection, &attached).context(Operation::ReadSchema)?;
    let own = plan.histories().own_names();
    // Most databases have one owner, so every table that a script can name is the chain's own.
    if attached.is_empty() && own.is_none() && ignored.ignored.is_empty() {
        return Ok(());
    }
    let others = plan.histories().names_of_other_chains();
    let mut reach = Reach {
        attached,
        own,
        others: others.context(Operation::ReadSchema)?,
        main: main_names(connection).context(Operation::ReadSchema)?,
        temporary: HashSet::new(),
        made: HashSet::new(),
        ignored,
    };
    for step in &plan.steps {
        let Some(script) = script(database.chain(), step) else {
            continue;
        };
        if let Some(revision) = step.revision(database.chain()) {
            reach.check_script(step, revision, script)?;
        }
    }
    Ok(())
}

/// The objects that the scripts can name, as they are before the next statement.
///
/// All names are in lowercase.
struct Reach {
    /// The names of the objects in each attached database.
    attached: Vec<(String, HashSet<String>)>,
    /// The tables that the chain makes; `None` if no other chain shares the database.
    own: Option<HashSet<String>>,
    /// The tables that other chains drop in their downgrades, and so have made.
    others: HashSet<String>,
    /// The objects of `main`, each with its table.
    main: HashMap<String, String>,
    /// The tables that the scripts have made in `temp`.
    temporary: HashSet<String>,
    /// The tables that the scripts have made in `main`.
    made: HashSet<String>,
    ignored: SchemaFilter,
}

impl Reach {
    fn check_script(
        &mut self,
        step: &Step,
        revision: &Revision,
        script: &Script,
    ) -> Result<(), Error> {
        for statement in script.statements() {
            let place = Place {
                revision: revision.id(),
                path: revision.path(),
                direction: match step {
                    Step::Upgrade(_) => Direction::Upgrade,
                    _ => Direction::Downgrade,
                },
                statement: &statement,
            };
            // The sandbox keeps a stored downgrade from attached databases.
            if !matches!(step, Step::DowngradeStored(_)) {
                self.check_attached(place)?;
            }
            if let Effect::Change(name, change) = effect(statement.sql()) {
                self.check_owner(place, step, revision, (&name, &change))?;
                self.follow(&name, &change);
            }
        }
        Ok(())
    }

    /// Fails if SQLite finds a name of the statement only in an attached database.
    fn check_attached(&self, place: Place<'_>) -> Result<(), Error> {
        if self.attached.is_empty() {
            return Ok(());
        }
        for name in looked_up(place.statement.sql()) {
            let lower = name.name.to_ascii_lowercase();
            let is_found = self.main.contains_key(&lower) || self.temporary.contains(&lower);
            if name.schema.is_some() || is_found || is_table_of_sqlite(&lower) {
                continue;
            }
            let mut attached = self.attached.iter();
            if let Some((schema, _)) = attached.find(|(_, names)| names.contains(&lower)) {
                let owner = Owner::Attached(schema.clone());
                return Err(not_owned(NotOwned::new(
                    place,
                    name.offset,
                    &name.name,
                    owner,
                )));
            }
        }
        Ok(())
    }

    /// Fails if the statement changes or drops a table of another owner.
    fn check_owner(
        &self,
        place: Place<'_>,
        step: &Step,
        revision: &Revision,
        (name, change): (&ObjectName, &Change),
    ) -> Result<(), Error> {
        let lower = name.name.to_ascii_lowercase();
        if self.is_temporary(name, &lower) {
            return Ok(());
        }
        // An index or a trigger belongs to the owner of its table.
        let table = match self.main.get(&lower) {
            Some(table) => table.as_str(),
            None => lower.as_str(),
        };
        let may_make = matches!(change, Change::CreateTable | Change::CreateView);
        let owner = if !self.ignored.includes(table) && (change.is_write() || may_make) {
            Owner::Ignored
        } else if change.is_write() && self.is_of_other_chain(table, step, revision) {
            Owner::OtherChain
        } else {
            return Ok(());
        };
        let error = NotOwned::new(place, name.offset, &name.name, owner);
        Err(not_owned(error.with_drop(change.is_drop())))
    }

    fn is_temporary(&self, name: &ObjectName, lower: &str) -> bool {
        match &name.schema {
            Some(schema) => schema.eq_ignore_ascii_case("temp"),
            None => self.temporary.contains(lower),
        }
    }

    /// Returns `true` if the table exists in a shared database, and the chain has not made it.
    fn is_of_other_chain(&self, table: &str, step: &Step, revision: &Revision) -> bool {
        let (Some(own), false) = (&self.own, matches!(step, Step::DowngradeStored(_))) else {
            return false;
        };
        let is_own = own.contains(table) || self.made.contains(table) || is_table_of_sqlite(table);
        if is_own || !self.main.contains_key(table) {
            return false;
        }
        // A table that no chain has made can be destroyed on purpose.
        let mut destroys = revision.destroys().iter();
        let is_declared = destroys.any(|destroys| destroys.table.eq_ignore_ascii_case(table));
        !is_declared || self.others.contains(table)
    }

    /// Applies the statement to the names.
    fn follow(&mut self, name: &ObjectName, change: &Change) {
        let lower = name.name.to_ascii_lowercase();
        if self.is_temporary(name, &lower) {
            match change {
                Change::CreateTable | Change::CreateView => {
                    self.temporary.insert(lower);
                }
                Change::Drop => {
                    self.temporary.remove(&lower);
                }
                _ => {}
            }
            return;
        }
        match change {
            Change::CreateTable | Change::CreateView => {
                // With IF NOT EXISTS, the table can be another chain's.
                if !self.main.contains_key(&lower) {
                    self.made.insert(lower.clone());
                }
                self.main.insert(lower.clone(), lower);
            }
            Change::CreateIndex { table, .. } | Change::CreateTrigger { table } => {
                self.main.insert(lower, table.to_ascii_lowercase());
            }
            Change::Drop => self.main.retain(|_, table| *table != lower),
            Change::DropAttached => {
                self.main.remove(&lower);
            }
            Change::Rename(to) => {
                let to = to.to_ascii_lowercase();
                self.main.remove(&lower);
                self.main.insert(to.clone(), to.clone());
                for table in self.main.values_mut() {
                    if *table == lower {
                        to.clone_into(table);
                    }
                }
                self.made.insert(to);
            }
            _ => {}
        }
    }
}

fn not_owned(error: NotOwned) -> Error {
    Error::new(ErrorKind::NotOwned(error))
}

fn is_table_of_sqlite(name: &str) -> bool {
    name.starts_with("sqlite_")
}

/// Reads the names of the objects in each attached database.
fn attached_names(
    connection: &Connection,
    schemas: &[&String],
) -> rusqlite::Result<Vec<(String, HashSet<String>)>> {
    let mut attached = Vec::new();
    for schema in schemas {
        let sql = format!("SELECT name FROM {}.sqlite_master", quote(schema));
        let names = query_texts(connection, &sql, [])?.into_iter();
        let names = names.map(|name| name.to_ascii_lowercase());
        attached.push(((*schema).clone(), names.collect()));
    }
    Ok(attached)
}

/// Reads the names of the objects in `main`, each with its table.
fn main_names(connection: &Connection) -> rusqlite::Result<HashMap<String, String>> {
    // The program may have replaced SQLite's function lower().
    let sql = "SELECT name, tbl_name FROM main.sqlite_master";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| {
        let (name, table): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((name.to_ascii_lowercase(), table.to_ascii_lowercase()))
    })?;
    names.collect()
}

/// Fails if a temporary trigger is on a table that the scripts can write.
fn reject_temporary_triggers(connection: &Connection, ignored: &SchemaFilter) -> Result<(), Error> {
    let read = || -> rusqlite::Result<Vec<(String, String, String)>> {
        let mut statement = connection.prepare(
            "SELECT name, tbl_name, sql FROM sqlite_temp_master WHERE type = 'trigger'
             ORDER BY name",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect()
    };
    let mut triggers = read().context(Operation::ReadSchema)?;
    triggers.retain(|(_, table, sql)| ignored.includes(table) && !is_on_attached(sql));
    if triggers.is_empty() {
        return Ok(());
    }
    let triggers = triggers.into_iter().map(|(name, _, _)| name).collect();
    Err(Error::new(ErrorKind::TemporaryTriggers { triggers }))
}

/// Returns `true` if a CREATE TRIGGER statement names a schema other than `main` for its table.
fn is_on_attached(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    while cursor.peek().is_some() && !cursor.eat(&["ON"]) {
        cursor.next();
    }
    let schema = cursor.name().unwrap_or_default();
    cursor.is_at_mark(".") && !schema.eq_ignore_ascii_case("main")
}
