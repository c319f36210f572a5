//! The SQL in `sqlite_schema` as one text. Two texts are compared faster than two parsed schemas.

#[cfg(feature = "normal-form")]
use std::cell::OnceCell;
use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::bookkeeping::{is_bookkeeping, shadow_tables};
#[cfg(feature = "normal-form")]
use super::filter::ColumnOrder;
#[cfg(feature = "normal-form")]
use super::normal_form::Schema;
use crate::sql::inspect::{created_name, created_view_or_trigger, created_virtual_table};

/// The SQL of a database's schema.
#[derive(Debug, Clone, Default)]
pub struct SchemaSql {
    joined: String,
    /// The normal form, which the first call of `schema` makes.
    #[cfg(feature = "normal-form")]
    schema: OnceCell<Schema>,
}

impl SchemaSql {
    /// Makes a value from `joined`: the `sql` column of `sqlite_schema`, separated by NULs.
    pub fn new(joined: String) -> Self {
        Self {
            joined,
            #[cfg(feature = "normal-form")]
            schema: OnceCell::new(),
        }
    }

    /// Returns the schema with other statements in place of those for which `replace` returns one.
    pub fn with_replaced(&self, replace: impl Fn(&str) -> Option<String>) -> Self {
        let statements = statements(&self.joined);
        let statements = statements.map(|sql| replace(sql).unwrap_or_else(|| sql.to_owned()));
        Self::new(statements.collect::<Vec<_>>().join("\0"))
    }

    /// Returns the schema in normal form. The first call parses the SQL.
    #[cfg(feature = "normal-form")]
    pub fn schema(&self) -> &Schema {
        self.schema
            .get_or_init(|| Schema::read(statements(&self.joined)))
    }

    /// Returns the schema with [`ColumnOrder::Free`] as the rule for the order of columns.
    #[cfg(feature = "normal-form")]
    pub fn ignoring_column_order(self) -> Self {
        let schema = self.schema().clone().with_column_order(ColumnOrder::Free);
        Self {
            joined: self.joined,
            schema: OnceCell::from(schema),
        }
    }

    /// Returns `true` if the schema has no objects.
    pub fn is_empty(&self) -> bool {
        let is_empty = self.joined.is_empty();
        #[cfg(feature = "normal-form")]
        let is_empty = is_empty || self.schema().is_empty();
        is_empty
    }

    /// Returns the names of the tables and views, without bookkeeping tables and shadow tables.
    ///
    /// The names are sorted, ignoring ASCII case.
    pub fn names(&self) -> Vec<String> {
        self.names_of(created_name)
    }

    /// Returns the names of the tables, without bookkeeping tables and shadow tables.
    pub fn tables(&self) -> Vec<String> {
        self.names_of(|sql| created_name(sql).filter(|_| created_view_or_trigger(sql).is_none()))
    }

    fn names_of(&self, name: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let virtual_tables = statements(&self.joined).filter_map(created_virtual_table);
        let shadows: Vec<String> = virtual_tables
            .flat_map(|(table, module)| shadow_tables(&table, &module).collect::<Vec<_>>())
            .collect();
        let mut names: Vec<String> = statements(&self.joined).filter_map(name).collect();
        names.retain(|name| !is_bookkeeping(name) && !shadows.contains(name));
        #[cfg(feature = "normal-form")]
        names.retain(|name| !self.schema().is_tool_table(name));
        names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
        names
    }

    /// Returns the hash of all statements.
    pub fn hash(&self) -> SchemaSqlHash {
        let mut hash = SchemaSqlHash::default();
        hash.apply_delta([], statements(&self.joined));
        hash
    }

    /// Returns the statements that only `self` has, and the statements that only `other` has.
    pub fn changes<'d>(&'d self, other: &'d Self) -> (Vec<&'d str>, Vec<&'d str>) {
        let (old, new) = without_common_ends(&self.joined, &other.joined);
        let old_set: HashSet<&str> = statements(old).collect();
        let new_set: HashSet<&str> = statements(new).collect();
        let removed = statements(old).filter(|sql| !new_set.contains(sql));
        let added = statements(new).filter(|sql| !old_set.contains(sql));
        (removed.collect(), added.collect())
    }
}

impl PartialEq for SchemaSql {
    fn eq(&self, other: &Self) -> bool {
        self.joined == other.joined
    }
}

impl Eq for SchemaSql {}

/// Yields the statements. SQLite ends a statement at a NUL, so no statement contains one.
fn statements(joined: &str) -> impl Iterator<Item = &str> {
    joined.split('\0').filter(|sql| !sql.is_empty())
}

/// Returns both texts without the statements that are the same at the start and at the end.
fn without_common_ends<'d>(old: &'d str, new: &'d str) -> (&'d str, &'d str) {
    let (a, b) = (old.as_bytes(), new.as_bytes());
    let shorter = a.len().min(b.len());
    // The macro runs this code unoptimized. There, comparing slices is faster than a byte loop.
    let same_start = longest(shorter, |length| a[..length] == b[..length]);
    let last_nul = a[..same_start].iter().rposition(|&byte| byte == 0);
    let start = last_nul.map_or(0, |index| index + 1);
    let same_end = longest(shorter - start, |length| {
        a[a.len() - length..] == b[b.len() - length..]
    });
    let first_nul = a[a.len() - same_end..].iter().position(|&byte| byte == 0);
    let end = first_nul.map_or(0, |index| same_end - index);
    (&old[start..old.len() - end], &new[start..new.len() - end])
}

/// Returns the largest `length <= max` for which `is_satisfied` returns `true`.
///
/// Uses binary search: if a length satisfies the predicate, every smaller length must do so too.
fn longest(max: usize, is_satisfied: impl Fn(usize) -> bool) -> usize {
    let (mut satisfied, mut unsatisfied) = (0, max + 1);
    while unsatisfied - satisfied > 1 {
        let middle = satisfied.midpoint(unsatisfied);
        if is_satisfied(middle) {
            satisfied = middle;
        } else {
            unsatisfied = middle;
        }
    }
    satisfied
}

/// A hash of the statements of a schema: the sum of the first 128 bits of each SHA-256.
///
/// The order of the statements does not change the sum.
/// If two hashes are equal, so are the schemas. Equal schemas can have different hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SchemaSqlHash(u128);

impl SchemaSqlHash {
    /// Makes a hash from the bytes that [`Self::to_bytes`] returned.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }

    /// Returns the bytes that the macro embeds.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// Removes the statements in `removed` from the hash, and adds the statements in `added`.
    pub fn apply_delta<'s>(
        &mut self,
        removed: impl IntoIterator<Item = &'s str>,
        added: impl IntoIterator<Item = &'s str>,
    ) {
        for sql in removed {
            self.0 = self.0.wrapping_sub(digest(sql));
        }
        for sql in added {
            self.0 = self.0.wrapping_add(digest(sql));
        }
    }
}

/// Returns a digest of a statement.
///
/// SQLite stores white space before the semicolon of a CREATE INDEX. The digest ignores it.
fn digest(sql: &str) -> u128 {
    let digest: [u8; 32] = Sha256::digest(sql.trim_ascii_end()).into();
    digest.first_chunk().copied().map_or(0, u128::from_le_bytes)
}
