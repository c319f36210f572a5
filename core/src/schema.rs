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
mod texts;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub use self::diff::{Diff, diff};
use self::fingerprint::Digests;
use self::object::{Body, Class, Key, Object};
use self::text::lower;
pub(crate) use self::text::quote;
pub use self::texts::{Sum, Texts};

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

/// What of a database is the schema that is looked at: all, unless something is said.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Names, or beginnings of names that end with `*`, of tables that are not.
    pub ignored: Vec<String>,
    /// The names of the tables and views that may be, where several chains share the database.
    pub own: Option<Vec<String>>,
}

impl Part {
    /// Whether all of a database is.
    pub fn is_all(&self) -> bool {
        self.ignored.is_empty() && self.own.is_none()
    }

    fn has(&self, table: &str) -> bool {
        let is_ignored = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => {
                table.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
            }
            None => table.eq_ignore_ascii_case(pattern),
        };
        let is_own = |own: &Vec<String>| own.iter().any(|name| name.eq_ignore_ascii_case(table));
        self.own.as_ref().is_none_or(is_own) && !self.ignored.iter().any(is_ignored)
    }
}

/// A schema.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// All there is, shadows among them, in the order of the keys.
    objects: Vec<Arc<Object>>,
    /// The virtual tables, which may keep shadows.
    virtuals: Vec<Arc<Object>>,
    part: Part,
    order: ColumnOrder,
    /// The keys of what has something in double quotes that may be a string, in order, by that: it is one unless a table
    /// or view that it is about has a column of that name.
    quoted_in: HashMap<String, Vec<Key>>,
    digests: Digests,
}

