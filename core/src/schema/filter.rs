//! The settings for comparing two schemas: the rule for column order, and the excluded tables.

/// The rule for comparing the order of a table's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColumnOrder {
    /// The order matters.
    #[default]
    Fixed,
    /// The order is ignored.
    ///
    /// After a merge, databases can have the same columns in different orders.
    Free,
}

/// The tables and views of a database that belong to a schema. Default: all.
#[derive(Debug, Clone, Default)]
pub struct SchemaFilter {
    /// Names of excluded tables and views, or `prefix*` patterns.
    pub ignored: Vec<String>,
    /// The names of the only included tables and views. Default: `None`, which includes all.
    ///
    /// If several chains share a database, the list has the tables and views of one chain.
    pub own: Option<Vec<String>>,
}

impl SchemaFilter {
    /// Returns `true` if the filter excludes no table.
    pub fn is_all(&self) -> bool {
        self.ignored.is_empty() && self.own.is_none()
    }

    /// Returns `true` if the table or view belongs to the schema.
    pub fn includes(&self, table: &str) -> bool {
        if self.ignores(table) {
            return false;
        }
        match &self.own {
            Some(own) => own.iter().any(|name| name.eq_ignore_ascii_case(table)),
            None => true,
        }
    }

    /// Returns `true` if `ignored` has the name, or a pattern for the name.
    pub(crate) fn ignores(&self, table: &str) -> bool {
        self.ignored.iter().any(|pattern| matches(pattern, table))
    }
}

fn matches(pattern: &str, table: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => table
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
        None => table.eq_ignore_ascii_case(pattern),
    }
}
