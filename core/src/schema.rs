//! A schema in normal form: what is equal here is equal to SQLite.
//!
//! It is read from the texts in `sqlite_schema`, which say all that SQLite knows. Quotes, the case of keywords and names,
//! comments, white space and what `RENAME` and `DROP COLUMN` leave behind do not matter, nor whether a constraint
//! stands with its column or with the table. The order of the columns, types, defaults, collations, constraints,
//! indexes, views and triggers do. What SQLite, revchain and other tools keep for themselves is no part of it, nor are
//! the shadow tables of virtual tables.

pub(crate) mod cursor;
mod diff;
mod fingerprint;
mod object;
mod others;
mod table;
mod text;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use self::diff::{Diff, diff};
use self::fingerprint::Digests;
use self::object::{Body, Class, Object};
pub use self::others::tool;
pub(crate) use self::text::quote;

/// Whether the order of a table's columns counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColumnOrder {
    /// It counts.
    #[default]
    Fixed,
    /// It does not: the columns came from branches that were merged, and each database has them in the order of its
    /// own history.
    Free,
}

/// A schema.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// All there is, counted or not.
    objects: BTreeMap<(bool, String), Object>,
    /// The virtual tables and their modules, which decide what is a shadow.
    virtuals: Vec<(String, String)>,
    /// Names, or beginnings of names that end with `*`, of tables that do not count.
    ignored: Vec<String>,
    order: ColumnOrder,
    /// How many things have each name, where something in double quotes is a string unless it is a name.
    names: HashMap<String, usize>,
    /// The keys of what has such quotes.
    ambiguous: BTreeSet<(bool, String)>,
    digests: Digests,
}

impl Schema {
    /// The schema that these texts make, each the `sql` of a row of `sqlite_schema`.
    pub fn read<'s>(texts: impl IntoIterator<Item = &'s str>) -> Self {
        let mut schema = Self::default();
        schema.change([], texts);
        schema
    }

    /// Takes some texts out, and puts others in.
    pub fn change<'s>(
        &mut self,
        out: impl IntoIterator<Item = &'s str>,
        into: impl IntoIterator<Item = &'s str>,
    ) {
        let out: Vec<Object> = out
            .into_iter()
            .filter_map(|text| self.objects.remove(&Object::read(text, &|_| true).key()))
            .collect();
        let into: Vec<Object> = into.into_iter().map(|text| Object::read(text, &|_| true)).collect();
        for object in &out {
            self.ambiguous.remove(&object.key());
            for name in &object.names {
                if let Some(count) = self.names.get_mut(name) {
                    *count -= 1;
                }
            }
        }
        for object in &into {
            object.names.iter().for_each(|name| *self.names.entry(name.clone()).or_default() += 1);
        }
        let changes_shadows = out.iter().chain(&into).any(|object| object.module.is_some());
        if !changes_shadows {
            let digests = |objects: &[Object]| -> Vec<[u8; 32]> {
                let counted = objects.iter().filter(|object| self.counts(object));
                counted.map(|object| object.digest(self.order)).collect()
            };
            let (gone, new) = (digests(&out), digests(&into));
            self.digests.change(&gone, &new);
        }
        for object in into {
            if object.ambiguous.is_some() {
                self.ambiguous.insert(object.key());
            }
            self.objects.insert(object.key(), object);
        }
        if changes_shadows {
            self.count_anew();
        }
        self.resolve();
    }

    /// Reads again what has double quotes, now that other names are known.
    fn resolve(&mut self) {
        for key in &self.ambiguous {
            let Some(object) = self.objects.get(key) else { continue };
            let is_known = |name: &str| self.names.get(name).is_some_and(|count| *count > 0);
            let Some(now) = object.ambiguous.as_deref().map(|text| Object::read(text, &is_known)) else {
                continue;
            };
            let (before, after) = (object.digest(self.order), now.digest(self.order));
            if before != after {
                if self.counts(object) {
                    self.digests.change(&[before], &[after]);
                }
                self.objects.insert(key.clone(), now);
            }
        }
    }

    /// The same schema, in which the order of columns counts or does not.
    pub fn with_column_order(mut self, order: ColumnOrder) -> Self {
        if self.order != order {
            self.order = order;
            self.count_anew();
        }
        self
    }

    /// Whether the order of columns counts.
    pub fn column_order(&self) -> ColumnOrder {
        self.order
    }

    /// The same schema without tables of these names, which may end with `*` for all that begin so, and without what is
    /// on them.
    pub fn without(mut self, names: &[String]) -> Self {
        if !names.is_empty() {
            self.ignored = names.to_vec();
            self.count_anew();
        }
        self
    }

    fn count_anew(&mut self) {
        let virtuals =
            self.objects.values().filter_map(|object| Some((object.name.clone(), object.module.clone()?)));
        self.virtuals = virtuals.collect();
        let digests: Vec<[u8; 32]> = self.counted().map(|object| object.digest(self.order)).collect();
        self.digests = Digests::default();
        self.digests.change(&[], &digests);
    }

    /// Whether a thing is part of the schema.
    fn counts(&self, object: &Object) -> bool {
        let table = object.on.as_deref().unwrap_or(&object.name);
        let is_shadow = |(of, module): &(String, String)| others::is_shadow(table, of, module);
        let is_ignored = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => {
                table.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
            }
            None => table.eq_ignore_ascii_case(pattern),
        };
        !(others::is_bookkeeping(table)
            || object.module.is_none() && self.virtuals.iter().any(is_shadow)
            || self.ignored.iter().any(is_ignored))
    }

    fn counted(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().filter(|object| self.counts(object))
    }

    /// SHA-256 of the schema: two that are equal have the same, two that differ do not.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.digests.fingerprint()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.counted().next().is_none()
    }

    /// The names of its tables, virtual ones among them.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.counted().filter(|object| object.class == Class::Table).map(|object| object.name.as_str())
    }

    /// The names of its tables and views.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let is_named = |object: &&Object| matches!(object.class, Class::Table | Class::View);
        self.counted().filter(is_named).map(|object| object.name.as_str())
    }

    /// How many things only one of the two has, or has in another form: how far they are apart.
    pub fn distance(&self, other: &Self) -> usize {
        self.digests.distance(&other.digests)
    }

    /// A table's name as it is written.
    pub(crate) fn table_name(&self, table: &str) -> Option<&str> {
        let object = self.objects.get(&(false, table.to_ascii_lowercase()))?;
        (object.class == Class::Table && self.counts(object)).then_some(object.name.as_str())
    }

    /// The indexes and triggers on a table: what they are, their names, their definitions in normal form.
    pub(crate) fn attached(&self, table: &str) -> Vec<(&'static str, &str, &str)> {
        let is_on = |object: &&Object| object.on.as_deref().is_some_and(|on| on.eq_ignore_ascii_case(table));
        let objects = self.counted().filter(is_on);
        objects.map(|object| (object.class.name(), object.name.as_str(), object.text())).collect()
    }

    /// The names of a table's columns; `None` where there is no such table, or it does not count. A virtual table has
    /// none that are known.
    pub fn columns(&self, table: &str) -> Option<Vec<&str>> {
        let object = self.objects.get(&(false, self.table_name(table)?.to_ascii_lowercase()))?;
        Some(match &object.body {
            Body::Table(table) => table.columns.iter().map(|column| column.name.as_str()).collect(),
            Body::Text(_) => Vec::new(),
        })
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl Eq for Schema {}
