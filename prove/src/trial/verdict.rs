//! The verdict on a table: the losses, and the values that have arrived elsewhere.

use rusqlite::types::Value;

use super::conversion::Conversion;
use crate::sample_rows::contents::Row;

/// Rows or values that did not arrive.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loss {
    /// Rows of a table that has a successor.
    Rows { lost: Vec<Row>, total: usize },
    /// The values of a column: NULL, one constant, or new values that do not depend on the old.
    Values { column: String, to: Option<Value> },
    /// The values of a column, which are now in another column.
    Moved { column: String, to: String },
    /// A value that a column of another type has converted.
    Converted {
        column: String,
        old: Value,
        new: Value,
    },
    /// A table without a successor, whose rows are not in another table either.
    Table { lost: Vec<Row>, total: usize },
    /// A dropped column whose values are nowhere else.
    Column { column: String },
    /// Values of some rows, although the values of the other rows have arrived.
    ///
    /// `to` is the column that has the other values, if it is in the same row.
    Partial {
        column: String,
        to: Option<String>,
        lost: Vec<Row>,
    },
    /// A lower AUTOINCREMENT counter.
    Counter { from: i64, to: i64 },
    /// Other rowids, although the view or trigger `user` names them.
    Rowids { user: String },
    /// A full-text index that no longer agrees with its rows.
    Index { index: String },
}

/// A judged table: what is lost, and what has arrived although the schema lacks its place.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) losses: Vec<Loss>,
    /// The dropped columns whose values have arrived elsewhere.
    pub(super) arrived_columns: Vec<String>,
    /// The position of each row that has arrived, and its position in the successor.
    pub(super) pairs: Vec<(usize, usize)>,
    /// `true` if the rows are the same as before.
    pub(super) is_unchanged: bool,
    /// `true` if the table has no successor, and all its rows have arrived elsewhere.
    pub(super) has_table_arrived: bool,
    /// The rows of a dropped table of which no other table has an identifying value.
    pub(super) unplaced_rows: Vec<Row>,
    /// The dropped columns, with the rows whose value is nowhere.
    pub(super) unplaced_values: Vec<(String, Vec<Row>)>,
    /// The columns of a dropped table that have not arrived, if all other values have.
    pub(super) missing_columns: Vec<String>,
    /// The new columns that may have the values of dropped columns, as a copy or converted.
    pub(super) conversions: Vec<Conversion>,
}
