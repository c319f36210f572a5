//! An object of a schema: a table, an index, a view or a trigger, in normal form.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use super::filter::ColumnOrder;
use super::fingerprint::Digest;
use super::render::{fold, lower};
use super::table::Table;

/// The kind of an object.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectKind {
    Table,
    Index,
    View,
    Trigger,
    /// A statement that this version of revchain cannot parse, such as new syntax of SQLite.
    #[default]
    Unparsed,
}

impl ObjectKind {
    /// Returns the word for the kind in messages. The word is also part of the digest.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Index => "index",
            Self::View => "view",
            Self::Trigger => "trigger",
            Self::Unparsed => "object",
        }
    }
}

/// An object of a schema.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) kind: ObjectKind,
    /// The name as written. Empty if the object is unparsed.
    pub(super) name: String,
    /// The table of an index or a trigger.
    pub(super) on_table: Option<String>,
    /// The lowercase module of a virtual table.
    pub(super) module: Option<String>,
    /// `true` for a UNIQUE index.
    pub(super) is_unique: bool,
    /// The columns, constraints and options of a table, unless this version cannot parse them.
    pub(super) table: Option<Table>,
    /// The part of the statement after the name, in normal form.
    ///
    /// Empty if `table` has the definition. The whole statement if the object is unparsed.
    pub(super) text: String,
    /// The lowercase names that the object defines: the object's name and the columns' names.
    pub(super) names: Vec<String>,
    /// The lowercase words in double quotes that are strings unless a column has that name.
    pub(super) ambiguous_words: HashSet<String>,
    /// The SQL of the statement, to parse it again if an ambiguous word changes its meaning.
    ///
    /// Empty if the object has no ambiguous words, to save memory.
    pub(super) sql: String,
}

/// The key of an object in a schema, which also defines the order of objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    /// The lowercase name of a table, an index or a view.
    Table(String),
    /// The lowercase name of a trigger, or the lowercase text of an unparsed statement.
    ///
    /// A trigger can have the same name as a table.
    Other(String),
}

impl Object {
    pub(super) fn key(&self) -> Key {
        match self.kind {
            ObjectKind::Table | ObjectKind::Index | ObjectKind::View => {
                Key::Table(lower(&self.name))
            }
            ObjectKind::Trigger => Key::Other(lower(&self.name)),
            ObjectKind::Unparsed => Key::Other(lower(&self.text)),
        }
    }

    /// Returns the table of an index or a trigger. For a table or view, returns its own name.
    pub(super) fn table_or_self(&self) -> &str {
        self.on_table.as_deref().unwrap_or(&self.name)
    }

    /// Returns `true` if the object is a virtual table.
    pub(super) fn is_virtual(&self) -> bool {
        self.module.is_some()
    }

    /// Returns SHA-256 over the texts that define the object. Equal objects have equal digests.
    pub(super) fn digest(&self, order: ColumnOrder) -> Digest {
        let mut texts = vec![self.kind.name().to_owned(), lower(&self.name)];
        if let Some(table) = &self.table {
            let columns = table.columns.iter();
            let mut columns: Vec<String> = columns
                .map(|column| lower(&column.name) + "\0" + &fold(&column.definition()))
                .collect();
            if order == ColumnOrder::Free {
                columns.sort_unstable();
            }
            texts.extend(columns);
            texts.push(String::new());
            texts.extend(table.constraints.keys().cloned());
            texts.push(String::new());
            texts.push(table.options.list().to_owned());
        } else {
            texts.push(fold(&self.text));
        }
        // No text contains a NUL, so different lists of texts cannot give the same bytes.
        Sha256::digest(texts.join("\0") + "\0").into()
    }
}
