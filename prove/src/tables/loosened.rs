//! The constraints that a rebuild loses, as one `@loosens` declares them.

use revchain_core::model::declarations::LoosensKind;

/// The lost constraints of one kind and with the same columns.
pub(crate) struct Loosened {
    pub(crate) table: String,
    pub(crate) kind: LoosensKind,
    /// The columns as written; empty for a property of the table.
    pub(crate) columns: Vec<String>,
    /// The constraints as SQL.
    pub(crate) texts: Vec<String>,
}

impl Loosened {
    /// Returns the column in the directive that declares the loss; `None` for the whole table.
    pub(crate) fn column(&self) -> Option<&str> {
        match &self.columns[..] {
            [column] => Some(column),
            _ => None,
        }
    }
}
