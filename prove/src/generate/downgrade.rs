//! The downgrade of a revision, from the schemas before and after its upgrade.
//!
//! Each statement runs at once on a database that has the upgrade.
//! So SQLite decides if `ALTER TABLE` suffices, and the result is compared with the old schema.

use revchain_core::schema::{Schema, quote};
use revchain_core::sql::change::{Change, Effect, effect};
use revchain_core::sql::tokenizer::unquote;
use revchain_core::{Chain, LoadedMigrations, Script};
use revchain_runtime::internal::ProofSettings;
use rusqlite::Connection;

use super::error::GenerateError;
use super::objects::{Kind, Object, Objects};
use super::rebuild::{Rebuild, creation, dependents, drops, join};
use super::renames::Renames;
use super::scratch::Scratch;
use super::text::{ColumnText, columns, has_column};
use crate::sample_rows::table::indexed_table;

/// A downgrade, and the values that the schemas do not contain.
#[derive(Debug)]
pub struct WrittenDowngrade {
    /// The statements, with a comment at each value that is not known.
    pub script: String,
    /// The rows and values that the downgrade does not restore, one sentence each.
    pub notes: Vec<String>,
}

/// Returns the downgrade of the head, from the schemas before and after its upgrade.
///
/// Ignores the downgrade that the revision has.
///
/// # Errors
///
/// Fails if the chain does not run, if the upgrade does not change the schema, or if the statements
/// do not restore the schema.
pub fn write_downgrade(loaded: &LoadedMigrations) -> Result<WrittenDowngrade, GenerateError> {
    let chain = loaded.chain.as_ref();
    let Some(head) = chain.and_then(Chain::head) else {
        return Err(GenerateError::new(
            "no-chain",
            "there is no revision".to_owned(),
        ));
    };
    let mut scratch = Scratch::new()?;
    scratch.upgrade(loaded, loaded.sources.len() - 1)?;
    let before = scratch.objects()?;
    scratch.upgrade(loaded, usize::MAX)?;
    let _settings = ProofSettings::new(scratch.connection())?;
    let mut writer = Writer {
        scratch: &scratch,
        before: &before,
        groups: Vec::new(),
        notes: Vec::new(),
    };
    writer.note_changed_rows(head.upgrade());
    let after = scratch.objects()?;
    if after.schema == before.schema {
        let message = format!("the upgrade of {} does not change the schema", head.id());
        let help = "write the SQL that reverts its rows, or `-- @irreversible REASON`";
        return Err(GenerateError::new("same-schema", message).help(help.to_owned()));
    }
    writer.take_back_renames(head.upgrade(), &after)?;
    writer.drop_changed()?;
    writer.change_tables()?;
    writer.create_missing()?;
    let Writer { groups, notes, .. } = writer;
    if scratch.objects()?.schema != before.schema {
        let message = format!(
            "the schemas do not determine the downgrade of {}",
            head.id()
        );
        let help = "write the SQL that reverts the upgrade".to_owned();
        return Err(GenerateError::new("undecidable", message).help(help));
    }
    let script = join(groups);
    Ok(WrittenDowngrade { script, notes })
}

struct Writer<'w> {
    /// The database, which has the schema after the statements in `groups`.
    scratch: &'w Scratch,
    /// The schema to restore.
    before: &'w Objects,
    groups: Vec<String>,
    notes: Vec<String>,
}

