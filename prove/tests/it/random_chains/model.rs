//! The model of a schema: what the generator believes that the database contains.

/// The declared type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Integer,
    Text,
    Real,
    Blob,
    Numeric,
    /// No type, or ANY in a STRICT table.
    Any,
}

/// A CHECK on the values of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// One of three words.
    Words,
    /// 0 or 1.
    Flag,
    /// A number from 1 to 9.
    Digit,
    /// At most 40 characters.
    Short,
}

/// A foreign key of one column to the column `id` of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) table: String,
    pub(crate) action: &'static str,
}

/// A generated column: a function of another column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Generated {
    pub(crate) function: &'static str,
    pub(crate) source: String,
    pub(crate) storage: &'static str,
}

/// A column that is not part of the primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) not_null: bool,
    pub(crate) unique: bool,
    pub(crate) default: Option<&'static str>,
    pub(crate) check: Option<Check>,
    pub(crate) no_case: bool,
    pub(crate) reference: Option<Reference>,
    pub(crate) generated: Option<Generated>,
}

impl Column {
    pub(crate) fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
            not_null: false,
            unique: false,
            default: None,
            check: None,
            no_case: false,
            reference: None,
            generated: None,
        }
    }

    /// Returns `true` if the column takes any value of its type, and NULL, in any number of rows.
    pub(crate) fn is_free(&self) -> bool {
        *self == Self::new(self.name.clone(), self.ty)
    }
}

/// The primary key of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    None,
    /// `id INTEGER PRIMARY KEY`.
    Integer,
    /// `id INTEGER PRIMARY KEY AUTOINCREMENT`.
    Counter,
    /// `id TEXT PRIMARY KEY NOT NULL`.
    Text,
    /// The same, in a table WITHOUT ROWID.
    TextWithoutRowid,
    /// `PRIMARY KEY (g, n)`.
    Pair,
}

impl Key {
    pub(crate) fn columns(self) -> &'static [(&'static str, Type)] {
        match self {
            Self::None => &[],
            Self::Integer | Self::Counter => &[("id", Type::Integer)],
            Self::Text | Self::TextWithoutRowid => &[("id", Type::Text)],
            Self::Pair => &[("g", Type::Text), ("n", Type::Integer)],
        }
    }

    /// Returns `true` if another table can reference the key by one column.
    pub(crate) fn is_single(self) -> bool {
        self.columns().len() == 1
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) column: String,
    pub(crate) unique: bool,
    /// The index has `WHERE column IS NOT NULL`.
    pub(crate) partial: bool,
}

/// A trigger that rejects a word in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trigger {
    pub(crate) name: String,
    pub(crate) column: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) key: Key,
    pub(crate) strict: bool,
    pub(crate) columns: Vec<Column>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) triggers: Vec<Trigger>,
}

impl Table {
    pub(crate) fn new(name: impl Into<String>, key: Key, columns: Vec<Column>) -> Self {
        Self {
            name: name.into(),
            key,
            strict: false,
            columns,
            indexes: Vec::new(),
            triggers: Vec::new(),
        }
    }

    /// Returns the names of all columns, in their order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let keys = self.key.columns().iter().map(|(name, _)| *name);
        keys.chain(self.columns.iter().map(|column| column.name.as_str()))
            .collect()
    }

    /// Returns the names of the columns that an INSERT can set.
    pub(crate) fn stored(&self) -> Vec<&str> {
        let mut names = self.names();
        names.retain(|name| {
            let column = self.columns.iter().find(|column| column.name == **name);
            column.is_none_or(|column| column.generated.is_none())
        });
        names
    }

    pub(crate) fn column_mut(&mut self, name: &str) -> &mut Column {
        let mut columns = self.columns.iter_mut();
        columns.find(|column| column.name == name).unwrap()
    }

    pub(crate) fn position(&self, name: &str) -> usize {
        let mut columns = self.columns.iter();
        columns.position(|column| column.name == name).unwrap()
    }

    /// Returns the table without a column.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut table = self.clone();
        table.columns.retain(|column| column.name != name);
        table
    }

    /// Returns the table with a change of one column.
    pub(crate) fn with(&self, name: &str, change: impl FnOnce(&mut Column)) -> Self {
        let mut table = self.clone();
        change(table.column_mut(name));
        table
    }

    /// Returns `true` if no index, trigger or generated column of the table uses the column.
    pub(crate) fn is_unused(&self, name: &str) -> bool {
        let generated = |column: &Column| {
            let generated = column.generated.as_ref();
            generated.is_some_and(|generated| generated.source == name)
        };
        !self.indexes.iter().any(|index| index.column == name)
            && !self.triggers.iter().any(|trigger| trigger.column == name)
            && !self.columns.iter().any(generated)
    }
}

/// A view of some columns of a table.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Schema {
    pub(crate) tables: Vec<Table>,
    pub(crate) views: Vec<View>,
    /// The number of names that were given out.
    pub(crate) names: usize,
}

impl Schema {
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    pub(crate) fn table_mut(&mut self, name: &str) -> &mut Table {
        let mut tables = self.tables.iter_mut();
        tables.find(|table| table.name == name).unwrap()
    }

    pub(crate) fn views_of(&self, table: &str) -> Vec<&View> {
        let views = self.views.iter();
        views.filter(|view| view.table == table).collect()
    }

    /// Returns the tables that reference a table, with the columns of their keys.
    pub(crate) fn children(&self, parent: &str) -> Vec<(&Table, &Column)> {
        let mut children = Vec::new();
        for table in &self.tables {
            for column in &table.columns {
                let reference = column.reference.as_ref();
                if reference.is_some_and(|reference| reference.table == parent) {
                    children.push((table, column));
                }
            }
        }
        children
    }

    /// Returns `true` if no other object needs the column, so that it can be dropped or changed.
    pub(crate) fn is_unused(&self, table: &Table, column: &str) -> bool {
        let mut views = self.views.iter();
        table.is_unused(column)
            && !views.any(|view| {
                view.table == table.name && view.columns.iter().any(|name| name == column)
            })
    }
}
