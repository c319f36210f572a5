//! A table in normal form.
//!
//! A constraint on one column is part of the column, except for CHECK.

use std::collections::BTreeMap;

/// The columns, constraints and options of a table.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    /// The constraints that are not part of a column. The key is the text after `fold`.
    pub(super) constraints: BTreeMap<String, Constraint>,
    pub(super) options: TableOptions,
    /// The columns of each PRIMARY KEY and UNIQUE constraint, as a list in normal form.
    pub(super) keys: Vec<String>,
    /// The tables that foreign keys refer to.
    pub(super) parents: Vec<String>,
}

/// The options after the columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TableOptions {
    pub(super) is_strict: bool,
    pub(super) is_without_rowid: bool,
}

/// A column. Each clause is in normal form, and empty if the column lacks the clause.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// The name as written.
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) primary_key: String,
    /// `true` for `PRIMARY KEY DESC`.
    pub(super) is_descending: bool,
    /// `true` if the column is part of the primary key.
    pub(super) is_in_key: bool,
    pub(super) not_null: String,
    pub(super) unique: String,
    pub(super) default: String,
    pub(super) collation: String,
    pub(super) generated: String,
    /// The foreign keys that have only this column, sorted.
    pub(super) references: Vec<String>,
}

/// A constraint that is not part of a column.
#[derive(Debug)]
pub(super) struct Constraint {
    pub(super) kind: ConstraintKind,
    /// The constraint in normal form.
    pub(super) text: String,
}

/// The kind of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConstraintKind {
    Check,
    PrimaryKey,
    Unique,
    ForeignKey,
}

impl Table {
    /// Returns the column with this name, ignoring ASCII case.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.is_named(name))
    }
}

impl TableOptions {
    /// Returns `true` if the table has no options.
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Returns the options, separated by commas.
    pub(super) fn list(self) -> &'static str {
        match (self.is_strict, self.is_without_rowid) {
            (false, false) => "",
            (true, false) => "STRICT",
            (false, true) => "WITHOUT ROWID",
            (true, true) => "STRICT, WITHOUT ROWID",
        }
    }
}

impl Column {
    /// Returns `true` if the column has this name, ignoring ASCII case.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Returns the definition without the name, in normal form.
    pub(super) fn definition(&self) -> String {
        let mut definition = vec![self.type_name.clone(), self.clauses()];
        definition.retain(|part| !part.is_empty());
        definition.join(" ")
    }

    /// Returns the clauses after the type, in normal form.
    pub(super) fn clauses(&self) -> String {
        let mut clauses = vec![
            self.primary_key.as_str(),
            &self.not_null,
            &self.unique,
            &self.default,
            &self.collation,
            &self.generated,
        ];
        clauses.extend(self.references.iter().map(String::as_str));
        clauses.retain(|clause| !clause.is_empty());
        clauses.join(" ")
    }

    pub(super) fn has_integer_type(&self) -> bool {
        self.type_name == "INTEGER"
    }

    /// Returns `true` if the column is NULL in a row that is inserted without a value for it.
    pub(super) fn is_null_by_default(&self) -> bool {
        self.default.is_empty() && self.generated.is_empty() && self.not_null.is_empty()
    }

    /// Returns `true` if SQLite rejects a row without a value for the column.
    pub(super) fn is_required(&self) -> bool {
        self.default.is_empty() && self.generated.is_empty() && !self.not_null.is_empty()
    }
}
