//! A schema in normal form: two schemas have the same normal form if they mean the same to SQLite.
//!
//! The normal form is made from the SQL in `sqlite_schema`. SQLite stores no other definition.
//!
//! The normal form does not depend on:
//! - quotes, comments, white space, and the case of keywords and names,
//! - the traces that `RENAME` and `DROP COLUMN` leave in the SQL,
//! - the position of a constraint on one column, with the column or with the table.
//!
//! The normal form depends on the order of columns, types, defaults, collations, constraints,
//! indexes, views and triggers.
//!
//! A schema excludes the tables of SQLite and of revchain, the bookkeeping tables of other tools,
//! and the shadow tables of virtual tables.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::bookkeeping;
use super::filter::ColumnOrder;
use super::fingerprint::{Digest, Digests};
use super::object::{Key, Object, ObjectKind};
use super::object_parser::parse_object;
use super::render::lower;
use super::table::Table;
use super::tool_tables::ToolTable;
use crate::Tool;
use crate::sql::inspect::all_names;

type Objects = BTreeMap<Key, Arc<Object>>;

/// The schema of a database.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// All objects except those of SQLite and revchain. Includes shadow tables, and the bookkeeping
    /// tables of other tools.
    objects: Objects,
    /// The virtual tables in `objects`, to recognize shadow tables.
    virtual_tables: Vec<Arc<Object>>,
    order: ColumnOrder,
    /// For each ambiguous word in double quotes, the objects that contain the word.
    ///
    /// The word is a string, unless a table or view that the object names has such a column.
    quoted_in: HashMap<String, HashSet<Key>>,
    digests: Digests,
}

/// An index or a trigger on a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attached<'s> {
    /// `index` or `trigger`.
    pub kind: &'static str,
    /// The name as written.
    pub name: &'s str,
    /// The definition after the name, in normal form.
    pub definition: &'s str,
    /// `true` for a UNIQUE index.
    pub is_unique: bool,
}

