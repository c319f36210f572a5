//! The tables in which the scripts of a plan can leave foreign key violations.
//!
//! The names in the statements decide. If a statement cannot be read, all tables count.

use std::collections::HashSet;

use revchain_core::Script;
use revchain_core::sql::change::{Change, Effect, effect, trigger_effects};
use revchain_core::sql::inspect::trigger_event;
use rusqlite::Connection;

use super::foreign_keys::{ForeignKey, foreign_keys};
use crate::session::sql::contains_word;

/// The tables that the scripts of a plan can change.
///
/// All names are in lowercase.
#[derive(Default)]
pub struct KeyChanges {
    /// The tables that can have new values in the columns of a key.
    written: HashSet<String>,
    /// The tables that can lack rows, values or an index on which the key of a child depends.
    parents: HashSet<String>,
    /// The tables and views whose triggers for an event can have run.
    fired: HashSet<(Event, String)>,
    /// The dropped indexes and triggers.
    dropped: Vec<String>,
    /// `true` if a statement cannot be read, or a function runs, so that every table counts.
    is_unknown: bool,
    objects: Objects,
}

/// The objects before the scripts, and the triggers that the scripts create. Drops do not remove
/// objects, because a statement before the drop may have used the object.
#[derive(Default)]
struct Objects {
    triggers: Vec<Trigger>,
    /// The unique indexes, each with its table.
    unique_indexes: Vec<(String, String)>,
    /// The tables whose definition can say `ON CONFLICT REPLACE`.
    replacing: HashSet<String>,
    /// The old and the new name of each renamed table.
    renames: Vec<(String, String)>,
}

/// The event of a trigger: `INSERT`, `UPDATE` or `DELETE`.
type Event = &'static str;

const EVENTS: [Event; 3] = ["INSERT", "UPDATE", "DELETE"];

struct Trigger {
    event: Event,
    /// The table or view.
    table: String,
    /// The effects of the statements in the body; `None` if the body cannot be read.
    effects: Option<Vec<Effect>>,
}

impl KeyChanges {
    /// Finds the changes by all scripts, before the first script runs.
    ///
    /// # Errors
    ///
    /// Fails if SQLite cannot read the schema.
    pub fn of(scripts: &[&Script], connection: &Connection) -> rusqlite::Result<Self> {
        let mut changes = Self::default();
        for script in scripts {
            for statement in script.statements() {
                changes.add_statement(statement.sql());
            }
            // A function of the program can change the rows of each table.
            changes.is_unknown |= script.code().len() > 0;
        }
        // Most scripts only create tables and add columns, whatever the schema has.
        if changes.depends_on_schema() {
            changes.objects.read(connection)?;
        }
        changes.complete();
        Ok(changes)
    }

