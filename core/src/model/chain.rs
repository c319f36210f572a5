//! The chain of revisions as a value.

#[cfg(feature = "normal-form")]
use std::cell::LazyCell;
use std::collections::HashMap;
use std::ops::Index;

use crate::model::marker;
use crate::model::revision::Proven;
use crate::schema::bookkeeping::shadow_tables;
use crate::schema::{ColumnOrder, SchemaFilter, SchemaSql};
use crate::sql::inspect;
use crate::{Revision, RevisionIndex, RevisionSet, Script};

/// All revisions of a directory, validated. Each revision comes after its parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub(crate) revisions: Vec<Revision>,
    /// The offset into the checksums from which markers are made; see [`marker`].
    pub(crate) hash_offset: Option<u8>,
}

/// The result of comparing a database's schema with the proven schema of its revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaMatch {
    /// The two schemas are equal.
    Same,
    /// The two schemas differ.
    Different,
    /// The revisions have no proven schema, so there is nothing to compare.
    Unknown,
}

impl SchemaMatch {
    fn of(is_same: bool) -> Self {
        if is_same { Self::Same } else { Self::Different }
    }
}

impl Chain {
    /// The chain without revisions.
    #[doc(hidden)]
    pub const EMPTY: Self = Self {
        revisions: Vec::new(),
        hash_offset: None,
    };

    /// Makes a chain. In `revisions`, each revision must come after its parents.
    #[doc(hidden)]
    pub fn new(revisions: Vec<Revision>) -> Self {
        let hash_offset = marker::hash_offset(&revisions);
        Self {
            revisions,
            hash_offset,
        }
    }

    /// Returns the revisions from the first to the head.
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// Returns the number of revisions.
    pub fn len(&self) -> usize {
        self.revisions.len()
    }

    /// Returns `true` if the chain has no revision. Only a chain with defects is empty.
    pub fn is_empty(&self) -> bool {
        self.revisions.is_empty()
    }

    /// Returns the last revision; `None` for a chain with defects.
    pub fn head(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// Returns the salt of the head's markers; `None` if the chain has no markers.
    #[doc(hidden)]
    pub fn head_salt(&self) -> Option<u32> {
        Some(marker::salt(self.head()?, self.hash_offset?))
    }

    /// Returns the index of the last revision.
    pub fn head_index(&self) -> Option<RevisionIndex> {
        self.indices().next_back()
    }

    /// Iterates over the indices of all revisions.
    pub fn indices(&self) -> impl DoubleEndedIterator<Item = RevisionIndex> + use<> {
        (0..self.revisions.len()).map(RevisionIndex::new)
    }

    /// Returns the index of the revision `id`.
    pub fn index_of(&self, id: &str) -> Option<RevisionIndex> {
        self.indices().find(|&index| self[index].id() == id)
    }

    /// Returns a map from the id of each revision to the index.
    pub fn index_by_id(&self) -> HashMap<&str, RevisionIndex> {
        let ids = self.revisions.iter().map(Revision::id);
        ids.zip(self.indices()).collect()
    }

    /// Iterates over all indices, each with `true` if the chain has no branch up to that index.
    pub fn linear(&self) -> impl Iterator<Item = (RevisionIndex, bool)> + '_ {
        let mut before: Option<&Revision> = None;
        let mut is_linear = true;
        self.indices().map(move |index| {
            let revision = &self[index];
            is_linear &= revision.revises().eq(before.map(Revision::id));
            before = Some(revision);
            (index, is_linear)
        })
    }

    /// Returns `true` if any revision has a fingerprint.
    pub fn is_proven(&self) -> bool {
        let mut revisions = self.revisions.iter();
        revisions.any(|revision| revision.proven.is_some())
    }

    /// Returns `true` if any revision has a job.
    pub fn has_jobs(&self) -> bool {
        let mut revisions = self.revisions.iter();
        revisions.any(|revision| !revision.jobs().is_empty())
    }

    /// Returns `true` if any revision requires a job.
    pub fn requires_jobs(&self) -> bool {
        let mut revisions = self.revisions.iter();
        revisions.any(|revision| revision.requires().next().is_some())
    }

    /// Returns the rule for comparing the order of columns in a database at this revision.
    ///
    /// If the chain has a branch up to this revision, the rule is [`ColumnOrder::Free`].
    /// Databases can have applied the branches in different orders.
    pub fn column_order(&self, index: RevisionIndex) -> ColumnOrder {
        match self.linear().nth(index.get()) {
            Some((_, true)) => ColumnOrder::Fixed,
            _ => ColumnOrder::Free,
        }
    }

    /// Compares the schema of a database with the proven schema of its revisions.
    pub fn schema_match(&self, stamped: &RevisionSet, sql: &SchemaSql) -> SchemaMatch {
        let Some(newest) = stamped.newest() else {
            return if self.is_proven() {
                SchemaMatch::of(sql.is_empty())
            } else {
                SchemaMatch::Unknown
            };
        };
        // The proof runs the revisions in order. If the database lacks an earlier revision, there
        // is no proven schema for its set of revisions.
        let proven = self[newest].proven().filter(|_| stamped.is_prefix());
        let Some(proven) = proven else {
            return SchemaMatch::Unknown;
        };
        // Equal SQL makes equal schemas, so the SQL need not be parsed.
        let is_same = sql.hash() == proven.sql_hash;
        #[cfg(feature = "normal-form")]
        let is_same = is_same || self.fingerprint_at(newest, sql) == proven.fingerprint;
        SchemaMatch::of(is_same)
    }