impl Schema {
    /// Parses a schema, given as the `sql` column of `sqlite_schema`.
    pub fn read<'s>(sql: impl IntoIterator<Item = &'s str>) -> Self {
        let mut schema = Self::default();
        schema.apply_delta([], sql);
        schema
    }

    /// Removes the objects that `removed` defines, and adds the objects that `added` defines.
    ///
    /// Each item is a CREATE statement.
    ///
    /// The cost depends on the number of changed objects, not on the size of the schema.
    pub fn apply_delta<'s>(
        &mut self,
        removed: impl IntoIterator<Item = &'s str>,
        added: impl IntoIterator<Item = &'s str>,
    ) {
        let removed = removed.into_iter();
        let mut removed: Vec<Arc<Object>> = removed
            .filter_map(|sql| self.remove(&parse_object(sql, &|_| true).key()))
            .collect();
        let added = parse_included(added);
        for (key, object) in &added {
            removed.extend(self.remove(key));
            for word in &object.ambiguous_words {
                let keys = self.quoted_in.entry(word.clone()).or_default();
                keys.insert(key.clone());
            }
            self.objects.insert(key.clone(), object.clone());
        }

        let changed: Vec<&Arc<Object>> = removed.iter().chain(added.values()).collect();
        if changed
            .iter()
            .any(|object| object.is_virtual() || may_be_tool_table(object))
        {
            // The table decides which other objects are included.
            self.recompute_digests();
        } else {
            let (old, new) = (self.digests_of(&removed), self.digests_of(added.values()));
            self.digests.apply_delta(&old, &new);
        }
        // Added objects have unresolved words in double quotes. In other objects, a quoted word can
        // change its meaning if a table or column of that name was added or removed.
        let mut affected: HashSet<Key> = added.keys().cloned().collect();
        for name in changed.iter().flat_map(|object| &object.names) {
            affected.extend(self.quoted_in.get(name).into_iter().flatten().cloned());
        }
        for key in affected {
            self.resolve_quotes(&key);
        }
    }

    fn remove(&mut self, key: &Key) -> Option<Arc<Object>> {
        let object = self.objects.remove(key)?;
        for word in &object.ambiguous_words {
            if let Some(keys) = self.quoted_in.get_mut(word) {
                keys.remove(key);
            }
        }
        Some(object)
    }

    /// Returns `true` if any object has a word in double quotes that can be a name or a string.
    pub fn is_ambiguous(&self) -> bool {
        self.quoted_in.values().any(|keys| !keys.is_empty())
    }

    /// Parses an object again, to decide which words in double quotes are names of columns.
    fn resolve_quotes(&mut self, key: &Key) {
        let object = match self.objects.get(key) {
            Some(object) if !object.ambiguous_words.is_empty() => object,
            _ => return,
        };
        // A set, because a statement can repeat a table's name a hundred thousand times.
        let mentions: HashSet<Key> = all_names(&object.sql).map(Key::Table).collect();
        let tables = mentions.iter().filter_map(|key| self.objects.get(key));
        // A table of another tool must not decide whether a word in double quotes is a string.
        let tables = tables.filter(|table| ToolTable::of(table).is_none());
        let names = tables.flat_map(|table| &table.names);
        let names: HashSet<&str> = names.map(String::as_str).collect();
        let resolved = parse_object(&object.sql, &|name| names.contains(name));
        let (before, after) = (object.digest(self.order), resolved.digest(self.order));
        if before == after {
            return;
        }
        if self.is_included(object) {
            self.digests.apply_delta(&[before], &[after]);
        }
        self.objects.insert(key.clone(), Arc::new(resolved));
    }

    /// Returns the schema with `order` as the rule for comparing the order of columns.
    pub fn with_column_order(mut self, order: ColumnOrder) -> Self {
        if self.order != order {
            self.order = order;
            self.recompute_digests();
        }
        self
    }

    /// Returns the rule for comparing the order of columns.
    pub fn column_order(&self) -> ColumnOrder {
        self.order
    }

    fn recompute_digests(&mut self) {
        let objects = self.objects.values();
        let virtual_tables = objects.filter(|object| object.is_virtual());
        self.virtual_tables = virtual_tables.cloned().collect();
        self.digests = Digests::default();
        let digests = self.digests_of(self.objects.values());
        self.digests.apply_delta(&[], &digests);
    }

    /// Returns the digests of all `objects` except those of shadow tables.
    fn digests_of<'o>(&self, objects: impl IntoIterator<Item = &'o Arc<Object>>) -> Vec<Digest> {
        let objects = objects.into_iter();
        let included = objects.filter(|object| self.is_included(object));
        included.map(|object| object.digest(self.order)).collect()
    }

    /// Returns `true` unless the object is a shadow table or a bookkeeping table of another tool,
    /// or an index or trigger on one.
    fn is_included(&self, object: &Object) -> bool {
        let table = object.table_or_self();
        if self.is_tool_table(table) {
            return false;
        }
        let mut owners = self.virtual_tables.iter();
        object.is_virtual() || !owners.any(|owner| bookkeeping::is_shadow(table, owner))
    }

    /// Returns `true` if the table is a bookkeeping table of another tool.
    pub(super) fn is_tool_table(&self, name: &str) -> bool {
        if !ToolTable::may_have_name(name) {
            return false;
        }
        let table = self.objects.get(&Key::Table(lower(name)));
        table.is_some_and(|table| ToolTable::of(table).is_some())
    }

    /// Returns the other tools that record their migrations in a table of this database.
    ///
    /// If two tools have the same table, the list has both.
    pub fn recording_tools(&self) -> Vec<Tool> {
        let tables = self.objects.values();
        let tables = tables.filter_map(|object| ToolTable::of(object));
        tables.flat_map(|table| table.tools).copied().collect()
    }

    /// Yields the names of the tables in which other tools record their migrations.
    pub fn recording_tables(&self) -> impl Iterator<Item = &str> {
        let objects = self.objects.values();
        let tables = objects.filter(|object| {
            let table = ToolTable::of(object);
            table.is_some_and(|table| !table.tools.is_empty())
        });
        tables.map(|object| object.name.as_str())
    }

    /// Returns the objects of the schema without shadow tables, in the order of their keys.
    pub(super) fn included(&self) -> impl Iterator<Item = &Object> {
        let objects = self.objects.values().map(Arc::as_ref);
        objects.filter(|object| self.is_included(object))
    }

    /// Returns the object with this key; `None` for a shadow table.
    pub(super) fn object(&self, key: &Key) -> Option<&Object> {
        let object = self.objects.get(key).map(Arc::as_ref);
        object.filter(|object| self.is_included(object))
    }

    /// Returns the definition of a table; `None` if this version cannot parse the definition.
    pub(super) fn definition(&self, table: &str) -> Option<&Table> {
        self.table(table)?.table.as_ref()
    }

    fn table(&self, name: &str) -> Option<&Object> {
        let object = self.object(&Key::Table(lower(name)));
        object.filter(|object| object.kind == ObjectKind::Table)
    }

    /// Returns SHA-256 of the schema. Two schemas are equal if their fingerprints are equal.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.digests.fingerprint()
    }

    /// Returns `true` if the schema has no objects.
    pub fn is_empty(&self) -> bool {
        self.included().next().is_none()
    }

    /// Returns the names of the tables, including virtual tables.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.included()
            .filter(|object| object.kind == ObjectKind::Table)
            .map(|object| object.name.as_str())
    }

    /// Returns the names of the tables and views.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.included()
            .filter(|object| matches!(object.kind, ObjectKind::Table | ObjectKind::View))
            .map(|object| object.name.as_str())
    }

    /// Returns the names of the views, each with its definition after the name, in normal form.
    pub fn views(&self) -> impl Iterator<Item = (&str, &str)> {
        self.included()
            .filter(|object| object.kind == ObjectKind::View)
            .map(|object| (object.name.as_str(), object.text.as_str()))
    }

    /// Returns the name of a view as written in the schema. `view` can have any case.
    pub fn view(&self, view: &str) -> Option<&str> {
        let object = self.object(&Key::Table(lower(view)));
        let view = object.filter(|object| object.kind == ObjectKind::View)?;
        Some(&view.name)
    }

    /// Returns the number of objects that only one of the two schemas has.
    ///
    /// An object counts twice if the two schemas define the object differently.
    pub fn distance(&self, other: &Self) -> usize {
        self.digests.distance(&other.digests)
    }

    /// Returns the name of a table as written in the schema. `table` can have any case.
    pub fn table_name(&self, table: &str) -> Option<&str> {
        Some(&self.table(table)?.name)
    }

    /// Returns the lowercase module of a virtual table; `None` for any other table.
    pub fn module(&self, table: &str) -> Option<&str> {
        self.table(table)?.module.as_deref()
    }

    /// Returns `true` if a PRIMARY KEY or UNIQUE constraint of the table is on exactly `columns`.
    ///
    /// `columns` is the list in the normal form of an index: names as SQL, separated by `, `.
    pub fn has_key(&self, table: &str, columns: &str) -> bool {
        let table = self.definition(table);
        table.is_some_and(|table| contains_name(&table.keys, columns))
    }

    /// Returns the names of the tables with a foreign key to `parent`.
    pub fn children(&self, parent: &str) -> Vec<&str> {
        let children = self.included().filter(|object| {
            let table = object.table.as_ref();
            table.is_some_and(|table| contains_name(&table.parents, parent))
        });
        children.map(|object| object.name.as_str()).collect()
    }

    /// Returns the indexes and triggers on a table.
    pub fn attached(&self, table: &str) -> Vec<Attached<'_>> {
        let attached = self.included().filter(|object| {
            let on_table = object.on_table.as_ref();
            on_table.is_some_and(|name| name.eq_ignore_ascii_case(table))
        });
        attached
            .map(|object| Attached {
                kind: object.kind.name(),
                name: &object.name,
                definition: &object.text,
                is_unique: object.is_unique,
            })
            .collect()
    }

    /// Returns `true` if the column is generated, so that its values follow from other columns.
    pub fn is_generated(&self, table: &str, column: &str) -> bool {
        let column = self
            .definition(table)
            .and_then(|table| table.column(column));
        column.is_some_and(|column| !column.generated.is_empty())
    }

    /// Returns the names of a table's columns, or `None` if the schema has no such table.
    ///
    /// The list is empty for a virtual table, because the SQL need not list the columns.
    pub fn columns(&self, table: &str) -> Option<Vec<&str>> {
        let table = self.table(table)?.table.as_ref();
        let columns = table.into_iter().flat_map(|table| &table.columns);
        Some(columns.map(|column| column.name.as_str()).collect())
    }
}

fn may_be_tool_table(object: &Object) -> bool {
    object.kind == ObjectKind::Table && ToolTable::may_have_name(&object.name)
}

/// Parses statements and omits the objects of SQLite and revchain.
fn parse_included<'s>(sql: impl IntoIterator<Item = &'s str>) -> Objects {
    let objects = sql.into_iter().map(|sql| parse_object(sql, &|_| true));
    objects
        .filter(|object| !bookkeeping::is_bookkeeping(object.table_or_self()))
        .map(|object| (object.key(), Arc::new(object)))
        .collect()
}

fn contains_name(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl Eq for Schema {}