    /// Returns the tables to check after the scripts.
    ///
    /// # Errors
    ///
    /// Fails if SQLite cannot read the schema.
    pub fn tables(&self, connection: &Connection) -> rusqlite::Result<Vec<String>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let keys = foreign_keys(connection)?.into_iter();
        let concerned = keys.filter(|key| self.concerns(key));
        let mut tables: Vec<String> = concerned.map(|key| key.table).collect();
        tables.dedup();
        Ok(tables)
    }

    /// Returns `true` if triggers, indexes, or conflict clauses of the schema can matter.
    fn depends_on_schema(&self) -> bool {
        !self.fired.is_empty() || !self.dropped.is_empty()
    }

    /// Adds a statement of a script.
    fn add_statement(&mut self, sql: &str) {
        let effect = effect(sql);
        if let Effect::Change(name, change) = &effect {
            let name = lower(&name.name);
            match change {
                Change::CreateTrigger { table } => {
                    self.objects.add("trigger", name, lower(table), sql);
                }
                Change::Rename(to) => self.objects.renames.push((name, lower(to))),
                _ => {}
            }
        }
        self.add_effect(&effect);
    }

    fn add_effect(&mut self, effect: &Effect) {
        let (name, change) = match effect {
            Effect::None => return,
            Effect::Unknown => {
                self.is_unknown = true;
                return;
            }
            Effect::Change(name, change) => (lower(&name.name), change),
        };
        match change {
            Change::CreateView
            | Change::CreateTrigger { .. }
            | Change::RenameColumn
            | Change::AddColumn => {}
            Change::CreateTable => {
                self.written.insert(name.clone());
                // The key of an older table can refer to the new table.
                self.parents.insert(name);
            }
            // A unique index can make a key valid that could not be checked before.
            Change::CreateIndex { table, is_unique } => {
                if *is_unique {
                    self.parents.insert(lower(table));
                }
            }
            Change::Drop => {
                self.parents.insert(name);
            }
            Change::DropAttached => self.dropped.push(name),
            Change::Rename(to) => {
                self.parents.insert(name);
                self.parents.insert(lower(to));
            }
            Change::Alter => {
                self.written.insert(name);
            }
            Change::Insert => {
                self.written.insert(name.clone());
                self.fired.insert(("INSERT", name));
            }
            // The statement can be a REPLACE. It fires no DELETE triggers, because
            // `recursive_triggers` is off.
            Change::Update => {
                self.parents.insert(name.clone());
                self.written.insert(name.clone());
                self.fired.insert(("INSERT", name.clone()));
                self.fired.insert(("UPDATE", name));
            }
            Change::Delete => {
                self.parents.insert(name.clone());
                self.fired.insert(("DELETE", name));
            }
        }
    }

    /// Adds the changes by triggers, and follows renames, until nothing is new.
    fn complete(&mut self) {
        let triggers = std::mem::take(&mut self.objects.triggers);
        let renames = self.objects.renames.clone();
        let dropped = std::mem::take(&mut self.dropped);
        let indexes = self.objects.unique_indexes.iter();
        let tables = indexes.filter(|(index, _)| dropped.contains(index));
        self.parents.extend(tables.map(|(_, table)| table.clone()));
        loop {
            let before = self.counts();
            for (from, to) in &renames {
                for names in [
                    &mut self.written,
                    &mut self.parents,
                    &mut self.objects.replacing,
                ] {
                    if names.contains(from) {
                        names.insert(to.clone());
                    }
                }
                // A trigger stays at its table, but its statement has the old name.
                for (name, other) in [(from, to), (to, from)] {
                    for event in EVENTS {
                        if self.fired.contains(&(event, name.clone())) {
                            self.fired.insert((event, other.clone()));
                        }
                    }
                }
            }
            let replaced = self.written.intersection(&self.objects.replacing);
            self.parents.extend(replaced.cloned());
            for trigger in &triggers {
                if self.fired.contains(&(trigger.event, trigger.table.clone())) {
                    let effects = trigger.effects.as_deref();
                    for effect in effects.unwrap_or(&[Effect::Unknown]) {
                        self.add_effect(effect);
                    }
                }
            }
            if self.counts() == before {
                return;
            }
        }
    }

    /// Returns numbers that grow if a name is new.
    fn counts(&self) -> [usize; 4] {
        [
            self.written.len(),
            self.parents.len(),
            self.fired.len(),
            self.objects.replacing.len(),
        ]
    }

    /// Returns `true` if no key of any table can be violated.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_unknown && self.written.is_empty() && self.parents.is_empty()
    }

    /// Returns `true` if rows of the child table can violate the key.
    pub(super) fn concerns(&self, key: &ForeignKey) -> bool {
        self.is_unknown
            || self.written.contains(&lower(&key.table))
            || self.parents.contains(&lower(&key.parent))
    }
}

impl Objects {
    /// Reads the objects of a database.
    fn read(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare(
            "SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE sql IS NOT NULL",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let sql = row.get_ref(3)?.as_bytes().unwrap_or_default();
            let object_type = row.get_ref(0)?.as_bytes().unwrap_or_default();
            if !is_relevant(object_type, sql) {
                continue;
            }
            // SQLite accepts SQL that is not UTF-8. The names before the first such byte suffice.
            let text = |column| -> rusqlite::Result<String> {
                let bytes = row.get_ref(column)?.as_bytes().unwrap_or_default();
                Ok(String::from_utf8_lossy(bytes).into_owned())
            };
            let (name, table, sql) = (lower(&text(1)?), lower(&text(2)?), text(3)?);
            self.add(&text(0)?, name, table, &sql);
        }
        Ok(())
    }

    fn add(&mut self, object_type: &str, name: String, table: String, sql: &str) {
        if !is_relevant(object_type.as_bytes(), sql.as_bytes()) {
            return;
        }
        match object_type {
            "trigger" => self
                .triggers
                .extend(trigger_event(sql).map(|event| Trigger {
                    event,
                    table,
                    effects: trigger_effects(sql),
                })),
            "index" => self.unique_indexes.push((name, table)),
            _ => {
                self.replacing.insert(name);
            }
        }
    }
}

/// Returns `true` for a trigger, for a unique index, and for a table with `ON CONFLICT REPLACE`.
fn is_relevant(object_type: &[u8], sql: &[u8]) -> bool {
    match object_type {
        b"trigger" => true,
        b"index" => contains_word(sql, "unique"),
        b"table" => contains_word(sql, "replace"),
        _ => false,
    }
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}