    /// Returns the fingerprint of `sql`, under the rule for the order of columns at `index`.
    #[cfg(feature = "normal-form")]
    fn fingerprint_at(&self, index: RevisionIndex, sql: &SchemaSql) -> [u8; 32] {
        let order = self.column_order(index);
        let schema = sql.schema();
        if order == schema.column_order() {
            schema.fingerprint()
        } else {
            schema.clone().with_column_order(order).fingerprint()
        }
    }

    /// Returns the proven revisions whose schema has the same SQL as `sql`, oldest first.
    #[cfg(not(feature = "normal-form"))]
    pub fn with_schema(&self, sql: &SchemaSql) -> Vec<RevisionIndex> {
        let hash = sql.hash();
        let has_sql = |index: &RevisionIndex| {
            let proven = self[*index].proven();
            proven.is_some_and(|proven| proven.sql_hash == hash)
        };
        self.indices().filter(has_sql).collect()
    }

    /// Returns the proven revisions whose schema equals `sql`, oldest first.
    #[cfg(feature = "normal-form")]
    pub fn with_schema(&self, sql: &SchemaSql) -> Vec<RevisionIndex> {
        let schema = sql.schema();
        let fixed = match schema.column_order() {
            ColumnOrder::Fixed => schema.fingerprint(),
            ColumnOrder::Free => {
                let schema = schema.clone().with_column_order(ColumnOrder::Fixed);
                schema.fingerprint()
            }
        };
        let free = LazyCell::new(|| {
            let schema = schema.clone().with_column_order(ColumnOrder::Free);
            schema.fingerprint()
        });
        let mut matching = Vec::new();
        for (index, is_linear) in self.linear() {
            let Some(proven) = self[index].proven() else {
                continue;
            };
            let fingerprint = if is_linear { fixed } else { *free };
            if proven.fingerprint == fingerprint {
                matching.push(index);
            }
        }
        matching
    }

    /// Returns a filter for the tables and views that this chain creates, except `ignored`.
    ///
    /// The filter includes the shadow tables of virtual tables, which SQLite creates.
    /// In a database that several chains share, each chain compares only its own tables and views.
    pub fn own_objects(&self, ignored: &[String]) -> SchemaFilter {
        let upgrades = self.revisions.iter().map(Revision::upgrade);
        let mut own = Vec::new();
        for statement in upgrades.flat_map(Script::statements) {
            own.extend(inspect::created_name(statement.sql()));
            if let Some((table, module)) = inspect::created_virtual_table(statement.sql()) {
                own.extend(shadow_tables(&table, &module));
            }
        }
        SchemaFilter {
            ignored: ignored.to_vec(),
            own: Some(own),
        }
    }

    /// Returns the chain with the results of the proof. `proven` has the order of the revisions.
    pub fn with_proven(mut self, proven: impl IntoIterator<Item = Option<Proven>>) -> Self {
        for (revision, proven) in self.revisions.iter_mut().zip(proven) {
            revision.proven = proven;
        }
        self.hash_offset = marker::hash_offset(&self.revisions);
        self
    }

    /// Returns the chain without its `@code` lines. The checksums stay.
    #[doc(hidden)]
    #[must_use]
    pub fn without_code(&self) -> Self {
        Self {
            revisions: self.revisions.iter().map(Revision::without_code).collect(),
            hash_offset: self.hash_offset,
        }
    }

    /// Replaces the text of an upgrade. Only tests call this.
    ///
    /// The statements keep their offsets, so both texts must have the same length and boundaries.
    #[doc(hidden)]
    pub fn with_upgrade(mut self, index: RevisionIndex, sql: &str) -> Self {
        if let Some(revision) = self.revisions.get_mut(index.get()) {
            revision.upgrade.sql = sql.into();
        }
        self
    }

    /// Returns a revision and all of its ancestors.
    pub fn ancestry(&self, index: RevisionIndex) -> RevisionSet {
        let by_id = self.index_by_id();
        let mut ancestry = RevisionSet::empty(self.len());
        ancestry.insert(index);
        // Parents come before their children, so one pass from the end is enough.
        for child in self.indices().rev() {
            if ancestry.contains(child) {
                for &parent in self[child].revises().filter_map(|id| by_id.get(id)) {
                    ancestry.insert(parent);
                }
            }
        }
        ancestry
    }

    /// Returns the marker for a database at the revision `index` with this `schema_version`.
    ///
    /// Returns `None` if the chain has no markers.
    pub fn marker(&self, index: RevisionIndex, schema_version: i32) -> Option<i32> {
        let revision = self.revisions.get(index.get())?;
        let salt = marker::salt(revision, self.hash_offset?);
        Some(marker::marker(salt, schema_version))
    }

    /// Returns the index of the revision whose [`marker`](Self::marker) at `schema_version` is
    /// `marker`.
    pub fn index_for_marker(&self, marker: i32, schema_version: i32) -> Option<RevisionIndex> {
        // Most databases are at the head, so the search starts at the head.
        let mut newest_first = self.indices().rev();
        newest_first.find(|&index| self.marker(index, schema_version) == Some(marker))
    }
}

impl Index<RevisionIndex> for Chain {
    type Output = Revision;

    fn index(&self, index: RevisionIndex) -> &Revision {
        &self.revisions[index.get()]
    }
}