impl Writer<'_> {
    fn connection(&self) -> &Connection {
        self.scratch.connection()
    }

    /// Runs statements, and adds them to the script.
    fn push(&mut self, group: String) -> Result<(), GenerateError> {
        self.connection().execute_batch(&group)?;
        self.groups.push(group);
        Ok(())
    }

    /// Notes the tables that exist before the upgrade and whose rows it changes.
    fn note_changed_rows(&mut self, upgrade: &Script) {
        for statement in upgrade.statements() {
            let Effect::Change(name, change) = effect(statement.sql()) else {
                continue;
            };
            let is_change = matches!(change, Change::Insert | Change::Update | Change::Delete);
            if let (true, Some(table)) = (is_change, self.before.table_or_view(&name.name)) {
                let table = quote(&table.name);
                let comment = format!("-- Revert the rows of {table}, which the upgrade changes.");
                if !self.groups.contains(&comment) {
                    self.note(format!("the rows of {table} that the upgrade changes"));
                    self.groups.push(comment);
                }
            }
        }
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Drops the tables that virtual tables have left behind.
    ///
    /// SQLite 3.53 does not drop the table of the values of an FTS5 table with
    /// `contentless_unindexed`.
    fn drop_leftovers(&mut self, dropped: &[&Object]) -> Result<(), GenerateError> {
        let is_virtual = |object: &&&Object| object.kind == Kind::VirtualTable;
        let prefixes = dropped.iter().filter(is_virtual);
        let prefixes: Vec<String> = prefixes.map(|table| format!("{}_", table.name)).collect();
        for object in self.scratch.objects()?.all {
            let is_left = prefixes
                .iter()
                .any(|prefix| object.name.starts_with(prefix));
            if is_left && object.kind == Kind::Table && self.before.same(&object).is_none() {
                self.push(format!("DROP TABLE IF EXISTS {};", quote(&object.name)))?;
            }
        }
        Ok(())
    }

    /// Drops the objects that the upgrade created, and takes its renames back.
    fn take_back_renames(
        &mut self,
        upgrade: &Script,
        after: &Objects,
    ) -> Result<(), GenerateError> {
        let renames = Renames::of(upgrade, self.before);
        let is_table = |object: &&Object| matches!(object.kind, Kind::Table | Kind::VirtualTable);
        let tables = after.all.iter().filter(is_table);
        let created: Vec<&Object> = tables
            .filter(|table| renames.is_created(&table.name))
            .rev()
            .collect();
        let names = created.iter().map(|table| table.name.to_ascii_lowercase());
        let names = names.collect();
        let readers = after.all.iter().filter(|object| {
            let is_reader = matches!(object.kind, Kind::View | Kind::Trigger);
            let is_new = self.before.same(object).is_none() || object.may_name(&names);
            is_reader && is_new && !object.is_on(&names)
        });
        let readers = without_attached(readers.rev().collect());
        self.push(drops(&readers))?;
        self.push(drops(&created))?;
        self.drop_leftovers(&created)?;
        for inverse in renames.inverse() {
            let statement = inverse.statement.clone();
            let freeing = inverse.frees_name.as_ref();
            let freeing = freeing.map(|frees_name| format!("{frees_name}\n{statement}"));
            // If no attempt succeeds, the renamed column is gone.
            for attempt in [statement].into_iter().chain(freeing) {
                if self.run_or_undo(&attempt)? {
                    self.groups.push(attempt);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Runs statements. If SQLite rejects one, undoes all and returns `false`.
    fn run_or_undo(&self, statements: &str) -> Result<bool, GenerateError> {
        let connection = self.connection();
        connection.execute_batch("SAVEPOINT attempt")?;
        let is_done = connection.execute_batch(statements).is_ok();
        if !is_done {
            connection.execute_batch("ROLLBACK TO attempt")?;
        }
        connection.execute_batch("RELEASE attempt")?;
        Ok(is_done)
    }

    /// Drops the indexes, views and triggers that the old schema lacks or defines otherwise.
    fn drop_changed(&mut self) -> Result<(), GenerateError> {
        let now = self.scratch.objects()?;
        let changed = now.all.iter().filter(|object| {
            let is_table = matches!(object.kind, Kind::Table | Kind::VirtualTable);
            let old = self.before.same(object);
            !is_table && !old.is_some_and(|old| is_equal(old, object))
        });
        let changed = without_attached(changed.rev().collect());
        self.push(drops(&changed))
    }

    /// Gives each table that the upgrade changed its old definition.
    fn change_tables(&mut self) -> Result<(), GenerateError> {
        let now = self.scratch.objects()?;
        for table in now.of_kind(Kind::Table) {
            let old = self.before.same(table);
            if let Some(old) = old.filter(|old| !is_equal(old, table)) {
                if !self.alter(table, old)? {
                    self.rebuild(table, old)?;
                }
            }
        }
        let virtual_tables = now.of_kind(Kind::VirtualTable).filter(|table| {
            let old = self.before.same(table);
            !old.is_some_and(|old| is_equal(old, table))
        });
        self.push(drops(&virtual_tables.collect::<Vec<_>>()))
    }

    /// Drops and adds columns. Returns `false` if this does not give the table its old definition.
    fn alter(&mut self, table: &Object, old: &Object) -> Result<bool, GenerateError> {
        let name = quote(&table.name);
        let (now, then) = (columns(&table.sql), columns(&old.sql));
        let dropped = now.iter().filter(|column| !has_column(&then, &column.name));
        let mut statements: Vec<String> = dropped
            .map(|column| format!("ALTER TABLE {name} DROP COLUMN {};", quote(&column.name)))
            .collect();
        let added = then.iter().filter(|column| !has_column(&now, &column.name));
        let added: Vec<&ColumnText> = added.collect();
        if added.iter().any(|column| !column.can_be_added()) {
            return Ok(false);
        }
        statements.reverse();
        for column in &added {
            let shown = format!("{name}.{}", quote(&column.name));
            statements.push(format!(
                "-- Restore the values of {shown} below, if they are kept elsewhere.\n\
                 ALTER TABLE {name} ADD COLUMN {};",
                column.definition
            ));
        }
        let statements = statements.join("\n");
        let connection = self.connection();
        connection.execute_batch("SAVEPOINT altered")?;
        let is_done = connection.execute_batch(&statements).is_ok() && {
            let now = self.scratch.objects()?;
            now.same(old).is_some_and(|now| is_equal(now, old))
        };
        if !is_done {
            connection.execute_batch("ROLLBACK TO altered; RELEASE altered")?;
            return Ok(false);
        }
        connection.execute_batch("RELEASE altered")?;
        self.groups.push(statements);
        for column in added {
            let shown = format!("{name}.{}", quote(&column.name));
            self.note(format!("the values of {shown}"));
        }
        Ok(true)
    }

    fn rebuild(&mut self, table: &Object, old: &Object) -> Result<(), GenerateError> {
        let objects = self.scratch.objects()?;
        let depending = dependents(&objects, &[&table.name]);
        self.push(drops(&depending.dropped))?;
        let mut rebuild = Rebuild::unchanged(self.connection(), &objects, table)?;
        let (now, then) = (columns(&table.sql), columns(&old.sql));
        let is_written = |name: &str| !self.before.schema.is_generated(&old.name, name);
        // A name that is no column is that of the rowid.
        let is_rowid = |name: &str| !has_column(&now, &unquote(name));
        rebuild.columns.retain(|(name, _)| is_rowid(name));
        for column in then.iter().filter(|column| is_written(&column.name)) {
            let target = quote(&column.name);
            if has_column(&now, &column.name) {
                rebuild.columns.push((target.clone(), target));
                continue;
            }
            let shown = format!("{}.{target}", quote(&old.name));
            self.note(format!("the values of {shown}"));
            let comment = match column.stand_in() {
                Some(value) => {
                    rebuild.columns.push((target, value.to_owned()));
                    format!("-- Replace {value}, which stands for the values of {shown}.")
                }
                None => format!("-- Copy the values of {shown}, if they are kept elsewhere."),
            };
            self.groups.push(comment);
        }
        rebuild.definition.clone_from(&old.sql);
        for group in rebuild.statements(&objects) {
            self.push(group)?;
        }
        Ok(())
    }

    /// Creates the objects that are missing, in the order of the old schema.
    fn create_missing(&mut self) -> Result<(), GenerateError> {
        let now = self.scratch.objects()?;
        let before = self.before;
        for object in before
            .all
            .iter()
            .filter(|object| now.same(object).is_none())
        {
            let mut group = creation(object);
            if let Some(indexed) = indexed_table(&object.sql).filter(|table| !table.is_empty()) {
                let name = quote(&object.name);
                let is_known = before.table_or_view(&indexed).is_some();
                if is_known {
                    group += &format!("\nINSERT INTO {name} ({name}) VALUES ('rebuild');");
                }
            } else if matches!(object.kind, Kind::Table | Kind::VirtualTable) {
                let name = quote(&object.name);
                self.note(format!("the rows of {name}"));
                group = format!("-- Fill {name} below, if its rows are kept elsewhere.\n{group}");
            }
            self.push(group)?;
        }
        Ok(())
    }
}

/// Returns `true` if both statements mean the same to SQLite.
fn is_equal(old: &Object, new: &Object) -> bool {
    Schema::read([&*old.sql]) == Schema::read([&*new.sql])
}

/// Returns the objects without the triggers on views that are among them.
fn without_attached(objects: Vec<&Object>) -> Vec<&Object> {
    let views = objects.iter().filter(|object| object.kind == Kind::View);
    let views = views.map(|view| view.name.to_ascii_lowercase()).collect();
    objects
        .into_iter()
        .filter(|object| !object.is_on(&views))
        .collect()
}
