//! The facts that SQL tells about columns.

use rusqlite::types::Value;

/// A column that a statement compares with an expression over another table.
#[derive(Debug, Clone)]
pub(super) struct Computed {
    /// The lowercase table and column.
    pub(super) table: String,
    pub(super) column: String,
    /// The lowercase other table, and its name in the expression.
    pub(super) other_table: String,
    pub(super) alias: String,
    pub(super) expression: String,
}

/// Two columns that a statement joins. All names are in lowercase.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference(pub(super) [(String, String); 2]);

impl Reference {
    /// Returns the column of `table`, and the table and the column that it is joined with.
    pub(super) fn from(&self, table: &str) -> Option<(&str, &str, &str)> {
        let [left, right] = &self.0;
        if left.0.eq_ignore_ascii_case(table) {
            return Some((&left.1, &right.0, &right.1));
        }
        let is_right = right.0.eq_ignore_ascii_case(table);
        is_right.then_some((&right.1, &left.0, &left.1))
    }
}

/// The hints of SQL about one column.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct ColumnHints {
    /// The literals that the column is compared with for equality, one list for each statement.
    pub(super) conditions: Vec<Vec<Value>>,
    /// The literals of all other comparisons, such as `a > 5`.
    pub(super) bounds: Vec<Value>,
    pub(super) globs: Vec<String>,
    pub(super) likes: Vec<String>,
    /// The texts that functions of the column are compared with.
    pub(super) parts: Vec<String>,
    /// The numbers that `length()` of the column is compared with.
    pub(super) lengths: Vec<usize>,
    /// `true` if a JSON function or operator reads the column.
    pub(super) is_json: bool,
    /// `true` if `json_valid` reads the column.
    pub(super) is_json_checked: bool,
    /// `true` if a date function reads the column.
    pub(super) is_date: bool,
}

impl ColumnHints {
    pub(super) fn merge(&mut self, other: Self) {
        self.bounds.extend(other.bounds);
        self.globs.extend(other.globs);
        self.likes.extend(other.likes);
        self.parts.extend(other.parts);
        self.lengths.extend(other.lengths);
        self.is_json |= other.is_json;
        self.is_json_checked |= other.is_json_checked;
        self.is_date |= other.is_date;
    }
}