impl Schema {
    /// The schema that these texts make, each the `sql` of a row of `sqlite_schema`.
    pub fn read<'s>(texts: impl IntoIterator<Item = &'s str>) -> Self {
        Self::read_part(texts, &Part::default())
    }

    /// The same of a part of the tables and views, and what is on them.
    pub fn read_part<'s>(texts: impl IntoIterator<Item = &'s str>, part: &Part) -> Self {
        let mut schema = Self { part: part.clone(), ..Self::default() };
        schema.change([], texts);
        schema
    }

    /// Takes some texts out, and puts others in.
    pub fn change<'s>(
        &mut self,
        out: impl IntoIterator<Item = &'s str>,
        into: impl IntoIterator<Item = &'s str>,
    ) {
        let (out, into): (Vec<&str>, Vec<&str>) = (out.into_iter().collect(), into.into_iter().collect());
        self.exchange(&out, &into);
    }

    fn exchange(&mut self, out: &[&str], into: &[&str]) {
        let mut out: Vec<Arc<Object>> = out
            .iter()
            .filter_map(|text| {
                let at = self.place(&Object::read(text, &|_| true).key).ok()?;
                Some(self.objects.remove(at))
            })
            .collect();
        let into = into.iter().map(|text| Arc::new(Object::read(text, &|_| true)));
        // What is left out gives no names either: a string must not be one because of what another tool keeps.
        let mut into: Vec<Arc<Object>> = into.filter(|object| !self.is_left_out(object)).collect();
        // Of two with one key, which SQLite never has, the last one counts.
        into.reverse();
        let mut keys = HashSet::new();
        into.retain(|object| keys.insert(object.key.clone()));
        for key in keys {
            if let Ok(at) = self.place(&key) {
                out.push(self.objects.remove(at));
            }
        }
        for object in &out {
            for name in &object.ambiguous {
                let quoted_in = self.quoted_in(name);
                if let Ok(at) = quoted_in.binary_search(&object.key) {
                    quoted_in.remove(at);
                }
            }
        }
        let changes_shadows = out.iter().chain(&into).any(|object| object.module.is_some());
        if !changes_shadows {
            let digests = |objects: &[Arc<Object>]| -> Vec<[u8; 32]> {
                let counted = objects.iter().filter(|object| self.counts(object));
                counted.map(|object| object.digest(self.order)).collect()
            };
            let (gone, new) = (digests(&out), digests(&into));
            self.digests.change(&gone, &new);
        }
        for object in &into {
            let (Ok(at) | Err(at)) = self.place(&object.key);
            self.objects.insert(at, object.clone());
            for name in &object.ambiguous {
                let quoted_in = self.quoted_in(name);
                if let Err(at) = quoted_in.binary_search(&object.key) {
                    quoted_in.insert(at, object.key.clone());
                }
            }
        }
        if changes_shadows {
            self.count_anew();
        }
        let quoting = into.iter().filter(|object| !object.ambiguous.is_empty()).map(|object| &object.key);
        let mut unsure: Vec<Key> = quoting.cloned().collect();
        // Names that have come or gone: what has them in quotes may be read in another way now.
        for name in out.iter().chain(&into).flat_map(|object| &object.names) {
            unsure.extend_from_slice(self.quoted_in.get(name).map_or(&[], Vec::as_slice));
        }
        unsure.sort_unstable();
        unsure.dedup();
        self.resolve(&unsure);
    }

    #[inline(never)]
    fn quoted_in(&mut self, name: &str) -> &mut Vec<Key> {
        self.quoted_in.entry(name.to_owned()).or_default()
    }

    /// Whether anything in it has something in double quotes that may be a string.
    pub fn is_ambiguous(&self) -> bool {
        self.quoted_in.values().any(|keys| !keys.is_empty())
    }

    /// Where the thing with this key is, or would be.
    fn place(&self, key: &Key) -> Result<usize, usize> {
        self.objects.binary_search_by(|object| object.key.cmp(key))
    }

    /// Reads again what has double quotes around names that are known now, or are not any more.
    fn resolve(&mut self, keys: &[Key]) {
        for key in keys {
            let Ok(at) = self.place(key) else { continue };
            let object = &self.objects[at];
            let about = object.mentions.iter().filter_map(|name| self.table_like(name));
            let known: HashSet<&str> = about.flat_map(|table| &table.names).map(String::as_str).collect();
            let is_known = |name: &str| known.contains(name);
            let now = Object::read(&object.sql, &is_known);
            let (before, after) = (object.digest(self.order), now.digest(self.order));
            if before != after {
                if self.counts(object) {
                    self.digests.change(&[before], &[after]);
                }
                self.objects[at] = Arc::new(now);
            }
        }
    }

    /// The same schema, in which the order of columns counts or does not.
    #[inline(never)]
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

    fn count_anew(&mut self) {
        let is_virtual = |object: &&Arc<Object>| object.module.is_some();
        self.virtuals = self.objects.iter().filter(is_virtual).cloned().collect();
        let digests: Vec<[u8; 32]> = self.counted().map(|object| object.digest(self.order)).collect();
        self.digests = Digests::default();
        self.digests.change(&[], &digests);
    }

    /// Whether a thing is nobody's business here: another tool's, revchain's own, or one that is to be ignored.
    fn is_left_out(&self, object: &Object) -> bool {
        let table = object.on.as_deref().unwrap_or(&object.name);
        others::is_bookkeeping(table) || !self.part.has(table)
    }

    /// Whether a thing is part of the schema.
    fn counts(&self, object: &Object) -> bool {
        let table = object.on.as_deref().unwrap_or(&object.name);
        let table = lower(table);
        let is_shadow = |of: &Arc<Object>| {
            let ending = table.strip_prefix(of.key.1.as_str()).and_then(|ending| ending.strip_prefix('_'));
            ending.is_some_and(|ending| {
                others::is_shadow(ending, of.module.as_deref().unwrap_or_default(), of.text())
            })
        };
        object.module.is_some() || !self.virtuals.iter().any(is_shadow)
    }

    fn counted(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().map(|object| &**object).filter(|object| self.counts(object))
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

    /// What has the name of a table, if it is no trigger.
    fn table_like(&self, name: &str) -> Option<&Object> {
        let at = self.place(&(false, lower(name))).ok()?;
        Some(&self.objects[at])
    }

    /// A table's name as it is written.
    pub(crate) fn table_name(&self, table: &str) -> Option<&str> {
        let object = self.table_like(table)?;
        (object.class == Class::Table && self.counts(object)).then_some(object.name.as_str())
    }

    /// Whether these columns of a table, as a normal form lists them, are unique by a constraint of it.
    pub(crate) fn has_key(&self, table: &str, columns: &str) -> bool {
        let Some(Body::Table(table)) = self.table_like(table).map(|object| &object.body) else {
            return false;
        };
        let is_unique = |text: &str| text.contains("UNIQUE") || text.contains("PRIMARY KEY");
        let alone = table.columns.iter().find(|column| quote(&column.name).eq_ignore_ascii_case(columns));
        let listed = format!("({columns})").to_ascii_lowercase();
        alone.is_some_and(|column| is_unique(&column.definition))
            || table.constraints.iter().any(|(folded, text)| is_unique(text) && folded.ends_with(&listed))
    }

    /// The tables that have a foreign key to this one.
    pub fn children(&self, parent: &str) -> Vec<&str> {
        let reference = format!("references {}", quote(parent)).to_ascii_lowercase();
        let refers = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.match_indices(&reference).any(|(at, _)| {
                let next = text[at + reference.len()..].chars().next();
                next.is_none_or(|next| matches!(next, ' ' | '('))
            })
        };
        let tables = self.counted().filter(|object| match &object.body {
            Body::Table(table) => {
                table.columns.iter().any(|column| refers(&column.definition))
                    || table.constraints.iter().any(|(_, text)| refers(text))
            }
            Body::Text(_) => false,
        });
        tables.map(|object| object.name.as_str()).collect()
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
        let object = self.table_like(self.table_name(table)?)?;
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
