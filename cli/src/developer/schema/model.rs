//! The tables and views of a schema, with the facts that SQLite reports.

/// The tables and views of a schema, sorted by name.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) tables: Vec<Table>,
    pub(crate) views: Vec<View>,
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// The module of a virtual table.
    pub(crate) module: Option<String>,
    pub(crate) is_strict: bool,
    pub(crate) is_without_rowid: bool,
    /// The columns. Empty for a virtual table whose module is missing.
    pub(crate) columns: Vec<Column>,
    /// The columns of each UNIQUE constraint.
    pub(crate) unique: Vec<Vec<String>>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    /// The CHECK constraints as SQL.
    pub(crate) checks: Vec<String>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) triggers: Vec<Trigger>,
    /// The statement that creates the table.
    pub(crate) sql: String,
}

/// A column of a table or of a view.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The type as written; empty if the column has none.
    pub(crate) type_name: String,
    pub(crate) is_not_null: bool,
    /// The default as SQL.
    pub(crate) default: Option<String>,
    /// The position in the primary key, from 1.
    pub(crate) key_position: Option<u32>,
    pub(crate) generated: Option<Generated>,
}

/// The kind of a generated column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generated {
    Virtual,
    Stored,
}

/// A foreign key.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ForeignKey {
    pub(crate) columns: Vec<String>,
    pub(crate) parent: String,
    /// The columns of the parent. Empty if the parent is missing and the key does not name them.
    pub(crate) parent_columns: Vec<String>,
    pub(crate) on_delete: String,
    pub(crate) on_update: String,
}

/// An index that a statement creates.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) is_unique: bool,
    /// `true` if the index has a WHERE.
    pub(crate) is_partial: bool,
    /// The columns; `None` for an expression.
    pub(crate) columns: Vec<Option<String>>,
    pub(crate) sql: String,
}

/// A trigger.
#[derive(Debug)]
pub(crate) struct Trigger {
    pub(crate) name: String,
    pub(crate) sql: String,
}

/// A view.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) name: String,
    /// The columns. Empty if SQLite cannot read the view.
    pub(crate) columns: Vec<Column>,
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) sql: String,
}

impl Generated {
    /// Returns the word of the JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::Stored => "stored",
        }
    }
}

impl Table {
    /// Returns the column with this name, ignoring ASCII case.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        let mut columns = self.columns.iter();
        columns.find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Returns the columns of the primary key, in the order of the key.
    pub(crate) fn primary_key(&self) -> Vec<&str> {
        let columns = self.columns.iter();
        let mut key: Vec<(u32, &str)> = columns
            .filter_map(|column| Some((column.key_position?, column.name.as_str())))
            .collect();
        key.sort_unstable();
        key.into_iter().map(|(_, name)| name).collect()
    }

    /// Returns `true` if the column is never NULL.
    ///
    /// SQLite does not report NOT NULL for the column that is the rowid.
    pub(crate) fn is_never_null(&self, column: &str) -> bool {
        let Some(column) = self.column(column) else {
            return false;
        };
        let is_single_key = column.key_position.is_some() && self.primary_key().len() == 1;
        let is_rowid = is_single_key && column.type_name.eq_ignore_ascii_case("INTEGER");
        let has_key_option = self.is_strict || self.is_without_rowid;
        column.is_not_null || is_rowid || column.key_position.is_some() && has_key_option
    }

    /// Returns `true` if no two rows have the same values in `columns`.
    pub(crate) fn is_key(&self, columns: &[String]) -> bool {
        let is_within = |key: &[&str]| {
            let is_column = |name: &&str| columns.iter().any(|c| c.eq_ignore_ascii_case(name));
            !key.is_empty() && key.iter().all(is_column)
        };
        let lists = self.unique.iter();
        let mut constraints = lists.map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
        let mut indexes = self.indexes.iter().filter(|index| index.is_unique);
        let is_unique_index = |index: &Index| {
            let columns: Option<Vec<&str>> = index.columns.iter().map(Option::as_deref).collect();
            !index.is_partial && columns.is_some_and(|columns| is_within(&columns))
        };
        is_within(&self.primary_key())
            || constraints.any(|key| is_within(&key))
            || indexes.any(is_unique_index)
    }
}
