//! The search for the values of old rows in the new tables.

use std::cell::OnceCell;

use rusqlite::types::Value;

use super::expected::{Expected, Tables, find_table};
use super::matching::ValueIndex;
use super::values::{has_content, is_identifying, same};
use crate::sample_rows::contents::{Contents, Row};

/// The state of the database after a script, with the rows that were there before.
pub(super) struct After<'a> {
    pub(super) before: &'a Tables,
    pub(super) tables: &'a Tables,
    indexes: OnceCell<Vec<ValueIndex>>,
}

impl<'a> After<'a> {
    pub(super) fn new(before: &'a Tables, tables: &'a Tables) -> Self {
        Self {
            before,
            tables,
            indexes: OnceCell::new(),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Contents> {
        find_table(self.tables, name)
    }

    /// Returns the index of each table. Most scripts need none.
    pub(super) fn indexes(&self) -> &[ValueIndex] {
        self.indexes.get_or_init(|| {
            let tables = self.tables.iter();
            tables
                .map(|(_, contents)| ValueIndex::new(contents))
                .collect()
        })
    }

    /// Returns `true` if a value of an old row is in a new row of any table other than `except`.
    ///
    /// The value must be in one row with another identifying value of `row` if:
    ///
    /// - it can occur by chance
    /// - it references a row of another table
    pub(super) fn has_elsewhere(&self, old: OldValue<'_>, except: Option<&str>) -> bool {
        let OldValue { row, value, .. } = old;
        self.tables
            .iter()
            .zip(self.indexes())
            .any(|((name, contents), index)| {
                if except.is_some_and(|except| except.eq_ignore_ascii_case(name)) {
                    return false;
                }
                let before = find_table(self.before, name);
                let rows = if !is_identifying(value) {
                    index.rows_like(row)
                } else if old.is_reference && old.has_others() {
                    let mut rows = index.rows_with(value).to_vec();
                    rows.retain(|new| old.shares_others(&contents.rows[*new]));
                    rows
                } else {
                    index.rows_with(value).to_vec()
                };
                rows.into_iter().any(|new| {
                    let mut values = contents.rows[new].values.iter().enumerate();
                    values.any(|(column, other)| {
                        same(value, other)
                            && !before.is_some_and(|before| {
                                had_value(before, &contents.columns[column], other)
                            })
                    })
                })
            })
    }
}

/// A value of an old row.
#[derive(Clone, Copy)]
pub(super) struct OldValue<'v> {
    row: &'v Row,
    pub(super) value: &'v Value,
    /// `true` if the value references a row of another table.
    is_reference: bool,
}

impl<'v> OldValue<'v> {
    pub(super) fn of(expected: &Expected, row: &'v Row, column: usize) -> Self {
        let name = &expected.contents.columns[column];
        Self {
            row,
            value: &row.values[column],
            is_reference: expected.references.contains(name),
        }
    }

    /// Iterates over the other identifying values of the row.
    fn others(self) -> impl Iterator<Item = &'v Value> {
        let identifying = self.row.values.iter().filter(|value| is_identifying(value));
        identifying.filter(move |value| !same(value, self.value))
    }

    fn has_others(self) -> bool {
        self.others().next().is_some()
    }

    fn shares_others(self, new: &Row) -> bool {
        self.others()
            .any(|value| new.values.iter().any(|other| same(value, other)))
    }
}

fn had_value(contents: &Contents, column: &str, value: &Value) -> bool {
    contents.position(column).is_some_and(|column| {
        contents
            .rows
            .iter()
            .any(|row| same(&row.values[column], value))
    })
}

/// Returns `true` if each value of a row is in a table other than `except`.
pub(super) fn has_arrived(
    expected: &Expected,
    row: &Row,
    after: &After<'_>,
    except: Option<&str>,
) -> bool {
    let has_identifying = row.values.iter().any(is_identifying);
    has_identifying
        && (0..row.values.len()).all(|column| {
            let value = OldValue::of(expected, row, column);
            !has_content(value.value) || after.has_elsewhere(value, except)
        })
}
